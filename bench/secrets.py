"""Quality of credentials on pack C (`../shared/data`, read in place), beside detect-secrets on the same lines.

python -m bench secrets              judged on the quarter that nobody looked at, by source
python -m bench secrets --look       the rest, from which the detectors were made
python -m bench secrets --list NAME  of the rest, the lines of a source that are missed, and false alarms
python -m bench secrets --with /path/to/python   detect-secrets in another environment

A row of the pack is the unit: it is found if anything in it is. detect-secrets reads each as a file of its own,
with the ending of the file that it came from, its default plugins and filters. The parts share no group of
near-duplicates.
Goal: recall at least that of detect-secrets, with at most a third of its false alarms. Exit code 1: missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from bench.detectors import DATA, rows
from lockgate.content.detection import scan_many
from lockgate.content.labeling import SURE

NOT_SECRET = ("UUID", "Amazon Resource Name", "React App Username", "Firebase Domain")
"""Types of the pack that name a thing and open nothing."""


def part(row: dict[str, Any]) -> int:
    """Return 1 for the quarter of which no row was ever shown, else 0."""
    digest = sha256(str(row["dup_group"]).encode()).digest()
    return digest[0] & digest[-1] & 1


def others(python: str, some: Sequence[dict[str, Any]]) -> list[bool] | str:
    """Return what detect-secrets finds something in, or why that is not known."""
    script = Path(__file__).with_name("scanning_others.py")
    files = [
        {"text": row["text"], "suffix": PurePosixPath(row.get("path") or "text.txt").suffix[:12]} for row in some
    ]
    done = subprocess.run(
        [python, str(script), "--files"], input=json.dumps(files), capture_output=True, text=True, check=False
    )
    if done.returncode:
        return done.stderr.strip().rpartition("\n")[2]
    return [bool(found) for found in json.loads(done.stdout)]


def table(some: Sequence[dict[str, Any]], ours: Sequence[bool], theirs: Sequence[bool] | None) -> bool:
    """Print the table, and return whether the goal is met in every source."""
    print(
        "source | positive, negative | recall | detect-secrets | false alarms | detect-secrets | precision | its"
    )
    met = True
    for source in (*sorted({row["source"] for row in some}), "all"):
        figures = []
        for found in (ours, theirs):
            counts: Counter[tuple[int, bool]] = Counter(
                (row["label"], hit)
                for row, hit in zip(some, found or ours, strict=True)
                if source in (row["source"], "all")
            )
            figures.append((counts[1, True], counts[0, True]))
            sizes = counts[1, True] + counts[1, False], counts[0, True] + counts[0, False]
        (hits, wrong), (their_hits, their_wrong) = figures
        met &= theirs is None or (hits >= their_hits and wrong * 3 <= max(their_wrong, 2))
        print(
            f"{source} | {sizes[0]}, {sizes[1]} | {hits / max(1, sizes[0]):.3f} | "
            + (f"{their_hits / max(1, sizes[0]):.3f}" if theirs else "-")
            + f" | {wrong} | {their_wrong if theirs else '-'} | {hits / max(1, hits + wrong):.3f} | "
            + (f"{their_hits / max(1, their_hits + their_wrong):.3f}" if theirs else "-")
        )
    return met


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench secrets", description=__doc__)
    parser.add_argument("--look", action="store_true")
    parser.add_argument("--list", metavar="NAME")
    parser.add_argument("--with", dest="python", default=sys.executable)
    chosen = parser.parse_args(arguments)
    if not DATA.is_dir():
        print("third-party data (../shared/data) is not beside the checkout: no figures")
        return 0
    wanted = 0 if chosen.look or chosen.list else 1
    some = [row for row in rows("C_secrets.jsonl.gz") if part(row) == wanted and row["type"] not in NOT_SECRET]
    ours = [
        any(one.kind.startswith("secret.") and one.confidence >= SURE for one in found)
        for found in scan_many([row["text"] for row in some])
    ]
    if chosen.list:
        for row, hit in zip(some, ours, strict=True):
            if row["source"].startswith(chosen.list) and hit != bool(row["label"]):
                print(
                    "missed" if row["label"] else "ALARM ",
                    row["type"],
                    "|",
                    row["text"][:200].replace("\n", "\\n"),
                )
        return 0
    theirs = others(chosen.python, some)
    if isinstance(theirs, str):
        print(f"detect-secrets: not measured, {theirs}")
        return 0 if table(some, ours, None) else 1
    return 0 if table(some, ours, theirs) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
