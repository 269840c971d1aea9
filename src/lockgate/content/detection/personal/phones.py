"""Phone numbers: international, North American, and national ones of other countries behind a word."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from lockgate.content.detection.context import around, beginning
from lockgate.content.finding import Finding

_CODES: Final = """
1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82
84 86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234
235 236 237 238 239 240 241 242 243 244 245 246 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263
264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375
376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592
593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691
692 800 808 850 852 853 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971
972 973 974 975 976 977 979 992 993 994 995 996 998
"""
_COUNTRIES: Final = tuple(_CODES.split())
"""ITU-T E.164: country codes."""
_LEADS: Final = frozenset(lead for lead in map("{:03}".format, range(1000)) if lead.startswith(_COUNTRIES))
"""The first three digits of numbers of all countries."""

_WORDS: Final = (
    r"tel(?:e(?:ph|f)on[a-z]{0,2}|éfono|éphone|efoon|f)?|tfno|tlf|phone|mobil[a-z]{0,3}|móvil|cell(?:phone| "
    r"phone)?|celular|handy|fax|whatsapp|sms"
    r"|call(?: me)?(?: at| on)?|text(?: me)?(?: at)?|contact(?: number)?|hotline|ruf(?:nummer)?|gsm|cellulare"
    r"|desk|office|number is|reach[a-z]{0,3}(?: me| us| you)? (?:at|on)|dial"
)
_NUMBER: Final = re.compile(
    r"(?<![0-9A-Za-z_#.+/=-])(?<![0-9][ ])(?:(?<![0-9],)|(?=[+(0]))(?:\+ ?|(?=\(?[0-9]))\(?\+?[0-9]{1,5}\)?"
    r"(?:[ ./\u00b7-]{0,2}\(?[0-9]{1,9}\)?){1,6}(?:[ ]?(?:x|ext\.?|extension|durchwahl)[ :.]?[0-9]{1,6})?"
    r"(?![0-9A-Za-z_]|\.[0-9]|-[0-9]|(?<!-[0-9]{4}),[0-9]{1,3}(?![0-9-]))"
)
# A comma is one of a table, unless it could be one of decimals or thousands.
_BEGIN: Final = re.compile(r"[+(0-9](?<![0-9A-Za-z_#.+/=-].)(?<![0-9][ ].)(?=[0-9 ()+./\u00b7-]{5})")
_BEFORE: Final = re.compile(rf"(?ia)(?<![a-z])(?:{_WORDS})[^0-9\n]{{0,18}}\n?[ \t]{{0,4}}$")
_WORD: Final = beginning(_WORDS, "a-zA-Z")
_SKETCH: Final[Mapping[int, str]] = dict.fromkeys(range(ord("1"), ord("9") + 1), "0")
_LETTER: Final = re.compile("[A-Za-z]")
_AFTER: Final = re.compile(
    r"(?ia)[ ]?\(?(?:office|fax|mobile|cell|home|work|tel|phone|-office|-fax|-mobile"
    r"|\(?m\)|\(?o\)|\(?f\))(?![a-z])"
)
_AMERICA: Final = re.compile(
    r"(?:(?:\+|00)?1[ .-]?)?(?:\([2-9][0-9]{2}\)[ .-]?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}"
)
_AMERICAN: Final = re.compile(r"(?:(?:\+|00)?0[ .-]?)?(?:\(000\)[ .-]?|000[ .-])000[ .-]0000")
_TRUNK: Final = re.compile(
    r"0[1-9](?:[ .][0-9]{2}){4}|\(0[0-9]{1,5}\)[ /-]{0,3}[0-9][0-9 -]{3,11}[0-9]"
    r"|0[1-9][0-9]{1,4}[ ]?[/-][ ]?[0-9][0-9 -]{3,11}"
    r"|0[1-9][0-9]{1,4} [0-9]{3,4} [0-9]{3,4}(?: [0-9]{2,4})?"
)
_DATE: Final = re.compile(
    r"(?:19|20)[0-9]{2}[-./](?:0?[1-9]|1[0-2])[-./][0-9]{1,2}(?:$|[ ])"
    r"|[0-9]{1,2}[-./][0-9]{1,2}[-./](?:19|20)?[0-9]{2}(?:$|[ ])"
    r"|(?:[0-9]{1,3}\.){3}[0-9]{1,3}$|(?:19|20)[0-9]{2}[ ]?[-/][ ]?(?:19|20)?[0-9]{2}$"
)
_DATED: Final = re.compile(
    r"(?:(?:0000[-./]00?|00?[-./]00?)[-./]0{1,4}(?:$|[ ]))|(?:0{1,3}\.){3}0{1,3}$|0000[ ]?[-/][ ]?(?:00){1,2}$"
)
# These two are what the sketch of such a number can be.
_ABROAD: Final = re.compile(r"00[1-9][0-9 .-]")  # as its anchor has it


class Phones:
    """Phone numbers."""

    name = "pii.phone"
    version = "1"
    kinds = frozenset({"pii.phone"})
    reach = 64
    anchors: tuple[str, ...] = (
        r"[^0-9a-z]\+ ?\(?[0-9]",
        r"[^0-9a-z]00[1-9][0-9 .-]",
        r"[0-9]\)?[ .-][0-9]{3}[ .-][0-9]{4}",
        r"[^0-9a-z]\(0[0-9]{1,5}\)[ /-]{0,3}[0-9]",
        r"[^0-9a-z./:-]0[1-9][0-9]{0,3}[ ][0-9]{2}",
        r"[^0-9a-z./:-]0[1-9][0-9]{1,3}[/-][0-9]{4}",
        rf"[^a-z](?:{_WORDS})[^0-9\n]{{0,20}}\n?[ \t]{{0,4}}[0-9]",
        r"[0-9][ ]?\(?-?(?:office|fax|mobile|cell|home|work|tel|phone)",
    )

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return numbers that can be dialed: the surer, the more of a country's form or of a word there is."""
        by = f"{self.name}@{self.version}"
        found = []
        ends = places if isinstance(places, range) else set(places)
        for match in around(_NUMBER, text, places, 40, 80, _BEGIN):
            sure = _sure(text, match, ends)
            if sure:
                found.append(Finding(*match.span(), "pii.phone", sure, by))
        return tuple(found)


class _Form(NamedTuple):
    """What all numbers have in common that are written alike.

    Attributes:
        international: they begin with a plus, and are long enough.
        date: they may be dates, addresses of machines, or spans of years.
        america, trunk: they may be written as in North America, or with a trunk prefix.
        divided: into groups.
        length: without the extension.
        digits: how many, without those of the extension.
        lead: where the first three digits are.

    """

    international: bool
    date: bool
    america: bool
    trunk: bool
    divided: bool
    length: int
    digits: int
    lead: tuple[int, ...]


@lru_cache(1024)
def _form(sketch: str) -> _Form | None:
    """Return what is so of all numbers of a sketch, in which each digit is a 0; None if none is dialed."""
    plain = _dialed(sketch) if _LETTER.search(sketch) else sketch
    places = [place for place, char in enumerate(plain) if char == "0"]
    count = len(places)
    international = plain.startswith(("+", "(+"))
    if not (8 if international else 6) <= count <= 16 or plain.count("(") != plain.count(")"):
        return None
    return _Form(
        international,
        _DATED.match(plain) is not None,
        10 <= count <= 13 and _AMERICAN.fullmatch(plain) is not None,
        9 <= count <= 12 and plain[0] in "0(",
        len(plain) > count,
        len(plain),
        count,
        tuple(places[:3]),
    )


def _sure(text: str, match: re.Match[str], ends: Container[int]) -> float:
    """Return how sure it is that a number is dialed; `ends` is where anchors end."""
    value = match[0]
    if len(value) < 6:
        return 0.0
    form = _form(value.translate(_SKETCH))
    if not form:
        return 0.0
    if form.international:
        one, two, three = form.lead
        return 0.9 if value[one] + value[two] + value[three] in _LEADS else 0.7
    plain = value[: form.length]
    if form.date and _DATE.match(plain):
        return 0.0
    start, end = match.span()
    word = (_may_be_called(text, start, ends) and _called(text, start)) or _AFTER.match(text, end)
    if form.america and _AMERICA.fullmatch(plain):
        return 0.95 if word else 0.75
    if word:
        return 0.85 if form.digits >= 7 or form.divided else 0.6
    if form.divided and _ABROAD.match(plain):
        return 0.75
    if form.divided and len(value) > form.length:
        return 0.7  # an extension
    if form.trunk and _TRUNK.fullmatch(plain):
        return 0.6
    return 0.0


def _dialed(value: str) -> str:
    """Return a number without its extension."""
    plain = value.lower()
    for mark in ("x", "ext", "durchwahl"):
        plain = plain.partition(mark)[0]
    return plain.strip()


def _called(text: str, start: int) -> bool:
    """Tell whether a word for phones is before a number."""
    low = max(0, start - 44)
    front = text[max(0, start - 24) : start].rstrip(" \t\n,;:.\"'(|-")
    if not front or front[-1].isdecimal():
        return False  # the word would stand between that digit and the number
    if not _WORD:
        return _BEFORE.search(text, low, start) is not None
    return any(_BEFORE.match(text, one.start(), start) for one in _WORD.finditer(text, low, start))


def _may_be_called(text: str, start: int, ends: Container[int]) -> bool:
    """Tell whether `_called` is worth asking: of a word that it finds, an anchor ends in the first digit.

    Not so where the anchor has less room than `_BEFORE`: it counts in bytes, knows of one line feed, and a bracket
    takes from what may stand between.
    """
    bracket = text[start] == "("
    if start + bracket + 1 in ends:
        return True
    front = text[start - 24 if start > 24 else 0 : start]
    if not front.isascii() or front[-1:] == "\n":
        return True
    return bracket and ("\n" in front or front[-2:].isspace())
