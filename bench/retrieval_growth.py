"""How the cost of a search grows with the collection, as numbers and as a plot.

    python -m bench.retrieval growth

Words and vectors together, without the query's embedding. Four readers of a share of everything, whose cost grows
with the whole, and one who may read 1,000 passages however large the whole is, whose cost must not. Figures are
CPU of one thread, which is what a search takes where nothing else runs: they can be compared from step to step.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.retrieval_engines import in_turns
from bench.retrieval_world import FIXED, SHARES, World, query
from lockgate.content.ranking import LEXICAL, rank

STEPS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
PLOT = Path(__file__).parents[1] / "docs" / "retrieval-growth.svg"
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 720, 420, 64, 40, 130, 48
_COLORS = ("#1b6ca8", "#2e8b57", "#c77d00", "#b03a2e", "#555555")


def measure() -> None:
    """Print the table and write the plot."""
    readers = [*SHARES, FIXED]
    print("p50 ms of CPU [lowest-highest] of a hybrid search")
    print(f"{'passages':>10}" + "".join(f"{name:>26}" for name in readers))
    medians: dict[str, list[float]] = {name: [] for name in readers}
    for chunks in STEPS:
        world = World(chunks)
        world.fill()
        found = _search(world, readers)
        for name, times in found.items():
            medians[name].append(statistics.median(times))
        cells = (f"{statistics.median(t):.2f} [{t[0]:.2f}-{t[-1]:.2f}]" for t in found.values())
        print(f"{chunks:>10,}" + "".join(f"{cell:>26}" for cell in cells), flush=True)
        del world
        gc.collect()
    PLOT.write_text(plot(STEPS, medians), "utf-8")
    print(f"written: {PLOT.relative_to(PLOT.parents[1])}")


def _search(world: World, readers: Sequence[str]) -> dict[str, list[float]]:
    texts, asked = [world.text() for _ in range(20)], world.vectors(20)

    def both(turn: int, name: str) -> object:
        chosen = world.view.readable(query(name, texts[turn % 20], asked[turn % 20]))
        laid = world.view.laid_out(chosen)
        return rank(chosen.parts, texts[turn % 20], asked[turn % 20], 10, LEXICAL, laid.postings, laid.codes)

    for name in readers:  # the first searches of a reader of much lay words out
        both(0, name), both(1, name)
    calls = {name: lambda turn, name=name: both(turn, name) for name in readers}
    return in_turns(calls, clock=time.process_time)


def plot(steps: Sequence[int], medians: Mapping[str, Sequence[float]]) -> str:
    """Return an SVG with a line for each reader over logarithmic axes."""
    low, high = math.log10(steps[0]), math.log10(steps[-1])
    every = [value for values in medians.values() for value in values]
    floor, ceiling = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))

    def x(count: float) -> float:
        return _LEFT + (math.log10(count) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (ceiling - math.log10(value)) / (ceiling - floor) * (_HEIGHT - _TOP - _BOTTOM)

    def text(at: tuple[float, float], what: str, anchor: str = "middle", color: str = "#222") -> str:
        return f'<text x="{at[0]:.0f}" y="{at[1]:.0f}" text-anchor="{anchor}" fill="{color}">{what}</text>'

    end, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12" role="img" aria-label="Cost of a search by size of the collection">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        text(
            (_LEFT, 22),
            "Hybrid search, p50 in ms of CPU, by passages in the collection and what may be read",
            "start",
        ),
    ]
    for power in range(floor, ceiling + 1):
        parts.append(f'<path d="M{_LEFT} {y(10**power):.1f}H{end}" stroke="#dddddd"/>')
        parts.append(text((_LEFT - 8, y(10**power) + 4), f"{10.0**power:g}", "end"))
    for count in steps:
        parts.append(f'<path d="M{x(count):.1f} {_TOP}V{bottom}" stroke="#eeeeee"/>')
        parts.append(text((x(count), bottom + 20), f"{count:,}"))
    for color, (name, values) in zip(_COLORS, medians.items(), strict=True):
        points = [(x(count), y(value)) for count, value in zip(steps, values, strict=True)]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{color}"/>' for a, b in points]
        parts.append(text((end + 8, points[-1][1] + 4), name, "start", color))
    return "\n".join([*parts, "</svg>", ""])
