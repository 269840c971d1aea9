"""Lines for machines on passports and cards, numbers of vehicles, codes of banks and companies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lockgate.content.detection.context import around
from lockgate.content.detection.table import Token
from lockgate.content.finding import Finding

_MRZ3: Final = re.compile(
    r"(?<![0-9A-Z<])P<[A-Z]{1,3}[A-Z<]{39,41}\r?\n(?:[0-9A-Z<]{10}[A-Z<]{3}[0-9]{7}[FMX<][0-9]{7}[0-9A-Z<]{14}[0-9<][0-9])(?![0-9A-Z<])"
)
_MRZ1: Final = re.compile(
    r"(?<![0-9A-Z<])(?:[IAC]<[A-Z<]{3}|IDD<<|IDFRA|IDESP"
    r"|IDBEL)[0-9A-Z<]{10}[0-9A-Z<]{15}\r?\n[0-9]{7}[FMX<][0-9]{7}[A-Z<]{3}[0-9A-Z<]{11}[0-9]\r?\n[A-Z<]{30}(?![0-9A-Z<])"
)


def _check(part: str) -> str:
    """ICAO 9303 part 3, 4.9: letters count 10 to 35, weights 7 3 1, modulo 10."""
    total = sum((0 if c == "<" else int(c, 36)) * (7, 3, 1)[at % 3] for at, c in enumerate(part))
    return str(total % 10)


def mrz_passport(value: str) -> bool:
    """Return whether the second line's number, birth, expiry and the whole check."""
    line = value[-44:]
    whole = line[:10] + line[13:20] + line[21:43]
    return (
        _check(line[:9]) == line[9]
        and _check(line[13:19]) == line[19]
        and _check(line[21:27]) == line[27]
        and _check(whole) == line[43]
    )


def mrz_card(value: str) -> bool:
    """Return whether number, birth and expiry of a card of three lines check."""
    one, two, _ = value.split()
    return (
        (one[14] == "<" or _check(one[5:14]) == one[14])
        and _check(two[:6]) == two[6]
        and _check(two[8:14]) == two[14]
    )


_VIN: Final = re.compile(r"(?<![0-9A-Za-z])[A-HJ-NPR-Z0-9]{13}[0-9]{4}(?![0-9A-Za-z])")
_VIN_WORDS: Final = re.compile(
    r"(?ia)(?<![a-z])(?:vin|vehicle id|chassis|fahrgestell|fin|bastidor|ch(?:â|Â)ssis|telaio)"
)
_LETTERS: Final = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)


def vin(value: str) -> bool:
    """ISO 3779 with the check digit of 49 CFR 565.15, which North America demands, at the ninth place."""
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum((int(c) if c.isdigit() else _LETTERS[c]) * w for c, w in zip(value, weights, strict=True))
    return "0123456789X"[total % 11] == value[8]


class Vehicles:
    """Vehicle identification numbers: with the check digit, or behind a word."""

    name = "id.vehicle"
    version = "1"
    kinds = frozenset({"id.vehicle"})
    reach = 32
    anchors: tuple[str, ...] = (
        r"[^a-z](?:vin|vehicle id|chassis|fahrgestell|fin|bastidor|châssis|telaio)[^\n]{0,48}[0-9a-z]{13}[0-9]{4}",
    )

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return numbers at most 48 characters behind such a word."""
        by = f"{self.name}@{self.version}"
        found: dict[int, Finding] = {}
        for word in around(_VIN_WORDS, text, places, 90, 40):
            match = _VIN.search(text, word.end(), min(len(text), word.end() + 66))
            if match and match.start() <= word.end() + 48 and "\n\n" not in text[word.end() : match.start()]:
                value = match.group()
                if any(map(str.isalpha, value)):
                    found[match.start()] = Finding(*match.span(), "id.vehicle", 0.97 if vin(value) else 0.75, by)
        return tuple(found.values())


_CODES: Final = """
AD AE AF AG AI AL AM AO AR AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW BY BZ CA CD CF CG CH
CI CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH
GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP
KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MQ MR MS MT MU MV MW MX MY MZ
NA NC NE NG NI NL NO NP NR NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
SI SK SL SM SN SO SR SS ST SV SY SZ TC TD TG TH TJ TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI
VN VU WF WS XK YE ZA ZM ZW
"""
_COUNTRIES: Final = frozenset(_CODES.split())
_BIC: Final = re.compile(
    r"(?a)(?<![a-zA-Z])(?i:bic|swift)[^\n0-9A-Z]{0,16}(?:(?:[Cc]ode|CODE|BIC|SWIFT"
    r"|is)[^\n0-9A-Z]{1,6}){0,2}(?P<v>[A-Z]{6}[0-9A-Z]{2}(?:[0-9A-Z]{3})?)(?![0-9A-Za-z])"
)
_VAT: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:ATU[0-9]{8}|BE ?[01][0-9]{9}|BE ?[01][0-9]{3}\.[0-9]{3}\.[0-9]{3}|DE ?[0-9]{9}|DK "
    r"?[0-9]{8}|EL[0-9]{9}|ES ?[A-Z][0-9]{7}[0-9A-Z]|FI[0-9]{8}"
    r"|FR ?[0-9A-Z]{2} ?[0-9]{9}|FR ?[0-9A-Z]{2} [0-9]{3} [0-9]{3} [0-9]{3}|GB ?[0-9]{3} ?[0-9]{4} ?[0-9]{2}"
    r"|IE[0-9][0-9A-Z][0-9]{5}[A-Z]{1,2}|IT ?[0-9]{11}|LU[0-9]{8}|NL[0-9]{9}B[0-9]{2}|PL ?[0-9]{10}|PT ?[0-9]{9}"
    r"|SE[0-9]{10}01|CZ[0-9]{8,10}|HU[0-9]{8}|RO[0-9]{6,10}|CHE-?[0-9]{3}\.?[0-9]{3}\.?[0-9]{3})(?![0-9A-Za-z])"
)
_VAT_WORDS: Final = re.compile(
    r"(?ia)(?<![a-z])(?:vat|ust-?id|umsatzsteuer|t\.?v\.?a\.?|i\.?v\.?a\.?|btw|moms|uid|mwst|intracom|partita"
    r"|nip|cif)"
)


class Codes:
    """A bank's code (ISO 9362), a company's number for value added tax: behind their words."""

    name = "company"
    version = "1"
    kinds = frozenset({"financial.account.bic", "id.vat"})
    reach = 40
    anchors: tuple[str, ...] = (
        r"[^a-z](?:bic|swift)[^a-z]",
        r"[^a-z](?:vat|ust-?id|umsatzsteuer|t\.?v\.?a|i\.?v\.?a|btw|moms|uid|mwst|intracom|partita|nip"
        r"|cif)[^\n0-9]{0,48}[0-9]",
    )

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return codes of banks whose country exists, and numbers for value added tax."""
        by = f"{self.name}@{self.version}"
        found = {
            match.start("v"): Finding(*match.span("v"), "financial.account.bic", 0.9, by)
            for match in around(_BIC, text, places, 8, 64)
            if match["v"][4:6] in _COUNTRIES
        }
        for word in around(_VAT_WORDS, text, places, 70, 40):
            match = _VAT.search(text, word.end(), min(len(text), word.end() + 70))
            if match and match.start() <= word.end() + 40 and "\n\n" not in text[word.end() : match.start()]:
                found[match.start()] = Finding(*match.span(), "id.vat", 0.9, by)
        return tuple(found.values())


TOKENS: Final[tuple[Token, ...]] = (
    Token("id.passport", ("P<",), _MRZ3, 0.99, check=mrz_passport),
    Token("id.national.xx", ("I<", "A<", "C<", "IDD<<", "IDFRA", "IDESP", "IDBEL"), _MRZ1, 0.97, check=mrz_card),
    Token(
        "id.legal",
        ("-cv-", "-cr-", "-mc-", "-bk-", "-md-", "-mj-"),
        re.compile(
            r"(?<![0-9A-Za-z:-])[0-9]{1,2}:[0-9]{2}-(?:cv|cr|mc|bk|md"
            r"|mj)-[0-9]{3,6}(?:-[A-Z]{2,4}){0,3}(?![0-9A-Za-z])"
        ),
        0.9,
        lead=5,
        front="0123456789:",
    ),
)
