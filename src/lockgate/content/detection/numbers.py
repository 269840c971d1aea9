"""The engine of `Rule` rows: identifiers of digits and letters. Texts in normal form (`core` sees to it).

Where a check lets one number in ten through, it stays below 0.5 unless one of the rule's words stands beside it
or heads the table. Few characters are looked at one number at a time; many (`batch`) all at once, in arrays. Both
take the same steps, and find the same.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.detection.batch import Batch, Ints, slices
from lockgate.content.detection.context import near, near_all
from lockgate.content.detection.more_vectors import ALL as VECTORS
from lockgate.content.detection.runs import WIDEST, Bools, Runs, Shape, Trie, bordered, fits, parts
from lockgate.content.detection.table import Raw, Rule

NAME: Final = "number@2"
_SKETCH: Final[Mapping[int, str]] = {
    **dict.fromkeys(map(ord, "0123456789"), "#"),
    **dict.fromkeys([*range(65, 91), *range(97, 123)], "A"),
    ord("#"): "!",
}
_BARE: Final[Mapping[int, None]] = dict.fromkeys(map(ord, " .-/()+"))
_RUN: Final = re.compile("#+")
_WORD: Final = re.compile("[#A]+")
BESIDE: Final = (0.0, 0.9, 0.92, 0.97)
"""How sure a number is that checks, by how close a word stands (`near`)."""


_BESIDE: Final = np.array(BESIDE)
_NONE: Final = np.array((), np.int64)


class Form:
    """One form, taken apart, and the rules that know it."""

    def __init__(self, text: str, rules: Sequence[int]) -> None:
        self.front, self.shape, self.back = parts(text)
        self.rules = tuple(rules)
        words = _WORD.findall(text)
        tail, head = text[len(text) - len(words[-1]) - 1 :], text[: len(words[0]) + 1]
        # What would make this a part of a longer number: one more group of the same kind.
        self.tail = tail if len(words) > 2 and "A" not in tail else ""
        self.head = head if len(words) > 2 and "A" not in head else ""
        digits = [place for place, char in enumerate(text) if char == "#"]
        self.length = len(text)
        self.digits: NDArray[np.int64] | None = None if "A" in text else np.array(digits)


class Numbers:
    """All rules, compiled."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        known: dict[str, list[int]] = {}
        for number, rule in enumerate(self.rules):
            for written in rule.forms:
                known.setdefault(written, []).append(number)
        forms = [Form(text, owners) for text, owners in known.items()]
        self._trie = Trie(form.shape for form in forms)
        self._forms: dict[Shape, list[Form]] = {shape: [] for shape in self._trie.shapes}
        for form in forms:
            self._forms[form.shape].append(form)
        self._root = _walks(self._forms)
        self._series = np.array([rule.series for rule in self.rules])
        self._kinds = [rule.kind for rule in self.rules]

    def few(self, batch: Batch, words: Mapping[str, Sequence[int]]) -> list[Raw]:
        """Return what is in a batch, in points, looked for one by one.

        `words` is where words end, in order, by `Rule.words`.
        """
        joined = batch.joined
        sketch = joined.translate(_SKETCH)
        runs = [run.span() for run in _RUN.finditer(sketch)]
        best: dict[tuple[int, int], tuple[float, int]] = {}
        for first in range(len(runs)):
            node: Walk | None = self._root
            last = first
            while node:
                start, end = runs[last]
                for form in node.forms.get(end - start, ()):
                    for low, high, number in self._one(joined, sketch, runs[first][0], end, form):
                        rule = self.rules[number]
                        sure = max(rule.alone, BESIDE[near(joined, low, high, words.get(rule.words, ()))])
                        known = best.get((low, high))
                        if known is None or (sure, -number) > (known[0], -known[1]):
                            best[low, high] = sure, number
                if last + 1 == len(runs) or runs[last + 1][0] - end > WIDEST:
                    break
                last += 1
                node = node.steps.get((end - start, sketch[end : runs[last][0]]))
        return self._raw([(*span, sure, number) for span, (sure, number) in best.items()])

    def _one(self, joined: str, sketch: str, start: int, end: int, form: Form) -> Iterator[tuple[int, int, int]]:
        start, end = start - len(form.front), end + len(form.back)
        if not (sketch.startswith(form.front, start) and sketch.endswith(form.back, 0, end)):
            return
        if not _bordered(sketch, start, end):
            return
        on = (form.tail and sketch.startswith(form.tail, end)) or (
            form.head and sketch.endswith(form.head, 0, start)
        )
        bare = joined[start:end].translate(_BARE).upper()
        for number in form.rules:
            rule = self.rules[number]
            if (rule.series or not on) and rule.check(bare):
                yield start, end, number

    def many(self, batch: Batch, runs: Runs, words: Mapping[str, Ints]) -> Iterator[tuple[int, list[Raw]]]:
        """Yield the numbers of texts, and what is in them in places of the text; looked for all at once."""
        found = self._candidates(batch, runs)
        columns: list[tuple[Ints, Ints, NDArray[np.float64], Ints]] = []
        for number, spans in found.items():
            rule = self.rules[number]
            starts, ends = (np.concatenate(column) for column in zip(*spans, strict=True))
            levels = near_all(batch, starts, ends, words.get(rule.words, _NONE))
            columns.append((starts, ends, np.maximum(rule.alone, _BESIDE[levels]), np.full(len(starts), number)))
        if not columns:
            return
        starts, ends, sures, numbers = (np.concatenate(column) for column in zip(*columns, strict=True))
        order = np.lexsort((numbers, -sures, ends, starts))
        starts, ends, sures, numbers = starts[order], ends[order], sures[order], numbers[order]
        kept = np.ones(len(starts), np.bool_)
        kept[1:] = (starts[1:] != starts[:-1]) | (ends[1:] != ends[:-1])
        kept[self._second(starts, ends, sures, kept & self._series[numbers])] = False
        starts, ends, sures, numbers = starts[kept], ends[kept], sures[kept], numbers[kept]
        owners = batch.owners(starts)
        begins = np.asarray(batch.begins)[owners]
        kinds = [self._kinds[number] for number in numbers.tolist()]
        lows, highs = (starts - begins).tolist(), (ends - begins).tolist()
        raw: list[Raw] = list(zip(lows, highs, kinds, sures.tolist(), repeat(NAME)))
        for owner, low, high in slices(owners):
            yield owner, raw[low:high]

    def _second(self, starts: Ints, ends: Ints, sures: NDArray[np.float64], series: Bools) -> list[int]:
        """Return the places, among spans in order, of those of a series that overlap a better one."""
        at = np.flatnonzero(series)
        if not len(at):
            return []
        reached = np.maximum.accumulate(ends[at])
        inside = np.zeros(len(at), np.bool_)
        inside[1:] = starts[at][1:] < reached[:-1]
        touched = inside.copy()
        touched[:-1] |= inside[1:]
        spans = {
            (-sure, start, end): place
            for place, sure, start, end in zip(
                at[touched].tolist(), sures[at[touched]].tolist(), starts[at[touched]].tolist(),
                ends[at[touched]].tolist(), strict=True,
            )
        }  # fmt: skip
        gone = set(_overlapped(sorted(spans)))
        return [place for (_, start, end), place in spans.items() if (start, end) in gone]

    def _candidates(self, batch: Batch, runs: Runs) -> dict[int, list[tuple[Ints, Ints]]]:
        """Return the spans that check, by rule, in points."""
        found: dict[int, list[tuple[Ints, Ints]]] = {}
        for shape, starts, ends, alone in self._trie.find(runs):
            for form in self._forms[self._trie.shapes[shape]]:
                good, lows, highs = alone, starts - len(form.front), ends + len(form.back)
                if form.front or form.back:
                    good = fits(runs.data, lows, form.front) & fits(runs.data, ends, form.back)
                    lows, highs = lows[good], highs[good]
                    good = bordered(runs.data, lows, highs)
                lows, highs = lows[good], highs[good]
                if len(lows):
                    for number, here in self._checked(runs.data, form, lows, highs):
                        low = batch.points(here)
                        found.setdefault(number, []).append((low, low + form.length))
        return found

    def _checked(
        self, data: NDArray[np.uint8], form: Form, starts: Ints, ends: Ints
    ) -> Iterator[tuple[int, Ints]]:
        """Yield the rules that numbers of one form check by, and where these numbers start."""
        lone = _lone(data, starts, ends, form)
        digits: NDArray[np.int64] | None = None
        for number in form.rules:
            rule = self.rules[number]
            here = starts if rule.series else starts[lone]
            vector = VECTORS.get(rule.check)
            if vector is None or form.digits is None:
                spans = ((place, data[place : place + form.length].tobytes().decode()) for place in here.tolist())
                places = [place for place, text in spans if rule.check(text.translate(_BARE).upper())]
                here = np.array(places, np.int64)
            else:
                if digits is None:
                    digits = data[starts[:, None] + form.digits].astype(np.int64) - 48
                good = vector(digits)
                here = starts[good if rule.series else good & lone]
            if len(here):
                yield number, here

    def _raw(self, found: list[tuple[int, int, float, int]]) -> list[Raw]:
        """Return findings; of a series that overlap, the surest, and then the first."""
        series = [(-sure, start, end) for start, end, sure, number in found if self.rules[number].series]
        gone = set(_overlapped(sorted(series)))
        return [
            (start, end, self.rules[number].kind, sure, NAME)
            for start, end, sure, number in found
            if (start, end) not in gone
        ]


class Walk:
    """A node of the trie for one number at a time: the forms that end here by their last digits, and steps on."""

    def __init__(self) -> None:
        self.forms: dict[int, list[Form]] = {}
        self.steps: dict[tuple[int, str], Walk] = {}


def _walks(forms: Mapping[Shape, list[Form]]) -> Walk:
    root = Walk()
    for shape, some in forms.items():
        node = root
        for length, gap in zip(shape.lengths, shape.gaps, strict=False):
            node = node.steps.setdefault((length, gap), Walk())
        node.forms[shape.lengths[-1]] = some
    return root


def _bordered(sketch: str, start: int, end: int) -> bool:
    """Tell whether a span is no part of a longer word or of a number that goes on: see `runs.bordered`."""
    before, after = sketch[max(0, start - 2) : start], sketch[end : end + 2]
    return not (
        before[-1:] in ("#", "A", "_")
        or after[:1] in ("#", "A", "_")
        or before in ("#.", "#-")
        or after in (".#", "-#")
    )


def _lone(data: NDArray[np.uint8], starts: Ints, ends: Ints, form: Form) -> Bools:
    """Tell which places do not go on in groups of the same size."""
    good = np.ones(len(starts), np.bool_)
    if form.tail:
        good &= ~fits(data, ends, form.tail)
    if form.head:
        good &= ~fits(data, starts - len(form.head), form.head)
    return good


def _overlapped(series: Iterable[tuple[float, int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the spans that overlap one that comes before them in this order."""
    starts: list[int] = []
    ends: list[int] = []
    for _, start, end in series:
        at = bisect_left(starts, end)
        if at and ends[at - 1] > start:
            yield start, end
        else:
            starts.insert(at, start)
            ends.insert(at, end)
