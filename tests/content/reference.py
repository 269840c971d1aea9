"""The dumb model of the scanning core: every row by itself, with `re`, over one text. Slow; easy to believe."""

from __future__ import annotations

import re
from functools import cache

from lockgate.content.detection.automaton import expression
from lockgate.content.detection.core import DETECTORS, ROWS, TOKENS
from lockgate.content.detection.financial import _IBAN, _end
from lockgate.content.detection.normalize import normalize
from lockgate.content.detection.numbers import BESIDE, NAME
from lockgate.content.detection.table import Rule
from lockgate.content.finding import Finding
from lockgate.content.labeling import level_of


def scan(text: str) -> tuple[Finding, ...]:
    clean, places = normalize(text)
    found = {*tokens(clean), *ibans(clean), *numbers(clean)}
    for detector in DETECTORS:
        found.update(detector.scan(clean, range(len(clean) + 1)))
    surest = {}
    for one in found:
        surest[one.start, one.end] = max(one.confidence, surest.get((one.start, one.end), 0))
    demanded = {}
    for one in found:
        if one.confidence == surest[one.start, one.end]:
            demanded[one.start, one.end] = max(level_of(one.kind), demanded.get((one.start, one.end), 0))
    kept = sorted(
        one
        for one in found
        if one.confidence == surest[one.start, one.end]
        or (one.confidence >= 0.75 and level_of(one.kind) > demanded[one.start, one.end])
    )
    return tuple(
        Finding(int(places[one.start]), int(places[one.end - 1]) + 1, one.kind, one.confidence, one.detector)
        for one in kept
    )


def tokens(text):
    for row in TOKENS:
        group = "v" if "v" in row.pattern.groupindex else 0
        for match in row.pattern.finditer(text):
            if row.check is None or row.check(match[group]):
                yield Finding(*match.span(group), row.kind, row.confidence, "token@2")


def ibans(text):
    place = 0
    while match := _IBAN.search(text, place):
        end = _end(match)
        if end:
            yield Finding(match.start(), end, "financial.iban", 0.99, "iban@3")
        place = end or match.start() + 1


@cache
def form(written: str) -> re.Pattern[str]:
    inner = re.escape(written).replace(r"\#", "[0-9]").replace("A", "[A-Za-z]")
    return re.compile(rf"(?<![0-9A-Za-z_])(?<![0-9][.-])(?={inner}(?![0-9A-Za-z_])(?![.-][0-9]))")


def goes_on(text: str, start: int, written: str) -> bool:
    sketch = re.sub("[0-9]", "#", re.sub("[A-Za-z]", "A", text.replace("#", "!")))
    words = re.findall("[#A]+", written)
    tail, head = written[-len(words[-1]) - 1 :], written[: len(words[0]) + 1]
    return len(words) > 2 and (
        ("A" not in tail and sketch.startswith(tail, start + len(written)))
        or ("A" not in head and sketch.endswith(head, 0, start))
    )


def numbers(text):
    best: dict[tuple[int, int], tuple[float, int]] = {}
    for number, rule in enumerate(ROWS):
        for written in rule.forms:
            for match in form(written).finditer(text):
                start, end = match.start(), match.start() + len(written)
                bare = re.sub("[ ./()+-]", "", text[start:end]).upper()
                if rule.check(bare) and (rule.series or not goes_on(text, start, written)):
                    sure = max(rule.alone, BESIDE[near(text, start, end, rule)])
                    if (start, end) not in best or sure > best[start, end][0]:
                        best[start, end] = sure, number
    taken: list[tuple[int, int]] = []
    for (start, end), (sure, number) in sorted(best.items(), key=lambda item: (-item[1][0], item[0])):
        if ROWS[number].series:
            if any(low < end and start < high for low, high in taken):
                continue
            taken.append((start, end))
        yield Finding(start, end, ROWS[number].kind, sure, NAME)


def alternatives(words: str) -> list[str]:
    """Split at the bars that no bracket holds."""
    parts, depth = [""], 0
    for char in words:
        depth += (char in "([") - (char in ")]")
        if char == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def near(text: str, start: int, end: int, rule: Rule) -> int:
    def ends(low: int, high: int) -> bool:
        """Tell whether a word ends in [low, high]."""
        return any(
            low <= match.end(1) <= high
            for one in alternatives(rule.words)
            for match in re.finditer(rf"(?ia)(?<![a-z])(?=({expression(one)}))", text)
        )

    if ends(start - 24, start):
        return 3
    if ends(start - 64, end + 32):
        return 2
    blank = text.rfind("\n\n", 0, start)
    header = blank + 2
    if blank < 0:
        header = len(text) - len(text.lstrip("\n")) if text[:1] == "\n" else 0
    stop = text.find("\n", header)
    fits = start - header <= 4096 and 0 <= stop < start and stop - header < 512
    return 1 if fits and ends(header, stop) else 0
