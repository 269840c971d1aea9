"""Usefulness, measured like safety: the same questions with gates and without, side by side.

A gate that refuses everything leaks nothing and is worthless. For those who may know: the share of correct,
cited answers against the same retriever and model without gates (goal: at least 95 % of it), and how often a
gate refused what it need not have (at most 2 %). Where nothing answers: how often it abstains (at least 90 %).
For everybody: leaks (none).

    python -m bench.usefulness [--every N]               everything, in this process, with real models
    python -m bench.usefulness --prepare FOLDER          write the corpora, each with a twin without gates
    python -m bench.usefulness --cases FILE --url URL --open-url URL --tokens FILE
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import aiohttp

from bench.corpus import Case, Corpus, brightwater, load
from bench.enterprise import enterprise, present
from lockgate.demo.client import Client, Reply, Tokens, documents_in

Start: TypeAlias = Callable[[Path, Path], AbstractAsyncContextManager[tuple[str, Tokens]]]
"""Starts a Lockgate over (share, directory file) and gives its base URL and tokens of its people."""
_COUNTED = (
    "knowing",
    "correct",
    "open_correct",
    "false_refusals",
    "nothing",
    "abstained",
    "open_abstained",
    "strangers",
    "told_nothing",
    "leaks",
    "open_leaks",
)
GOALS = {"kept": 0.95, "false refusals": 0.02, "abstention": 0.90}


@dataclass
class Side:
    """What one Lockgate did: one reply and its seconds for each case."""

    replies: list[Reply] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Figures:
    """The result over one corpus. Shares are between 0 and 1; counts are of cases."""

    corpus: str
    knowing: int
    correct: int
    open_correct: int
    false_refusals: int
    nothing: int
    abstained: int
    open_abstained: int
    strangers: int
    told_nothing: int
    leaks: int
    open_leaks: int
    median_ms: float
    open_median_ms: float
    wrong: tuple[str, ...] = field(repr=False, default=())

    @property
    def kept(self) -> float:
        """Share of what the open side gets right that the gated side gets right, too."""
        return self.correct / self.open_correct if self.open_correct else 0.0

    @property
    def refusal_share(self) -> float:
        return self.false_refusals / self.knowing if self.knowing else 0.0

    @property
    def abstention(self) -> float:
        return self.abstained / self.nothing if self.nothing else 0.0

    @property
    def good(self) -> bool:
        """Tell whether every goal is met."""
        low = self.kept >= GOALS["kept"] and self.abstention >= GOALS["abstention"]
        return low and self.refusal_share <= GOALS["false refusals"] and not self.leaks


async def ask_all(client: Client, cases: Sequence[Case], progress: str, model: str = "assistant") -> Side:
    """Ask every case, one after the other, so that times are those of a single request."""
    side = Side()
    for number, case in enumerate(cases, 1):
        began = time.monotonic()
        side.replies.append(await client.ask(case.person, case.question, model))
        side.seconds.append(time.monotonic() - began)
        if sys.stderr.isatty():
            print(f"\r{progress}: {number}/{len(cases)}", end="", file=sys.stderr, flush=True)
    return side


def judge(corpus: str, cases: Sequence[Case], gated: Side, bare: Side) -> Figures:
    """Count. A false refusal is one who may know, is told nothing, and would have been told without gates."""
    count = dict.fromkeys(_COUNTED, 0)
    wrong = []
    for case, mine, other in zip(cases, gated.replies, bare.replies, strict=True):
        silent = not mine.ok or mine.abstained
        leak = case.leaks(mine.text, documents_in(mine.lockgate))
        count["leaks"] += leak
        count["open_leaks"] += case.leaks(other.text, documents_in(other.lockgate))
        if case.expect == "answer":
            right, bare_right = case.correct(mine.content, mine.cited), case.correct(other.content, other.cited)
            count["knowing"] += 1
            count["correct"] += right
            count["open_correct"] += bare_right
            count["false_refusals"] += silent and bare_right
            wrong += [] if right else [f"{case.person}: {case.question} -> {mine.content or mine.code}"]
        elif case.expect == "nothing":
            count["nothing"] += 1
            count["abstained"] += mine.abstained
            count["open_abstained"] += other.abstained
            wrong += [] if mine.abstained else [f"{case.person}: {case.question} -> {mine.content or mine.code}"]
        else:
            count["strangers"] += 1
            count["told_nothing"] += silent
        if leak:
            wrong.append(f"LEAK {case.person}: {case.question}")
    times = [1000 * statistics.median(side.seconds or [0.0]) for side in (gated, bare)]
    return Figures(corpus, **count, median_ms=times[0], open_median_ms=times[1], wrong=tuple(wrong))


def table(many: Sequence[Figures]) -> str:
    """Print the figures of all corpora side by side."""

    def share(part: int, whole: int) -> str:
        return f"{part}/{whole} ({100 * part / whole:.1f} %)" if whole else "-"

    rows = [("usefulness", *(f"{one.corpus}: gated | without gates" for one in many))]
    rows.append(
        (
            "correct and cited, may know",
            *(f"{share(one.correct, one.knowing)} | {share(one.open_correct, one.knowing)}" for one in many),
        )
    )
    rows.append(("kept of it (goal >= 95 %)", *(f"{100 * one.kept:.1f} %" for one in many)))
    rows.append(("false refusals (goal <= 2 %)", *(share(one.false_refusals, one.knowing) for one in many)))
    rows.append(
        (
            "abstains, nothing answers (goal >= 90 %)",
            *(f"{share(one.abstained, one.nothing)} | {share(one.open_abstained, one.nothing)}" for one in many),
        )
    )
    rows.append(("told nothing, may not know", *(share(one.told_nothing, one.strangers) for one in many)))
    rows.append(("leaks (goal 0)", *(f"{one.leaks} | {one.open_leaks}" for one in many)))
    rows.append(("median, ms", *(f"{one.median_ms:.0f} | {one.open_median_ms:.0f}" for one in many)))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def corpora(folder: Path) -> list[Corpus]:
    """Write every corpus that can be had here."""
    found = [brightwater(folder)]
    if present():
        found.append(enterprise(folder))
    else:
        print("third-party documents (../shared/data) are not beside the checkout: skipped", file=sys.stderr)
    return found


async def measure(corpus: Corpus, start: Start, model: str = "assistant") -> Figures:
    """Start a Lockgate over the corpus and one over its twin without gates, and ask both everything."""
    sides = []
    async with aiohttp.ClientSession() as session:
        for share, progress in ((corpus.share, "gated"), (corpus.open_share, "without gates")):
            async with start(share, corpus.directory) as (url, token):
                client = Client(session, url, token)
                sides.append(await ask_all(client, corpus.cases, f"{corpus.name} {progress}", model))
    return judge(corpus.name, corpus.cases, *sides)


async def run(start: Start, every: int = 1) -> list[Figures]:
    """Measure every corpus; what `python -m bench` calls. `every` = 3 asks each third case, for a quick look."""
    with tempfile.TemporaryDirectory(prefix="lockgate-usefulness-") as scratch:
        thinned = [replace(one, cases=one.cases[::every]) for one in corpora(Path(scratch))]
        return [await measure(corpus, start) for corpus in thinned]


async def in_process(every: int = 1) -> list[Figures]:
    """Measure everything with Lockgates of this process and the real embedding model."""
    from bench.serving import starter  # needs the models, which nothing else here does
    from lockgate.adapters.embed_onnx import MiniLmEmbedder
    from lockgate.demo.run import fetch_weights

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    embedder = MiniLmEmbedder(fetch_weights(say))
    await embedder.open()
    return await run(starter(embedder, say), every)


def _running(urls: Sequence[str], tokens: dict[str, str]) -> Start:
    left = list(urls)

    @asynccontextmanager
    async def start(share: Path, directory: Path) -> AsyncIterator[tuple[str, Tokens]]:
        async def token(person: str) -> str:
            return tokens[person]

        yield left.pop(0), token

    return start


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="ask each n-th case only")
    parser.add_argument("--prepare", type=Path, help="write the corpora into this folder and stop")
    parser.add_argument(
        "--cases", type=Path, help="cases to ask, one JSON object a line (bench/questions/README.md)"
    )
    parser.add_argument("--url", help="a running Lockgate with gates")
    parser.add_argument("--open-url", help="the same without gates")
    parser.add_argument("--tokens", type=Path, help="JSON object: person to token")
    args = parser.parse_args(argv)
    if args.prepare:
        for corpus in corpora(args.prepare):
            print(f"{corpus.name}: {len(corpus.cases)} cases\n  {corpus.share}\n  {corpus.open_share}")
        return 0
    given = (args.cases, args.url, args.open_url, args.tokens)
    if not any(given):
        results = asyncio.run(in_process(args.every))
        print(table(results))
        print("\n".join(line for one in results for line in one.wrong), file=sys.stderr)
        return 0 if all(one.good for one in results) else 1
    if not all(given):
        parser.error("give --prepare, or all of --cases, --url, --open-url and --tokens, or none")
    tokens = json.loads(args.tokens.read_text())
    corpus = Corpus(args.cases.stem, Path(), Path(), Path(), tuple(load(args.cases)))
    figures = asyncio.run(measure(corpus, _running((args.url, args.open_url), tokens)))
    print(table([figures]))
    print("\n".join(figures.wrong))
    return 0 if figures.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
