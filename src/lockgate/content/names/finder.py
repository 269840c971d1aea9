"""From texts to findings: which lines the model is asked about, and what its tags say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Final

import numpy as np

from lockgate.content.detection.normalize import normalize
from lockgate.content.finding import Finding
from lockgate.content.names.features import candidates, features
from lockgate.content.names.model import KINDS, TAGS, NameModel
from lockgate.content.names.words import PADDING, Bits, Bools, Ints, Words, number

DETECTOR: Final = "names.model"
BATCH: Final = 1 << 20
"""Characters that are looked at together; a longer text is cut behind a line, a longer line behind a blank."""
_TOGETHER: Final = 1 << 14
"""Words that the model is asked about together: what is said of them stays in the cache."""
GAP: Final = "\n" * PADDING
_SIGNS: Final = 0.12
"""A line with a larger share of signs that prose does not have is code."""
_CODE: Final = frozenset("{}[]()<>=;_\\/|#$%^~`*+@")
_LOUD: Final = 3
"""So many times as many great letters as small ones make a line loud."""
_ENGLISH: Final = """
the of and to in is was for that with on as it by at from he she his her they this which are be were have has
had not but their its an who or will would you your we our i my me been after when about there if than into over
said says
"""
_FOREIGN: Final = """
der die das und ist nicht ein eine einen einer dem den des zu von mit für auf im sich auch werden wird sind bei
nach aus
wie oder aber nur noch über zum zur ich wir sie ihr
le la les et est un une des du dans pour que qui sur pas avec ce cette sont au aux par il elle nous vous ne plus
je
el los las y en es una del por para con se no su al lo como más fue pero sus este esta
il di che e non si per gli della sono alla delle nel con è dei anche
o os da do em um uma não com se mais dos na no ao foi são
de het een van en is dat niet op te zijn voor met aan er ook als bij
i w na z się nie to jest że do jak od oraz dla przez po są
och att det som på är av för inte till den med har jag og ikke til af på er som en et
je na se v že s z do o po ve k jsou by jako pro
"""

_OTHER: Final = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff]")
"""A letter that is not Latin: the model has learned no other alphabet."""


@cache
def _vocabulary(words: str, other: str) -> Bits:
    rest = set(other.split())
    return np.sort(np.array([number(word) for word in set(words.split()) - rest], np.uint64))


def _among(sorted_: Bits, numbers: Bits) -> Bools:
    at = np.minimum(np.searchsorted(sorted_, numbers), len(sorted_) - 1)
    found: Bools = sorted_[at] == numbers
    return found


def lines(words: Words, code: Ints) -> tuple[Bools, Bools]:
    """Return of each line whether the model is asked about it, and whether it is all in capitals.

    It is not asked about source code, nor about other languages than it knows: in German every noun has a capital.
    `code` is where signs stand that prose does not have.
    """
    count = int(words.line[-1]) + 1
    size = np.bincount(words.line, words.end - words.start, count)
    upper = np.bincount(words.line, words.upper, count)
    lower = np.bincount(words.line, words.lower, count)
    signs = np.bincount(words.line[np.searchsorted(words.start, code, "right") - 1], minlength=count)
    small = np.flatnonzero((words.lower > 0) & (words.end - words.start <= 6))
    numbers = words.numbers(words.start[small], words.end[small])
    at = words.line[small]
    english = np.bincount(at[_among(_vocabulary(_ENGLISH, ""), numbers)], minlength=count)
    foreign = np.bincount(at[_among(_vocabulary(_FOREIGN, _ENGLISH), numbers)], minlength=count)
    open_ = (signs <= _SIGNS * size) & (foreign <= english)
    return open_, (upper > _LOUD * lower) & (upper >= 8)


class NameFinder:
    """Finds names by a model."""

    def __init__(self, model: NameModel) -> None:
        self._model = model
        self._detector = f"{DETECTOR}@{model.version}"

    def find(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Return the names in each text in normal form, in order."""
        found: list[list[Finding]] = [[] for _ in texts]
        begins = np.cumsum([0, *(len(text) + len(GAP) for text in texts)])
        for start, end, kind, sure in self._spans(GAP.join(texts)):
            owner = int(np.searchsorted(begins, start, "right")) - 1
            low = int(begins[owner])
            found[owner].append(Finding(start - low, end - low, KINDS[kind], sure, self._detector))
        return found

    def _spans(self, text: str) -> Iterator[tuple[int, int, int, float]]:
        if not text:
            return
        words = Words.of(text)
        open_, loud = lines(words, code_signs(words))
        chosen, begins = candidates(words, open_)
        if not len(chosen):
            return
        scores = np.empty((len(chosen), TAGS), np.int32)
        low = 0
        while low < len(begins):
            high = max(low + 1, int(np.searchsorted(begins, begins[low] + _TOGETHER)))
            part = slice(int(begins[low]), int(begins[high]) if high < len(begins) else len(chosen))
            rows = features(words, self._model.known, chosen[part], begins[low:high] - begins[low], loud)
            scores[part] = self._model.scores(rows)
            low = high
        tags, margins = self._model.tags(scores, begins)
        first = np.flatnonzero(tags % 2 == 1)
        more = (tags > 0) & (tags % 2 == 0)
        after = np.flatnonzero(np.append(~more, True))
        last = after[np.searchsorted(after, first, "right")] - 1
        if not len(first):
            return
        edges = np.stack((first, last + 1), 1).ravel()
        margin = np.minimum.reduceat(np.append(margins, 0), edges)[::2]
        kinds = (tags[first] - 1) // 2
        sure = self._model.confidence(kinds, margin)
        starts, ends = words.start[chosen[first]] - PADDING, words.end[chosen[last]] - PADDING
        yield from zip(starts.tolist(), ends.tolist(), kinds.tolist(), sure.tolist(), strict=True)


@cache
def _code() -> Bools:
    return np.array([chr(point) in _CODE for point in range(128)])


def code_signs(words: Words) -> Ints:
    """Return where signs stand that prose does not have."""
    return np.flatnonzero(_code()[np.minimum(words.points, 127)])


def with_names(
    scan_many: Callable[[Iterable[str]], list[tuple[Finding, ...]]], finder: NameFinder
) -> Callable[[Iterable[str]], list[tuple[Finding, ...]]]:
    """Return what finds all that `scan_many` does, and beside it names that it does not, by the model."""

    def both(texts: Iterable[str]) -> list[tuple[Finding, ...]]:
        given = list(texts)
        return [_merged(*one) for one in zip(scan_many(given), _all(finder, given), strict=True)]

    return both


def _all(finder: NameFinder, texts: Sequence[str]) -> Iterator[list[Finding]]:
    some: list[str] = []
    size = 0
    for text in texts:
        if some and size + len(text) > BATCH:
            yield from _located(finder, some)
            some, size = [], 0
        if len(text) > BATCH:
            yield _long(finder, text)
        else:
            some.append(text)
            size += len(text)
    yield from _located(finder, some)


def _long(finder: NameFinder, text: str) -> list[Finding]:
    found: list[Finding] = []
    low = 0
    while low < len(text):
        high = min(len(text), low + BATCH)
        if high < len(text):
            cut = text.rfind("\n", low, high)
            cut = text.rfind(" ", low, high) if cut < 0 else cut
            high = cut + 1 if cut >= 0 else high
        (part,) = _located(finder, (text[low:high],))
        found += [one._replace(start=one.start + low, end=one.end + low) for one in part]
        low = high
    return found


def _located(finder: NameFinder, texts: Sequence[str]) -> Iterator[list[Finding]]:
    forms = [normalize(text) for text in texts]
    for found, (clean, places) in zip(finder.find([clean for clean, _ in forms]), forms, strict=True):
        yield [
            one._replace(start=int(places[one.start]), end=int(places[one.end - 1]) + 1)
            for one in found
            if not _OTHER.search(clean, one.start, one.end)
        ]


def _merged(rules: tuple[Finding, ...], names: list[Finding]) -> tuple[Finding, ...]:
    """Return both. Where a rule has found the same kind, its finding stands and the model's goes."""
    if not names:
        return rules
    by_rule = [one for one in rules if one.kind in KINDS]
    kept = list(rules)
    at = 0
    for name in names:
        while at < len(by_rule) and by_rule[at].end <= name.start:
            at += 1
        beside = at
        while beside < len(by_rule) and by_rule[beside].start < name.end:
            if by_rule[beside].kind == name.kind and by_rule[beside].end > name.start:
                break
            beside += 1
        else:
            kept.append(name)
    return tuple(sorted(kept))
