"""Whether a soak has passed, and why not."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench.soak_load import Tally
from bench.soak_watch import AuditCheck, drift, quantile, slope

LONG: Final = 15 * 60
"""Seconds from which on slopes are judged; shorter runs report them."""
MISSED: Final = 0.02
"""The share of what should be found that may be missed: an upstream that failed, a sync that was late."""
SLOWER: Final = (1.5, 2.5)
"""By how much p50 and p99 of the last third may exceed those of the first, beyond what `/healthz` does."""
DEARER: Final = 1.3


def _growth(
    samples: Sequence[Mapping[str, float]], limits: Mapping[str, float]
) -> tuple[dict[str, Any], list[str]]:
    """Judge memory, handles and threads on the longest stretch without a restart, its warm-up left out."""
    segments = Counter(int(one["segment"]) for one in samples)
    if not segments:
        return {}, ["there is no sample"]
    longest = [one for one in samples if one["segment"] == segments.most_common(1)[0][0]]
    first, last = longest[0]["t"], longest[-1]["t"]
    warm = first + min(600.0, (last - first) / 4)
    settled = [one for one in longest if one["t"] >= warm]
    told, reasons = {}, []
    for name, limit in limits.items():
        a_hour, low, high = slope([(one["t"], one[name]) for one in settled])
        values = [one[name] for one in settled]
        told[name] = {
            "first": round(values[0], 1),
            "last": round(values[-1], 1),
            "most": round(max(values), 1),
            "an_hour": round(a_hour, 2),
            "interval_95": [round(low, 2), round(high, 2)],
        }
        if last - first >= LONG and low > limit:
            reasons.append(f"{name} grow by {a_hour:.1f} an hour (95 %: {low:.1f} to {high:.1f}; limit {limit})")
    return told, reasons


def _slower(windows: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    told: dict[str, Any] = {}
    reasons = []
    for number, name in enumerate(("p50", "p99")):
        ratio, control = drift(windows, number)
        told[name] = {"last_third_to_first": round(ratio, 2), "healthz": round(control, 2)}
        if len(windows) >= 6 and ratio / max(1.0, control) > SLOWER[number]:
            reasons.append(f"{name} became {ratio:.2f} times what it was (healthz {control:.2f})")
    if len(windows) >= 6:
        third = len(windows) // 3
        cpu = [sum(one["cpu_ms"] for one in part) / third for part in (windows[:third], windows[-third:])]
        told["cpu_last_third_to_first"] = round(cpu[1] / max(cpu[0], 1e-9), 2)
        if windows[-1]["at"] * 60 >= LONG and cpu[1] > DEARER * cpu[0]:
            reasons.append(f"a request costs {cpu[1]:.1f} ms of CPU, at first {cpu[0]:.1f}")
    return told, reasons


def verdict(
    tally: Tally,
    audit: AuditCheck,
    samples: Sequence[Mapping[str, float]],
    windows: Sequence[dict[str, Any]],
    verified: Sequence[str],
    changes: Counter[str],
    args: argparse.Namespace,
    held: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the report; `held` is that of an interrupted run that this one goes on with."""
    reasons = list(tally.violations[:20]) + [f"audit: {gap}" for gap in audit.gaps[:20]]
    # A report that was written while it ran already tells what its own part of the run found.
    reasons += [one for one in held.get("found", []) if one not in reasons]
    found = list(reasons)
    before = held.get("checked", 0) and held.get("audit", {}).get("checked", 0)
    if not before and not (audit.checked and tally.checked and sum(tally.requests.values())):
        reasons.append("nothing was checked")
    missed = sum(tally.missed.values())
    if missed > max(3, MISSED * (missed + tally.found)):
        reasons.append(f"{missed} of {missed + tally.found} things that could be read for long were not found")
    growth, grew = _growth(samples, {"rss": args.growth, "handles": 6.0, "threads": 3.0})
    times, slower = _slower(windows)
    reasons += grew + slower
    lateness = sorted(tally.late)
    return {
        "ok": not reasons,
        "reasons": reasons,
        "found": found,
        "violations": len(tally.violations) + int(held.get("violations", 0)),
        "rate": args.rate,
        "requests": dict(sorted((Counter(held.get("requests", {})) + tally.requests).items())),
        "changes": dict(sorted((Counter(held.get("changes", {})) + changes).items())),
        "checked": tally.checked + int(held.get("checked", 0)),
        "shown_after_a_right_ended": {
            "times": len(lateness),
            "p50_seconds": round(quantile(lateness, 0.5), 2),
            "most_seconds": round(lateness[-1], 2) if lateness else 0.0,
            "allowed_seconds": args.grace,
            "beyond_it": tally.beyond,
        },
        "expected": {"found": tally.found, "missed": dict(tally.missed), "last": tally.misses},
        "audit": {
            "checked": audit.checked + int(held.get("audit", {}).get("checked", 0)),
            "gaps": len(audit.gaps) + int(held.get("audit", {}).get("gaps", 0)),
            "verified": list(held.get("audit", {}).get("verified", [])) + list(verified),
            "records_of": audit.kinds,
        },
        "growth": growth,
        "times": times,
        "windows": list(windows),
    }
