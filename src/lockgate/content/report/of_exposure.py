"""Exposure as a page. It is made of what `/v1/exposure` answers: a command has nothing else of a gateway."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lockgate.content.report.of_scan import WORST, count
from lockgate.content.report.page import Bar, Case, Chart, Figure, Page, Tone, Trouble

_BARS: Final = 12
_ACTIONS: Final = 7
_KINDS: Final = 4
_DAYS: Final = 14
Row = Mapping[str, Any]


def exposure_page(
    listed: Sequence[Row],
    fixes: Sequence[Row],
    trend: Sequence[Row],
    *,
    now: datetime,
    where: str,
    version: str,
) -> Page:
    """Return the page.

    Args:
        listed: rows of `GET /v1/exposure`, worst first.
        fixes: rows of `GET /v1/exposure/fixes`, the most effective first.
        trend: rows of `GET /v1/exposure/trend`, the oldest first; none where only one's own documents are shown.
        now: when it was asked.
        where: which gateway was asked.
        version: of Lockgate.

    """
    readable = [one for one in listed if not one["problem"]]
    sensitive = [one for one in readable if one["rank"] >= 2]
    levels = _levels(listed)
    planned = {item: _step(one) for one in fixes for item in one["items"]}
    return Page(
        title="What AI could find and should not",
        about=f"{where} · {now:%d %B %Y, %H:%M} UTC",
        verdict=_verdict(listed, sensitive, fixes, levels),
        figures=_figures(listed, sensitive, trend, levels),
        charts=_charts(readable, trend),
        actions=tuple((_step(one), _clears(one)) for one in fixes[:_ACTIONS]),
        cases=tuple(_case(one, planned) for one in listed[:WORST]),
        cases_left_out=max(len(listed) - WORST, 0),
        troubles=_troubles(listed),
        method=_method(trend, where, version),
        levels=levels,
    )


def _levels(listed: Iterable[Row]) -> tuple[str, str, str, str]:
    """Return the organization's names of the levels, as far as rows name them."""
    names = ["public", "general", "confidential", "restricted"]
    for one in listed:
        names[one["rank"]] = one["level"]
    return names[0], names[1], names[2], names[3]


def _everyone(one: Row) -> bool:
    return bool(one["share"] >= 1)


def _verdict(
    listed: Sequence[Row], sensitive: Sequence[Row], fixes: Sequence[Row], levels: Sequence[str]
) -> tuple[str, ...]:
    if not listed:
        return ("Nothing is exposed.",)
    told = [f"{count(len(sensitive), 'document')} with sensitive content {_is(sensitive)} not under control."]
    if open_ := sum(map(_everyone, sensitive)):
        told.append(f"{count(open_, 'of them is', 'of them are')} open to everyone in the organization.")
    if orphans := sum(not one["owners"] for one in listed):
        told.append(f"{count(orphans, 'document has', 'documents have')} no owner who is still here.")
    first, clears = fixes[:5], 0
    if first:
        clears = sum(one["documents"] for one in first)
        told.append(
            f"{count(len(first), 'step')} below would settle {count(clears, 'document')}; each can be tried out "
            "before it counts, and taken back."
        )
    return tuple(told)


def _is(many: Sequence[object]) -> str:
    return "is" if len(many) == 1 else "are"


def _figures(
    listed: Sequence[Row], sensitive: Sequence[Row], trend: Sequence[Row], levels: Sequence[str]
) -> tuple[Figure, ...]:
    secrets = sum(
        each["count"] for one in listed for each in one["evidence"] if each["kind"].startswith("secret.")
    )
    restricted = sum(one["rank"] == 3 for one in sensitive)
    everyone, orphans = sum(map(_everyone, sensitive)), sum(not one["owners"] for one in listed)
    found = [
        Figure(f"{len(listed):,}", "documents to look at", "unreviewed, exposed or unreadable"),
        Figure(f"{len(sensitive):,}", f"{levels[2]} or above", f"{restricted:,} {levels[3]}", _bad(sensitive)),
        Figure(f"{everyone:,}", "of these open to everyone", "", _bad(everyone)),
        Figure(f"{secrets:,}", "passwords, keys, tokens", "in plain text", _bad(secrets)),
        Figure(f"{orphans:,}", "without an owner", "who is still here", _bad(orphans)),
    ]
    if trend:
        last = trend[-1]
        coverage = int(last["coverage"] * 1000) / 10
        whole = f"of {last['documents']:,} documents, {last['labeled']:,} labeled"
        found.append(Figure(f"{coverage:g} %", "coverage", whole, _bad(last["coverage"] < 1)))
    return tuple(found)


def _bad(number: object) -> Tone:
    return Tone.BAD if number else Tone.GOOD


def _step(one: Row) -> str:
    """Return what a fix does, as a sentence."""
    does = str(one["does"])
    return f"{does[0].upper()}{does[1:]}.".replace("user:", "").replace("group:", "group ")


def _clears(one: Row) -> str:
    shared = f", shared with {_who(one['through'])}" if one["through"] else ""
    return f"({one['folder']}: {count(one['documents'], 'document')}{shared})"


def _case(one: Row, planned: Mapping[str, str]) -> Case:
    kinds = [f"{each['count']:,} × {each['kind']}" for each in one["evidence"][:_KINDS]]
    used = None if one["used"] is None else f"used {count(one['used'], 'time')} in 90 days"
    found = [", ".join(kinds), used if one["used"] != 0 else "not used in 90 days"]
    grants = ", and of these only ".join(
        " or ".join(_who(name) for name, _ in clause[:4]) or "nobody" for clause in one["grants"]
    )
    audience = "everyone" if _everyone(one) else f"{count(one['people'], 'person', 'people')}: {grants}"
    return Case(
        place=one["item"],
        level=one["rank"],
        audience=audience if _everyone(one) else f"{audience} ({one['sharing']})",
        owner=", ".join(map(_who, one["owners"])),
        found=tuple(each for each in found if each),
        why=tuple(f"{reason[0].upper()}{reason[1:]}." for reason in one["why"]),
        fix=planned.get(one["item"], one["todo"]),
    )


def _who(name: str) -> str:
    return name.removeprefix("user:").replace("group:", "group ")


def _charts(listed: Sequence[Row], trend: Sequence[Row]) -> tuple[Chart, ...]:
    def folder(one: Row) -> str:
        parts = str(one["item"]).split("/")
        return "/".join(parts[: min(2, len(parts) - 1)]) or parts[0]

    charts = [
        _chart("By folder", "Where the documents are.", listed, lambda one: [folder(one)]),
        _chart("By owner", "Whose they are.", listed, lambda one: [_who(o) for o in one["owners"]] or ["nobody"]),
        _chart("By kind", "What was found in them.", listed, lambda one: [e["kind"] for e in one["evidence"]]),
        _chart("By audience", "How they are shared.", listed, lambda one: [one["sharing"]]),
        _chart("By reason", "What is wrong.", listed, lambda one: one["why"][:1]),
    ]
    if len(trend) > 1:
        bars = tuple(
            Bar(one["day"], _of_levels(one["levels"]), f"{one['exposed']:,} exposed, {one['reviewed']:,} reviewed")
            for one in trend[-_DAYS:]
        )
        charts.append(Chart("Day by day", "All documents by label.", bars))
    return tuple(charts)


def _of_levels(levels: Mapping[str, int]) -> tuple[int, int, int, int]:
    public, general, confidential, restricted = levels.values()
    return public, general, confidential, restricted


def _chart(title: str, about: str, listed: Sequence[Row], names: Callable[[Row], Iterable[str]]) -> Chart:
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for one in listed:
        for name in names(one):
            counts[name][one["rank"]] += 1
    order = sorted(counts, key=lambda name: ([-number for number in reversed(counts[name])], name))
    bars = [Bar(name, (*counts[name],), f"{sum(counts[name]):,}") for name in order[:_BARS]]  # type: ignore[arg-type]  # four
    return Chart(title, about, tuple(bars), max(len(order) - _BARS, 0))


def _troubles(listed: Sequence[Row]) -> tuple[Trouble, ...]:
    counts = Counter(one["problem"] for one in listed if one["problem"])
    return tuple(
        Trouble(
            why.removeprefix("could not read: "),
            number,
            tuple(o["item"] for o in listed if o["problem"] == why)[:3],
        )
        for why, number in counts.most_common()
    )


def _method(trend: Sequence[Row], where: str, version: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Asked", where),
        ("Order", "label × people who could find it × how it is shared × how it is used; what is only "
                  "not reviewed comes last"),
        ("Usage", "answers and openings through Lockgate in the last 90 days, from its audit log"),
        ("Steps", "change what AI may serve to whom; rights in the source stay as they are"),
        ("Days measured", f"{len(trend):,}"),
        ("Values", "no value that was found is in this file, only kinds and counts"),
        ("Lockgate", version),
    )  # fmt: skip
