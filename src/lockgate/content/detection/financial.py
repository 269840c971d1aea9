"""Payment cards and bank accounts. Text in normal form (`core` sees to it)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from lockgate.content.detection.batch import Ints
from lockgate.content.detection.checksums import mod97
from lockgate.content.detection.issuers import card, rare_card
from lockgate.content.detection.runs import Runs, letters_before
from lockgate.content.detection.table import Raw, Rule

_WORDS: Final = (
    "card|karte|carte|tarjeta|carta|visa|mastercard|maestro|amex|american express|discover|diners|jcb|"
    r"pan\b|cc\b|credit|debit|kredit"
)


def _groups(*lengths: int) -> tuple[str, ...]:
    """Return a number in groups, with one kind of separator throughout."""
    return tuple(separator.join("#" * length for length in lengths) for separator in " .-")


# As people write them: one block, groups of 4, 4-6-5, or each digit apart.
_PLAIN: Final = tuple("#" * length for length in range(12, 20))
_GROUPED: Final = (
    *(form for last in range(1, 5) for form in (*_groups(4, 4, 4, last), *_groups(4, 4, 4, last, 3))),
    *_groups(4, 6, 4),
    *_groups(4, 6, 5),
    *(form for count in range(14, 19) for form in _groups(*[1] * count)),
)

# One number in ten passes Luhn: rare lengths and issuers need a word beside them.
CARDS: Final = (
    Rule("financial.card", _GROUPED, card, 0.98, _WORDS, series=True),
    Rule("financial.card", _PLAIN, card, 0.8, _WORDS, series=True),
    Rule("financial.card", (*_GROUPED, *_PLAIN), rare_card, 0.4, _WORDS, series=True),
)

_LENGTHS: Final[Mapping[str, int]] = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
    "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Length by country: SWIFT IBAN registry."""

_IBAN: Final = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ \n-]?[0-9A-Za-z]){11,30}")
_COUNTRY: Final = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}(?=[0-9]{2})")
_KIND, _BY = "financial.iban", "iban@3"


def ibans(joined: str, runs: Iterable[int]) -> Iterator[Raw]:
    """Yield the IBANs among texts: country, its length, and MOD 97-10.

    `runs` is where digits begin behind two letters, in order. What lies within an IBAN is none.
    """
    last = 0
    for place in runs:
        start = place - 2
        if start >= last and (match := _IBAN.match(joined, start)) and (end := _end(match)):
            yield start, end, _KIND, 0.99, _BY
            last = end


def few_runs(joined: str) -> Iterator[int]:
    """Yield where an IBAN's check digits may stand."""
    return (match.end() for match in _COUNTRY.finditer(joined))


def many_runs(runs: Runs) -> Ints:
    """Return where an IBAN's check digits may stand, in bytes."""
    known = np.array([ord(country[0]) << 8 | ord(country[1]) for country in _LENGTHS])
    starts = runs.starts[letters_before(runs, 2)]
    upper = (runs.data[starts - 2] & 0xDF).astype(np.int64) << 8 | (runs.data[starts - 1] & 0xDF)
    return starts[np.isin(upper, known)]


def _end(match: re.Match[str]) -> int:
    """Return where the IBAN ends that starts here, or 0: the pattern also swallows words that follow."""
    text = match.group()
    length = _LENGTHS.get(text[:2].upper(), 0)
    code = ""
    for offset, char in enumerate(text):
        if char in " \n-":
            continue
        code += char
        if len(code) == length:
            end = match.start() + offset + 1
            whole = end == len(match.string) or not match.string[end].isalnum()
            return end if whole and mod97(code) else 0
    return 0
