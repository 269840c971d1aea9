"""Detectors of what a company would not tell: who is paid what. Text in normal form.

A finding is a line or row that puts a person (name, number, role) beside a sum and a word for pay. Rows of a
table rest on its header, however far above; everything else rests on what stands within `WINDOW` characters.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.content.detection.context import around
from lockgate.content.detection.words import (
    AMOUNT,
    CURRENCY,
    EARN_ANCHORS,
    EARNS,
    PAY,
    PAY_AFTER,
    PAY_ANCHORS,
    PAY_BEFORE,
    names,
    person,
)
from lockgate.content.finding import Finding

KIND: Final = "business.salary"
WINDOW: Final = 180
RECORD: Final = 1200
"""How far a record (`Name: ...`, `"emp_id": ...`) may stretch before its salary, and half as far after it."""

_FIELD: Final = re.compile(
    r"[\"']?\**[ ]?(?:\([^)\n]{1,20}\))?[\"']?[ ]{0,3}[:=][ ]{0,3}\**[\"']?"
    rf"(?:{CURRENCY} ?)?(?P<sum>[0-9][0-9.,' ]{{2,12}}[0-9])(?P<cur> ?{CURRENCY})?"
)
_WHO: Final = re.compile(
    r"(?i)[\"']?(?:full |first |last |employee |staff )?_?"
    r"(?:name|emp(?:loyee)?_?(?:id|no|nr)?|mitarbeiter(?:in)?|nom|nombre|nome|to|an)[\"']?\**[ ]{0,2}[:=]"
)
_HEAD: Final = re.compile(
    r"(?i)(?<![a-z])(?:name|first|last|surname|employee|person|staff|emp|id|e-?mail|mitarbeiter(?:in)?|vorname|nachname"
    r"|nom|prénom|nombre|apellidos?|nome|cognome|user|worker|personal(?:nr|nummer))(?![a-z])"
)
_ROLE_HEAD: Final = re.compile(
    r"(?i)(?<![a-z])(?:title|role|position|job|grade|level|funktion|stelle|poste|puesto)(?![a-z])"
)
_GROUPED: Final = re.compile(
    r"(?i)average|avg|median|mean|total (?:cost|headcount)|budget|headcount|share|percent|%|durchschnitt|mittel"
)
_SUM: Final = re.compile(r"[0-9]{3,}|[0-9][.,' ][0-9]{3}|[0-9]{2,}(?:[.,][0-9])? ?[kK]")
_RULER: Final = re.compile(r"[ |:+=_-]+")


class Salaries:
    """Pay of persons, in prose, forms, JSON and tables."""

    name = "business.salary"
    version = "1"
    kinds = frozenset({KIND})
    reach = 2 * WINDOW + 80
    anchors: tuple[str, ...] = (*PAY_ANCHORS, *EARN_ANCHORS)

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return lines, records and rows about the pay of persons."""
        words = list(around(PAY, text, places, PAY_BEFORE, PAY_AFTER))
        verbs = list(around(EARNS, text, places, PAY_BEFORE, PAY_AFTER))
        by = f"{self.name}@{self.version}"
        best: dict[tuple[int, int], float] = {}
        for start, end, sure in (*_said(text, words), *_earned(text, verbs), *_tables(text, words)):
            best[start, end] = max(sure, best.get((start, end), 0.0))
        return tuple(Finding(start, end, KIND, sure, by) for (start, end), sure in sorted(best.items()))


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the surroundings inside the paragraph."""
    low = max(0, start - WINDOW)
    high = min(len(text), end + WINDOW)
    blank = text.rfind("\n\n", low, start)
    after = text.find("\n\n", end, high)
    return (blank + 2 if blank >= 0 else low), (after if after >= 0 else high)


def _said(text: str, words: list[re.Match[str]]) -> Iterator[tuple[int, int, float]]:
    """Yield sentences and fields: a word for pay, a sum near it, a person near it."""
    fields = {word.start(): field for word in words if (field := _FIELD.match(text, word.end()))}
    owners = [match.start() for match in _WHO.finditer(text)] if fields else []
    for word in words:
        weak = word.group("weak") is not None
        if field := fields.get(word.start()):
            sure = _field(text, word.start(), field, weak, owners)
            if sure:
                yield word.start(), field.end(), sure
            continue
        low, high = _window(text, *word.span())
        amount = AMOUNT.search(text, word.end(), min(high, word.end() + 100)) or AMOUNT.search(
            text, max(low, word.start() - 60), word.start()
        )
        who = person(text, low, high) if amount else None
        if amount and who and (who[0] > 0.8 or not weak):
            spans = (word.span(), amount.span(), who[1:])
            yield min(a for a, _ in spans), max(b for _, b in spans), who[0]


def _earned(text: str, verbs: list[re.Match[str]]) -> Iterator[tuple[int, int, float]]:
    """Yield `Lena Roth earns 84,200 EUR`."""
    for verb in verbs:
        low, high = _window(text, *verb.span())
        amount = AMOUNT.search(text, verb.end(), min(high, verb.end() + 40))
        name = next(names(text, max(low, verb.start() - 60), verb.start()), None) if amount else None
        if amount and name:
            yield name.start(), amount.end(), 0.75


def _field(text: str, start: int, field: re.Match[str], weak: bool, owners: list[int]) -> float:
    """Return how sure it is that a field such as `Salary: 84,200` belongs to somebody."""
    if sum(c.isdigit() for c in field.group("sum").removesuffix(".00")) < 4:
        return 0.0
    after = bisect_left(owners, start - RECORD)
    if after < len(owners) and owners[after] < field.end() + RECORD // 2:
        return 0.85
    if next(names(text, *_window(text, start, field.end())), None):
        return 0.8
    return 0.55 if not weak and re.search(CURRENCY, field.group()) else 0.0


# ---------------------------------------------------------------- tables


def _tables(text: str, words: list[re.Match[str]]) -> Iterator[tuple[int, int, float]]:
    """Yield the rows of every table whose header names pay."""
    done = 0
    for word in words:
        if word.start() < done:
            continue
        start = text.rfind("\n", max(0, word.start() - 2000), word.start()) + 1
        stop = text.find("\n", word.end())
        if 0 < stop < start + 2000 and not AMOUNT.search(text, start, stop):
            rows, done = _rows(text, start, stop)
            yield from rows


def _delimiter(line: str) -> str:
    for one in ("\t", "|", ";", ","):
        if one in line:
            return one
    return "  " if "  " in line.strip() else ""


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == "  ":
        return re.split(r" {2,}", line.strip())
    if '"' in line and delimiter in ",;":
        # A carriage return inside a line would be an error of the reader, not of the table.
        return next(csv.reader([line.replace("\r", " ")], delimiter=delimiter), [])
    cells = line.split(delimiter)
    return cells[1:-1] if delimiter == "|" and line.lstrip().startswith("|") else cells


def _rows(text: str, start: int, stop: int) -> tuple[list[tuple[int, int, float]], int]:
    """Return rows below a header line, and where the table ends."""
    header = text[start:stop]
    delimiter = _delimiter(header)
    cells = _cells(header, delimiter) if delimiter else [header]
    columns = [
        i for i, cell in enumerate(cells) if len(cell) < 60 and PAY.search(cell) and not _GROUPED.search(cell)
    ]
    who = 0.9 if _HEAD.search(header) else 0.7 if _ROLE_HEAD.search(header) else 0.0
    if not columns or len(header) > 1000 or (not delimiter and (not who or len(header) > 120)):
        return [], stop
    found: list[tuple[int, int, float]] = []
    place = stop + 1
    while place < len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        line = text[place : min(end, place + 2000)]
        if not line.strip() or (delimiter and delimiter not in line):
            break
        sure = _row(line, delimiter, columns, len(cells), who)
        if sure:
            found.append((place, end, sure))
        elif not delimiter:
            break
        place = end + 1
    return found, place


def _row(line: str, delimiter: str, columns: list[int], width: int, who: float) -> float:
    """Return how sure it is that a row holds somebody's pay."""
    if _RULER.fullmatch(line):
        return 0.0
    named = next(names(line, 0, len(line)), None) is not None
    if not delimiter:
        return 0.75 if named and AMOUNT.search(line) else 0.0
    cells = _cells(line, delimiter)
    paid = [cells[i] for i in columns if i < len(cells)] if len(cells) == width else cells
    if not any(_SUM.search(cell) for cell in paid):
        return 0.0
    return who or (0.8 if named else 0.0)
