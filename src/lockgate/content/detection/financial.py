"""Detectors of payment cards and bank accounts. Text in normal form (`core` sees to it)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from lockgate.content.detection.checksums import luhn, mod97
from lockgate.content.detection.context import context, near
from lockgate.content.finding import Finding

# Issuer ranges of ISO/IEC 7812 as published by the schemes: prefixes and lengths.
_ISSUERS: Final = (
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"3(?:0[0-5]|095|6|[89])"), (14, 16, 19)),
    (re.compile(r"6(?:011|4[4-9]|5)"), (16, 19)),
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 17, 18, 19)),
    (re.compile(r"62"), (16, 17, 18, 19)),
    (
        re.compile(r"5018|5020|5038|5893|6304|6759|676[1-3]|50[0-9]{2}|5[6-9]|6[0-9]"),
        (12, 13, 14, 15, 16, 17, 18, 19),
    ),
    (re.compile(r"220[0-4]|9792|8[16]"), (16,)),
)
_MAESTRO: Final = 7
_CONTEXT: Final = context(
    "card|karte|carte|tarjeta|carta|visa|mastercard|maestro|amex|american express|discover|diners|jcb|"
    r"pan\b|cc\b|credit|debit|kredit"
)
# As people write them: one block, groups of 4, 4-6-5, or each digit apart; one kind of separator throughout.
_CARD: Final = re.compile(
    r"[0-9](?<![0-9A-Za-z_].)(?=((?:[0-9]{11,18}"
    r"|[0-9]{3}([ .-])[0-9]{4}\2[0-9]{4}\2[0-9]{1,4}(?:\2[0-9]{3})?"
    r"|[0-9]{3}([ .-])[0-9]{6}\3[0-9]{4,5}"
    r"|([ .-])[0-9](?:\4[0-9]){13,17})(?![0-9A-Za-z_])))"
)


def _issued(digits: str) -> int:
    """Return the position of the first issuer range that fits, or -1."""
    for position, (prefix, lengths) in enumerate(_ISSUERS):
        if len(digits) in lengths and prefix.match(digits):
            return position
    return -1


class PaymentCards:
    """Card numbers: issuer range, length, Luhn, and groups as people write them."""

    name = "financial.card"
    version = "1"
    kinds = frozenset({"financial.card"})
    reach = 40
    anchors: tuple[str, ...] = ()

    def scan(self, text: str, places: Sequence[int] = (), /) -> tuple[Finding, ...]:
        """Return the cards in a text in normal form."""
        found: list[Finding] = []
        last = 0
        for match in _CARD.finditer(text):
            start, end = match.start(), match.end(1)
            if start >= last and (sure := self._sure(text, start, end)):
                found.append(Finding(start, end, "financial.card", sure, f"{self.name}@{self.version}"))
                last = end
        return tuple(found)

    def _sure(self, text: str, start: int, end: int) -> float:
        digits = "".join(filter(str.isdigit, text[start:end]))
        issuer = _issued(digits)
        if issuer < 0 or len(set(digits)) == 1 or not luhn(digits):
            return 0.0
        beside = near(text, start, end, _CONTEXT)
        # One number in ten passes Luhn: rare lengths and ranges need a word beside them.
        if issuer >= _MAESTRO or len(digits) not in (14, 15, 16):
            return 0.9 if beside else 0.4
        return 0.98 if beside or end - start > len(digits) else 0.8


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

_IBAN: Final = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]){11,30}")


class Ibans:
    """IBAN: country, its length, and MOD 97-10."""

    name = "financial.iban"
    version = "1"
    kinds = frozenset({"financial.iban"})
    reach = 68
    anchors: tuple[str, ...] = ()

    def scan(self, text: str, places: Sequence[int] = (), /) -> tuple[Finding, ...]:
        """Return the IBANs in a text in normal form."""
        found = []
        place = 0
        while match := _IBAN.search(text, place):
            end = self._end(match)
            if end:
                found.append(Finding(match.start(), end, "financial.iban", 0.99, f"{self.name}@{self.version}"))
            place = end or match.start() + 4
        return tuple(found)

    def _end(self, match: re.Match[str]) -> int:
        """Return where the IBAN ends that starts here, or 0: the pattern also swallows words that follow."""
        length = _LENGTHS.get(match.group()[:2].upper(), 0)
        code = ""
        for offset, char in enumerate(match.group()):
            if char in " -":
                continue
            code += char
            if len(code) == length:
                end = match.start() + offset + 1
                whole = end == len(match.string) or not match.string[end].isalnum()
                return end if whole and mod97(code) else 0
        return 0
