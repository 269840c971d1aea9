"""The engine of `Rule` rows: identifiers of digits and letters. Text in normal form (`core` sees to it).

Where a check lets one number in ten through, it stays below 0.5 unless one of the rule's words stands beside it
or heads the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from lockgate.content.detection.context import near
from lockgate.content.detection.personal import RULES
from lockgate.content.detection.table import Rule
from lockgate.content.finding import Finding

_SKETCH: Final[Mapping[int, str]] = {
    **dict.fromkeys(map(ord, "0123456789"), "#"),
    **dict.fromkeys([*range(65, 91), *range(97, 123)], "A"),
    ord("#"): "!",
}
_BARE: Final[Mapping[int, None]] = dict.fromkeys(map(ord, " .-/()+"))
# The first digit of a token, what precedes it in the token, and at least a few characters of number after it.
_FIRST: Final = re.compile(r"#(?<!#.)(?=[ ./+-]?[#A](?:[ ./+(-]{0,2}[#A]){5})")
_WORD: Final = re.compile(r"[#A]+")


def _by_first_word() -> Mapping[str, tuple[tuple[str, Rule], ...]]:
    table: dict[str, list[tuple[str, Rule]]] = {}
    for rule in RULES:
        for form in rule.forms:
            match = _WORD.match(form)
            table.setdefault(match.group() if match else "", []).append((form, rule))
    return {word: tuple(forms) for word, forms in table.items()}


class NationalIdentifiers:
    """Identifiers of persons with a check digit, a birth date or a fixed form, of about thirty states."""

    name = "id.national"
    version = "1"
    kinds = frozenset(rule.kind for rule in RULES)
    reach = 24
    anchors: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._forms = _by_first_word()

    def scan(self, text: str, places: Sequence[int] = (), /) -> tuple[Finding, ...]:
        """Return the identifiers in a text in normal form; where two kinds fit, the surer one."""
        sketch = text.translate(_SKETCH)
        best: dict[tuple[int, int], Finding] = {}
        for first in _FIRST.finditer(sketch):
            for start in _starts(sketch, first.start()):
                word = _WORD.match(sketch, start, start + 20)
                for form, rule in self._forms.get(word.group() if word else "", ()):
                    if sketch.startswith(form, start) and not _goes_on(sketch, start, form):
                        self._consider(best, rule, text, start, start + len(form))
        return tuple(sorted(best.values()))

    def _consider(self, best: dict[tuple[int, int], Finding], rule: Rule, text: str, start: int, end: int) -> None:
        if not rule.check(text[start:end].translate(_BARE).upper()):
            return
        beside = near(text, start, end, rule.words)
        sure = max(rule.alone, _BESIDE[beside])
        known = best.get((start, end))
        if known is None or sure > known.confidence:
            best[start, end] = Finding(start, end, rule.kind, sure, f"{self.name}@{self.version}")


_BESIDE: Final = (0.0, 0.9, 0.92, 0.97)


def _starts(sketch: str, place: int) -> tuple[int, ...]:
    """Return where a token may begin whose first digit is here: letters may belong to it."""
    start = place
    while start > 0 and place - start < 7 and sketch[start - 1] == "A":
        start -= 1
    starts = [start]
    if start == place and place >= 2:
        starts += [place - len(front) for front in ("AA ", "A-") if sketch.endswith(front, 0, place)]
    return tuple(one for one in starts if one >= 0 and (one == 0 or sketch[one - 1] not in "#A_"))


def _goes_on(sketch: str, start: int, form: str) -> bool:
    """Tell whether this is a part of a longer number or word: another group of the same kind, or no border."""
    end = start + len(form)
    after = sketch[end : end + 2]
    before = sketch[max(0, start - 2) : start]
    if after[:1] in ("#", "A", "_") or after in (".#", "-#") or before in ("#.", "#-"):
        return True
    words = _WORD.findall(form)
    if len(words) < 3:
        return False
    tail, head = form[len(form) - len(words[-1]) - 1 :], form[: len(words[0]) + 1]
    return ("A" not in tail and sketch.startswith(tail, end)) or (
        "A" not in head and sketch.endswith(head, 0, start)
    )
