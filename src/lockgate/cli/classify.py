"""`lockgate classify`: what is in texts, one JSON object a line in and out."""

from __future__ import annotations

import argparse
import os
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from lockgate.content.categories.sorter import Sorter, both
from lockgate.content.classification import LONGEST, Line, answers, line
from lockgate.content.escapes import escape
from lockgate.content.label_policy import NO_RULES, LabelPolicy
from lockgate.errors import Invalid
from lockgate.labels.wire import STANDARD, Taxonomy

CHUNK: Final = 1 << 20
_ABOUT: Final = """\
Says what is in texts, and which label this demands. Reads one object a line, {"id": ..., "text": "..."}, and
writes one a line, in the same order:
{"id", "findings": [{"kind", "start", "end", "confidence", "detector"}], "label"}.
Offsets count Unicode code points, half open. Needs no configuration and no gateway; nothing leaves this machine.
With --rules or --config, the label is what an organization's rules demand.

A line that is wrong gets {"id", "line", "error"}, the others go on, and the exit code is 2."""
_EXAMPLES: Final = """examples:
  echo '{"id": 1, "text": "card 4111 1111 1111 1111"}' | lockgate classify --jsonl
  lockgate classify --jsonl tickets.jsonl mails.jsonl > found.jsonl
  lockgate classify notes.txt                        the whole file is one text; its name is the id
  lockgate classify --jsonl --rules labels.toml < tickets.jsonl    with rules that are not in force yet
  lockgate classify --names model notes.txt          names that only the sentence tells, too"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    command = commands.add_parser(
        "classify",
        help="say what is in texts, and which label they need",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("file", nargs="*", type=Path, help="files to read (default: standard input)")
    command.add_argument("--jsonl", action="store_true", help="one JSON object a line, instead of one text a file")
    command.add_argument(
        "--rules", type=Path, metavar="FILE", help="rules for labels, such as policies/labels.toml"
    )
    command.add_argument(
        "--config", type=Path, metavar="FILE", help="names of levels, rules and categories of this configuration"
    )
    command.add_argument(
        "--categories", type=Path, metavar="FOLDER", help="say which learned categories texts are of"
    )
    command.add_argument(
        "--names",
        choices=("rules", "model"),
        default="",
        help="names of people, organizations and places: by rules, or also by a small model of English",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Classify. Exit code 2 if a line was wrong."""
    from lockgate.wiring.detectors import scanner  # here: `--help` must not wait for it

    rules, names, finding = _rules(args)
    scan = scanner(args.names or finding)
    if (sorter := _sorter(args)) is not None:
        scan = both(scan, sorter.find_many)
    bad = 0
    for lines in _lines(args.file) if args.jsonl else _files(args.file):
        bad += sum(bool(one.problem) for one in lines)
        sys.stdout.buffer.write(answers(lines, names, rules, scan))
        sys.stdout.buffer.flush()
    if bad:
        print(f"lockgate: {bad} could not be read; each has its `error` in the output", file=sys.stderr)
    return 2 if bad else 0


def _rules(args: argparse.Namespace) -> tuple[LabelPolicy, Taxonomy, str]:
    if args.rules is None and args.config is None:
        return NO_RULES, STANDARD, "rules"
    from lockgate.config import load  # here: most classify without a configuration, and many times
    from lockgate.config.label_rules import read_rules
    from lockgate.wiring import labels
    from lockgate.wiring.detectors import chosen

    settings = load(args.config) if args.config is not None else None
    names = labels.taxonomy(settings)
    own = read_rules(args.rules, names) if args.rules is not None else labels.load(settings)
    return own, names, chosen(settings)


def _sorter(args: argparse.Namespace) -> Sorter | None:
    if args.categories is None and args.config is None:
        return None
    from lockgate.adapters import categories
    from lockgate.config import load

    if args.categories is not None:
        return categories.strict(categories.present(args.categories))
    return categories.strict(load(args.config).data / categories.FOLDER)


def _files(files: Sequence[Path]) -> Iterator[list[Line]]:
    named = ((escape(str(file)), _bytes(file)) for file in files)
    for name, raw in named if files else (("-", sys.stdin.buffer.read()),):
        try:
            yield [Line(1, name, raw.decode())]
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 at byte {error.start}; `lockgate scan` reads documents"
            yield [Line(1, name, "", problem)]


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> Invalid:
    return Invalid(f"cannot read {str(file)!r}: {error.strerror}", remedy="name files that this account may read")


def _lines(files: Sequence[Path]) -> Iterator[list[Line]]:
    """Yield what has arrived, so that a program at the other end of a pipe gets its answers at once."""
    if not files:
        yield from _read(sys.stdin.fileno())
    for file in files:
        try:
            number = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(file, error) from error
        try:
            yield from _read(number)
        except IsADirectoryError as error:
            raise _unreadable(file, error) from error
        finally:
            os.close(number)


def _read(descriptor: int) -> Iterator[list[Line]]:
    count = 0
    parts: list[bytes] = []
    size = 0
    while chunk := os.read(descriptor, CHUNK):
        *whole, rest = chunk.split(b"\n")
        if whole:
            whole[0] = b"".join((*parts, whole[0]))
            yield _numbered(whole, count)
            count += len(whole)
            parts, size = [], 0
        size += len(rest)
        if size <= LONGEST + CHUNK:  # a longer one is refused; its end is looked for without keeping it
            parts.append(rest)
    if size:
        yield _numbered([b"".join(parts)], count)


def _numbered(raw: Sequence[bytes], before: int) -> list[Line]:
    if before == 0:  # programs of Windows begin files with a mark of the byte order
        raw = [raw[0].removeprefix(BOM_UTF8), *raw[1:]]
    return [line(before + at, one) for at, one in enumerate(raw, 1) if one.strip()]
