"""The scanning core: every row and detector, over one text or many, in stages.

1. Texts are brought to normal form (`normalize`) and put one behind the other as bytes.
2. One pass of an automaton finds all anchors of tokens and detectors (`automaton`).
3. Runs of digits are taken through the forms of all rules, and those in a form through their checks, in arrays
   (`runs`, `numbers`, `vectors`).
4. Only around what is left, exact patterns and words beside it are looked at, in the text.

What is found in a text does not depend on the texts beside it, nor on which of the two ways its numbers went.
"""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from operator import itemgetter
from typing import Final

import numpy as np

from lockgate.content.detection import personal, secrets
from lockgate.content.detection.ahead import Ahead
from lockgate.content.detection.automaton import BITS, MASK, Automaton
from lockgate.content.detection.batch import Batch, Ints, slices
from lockgate.content.detection.context import word_anchor
from lockgate.content.detection.financial import CARDS, few_runs, ibans, many_runs
from lockgate.content.detection.marks import Marks
from lockgate.content.detection.normalize import normalize
from lockgate.content.detection.numbers import Numbers
from lockgate.content.detection.runs import Runs
from lockgate.content.detection.salaries import Salaries
from lockgate.content.detection.secrets.named import NamedSecrets
from lockgate.content.detection.table import Detector, Raw, Rule, Token
from lockgate.content.detection.tokens import Tokens
from lockgate.content.finding import Finding
from lockgate.content.labeling import level_of

DETECTORS: Final[tuple[Detector, ...]] = (NamedSecrets(), Salaries(), Marks(), *personal.DETECTORS)
"""What no row can say."""
ROWS: Final[tuple[Rule, ...]] = (*CARDS, *personal.RULES)
"""Every rule."""
TOKENS: Final[tuple[Token, ...]] = (*secrets.TOKENS, *personal.TOKENS)
"""Every token."""

KINDS: Final = frozenset(
    {"financial.iban"}
    | {row.kind for row in TOKENS}
    | {row.kind for row in ROWS}
    | {kind for detector in DETECTORS for kind in detector.kinds}
)
"""Every kind that a finding can have."""

BATCH: Final = 1 << 22
"""Characters that are looked at together: enough that arrays pay, few enough that they stay in the cache."""
FEW: Final = 24 << 10
"""Up to so many bytes, numbers are looked at one by one."""
FOUNDED: Final = 0.75
"""A reading of such confidence is not taken away by one that demands less."""


class Core:
    """Tables, compiled: once for all scans of a process. Without rules, numbers (IBANs too) are not looked at."""

    def __init__(
        self,
        tokens: Sequence[Token] = TOKENS,
        rules: Sequence[Rule] = ROWS,
        detectors: Sequence[Detector] = DETECTORS,
    ) -> None:
        self._tokens = Tokens(tokens)
        self._numbers = Numbers(rules) if rules else None
        self._detectors = tuple(detectors)
        self._words = tuple(dict.fromkeys(rule.words for rule in rules))
        anchors = [(word_anchor(words), True) for words in self._words]
        anchors += self._tokens.anchors
        self._owners = [0] * len(anchors)
        for number, detector in enumerate(self._detectors):
            anchors += [(anchor, True) for anchor in detector.anchors]
            self._owners += [number] * len(detector.anchors)
        self._first = len(self._words)
        self._second = self._first + len(self._tokens.anchors)
        self._ahead = Ahead(anchor for anchor, _ in anchors)
        self._automaton = Automaton(
            [(front, fold) for front, (_, fold) in zip(self._ahead.fronts, anchors, strict=True)]
        )

    def scan(self, texts: Sequence[str]) -> list[tuple[Finding, ...]]:
        """Return the findings of each text, looked at together."""
        forms = [normalize(text) for text in texts]
        batch = Batch([clean for clean, _ in forms])
        found: list[list[Raw]] = [[] for _ in texts]
        if len(batch.data) <= FEW:
            self._few(batch, found)
        else:
            with _uncollected():
                self._many(batch, found)
                return [_findings(raw, places) for raw, (_, places) in zip(found, forms, strict=True)]
        return [_findings(raw, places) for raw, (_, places) in zip(found, forms, strict=True)]

    def _few(self, batch: Batch, found: list[list[Raw]]) -> None:
        hits = self._ahead.few(batch.data, self._automaton.scan(batch.data))
        ends = [hit >> BITS for hit in hits]
        if not batch.ascii:
            ends = batch.points(np.array(ends, np.int64)).tolist()
        words: dict[str, list[int]] = {}
        anchors: dict[int, list[tuple[int, int]]] = {}
        for hit, end in zip(hits, ends, strict=True):
            number = hit & MASK
            if number < self._first:
                words.setdefault(self._words[number], []).append(end)
            else:
                owner = bisect_right(batch.begins, end - 1) - 1
                local = min(end - batch.begins[owner], len(batch.texts[owner]))
                anchors.setdefault(owner, []).append((local, number))
        for owner, some in anchors.items():
            found[owner] += self._anchored(batch.texts[owner], some)
        if self._numbers:
            numbers = self._numbers.few(batch, words)
            for one in (*numbers, *ibans(batch.joined, few_runs(batch.joined))):
                _note(batch, one, found)

    def _many(self, batch: Batch, found: list[list[Raw]]) -> None:
        hits = np.array(self._automaton.scan(batch.data), np.int64)
        runs = Runs.of(batch.array) if self._numbers or self._ahead.gaps else None
        if runs:
            hits = self._ahead.many(batch.data, runs, hits)
        ends, numbers = batch.points(hits >> BITS), hits & MASK
        beside = numbers < self._first
        words: dict[str, Ints] = {}
        for number in np.unique(numbers[beside]).tolist():
            words[self._words[number]] = ends[numbers == number]
        ends, numbers = ends[~beside], numbers[~beside]
        owners = batch.owners(ends - 1)
        lengths = np.array([len(text) for text in batch.texts])
        local = np.minimum(ends - np.asarray(batch.begins)[owners], lengths[owners])
        self._around(batch, owners, local, numbers, found)
        if not (self._numbers and runs):
            return
        for owner, raw in self._numbers.many(batch, runs, words):
            found[owner] += raw
        for one in ibans(batch.joined, batch.points(many_runs(runs)).tolist()):
            _note(batch, one, found)

    def _around(self, batch: Batch, owners: Ints, local: Ints, numbers: Ints, found: list[list[Raw]]) -> None:
        """Note what is around anchors of many texts: each detector is called once for a text."""
        mine = numbers < self._second
        hits = list(zip(local[mine].tolist(), (numbers[mine] - self._first).tolist(), strict=True))
        for owner, low, high in slices(owners[mine]):
            found[owner] += self._tokens.scan(batch.texts[owner], hits[low:high])
        local, owners, numbers = local[~mine], owners[~mine], numbers[~mine]
        both = owners * len(self._detectors) + np.array(self._owners, np.int64)[numbers]
        order = np.argsort(both, kind="stable")
        ends = local[order].tolist()
        for one, low, high in slices(both[order]):
            owner, number = divmod(one, len(self._detectors))
            found[owner] += self._detectors[number].scan(batch.texts[owner], ends[low:high])

    def _anchored(self, text: str, anchors: list[tuple[int, int]]) -> list[Raw]:
        """Return what is around anchors: where each ends, and its number, in order."""
        hits: list[tuple[int, int]] = []
        places: dict[int, list[int]] = {}
        for end, number in anchors:
            if number < self._second:
                hits.append((end, number - self._first))
            else:
                places.setdefault(self._owners[number], []).append(end)
        found = self._tokens.scan(text, hits)
        for number, ends in places.items():
            found += self._detectors[number].scan(text, ends)
        return found


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector from looking, again and again, for cycles among findings, which have none.

    For a batch, some tenths of a second. Threads that do so at the same time leave it as it was.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@cache
def _core() -> Core:
    return Core()


def _note(batch: Batch, one: Raw, found: list[list[Raw]]) -> None:
    """Note a finding in points with its text."""
    owner = bisect_right(batch.begins, one[0]) - 1
    begin = batch.begins[owner]
    found[owner].append((one[0] - begin, one[1] - begin, *one[2:]))


def _surest(found: list[Raw], spans: list[tuple[int, int]]) -> Iterator[Raw]:
    """Yield the surest readings of each span, and those well founded that demand more than any of these."""
    low, count = 0, len(found)
    while low < count:
        high, span = low + 1, spans[low]
        while high < count and spans[high] == span:
            high += 1
        if high == low + 1:
            yield found[low]
        else:
            some = found[low:high]
            sure = max(one[3] for one in some)
            level = max(level_of(one[2]) for one in some if one[3] == sure)
            for one, before in zip(some, (None, *some), strict=False):
                if one != before and (one[3] == sure or (one[3] >= FOUNDED and level_of(one[2]) > level)):
                    yield one
        low = high


_SPAN: Final[Callable[[Raw], tuple[int, int]]] = itemgetter(0, 1)
_FINDING: Final[Callable[[Raw], Finding]] = partial(tuple.__new__, Finding)
"""What `Finding._make` does, without a call of Python for each of thousands."""


def _findings(found: list[Raw], places: range | Ints) -> tuple[Finding, ...]:
    """Return findings sorted, in places of the text as given; of readings of one span only the surest.

    One that is well founded and demands more stays beside it: else a word (`phone`) written before a card would
    lower the label of what holds it.
    """
    found.sort()
    spans = [*map(_SPAN, found)]
    if len(set(spans)) < len(spans):
        found = [*_surest(found, spans)]
    if isinstance(places, range):
        return tuple(map(_FINDING, found))
    return tuple(Finding(int(places[one[0]]), int(places[one[1] - 1]) + 1, *one[2:]) for one in found)


def scan(text: str) -> tuple[Finding, ...]:
    """Return all findings in a text, sorted, with offsets into the text as given.

    Nested findings are all there; of several readings of the very same span only the surest remain, and well
    founded ones that demand a higher label.
    """
    return _core().scan((text,))[0]


def scan_many(texts: Iterable[str]) -> list[tuple[Finding, ...]]:
    """Return the findings of each text, in order: what `scan` finds in it. Many are looked at together."""
    found: list[tuple[Finding, ...]] = []
    some: list[str] = []
    size = 0
    for text in texts:
        some.append(text)
        size += len(text)
        if size >= BATCH:
            found += _core().scan(some)
            some, size = [], 0
    if some:
        found += _core().scan(some)
    return found
