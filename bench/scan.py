"""Scan: items and bytes a second over a tree of mixed files, the second scan against the first, and memory.

    python -m bench.scan                      10,000 files; memory from 1,000 to 10,000
    python -m bench.scan --files 100000       more
    python -m bench.scan --workers 2          processes (default: one per core)
    python -m bench.scan --no-memory          leave the growth of memory out

Each scan is the command itself, in a process of its own. The floor: an unchanged tree is scanned again at least 50
times faster; memory of all its processes together grows by less than a fourth from a tree to ten times of it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lockgate.demo.draft import Block, Draft, Table
from lockgate.demo.writers import render

RATIO = 50
GROWTH = 1.25
_TEXT = """the quarter report shows that orders from northern customers grew while deliveries of parts were late
and the team agreed to meet again before the end of the month to look at costs plans and questions of budget"""
_WORDS = _TEXT.split()


def card(rng: random.Random) -> str:
    """Return a number of the form of a card, with its check digit."""
    digits = [4, *(rng.randrange(10) for _ in range(14))]
    total = sum(d if at % 2 else (2 * d - 9 if d > 4 else 2 * d) for at, d in enumerate(digits))
    whole = "".join(map(str, [*digits, -total % 10]))
    return " ".join(whole[at : at + 4] for at in range(0, 16, 4))


def prose(rng: random.Random, size: int, secret: bool) -> str:
    """Return sentences of about `size` characters; one in ten texts holds something sensitive."""
    lines: list[str] = []
    while size > 0:
        line = " ".join(rng.choices(_WORDS, k=rng.randrange(8, 18))).capitalize() + "."
        lines.append(line)
        size -= len(line) + 1
    if secret:
        found = (
            f"Her card is {card(rng)}.",
            f"aws_key = AKIA{''.join(rng.choices('ABCDEFGHIJKLMNOP234567', k=16))}",
        )
        lines.insert(rng.randrange(len(lines)), rng.choice(found))
    return "\n".join(lines)


def _code(text: str) -> bytes:
    body = (f"    # {line}\n    total_{at} = compute({at}, 'x{at}')" for at, line in enumerate(text.splitlines()))
    return "\n".join(["def run():", *body]).encode()


def _as(ending: str) -> Callable[[str], bytes]:
    """Return a writer of a format of the demonstration."""

    def write(text: str) -> bytes:
        lines = text.splitlines()
        rows = tuple((str(at), line, str(at * 7)) for at, line in enumerate(lines))
        blocks: tuple[Block, ...] = (Table(("number", "note", "amount"), rows),)
        if ending in ("docx", "pdf", "eml"):
            blocks = tuple(lines)
        return render(
            Draft(f"report.{ending}", "Report", "bench", blocks, (), (), "", mail=("a@x", "b@x", "2026-11-24"))
        )

    return write


_KINDS: tuple[tuple[str, int, int, Callable[[str], bytes]], ...] = (
    # ending, share in percent, size of the text, writer
    ("txt", 22, 8_000, str.encode),
    ("md", 10, 6_000, str.encode),
    ("py", 12, 6_000, _code),
    ("log", 6, 60_000, str.encode),
    ("csv", 12, 10_000, _as("csv")),
    ("json", 10, 8_000, _as("json")),
    ("eml", 10, 4_000, _as("eml")),
    ("docx", 8, 6_000, _as("docx")),
    ("xlsx", 4, 4_000, _as("xlsx")),
    ("pdf", 6, 3_000, _as("pdf")),
)


def tree(root: Path, files: int, seed: int = 20261124) -> int:
    """Write a tree of so many files, a hundred in each folder; return its bytes."""
    rng = random.Random(seed)
    endings = [kind for kind in _KINDS for _ in range(kind[1])]
    size = 0
    for at in range(files):
        ending, _, length, writer = endings[rng.randrange(len(endings))]
        folder = root / f"d{at // 1000:03}" / f"e{at // 100 % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        data = writer(prose(rng, int(length * rng.lognormvariate(0, 0.7)), rng.random() < 0.1))
        (folder / f"{at}.{ending}").write_bytes(data)
        size += len(data)
    return size


@dataclass(frozen=True)
class Measured:
    """One scan: wall-clock and processor seconds, and the most resident memory of all its processes, in bytes."""

    seconds: float
    cpu: float
    memory: int
    summary: dict[str, object]


def scan(root: Path, state: Path, workers: int) -> Measured:
    """Run the command."""
    command = [sys.executable, "-m", "lockgate", "scan", str(root), "--state", str(state), "--format", "jsonl"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([*command, "--workers", str(workers)], stdout=out, stderr=subprocess.DEVNULL)
        most, over = 0, threading.Event()

        def watch() -> None:
            nonlocal most
            while not over.wait(0.2):
                most = max(most, sum(resident(pid) for pid in (process.pid, *below(process.pid))))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        seconds = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        over.set()
        watcher.join()
        if code not in (0, 4):
            raise SystemExit(f"the scan ended with {code}")
        out.seek(0)
        *_, last = out
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(seconds, cpu, most, json.loads(last))


def below(pid: int) -> Iterator[int]:
    """Yield every process below one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from below(child)


def resident(pid: int) -> int:
    """Return the resident memory of a process, in bytes, shared pages counted by their part."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def main() -> int:
    """Print the figures; return 1 if one is short of its floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-memory", action="store_true")
    args = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as place:
        root, small = Path(place, "tree"), Path(place, "small")
        size = tree(root, args.files)
        first = scan(root, Path(place, "a.db"), args.workers)
        again = min((scan(root, Path(place, "a.db"), args.workers) for _ in range(3)), key=lambda one: one.seconds)
        ratio = first.seconds / again.seconds
        good &= ratio >= RATIO
        print(f"{args.files:,} files, {size / 1e6:.1f} MB, {args.workers} processes")
        print(f"first scan    {first.seconds:8.1f} s  {args.files / first.seconds:8.0f} items/s  "
              f"{size / 1e6 / first.seconds:6.1f} MB/s  {first.memory / 1e6:6.0f} MB of memory  "
              f"{first.cpu:.1f} s of processor time")  # fmt: skip
        print(
            f"second scan   {again.seconds:8.2f} s {again.cpu:8.2f} s of processor time  {ratio:.1f} times faster"
        )
        told = first.summary
        print(
            f"found         {told['sensitive']} sensitive, {told['unread']} not read, {told['findings']} findings"
        )
        if not args.no_memory:
            tree(small, args.files // 10)
            tenth = scan(small, Path(place, "b.db"), args.workers)
            growth = first.memory / max(tenth.memory, 1)
            good &= growth <= GROWTH
            print(f"memory        {tenth.memory / 1e6:.0f} MB at a tenth, {growth:.2f} times that at the whole")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
