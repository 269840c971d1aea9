"""`lockgate category`: categories of documents that are learned from examples."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lockgate.cli.terminal import plain
from lockgate.errors import Invalid, NotFound

if TYPE_CHECKING:
    from lockgate.content.categories.model import Model

_ABOUT: Final = """\
Teaches Lockgate what your salary lists, forecasts, contracts or board papers look like. A few dozen examples are
enough. What it was taught is measured on examples that were kept back, and below its threshold nothing is said.
What is found is a finding `business.NAME`, of whole documents and of sections of long ones, which rules in
labels.toml can name.

  lockgate category train salaries ~/examples/salaries --others ~/examples/everyday
  lockgate category test notes.docx ~/share/hr     what every category says about files
  lockgate category list                           with precision, recall and threshold
  lockgate category explain salaries notes.docx    which words of the file speak for it, and which against
  lockgate category remove salaries

No text is kept: a model is hashed words with weights. A gateway that serves takes changes up within seconds, and
records them."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    group = commands.add_parser(
        "category",
        help="teach categories of documents by examples, and try them",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = group.add_subparsers(dest="what", metavar="WHAT", required=True)
    train = inner.add_parser("train", help="learn a category from a folder of examples")
    train.add_argument("name", metavar="NAME", help="small letters, digits, `-` and `_`")
    train.add_argument("folder", metavar="FOLDER", help="examples, in any format, also in folders below")
    train.add_argument(
        "--others",
        action="append",
        default=[],
        metavar="FOLDER",
        help="documents that are something else; may be repeated. Examples of other categories count too",
    )
    train.add_argument(
        "--precision", type=float, default=0.95, help="how often it must be right (default: %(default)s)"
    )
    train.set_defaults(run=lambda args: asyncio.run(_train(args)))
    show = inner.add_parser("list", help="list categories with their figures")
    show.set_defaults(run=_list)
    test = inner.add_parser("test", help="say what every category says about files; exit code 1 if none is found")
    test.add_argument("file", metavar="FILE", nargs="+", help="files or folders")
    test.set_defaults(run=lambda args: asyncio.run(_test(args)))
    explain = inner.add_parser("explain", help="list the words of a file that speak for a category and against it")
    explain.add_argument("name", metavar="NAME", help="the category")
    explain.add_argument("file", metavar="FILE", help="the file")
    explain.set_defaults(run=lambda args: asyncio.run(_explain(args)))
    remove = inner.add_parser("remove", help="take a category out")
    remove.add_argument("name", metavar="NAME", help="the category")
    remove.set_defaults(run=_remove)
    for one in (train, show, test, explain, remove):
        one.add_argument("--config", type=Path, default=Path("lockgate.toml"), help="default: lockgate.toml")
        one.add_argument(
            "--categories", type=Path, metavar="FOLDER", help="keep them there, without a configuration"
        )
    for one in (train, show, test, explain):
        one.add_argument("--json", action="store_true", help="print JSON")


def _folder(args: argparse.Namespace) -> Path:
    from lockgate.config import load
    from lockgate.wiring.categories import folder_of

    return folder_of(None if args.categories else load(args.config), args.categories)


@contextmanager
def _telling() -> Iterator[Callable[[str], None]]:
    """Give what shows how far it is: one line that is rewritten on a terminal, and nothing elsewhere."""
    live = sys.stderr.isatty()

    def tell(text: str) -> None:
        if live:
            sys.stderr.write(f"\r\x1b[K{plain(text)[:100]}")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        if live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


async def _train(args: argparse.Namespace) -> int:
    from lockgate.adapters.clock import SystemClock
    from lockgate.wiring.categories import train

    if not 0.5 <= args.precision <= 0.999:
        raise Invalid("`--precision` must be 0.5 to 0.999")
    folder = _folder(args)
    with _telling() as tell:
        done = await train(
            folder,
            args.name,
            args.folder,
            args.others,
            args.precision,
            getpass.getuser(),
            SystemClock().now(),
            tell,
        )
    for where, why in done.problems[:20]:
        print(plain(f"left out: {where}: {why}").replace("\n", " "), file=sys.stderr)
    if len(done.problems) > 20:
        print(f"left out: {len(done.problems) - 20} more", file=sys.stderr)
    told = {**_shown(done.learned.model, done.digest), "left_out": len(done.problems), "notes": list(done.notes)}
    if args.json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    print(f"{args.name}: learned, version {done.digest[:8]}")
    _print(done.learned.model)
    for note in done.notes:
        print(plain(f"  note: {note}"))
    return 0


def _shown(model: Model, digest: str) -> dict[str, Any]:
    its = model.figures
    return {
        "name": model.name,
        "kind": model.kind,
        "digest": digest,
        "threshold": round(model.threshold, 4),
        "examples": its.examples,
        "different_examples": its.groups,
        "others": its.others,
        "different_others": its.other_groups,
        "wanted_precision": its.wanted,
        "precision": its.precision,
        "precision_at_least": its.precision_least,
        "recall": its.recall,
    }


def _print(model: Model) -> None:
    its = model.figures
    print(
        f"  measured by cross-validation: precision {its.precision:.3f} "
        f"(95 %: at least {its.precision_least:.3f}), recall {its.recall:.3f}"
    )
    print(
        f"  from {its.examples:,} examples ({its.groups:,} different) and {its.others:,} others "
        f"({its.other_groups:,} different); said from a score of {model.threshold:.2f} on"
    )


def _list(args: argparse.Namespace) -> int:
    from lockgate.adapters import categories

    folder = _folder(args)
    rows: list[tuple[dict[str, Any], Model | None]] = []
    bad = 0
    for name, entry in sorted(categories.entries(folder).items()):
        about = {"trained": entry.trained.isoformat(), "by": entry.by, "examples_in": entry.examples}
        try:
            model = categories.model(folder, name, entry)
        except Invalid as error:
            bad += 1
            rows.append(({"name": name, "digest": entry.digest, "problem": str(error), **about}, None))
            continue
        rows.append(({**_shown(model, entry.digest), **about}, model))
    if args.json:
        print(json.dumps([row for row, _ in rows], indent=2, ensure_ascii=False))
    elif not rows:
        print("no category was trained yet: lockgate category train NAME FOLDER")
    for row, shown in () if args.json else rows:
        print(plain(f"{row['name']}: version {row['digest'][:8]}, {row['trained'][:16]}, by {row['by']}"))
        if shown is None:
            print(plain(f"  damaged: {row['problem']}"))
        else:
            _print(shown)
    return 1 if bad else 0


async def _test(args: argparse.Namespace) -> int:
    from lockgate.adapters import categories
    from lockgate.journeys.categories import texts
    from lockgate.wiring.categories import open_reading

    sorter = categories.strict(_folder(args))
    if not sorter.models:
        raise NotFound("there are no categories yet", remedy="Teach one: `lockgate category train NAME FOLDER`.")
    rows: list[dict[str, Any]] = []
    async with open_reading(args.file) as (sources, extractor):
        for source in sources:
            async for id, text, problem in texts(source, extractor):
                scores = sorted(await asyncio.to_thread(sorter.scores, text), key=lambda one: -one.score)
                said = [
                    {
                        "category": one.model.name,
                        "score": round(one.score, 2),
                        "threshold": round(one.model.threshold, 2),
                        "found": one.found,
                        "confidence": one.confidence if one.found else None,
                    }
                    for one in scores
                ]
                rows.append({"file": id, "problem": problem, "categories": said})
    if args.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    for row in () if args.json else rows:
        print(plain(f"{row['file']}: {row['problem'] or _verdict(row['categories'])}").replace("\n", " "))
    return 0 if any(one["found"] for row in rows for one in row["categories"]) else 1


def _verdict(said: list[dict[str, Any]]) -> str:
    if not said:
        return "too few words to say anything"
    found = [f"{one['category']} ({one['confidence']:.2f})" for one in said if one["found"]]
    near = said[0]
    nearest = f"nothing (nearest: {near['category']}, {near['score']:.2f} of {near['threshold']:.2f})"
    return ", ".join(found) or nearest


async def _explain(args: argparse.Namespace) -> int:
    from lockgate.adapters import categories
    from lockgate.content.categories.sorter import weighing
    from lockgate.journeys.categories import texts
    from lockgate.wiring.categories import open_reading

    sorter = categories.strict(_folder(args))
    models = [one for one in sorter.models if one.name == args.name]
    if not models:
        raise NotFound(f"there is no category `{args.name}`", remedy="`lockgate category list` names them.")
    async with open_reading([args.file]) as (sources, extractor):
        read = [one async for one in texts(sources[0], extractor)]
    if len(read) != 1 or read[0][2]:
        why = read[0][2] if len(read) == 1 else f"it holds {len(read)} files"
        raise Invalid(f"`{args.file}` cannot be explained: {why}", remedy="Name one file that can be read.")
    text = read[0][1]
    scores = [one for one in sorter.scores(text) if one.model is models[0]]
    found = weighing(models[0], text)
    if args.json:
        told = {"category": args.name, "score": scores[0].score if scores else None, "words": found}
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    if not scores:
        print("too few words to say anything")
        return 0
    one = scores[0]
    end = "found" if one.found else "nothing is said"
    print(f"{args.name}: its best section scores {one.score:.2f}, {end} (threshold {one.model.threshold:.2f})")
    for word, weight in found:
        print(plain(f"  {weight:+7.2f}  {word}"))
    return 0


def _remove(args: argparse.Namespace) -> int:
    from lockgate.adapters import categories

    categories.remove(_folder(args), args.name)
    print(f"{args.name}: taken out. Documents that have their label from it keep it until somebody reviews them.")
    return 0
