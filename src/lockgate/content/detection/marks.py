"""Detectors of marks: what an author wrote on a document about who should see it. Text in normal form.

A mark stands by itself: in capitals, in brackets, as a part of a header or footer line, or behind a word such as
"classification". The same words inside a sentence ("we keep this confidential") are no mark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lockgate.content.detection.context import around
from lockgate.content.finding import Finding

_LEVELS: Final = {
    "restricted": (
        r"top secret|strictly (?:private|confidential)|strictly private (?:and|&) confidential|highly confidential"
        r"|most confidential|board (?:only|confidential)|eyes only|streng(?:stens)? (?:vertraulich|geheim)|geheim"
        r"|strictement confidentiel|très secret|estrictamente confidencial|strettamente riservato|restricted"
        r"|strictly need[- ]to[- ]know|need to know only|attorney[- ]client privileged?"
    ),
    "confidential": (
        r"(?:company |business |commercial[- ]in[- ]|private (?:and|&) )?confidential|in confidence"
        r"|proprietary (?:and|&) confidential|vertraulich|confidentiel(?:le)?|confidencial|riservato|confidenziale"
        r"|vertrouwelijk|poufne|konfidentiell|fortrolig|nda|do not (?:distribute|forward|share)"
        r"|not for (?:further |public |external )?(?:distribution|release|circulation)"
    ),
    "internal": (
        r"internal(?: use)?(?: only)?|for internal use(?: only)?|company internal|staff only|employees only"
        r"|nur intern|intern|nur für den (?:internen |dienst)gebrauch|nur für internen gebrauch"
        r"|(?:à )?usage interne|interne|(?:solo )?uso interno"
    ),
}
_ANY: Final = "|".join(f"(?P<{level}>{words})" for level, words in _LEVELS.items())
_BEFORE: Final = r"(?:^|[\[(|*#<>•·/:=\t-]|  |[-:] )[ *_#>\"'-]{0,6}"
_AFTER: Final = r"(?=[ *_\"'!.-]{0,6}(?:$|[\])|*<>•·/:,;\t\n-]|  | - ))"
_MARK: Final = re.compile(rf"(?im){_BEFORE}(?P<mark>{_ANY}){_AFTER}")
_NAMED: Final = (
    r"(?:classification|classified(?: as)?|sensitivity|confidentiality(?: level)?|protective marking|label"
    r"|handling|einstufung|vertraulichkeit(?:sstufe)?|klassifizierung|schutzklasse|clas+ificación|classificazione)"
)
_CLASSIFIED: Final = re.compile(rf"(?i){_NAMED}\W{{1,6}}(?P<mark>{_ANY})(?![a-zà-ÿ])")
_WORDS: Final = "(?:" + "|".join(_LEVELS.values()) + ")"
_ANCHORS: Final = (
    "[^a-z0-9]" + _WORDS + r"[ *_\"'!.-]{0,6}(?:[\])|*<>/:,;\t\n-]|•|·|  )",
    _NAMED + "[^a-z0-9_]{1,18}" + _WORDS,
)


class Marks:
    """Confidentiality marks: `mark.restricted`, `mark.confidential`, `mark.internal`."""

    name = "mark"
    version = "1"
    kinds = frozenset(f"mark.{level}" for level in _LEVELS)
    reach = 80
    anchors: tuple[str, ...] = _ANCHORS

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return the marks in a text in normal form."""
        found = {}
        for pattern, sure in ((_MARK, 0.8), (_CLASSIFIED, 0.95)):
            for match in around(pattern, text, places, 96, 64):
                level = next(level for level in _LEVELS if match.group(level))
                strength = sure if pattern is _CLASSIFIED else _strength(match.group("mark"), match, text)
                if strength:
                    span = match.span("mark")
                    found[span] = Finding(*span, f"mark.{level}", strength, f"{self.name}@{self.version}")
        return tuple(sorted(found.values()))


def _strength(mark: str, match: re.Match[str], text: str) -> float:
    """Return how sure a mark is: capitals by themselves, else a short line or brackets with a capital first."""
    if mark.isupper():
        return 0.95
    if not mark[:1].isupper():
        return 0.0
    start, end = match.span("mark")
    line_start = text.rfind("\n", max(0, start - 200), start) + 1
    line_end = text.find("\n", end, end + 200)
    line_end = min(len(text), end + 200) if line_end < 0 else line_end
    bracketed = text[start - 1 : start] in ("[", "(") and text[end : end + 1] in ("]", ")")
    short = line_end - line_start <= 100
    multi = " " in mark
    if bracketed or (short and multi):
        return 0.9
    return 0.7 if short and not mark.lower().startswith(("intern", "nda")) else 0.0
