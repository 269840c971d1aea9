"""A scan as a page: what a manager wants to know of it, and what an owner has to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from lockgate.content.report.page import Bar, Case, Chart, Figure, Page, Tone, Trouble
from lockgate.content.scanned import Place, Row, ScanReport, Tally
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers

WORST: Final = 20
"""Cases that a page lists."""
ROWS: Final = 1000
"""Rows that a page wants to be given: what to do is told of all of them."""
_BARS: Final = 12
_ACTIONS: Final = 5
_NAMES: Final = 4
_KINDS: Final = 4
_OTHERS: Final = "group:accounts-of-this-machine"
_UNREAD: Final = "could not read: "


def scan_page(report: ScanReport, version: str) -> Page:
    """Return the page of a scan that Lockgate `version` made."""
    sensitive = sum(one.levels[2] + one.levels[3] for one in report.by_label)
    open_to_all = next((one for one in report.by_audience if one.name == "everyone"), Tally("everyone", 0, 0))
    open_sensitive = open_to_all.levels[2] + open_to_all.levels[3]
    secrets = sum(one.findings for one in report.by_kind if one.name.startswith("secret."))
    return Page(
        title="What is sensitive, where, and who can reach it",
        about=f"{', '.join(report.targets)} · {report.finished:%d %B %Y, %H:%M} UTC",
        verdict=_verdict(report, sensitive, open_sensitive, secrets),
        figures=_figures(report, sensitive, open_sensitive, secrets),
        charts=_charts(report),
        actions=_actions(report),
        cases=tuple(_case(one, report) for one in report.rows[:WORST]),
        cases_left_out=report.rows_left_out + max(len(report.rows) - WORST, 0),
        troubles=_troubles(report),
        method=_method(report, version),
        levels=report.levels,
    )


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its word: `1 item`, `2,000 items`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _verdict(report: ScanReport, sensitive: int, open_sensitive: int, secrets: int) -> tuple[str, ...]:
    totals = report.totals
    told = []
    if not sensitive:
        told.append(f"Nothing sensitive was found in {count(totals.items, 'item')}.")
    else:
        told.append(f"{sensitive:,} of {count(totals.items, 'item')} should be {report.levels[2]} or above.")
        if open_sensitive:
            told.append(
                f"{count(open_sensitive, 'of them is', 'of them are')} open to everyone who has an account."
            )
    if secrets:
        told.append(
            f"{count(secrets, 'password, key or token stands', 'passwords, keys or tokens stand')} in plain text. "
            "Take each out, and replace it where it is used: whoever could read it may have kept it."
        )
    if totals.unread or totals.partly:
        told.append(
            f"{count(totals.unread, 'item')} could not be read and {totals.partly:,} only in part; nobody knows "
            "what is in them."
        )
    told += [f"This scan is not complete: {one}" for one in report.broken]
    return tuple(told)


def _figures(report: ScanReport, sensitive: int, open_sensitive: int, secrets: int) -> tuple[Figure, ...]:
    totals = report.totals
    coverage = int(report.coverage * 1000) / 10  # rounded down: 99.96 % is not all
    return (
        Figure(f"{totals.items:,}", "items looked at", size(totals.bytes)),
        Figure(f"{sensitive:,}", f"{report.levels[2]} or above", "", _bad(sensitive)),
        Figure(f"{open_sensitive:,}", "of these open to everyone", "", _bad(open_sensitive)),
        Figure(f"{secrets:,}", "passwords, keys, tokens", "in plain text", _bad(secrets)),
        Figure(f"{totals.unread:,}", "could not be read", f"{totals.partly:,} only in part"),
        Figure(f"{coverage:g} %", "coverage", "items whose content is known", _bad(not report.complete)),
    )


def _bad(number: int) -> Tone:
    return Tone.BAD if number else Tone.GOOD


def _charts(report: ScanReport) -> tuple[Chart, ...]:
    labels = tuple(
        Bar(report.levels[int(one.name)], one.levels, f"{one.items:,}")
        for one in report.by_label
    )  # fmt: skip
    kinds = sorted(report.by_kind, key=lambda one: (-(one.levels[2] + one.levels[3]), -one.items, one.name))
    folders = sorted(
        map(partial(_within, report), report.by_folder),
        key=lambda one: (-one.levels[3], -one.levels[2], -one.levels[1], -one.items, one.name),
    )
    return (
        Chart("By label", "How many items should have each label.", labels),
        _chart("By audience", "Who can reach them, by the label that they should have.", report.by_audience),
        _chart("By folder", "The folders with the most that is sensitive.", folders),
        _chart("By kind", "How many items hold each kind of finding.", kinds),
    )


def _within(report: ScanReport, one: Tally) -> Tally:
    """Return a folder by its name within the target, where there is one target."""
    if len(report.roots) != 1:
        return one
    name = one.name.removeprefix(report.roots[0].rstrip("/")).lstrip("/")
    return replace(one, name="the target itself" if name in ("", "./") else name)


def _chart(title: str, about: str, tallies: Sequence[Tally]) -> Chart:
    bars = tuple(Bar(one.name, one.levels, f"{one.items:,}") for one in tallies[:_BARS])
    return Chart(title, about, bars, max(len(tallies) - _BARS, 0))


def _actions(report: ScanReport) -> tuple[tuple[str, str], ...]:
    """Return what to do for many items at once: those of one folder that need the same."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in report.rows:
        place = row.path if len(report.roots) > 1 else row.item
        groups.setdefault((place.rpartition("/")[0], _fix(row, report)), []).append(row)
    worst = sorted(groups.items(), key=lambda one: (-sum(row.score for row in one[1]), one[0]))
    return tuple(
        (fix, f"({folder or 'the target itself'}: {count(len(rows), 'item')})")
        for (folder, fix), rows in worst[:_ACTIONS]
    )


def _case(row: Row, report: ScanReport) -> Case:
    return Case(
        place=row.path if len(report.roots) > 1 else row.item,
        level=int(row.level),
        audience=_audience(row),
        owner=", ".join(one.removeprefix("user:") for one in row.owners),
        found=_found(row),
        why=_why(row, report),
        fix=_fix(row, report),
    )


def _audience(row: Row) -> str:
    if row.everyone:
        return "everyone"
    if not row.people:
        return "nobody who is known"
    return f"{count(row.people, 'person', 'people')}: {in_words(row.readers)}"


def in_words(readers: Readers) -> str:
    """Return who may read, as a person says it."""
    if readers.is_everyone:
        return "everyone"
    clauses = sorted(map(sorted, readers.clauses), key=lambda clause: (len(clause), clause))
    return ", and of these only ".join(_clause(clause) for clause in clauses)


def _clause(clause: Sequence[str]) -> str:
    if not clause:
        return "nobody"
    if _OTHERS in clause:
        return "every account"
    names = [one.removeprefix("user:").replace("group:", "group ") for one in reversed(clause)]
    return " or ".join(names[:_NAMES]) + (f" or {len(names) - _NAMES} more" if len(names) > _NAMES else "")


def _found(row: Row) -> tuple[str, ...]:
    kinds = [f"{one.count:,} × {one.kind}" for one in row.evidence[:_KINDS]]
    if len(row.evidence) > _KINDS:
        kinds.append(f"{len(row.evidence) - _KINDS} more kinds")
    first: dict[str, Place] = {}
    for place in row.places:
        first.setdefault(place.kind, place)
    where = [_where(first[one.kind]) for one in row.evidence[:_KINDS] if one.kind in first]
    return tuple(one for one in (", ".join(kinds), f"first at {'; '.join(where)}" if where else "") if one)


def _where(place: Place) -> str:
    part = f"{place.part}, " if place.part else ""
    return f"{part}line {place.line:,}"


def _why(row: Row, report: ScanReport) -> tuple[str, ...]:
    told = []
    if row.problem:
        told.append(row.problem)
    elif row.declared is not None and row.declared < row.level:
        told.append(f"It is labeled {report.levels[row.declared]}, which is lower than its content.")
    elif row.declared is None:
        told.append("It has no label.")
    if row.everyone and row.level >= Sensitivity.CONFIDENTIAL:
        told.append("Everyone can reach it.")
    if not row.owners:
        told.append("It has no owner.")
    return tuple(told)


def _fix(row: Row, report: ScanReport) -> str:
    """Return the one thing to do first."""
    if row.problem:
        return "Convert it to a format that can be read, or move it away."
    label = f"label it {report.levels[row.level]}"
    if any(one.kind.startswith("secret.") for one in row.evidence):
        return f"Replace the secret where it is used, take it out of here, and {label}."
    if row.everyone and row.level >= Sensitivity.CONFIDENTIAL:
        return f"Take it away from everyone, leave it to those who need it, and {label}."
    if not row.owners:
        return f"Name an owner, and {label}."
    if row.declared is None or row.declared < row.level:
        return f"{label[0].upper()}{label[1:]}."
    return "Let its owner confirm who needs it."


def _troubles(report: ScanReport) -> tuple[Trouble, ...]:
    found = [Trouble(one.why.removeprefix(_UNREAD), one.items, one.examples) for one in report.problems]
    return (*(Trouble(one, 0) for one in report.broken), *found)


def _method(report: ScanReport, version: str) -> tuple[tuple[str, str], ...]:
    totals = report.totals
    seconds = max((report.finished - report.started).total_seconds(), 0)
    return (
        ("Looked at", ", ".join(report.targets)),
        (
            "From, to",
            f"{report.started:%Y-%m-%d %H:%M:%S} to {report.finished:%Y-%m-%d %H:%M:%S} UTC ({seconds:,.0f} s)",
        ),
        (
            "Read in this run",
            f"{count(totals.read, 'item')}, {size(totals.bytes_read)}; {totals.unchanged:,} unchanged",
        ),
        ("People", f"{report.people:,} are known; audiences are counted among them"),
        ("Order", "label times audience: an item that is restricted weighs ten that are confidential"),
        ("Values", "no value that was found is in this file, only kinds, counts and places"),
        ("Detectors and rules", report.rules),
        ("Lockgate", version),
    )


def size(number: float) -> str:
    """Return bytes as a person reads them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} bytes" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"
