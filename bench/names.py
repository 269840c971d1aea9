"""Names by the model: precision, recall and F1 beside the rules', on sources that took no part in the training.

    python -m bench.names                     models of the other sources; then of one half, on the other
    python -m bench.names --presidio FOUND    next to what presidio-analyzer finds (as in `bench.personal`)
    python -m bench.names alarms              of the shipped model, on other languages and on source code, by kind
    python -m bench.names speed               of the shipped model, on texts made up

`both` is what a user gets with `--names model`: what the rules find, and beside it what the model is at least
half sure of. Wants what `bench.train_names` wants. The shipped model has seen all sources, so none judges it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import name_data, personal, train_names
from bench.scanning_corpus import corpus
from lockgate.adapters.names import load
from lockgate.adapters.weights import default_folder
from lockgate.content.detection import scan_many
from lockgate.content.finding import Finding
from lockgate.content.labeling import SURE
from lockgate.content.names import NameFinder, NameModel
from lockgate.content.names.finder import with_names
from lockgate.content.names.model import KINDS

Rows = Sequence[dict[str, Any]]
Spans = list[list[personal.Span]]


def sure(found: Sequence[Sequence[Finding]]) -> Spans:
    """Return the names among findings that count, in common types."""
    return [
        [
            (one.start, one.end, kind)
            for one in some
            if one.confidence >= SURE and (kind := personal.common(one.kind)) in train_names.COMMON
        ]
        for some in found
    ]


def table(title: str, rows: Rows, model: NameModel, theirs: dict[str, list[list[Any]]]) -> None:
    """Print the figures of a model on rows that it was not made of."""
    print(f"\n{title}")
    given = [row["text"] for row in rows]
    rules = scan_many(given)
    finder = NameFinder(model)
    both = with_names(lambda _: rules, finder)(given)
    columns = {"rules": sure(rules), "model": sure(finder.find(given)), "both": sure(both)}
    if theirs:
        columns["presidio"] = [
            [tuple(span) for span in theirs.get(row["id"], ()) if span[2] in train_names.COMMON] for row in rows
        ]
    scores = {name: personal.score(list(rows), spans) for name, spans in columns.items()}
    for key, (count, *_) in scores["rules"].items():
        if key[0] in train_names.COMMON:
            figures = "   ".join(
                f"{name} " + " ".join(f"{one:.2f}" for one in some[key][1:]) for name, some in scores.items()
            )
            print(f"{key[0]:13}{key[1]:26}{count:5}  {figures}")


def speed() -> None:
    """Print the speed of the shipped model, alone and behind the core."""
    finder = NameFinder(load())
    given = list(corpus(8_000_000))
    size = sum(map(len, given)) / 1e6
    both = with_names(scan_many, finder)
    for name, run in (("model alone", finder.find), ("core", scan_many), ("core and model", both)):
        run(given[:20])
        rounds = []
        for _ in range(3):
            begin = time.process_time()
            for low in range(0, len(given), 200):
                run(given[low : low + 200])
            rounds.append(size / (time.process_time() - begin))
        print(f"{name}: {np.median(rounds):.1f} MB/s [{min(rounds):.1f}..{max(rounds):.1f}]")


def alarms() -> None:
    """Print how many names the shipped model finds in a kB where few are: other languages, source code."""
    packs: dict[str, list[str]] = defaultdict(list)
    for name, key in (("A_injection", "lang"), ("C_secrets", "source"), ("D_scripts", "source")):
        with gzip.open(name_data.DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                packs[f"{name} {row[key]}"].append(row["text"])
    root = Path(__file__).resolve().parents[1] / "src"
    packs["own source code"] = [path.read_text("utf-8") for path in sorted(root.rglob("*.py"))]
    both = with_names(lambda texts: [() for _ in texts], NameFinder(load()))
    for name, given in packs.items():
        size = sum(map(len, given)) / 1000
        if size > 20 and not name.endswith(" en"):
            count = Counter(one.kind for found in both(given) for one in found if one.confidence >= SURE)
            print(f"{name}: {size:.0f} kB, " + ", ".join(f"{kind} {count[kind] / size:.2f}" for kind in KINDS))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("quality", "alarms", "speed"), default="quality")
    parser.add_argument("--presidio", type=Path)
    parser.add_argument("--models", type=Path, default=default_folder(), help="the folder of `lockgate models`")
    args = parser.parse_args()
    if args.what == "speed":
        speed()
        return
    if args.what == "alarms":
        alarms()
        return
    if not name_data.DATA.is_dir():
        raise SystemExit("third-party data (../shared/data) is not beside the checkout")
    theirs = {}
    if args.presidio:
        theirs = {one["id"]: one["spans"] for one in map(json.loads, args.presidio.read_text().splitlines())}
    known = name_data.known(args.models)
    rows = {source: name_data.texts([source]) for source in train_names.SOURCES}
    renamer = name_data.Renamer()
    for held in train_names.FAMILIES:
        model = train_names.trained(known, {one: some for one, some in rows.items() if one not in held}, renamer)
        table(
            f"{', '.join(held)}: by a model of the other sources",
            [row for one in held for row in rows[one]],
            model,
            theirs,
        )
    halves = {
        half: {one: [row for row in some if personal.half(row) == half] for one, some in rows.items()}
        for half in ("dev", "test")
    }
    model = train_names.trained(known, halves["dev"], renamer)
    table(
        "the test half: by a model of the other half",
        [row for some in halves["test"].values() for row in some],
        model,
        theirs,
    )


if __name__ == "__main__":
    main()
