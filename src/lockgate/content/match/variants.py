"""In which other ways a value of a record is written, beside what `stream` folds."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"[^\W\d_]+(?:['’.-]+[^\W\d_]+|[^\w\d,;]+[^\W\d_]+|, *[^\W\d_]+){1,3}\.?")
_PART: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NUMBER: Final = re.compile(r"[-+]?[^\w.,]{0,3}(\d[\d.,' \u00a0\u2009]*?)[.,](\d{1,2})[^\w.,]{0,3}")
_ISO: Final = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?:[T ]00:00(?::00)?)?")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"})
_SPELLED: Final = re.compile("ae|oe|ue|ss|aa")


def variants(value: str) -> tuple[str, ...]:
    """Return the value, and how else it is written: numbers, days, names in another order, umlauts."""
    if not value.isascii() or not value.isalpha():
        day = _day(value)
        if day is not None:
            return (value, *day)
        number = _NUMBER.fullmatch(value)
        if number:
            return (value, *_number(number[1], number[2]))
    if any(char.isdigit() for char in value):
        return (value,)
    found = dict.fromkeys([value, *_orders(value)])
    for one in tuple(found):
        low = one.lower()
        found[low.translate(_UMLAUTS)] = None
        found[_SPELLED.sub(lambda two: two[0][0], low)] = None
    return tuple(found)


def _number(whole: str, rest: str) -> list[str]:
    """Return `4711.50` as `4711.5`, `4711.00` as `4711`, and with two digits."""
    rest = rest.rstrip("0")
    return [f"{whole}.{rest}" if rest else whole, f"{whole}.{rest:0<2}"]


def _day(value: str) -> list[str] | None:
    """Return a day in other orders, and with the month in English."""
    iso, first = _ISO.fullmatch(value), _DAY_FIRST.fullmatch(value)
    if iso:
        year, month, day = iso.groups()
    elif first:
        day, month, year = first.groups()
    else:
        return None
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    month, day, name = month.zfill(2), day.zfill(2), _MONTHS[int(month) - 1]
    short = str(int(day))
    found = [f"{year}-{month}-{day}", f"{day}.{month}.{year}", f"{month}/{day}/{year}"]
    found += [f"{short}.{int(month)}.{year}", f"{int(month)}/{short}/{year}"]
    for written in (name, name[:3]):
        found += [f"{one} {written} {year}" for one in {day, short}]
        found += [f"{written} {one}, {year}" for one in {day, short}]
    return found


def _orders(value: str) -> list[str]:
    """Return a name of two to four words with the last one first, and with the first one last."""
    if not _NAME.fullmatch(value):
        return []
    parts = _PART.findall(value)
    if not 2 <= len(parts) <= 4:
        return []
    return [" ".join((parts[-1], *parts[:-1])), " ".join((*parts[1:], parts[0]))]
