"""Throughput of the scanning core, beside other scanners, on texts that `bench.scanning_corpus` makes up.

    python -m bench scanning                          all of it, on 33 MB, in some minutes
    python -m bench scanning --quick                  on 8 MB
    python -m bench scanning --with /path/to/python   the others in another environment (`lockgate[bench]`)

Figures are CPU time; the lowest and the highest of the rounds stand in brackets. The others look at a sample of
the same texts, each in turn with ours, because they take minutes for a megabyte. A scanner that is not installed
is left out, and said to be. Exit code 1: below the floor of 40 MB/s.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.detectors import PROSE
from bench.scanning_corpus import corpus
from lockgate.content.detection import scan, scan_many
from lockgate.content.detection.core import BATCH, Core
from lockgate.content.detection.secrets import TOKENS

FLOOR, GOAL, SECRETS = 40, 120, 300
OTHERS = (("presidio", 40, 1000), ("datafog", 80, 30), ("detect-secrets", 40, None))
"""Name, documents of the sample, and how many times as fast the goal wants us."""


def rates(work: Callable[[], object], size: int, rounds: int = 5) -> list[float]:
    """Return MB/s of CPU, one for each round, in order."""
    found = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        found.append(size / (time.process_time() - begin) / 1e6)
    return sorted(found)


def shown(found: Sequence[float]) -> str:
    return f"{statistics.median(found):.3g} [{found[0]:.3g}..{found[-1]:.3g}] MB/s"


def batches(texts: Sequence[str]) -> list[list[str]]:
    some: list[list[str]] = [[]]
    size = 0
    for text in texts:
        some[-1].append(text)
        size += len(text)
        if size >= BATCH:
            some.append([])
            size = 0
    return [one for one in some if one]


class Others:
    """Other scanners, in a process of their own."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).with_name("scanning_others.py")
        self._process = subprocess.Popen(
            [python, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def cpu(self, name: str, texts: Sequence[str]) -> tuple[float, int] | str:
        """Return seconds of CPU and findings, or why there are none."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"name": name, "texts": texts}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["missing"] if "missing" in answer else (answer["cpu"], answer["found"])

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def _work(texts: Sequence[str]) -> None:
    scan_many(texts)


def scaling(texts: Sequence[str]) -> float:
    """Return how many times as fast two processes are as one, by the clock."""
    parts = texts[0::2], texts[1::2]
    took = []
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(_work, [part[:20] for part in parts], chunksize=1)
        for group in ([texts], parts):
            begin = time.perf_counter()
            pool.map(_work, group, chunksize=1)
            took.append(time.perf_counter() - begin)
    return took[0] / took[1]


def latency() -> float:
    """Return milliseconds of CPU for what a question has: a prompt and eight passages."""
    texts = (PROSE[:280], *[(PROSE * 4)[:900]] * 8)
    best = 9.0
    for _ in range(20):
        begin = time.process_time()
        for _ in range(10):
            for text in texts:
                scan(text)
        best = min(best, (time.process_time() - begin) / 10)
    return best * 1e3


def main(arguments: Sequence[str]) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench scanning", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--with", dest="python", default=sys.executable)
    chosen = parser.parse_args(arguments)
    texts = list(corpus(8_000_000 if chosen.quick else 33_000_000))
    size = sum(len(text.encode()) for text in texts)
    begin = time.process_time()
    core = Core()
    print(
        f"load {os.getloadavg()[0]:.1f}; {len(texts)} texts, {size / 1e6:.1f} MB; "
        f"tables compiled in {time.process_time() - begin:.2f} s"
    )
    counts = Counter(one.kind for found in scan_many(texts) for one in found)
    print(
        f"{sum(counts.values()) / size * 1e6:.0f} findings a MB: "
        + ", ".join(f"{kind} {count}" for kind, count in counts.most_common(6))
    )
    ours = rates(lambda: scan_many(texts), size)
    print(f"all default detectors: {shown(ours)} (floor {FLOOR}, goal {GOAL})")
    plain = [PROSE * 40] * (size // len(PROSE) // 160)
    few = rates(lambda: scan_many(plain), sum(map(len, plain)))
    print(f"prose without findings: {shown(few)}")
    secrets = Core(TOKENS, (), ())
    parts = batches(texts)
    alone = rates(lambda: [secrets.scan(part) for part in parts], size)
    print(f"tokens of secrets alone: {shown(alone)} (goal {SECRETS})")
    print(f"one text at a time: {shown(rates(lambda: [core.scan([text]) for text in texts], size, 3))}")
    print(f"a prompt and 8 passages of 900 characters: {latency():.2f} ms")
    beside(texts, chosen.python)
    print(
        f"two processes: {scaling(texts):.2f} times as fast as one, by the clock, at load {os.getloadavg()[0]:.1f}"
    )
    return 0 if statistics.median(ours) >= FLOOR else 1


def beside(texts: Sequence[str], python: str, rounds: int = 3) -> None:
    """Print ratios to the others: in turns, and theirs on a sample."""
    others = Others(python)
    mine = texts[: 8_000_000 // 12_000]
    length = sum(map(len, mine))
    for name, count, goal in OTHERS:
        sample = [text[:12_000] for text in texts[:: max(1, len(texts) // count)]][:count]
        ratios, theirs, found = [], [], 0
        for _ in range(rounds):
            answer = others.cpu(name, sample)
            if isinstance(answer, str):
                print(f"{name}: not measured, {answer}")
                break
            rate = sum(map(len, sample)) / answer[0] / 1e6
            found = answer[1]
            theirs.append(rate)
            ratios.append(rates(lambda: scan_many(mine), length, 1)[0] / rate)
        else:
            wanted = f" (goal {goal})" if goal else ""
            print(
                f"{name}: {shown(sorted(theirs))} with {found} findings in {count} texts, ours "
                f"{statistics.median(ratios):.0f} [{min(ratios):.0f}..{max(ratios):.0f}] times as fast{wanted}"
            )
    others.close()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
