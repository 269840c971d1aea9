"""What the soak measures of the gateway's process, how it tells a leak from noise, and the picture of it."""

from __future__ import annotations

import html
import json
import os
import sqlite3
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.soak_load import Asked

_TICK: Final = os.sysconf("SC_CLK_TCK")
_ANSWERS: Final = ("chat", "responses", "messages", "completions", "talks on", "hangs up")


def sample(pid: int) -> dict[str, float]:
    """Return what a process uses now: MB resident, handles, threads, seconds of CPU, and those its main
    thread was ready to run and waited for a core.

    Raises:
        OSError: there is no such process any more.

    """
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return {
        "rss": int(status["VmRSS"].split()[0]) / 1024,
        "handles": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
        "cpu": (int(stat[11]) + int(stat[12])) / _TICK,
        "waited": int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9,
    }


def slope(samples: Sequence[tuple[float, float]], rounds: int = 400) -> tuple[float, float, float]:
    """Return the growth an hour with a 95 % interval: Theil-Sen over medians of 60 blocks, blocks resampled.

    Args:
        samples: (seconds, value).
        rounds: of the bootstrap.

    """
    if len(samples) < 8:
        return 0.0, float("-inf"), float("inf")
    blocks = np.array_split(np.asarray(samples, float), min(60, len(samples) // 2))
    x = np.array([np.median(block[:, 0]) for block in blocks]) / 3600
    y = np.array([np.median(block[:, 1]) for block in blocks])

    def fit(at: Any) -> float:
        one, two = np.triu_indices(len(at), 1)
        dx = x[at][two] - x[at][one]
        dy = y[at][two] - y[at][one]
        return float(np.median(dy[dx != 0] / dx[dx != 0])) if (dx != 0).any() else 0.0

    rng = np.random.default_rng(7)
    found = [fit(np.sort(rng.integers(0, len(x), len(x)))) for _ in range(rounds)]
    low, high = np.percentile(found, [2.5, 97.5])
    return fit(np.arange(len(x))), float(low), float(high)


def quantile(values: Sequence[float], q: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * q))] if values else 0.0


def window(times: dict[str, list[float]], cpu: float, seconds: float, at: float) -> dict[str, Any]:
    """Return one line of the report: p50 and p99 of each door, and CPU for each request."""
    doors = {d: [round(quantile(v, 0.5), 2), round(quantile(v, 0.99), 2), len(v)] for d, v in times.items()}
    many = sum(len(v) for d, v in times.items() if d != "healthz")
    everything = [one for d, v in times.items() if d != "healthz" for one in v]
    return {
        "at": round(at / 60, 2),
        "requests": many,
        "a_second": round(many / max(seconds, 1e-9), 2),
        "p50": round(quantile(everything, 0.5), 2),
        "p99": round(quantile(everything, 0.99), 2),
        "cpu_ms": round(cpu * 1000 / max(many, 1), 2),
        "doors": doors,
    }


def drift(windows: Sequence[dict[str, Any]], which: int) -> tuple[float, float]:
    """Return how p50 (`which` 0) or p99 (1) of the last third stands to the first: of doors, of `/healthz`."""
    third = max(1, len(windows) // 3)
    found, control = [], 1.0
    for door in {d for one in windows for d in one["doors"]}:
        parts = [
            [one["doors"][door][which] for one in part if door in one["doors"]]
            for part in (windows[:third], windows[-third:])
        ]
        if all(parts) and all(statistics.median(part) > 0 for part in parts):
            ratio = statistics.median(parts[1]) / statistics.median(parts[0])
            if door == "healthz":
                control = ratio
            else:
                found.append(ratio)
    return (float(np.exp(np.mean(np.log(found)))) if found else 1.0), control


@dataclass
class AuditCheck:
    """Looks in the log for the records of everything that was answered. Blocks on the disk."""

    path: Path
    waiting: list[Asked] = field(default_factory=list)
    checked: int = 0
    gaps: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)

    def look(self, *, final: bool = False) -> None:
        """Check what is old enough to have ended."""
        now = time.monotonic()
        due = [
            one
            for one in self.waiting
            if final or now - one.time > (20 if one.door == "hangs up" else 60 if _running(one) else 5)
        ]
        if not due:
            return
        self.waiting = [one for one in self.waiting if one not in set(due)]
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        try:
            for one in due:
                self._one(one, [row[0] for row in connection.execute(_QUERY, (one.request_id,))])
        finally:
            connection.close()

    def _one(self, one: Asked, events: Sequence[bytes]) -> None:
        self.checked += 1
        own = [json.loads(event)["unmapped"]["lockgate"] for event in events]
        kinds = [str(each["kind"]) for each in own]
        self.kinds[f"{one.door} {one.status}"] = " ".join(sorted(set(kinds)))
        if missing := self._missing(one, kinds, [str(each.get("effect", "")) for each in own]):
            self.gaps.append(f"{one.door} {one.status} {one.request_id}: {missing}; there is {kinds}")

    @staticmethod
    def _missing(one: Asked, kinds: Sequence[str], effects: Sequence[str]) -> str:
        if one.status == 200:
            if one.door == "models":
                return ""
            if "permit" not in effects and one.door != "authzen" and "refused" not in one.door:
                return "no decision that permits"
            if "decision" not in kinds:
                return "no decision"
            if one.door.split()[0] in _ANSWERS or one.door in _ANSWERS:
                for kind in ("answer", "outcome"):
                    if kinds.count(kind) != 1:
                        return f"{kinds.count(kind)} records of kind {kind}"
            return ""
        return "nothing" if one.status in (401, 403) and not kinds else ""


_QUERY: Final = "SELECT event FROM audit_event WHERE request_id = ? ORDER BY idx"


def _running(one: Asked) -> bool:
    return "streamed" in one.door


# ------------------------------------------------------------------ the picture


def _panel(top: int, title: str, lines: Sequence[tuple[str, str, Sequence[tuple[float, float]]]]) -> str:
    points = [point for _, _, line in lines for point in line]
    if not points:
        return ""
    last = max(x for x, _ in points) or 1.0
    low, high = min(0.0, *(y for _, y in points)), max(y for _, y in points) or 1.0
    out = [f'<text x="50" y="{top + 14}" font-weight="bold">{html.escape(title)}</text>']
    out.append(f'<text x="46" y="{top + 34}" text-anchor="end">{high:.0f}</text>')
    out.append(f'<text x="46" y="{top + 130}" text-anchor="end">{low:.0f}</text>')
    out.append(f'<path d="M50 {top + 25}V{top + 130}H690" fill="none" stroke="#999"/>')
    for number, (name, color, line) in enumerate(lines):
        path = " ".join(
            f"{50 + 640 * x / last:.1f},{top + 130 - 105 * (y - low) / (high - low or 1):.1f}" for x, y in line
        )
        out.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        out.append(f'<text x="{330 + 120 * number}" y="{top + 14}" fill="{color}">{html.escape(name)}</text>')
    return "\n".join(out)


def picture(samples: Sequence[dict[str, float]], windows: Sequence[dict[str, Any]], title: str) -> str:
    """Return an SVG: memory, handles and threads, times, CPU for each request; over minutes."""
    step = max(1, len(samples) // 600)
    kept = samples[::step]

    def of(name: str) -> list[tuple[float, float]]:
        return [(one["t"] / 60, one[name]) for one in kept]

    panels = [
        _panel(30, "memory, MB", [("resident", "#0b6", of("rss"))]),
        _panel(
            180, "handles and threads", [("handles", "#06b", of("handles")), ("threads", "#b60", of("threads"))]
        ),
        _panel(
            330,
            "time to the first byte, ms",
            [
                ("p50", "#06b", [(w["at"], w["p50"]) for w in windows]),
                ("p99", "#b06", [(w["at"], w["p99"]) for w in windows]),
                ("healthz p50", "#777", [(w["at"], w["doors"].get("healthz", [0])[0]) for w in windows]),
            ],
        ),
        _panel(480, "CPU for each request, ms", [("gateway", "#0b6", [(w["at"], w["cpu_ms"]) for w in windows])]),
    ]
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 640" font-family="sans-serif" font-size="11">'
    name = f'<text x="50" y="18" font-size="13">{html.escape(title)}</text>'
    return "\n".join([head, '<rect width="720" height="640" fill="#fff"/>', name, *panels, "</svg>\n"])
