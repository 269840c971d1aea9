"""Classification of texts that belong to no source: what is in each, and the label that this demands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from lockgate.content.detection import scan_many
from lockgate.content.finding import Finding
from lockgate.content.label_policy import NO_RULES, LabelPolicy
from lockgate.content.labeling import Proposal, propose
from lockgate.labels.wire import STANDARD, Taxonomy

ScanMany: TypeAlias = Callable[[Iterable[str]], list[tuple[Finding, ...]]]


@dataclass(frozen=True, slots=True)
class Classification:
    """What is in a text.

    Attributes:
        findings: sorted; offsets count Unicode code points of the text as given, half open. Never a value.
        label: what the findings demand, and why. It is a proposal: who may read a text, no detector can say.
        rules: version of the organization's rules that were applied; empty where none were.

    """

    findings: tuple[Finding, ...]
    label: Proposal
    rules: str = ""


def classify(
    texts: Iterable[str], rules: LabelPolicy = NO_RULES, scan: ScanMany = scan_many
) -> list[Classification]:
    """Classify texts, in order. Many at once are faster, and the result of each is the same.

    Args:
        texts: each is looked at by itself.
        rules: the organization's (`config.label_rules.read_rules`). They only raise. A text lies nowhere, so a
            rule about collections or paths does not fit it.
        scan: what finds; another than the core's also finds names by a model (`content.names`),
            or learned categories (`content.categories`).

    >>> [one.label.sensitivity.name for one in classify(["card 4111 1111 1111 1111", "lunch at noon"])]
    ['CONFIDENTIAL', 'GENERAL']

    Raises:
        TypeError: one string instead of several.

    """
    if isinstance(texts, str):
        raise TypeError("classify takes a list of texts; put a single one into a list")
    return [Classification(found, rules.of_text(propose(found)), rules.version) for found in scan(texts)]


def rendered(one: Classification, taxonomy: Taxonomy = STANDARD) -> dict[str, Any]:
    """Return findings and label as JSON has them; where rules were applied, with their version and their uses."""
    hits = one.label.hits
    added = {
        "forbidden_uses": sorted(frozenset().union(*(each.forbidden_uses for each in hits))),
        "rules": one.rules,
    }
    return {
        "findings": [
            {
                "kind": found.kind,
                "start": found.start,
                "end": found.end,
                "confidence": found.confidence,
                "detector": found.detector,
            }
            for found in one.findings
        ],
        "label": {
            "sensitivity": taxonomy.name(one.label.sensitivity),
            "review": "unreviewed",
            "reasons": list(one.label.reasons),
            **(added if one.rules else {}),
        },
    }


# ---------------------------------------------------------------- one JSON object a line

LONGEST: Final = 64 << 20
"""Bytes of a line at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was read: a text with its id, or why it is none. `number` counts from 1."""

    number: int
    id: str | int | None
    text: str
    problem: str = ""


def line(number: int, raw: bytes) -> Line:
    """Read `{"id": ..., "text": "..."}`; what is wrong with it is said in `problem`, without its content."""
    if len(raw) > LONGEST:
        return Line(number, None, "", f"longer than {LONGEST >> 20} MB")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return Line(number, None, "", f"not JSON: {error.msg} at character {error.pos + 1}")
    if not isinstance(value, Mapping):
        return Line(number, None, "", 'not an object: {"id": ..., "text": ...} is wanted')
    id, text = value.get("id"), value.get("text")
    if isinstance(id, bool) or not isinstance(id, str | int):
        return Line(number, None, "", "`id` must be a string or a whole number")
    if not isinstance(text, str):
        return Line(number, id, "", "`text` must be a string")
    return Line(number, id, text)


def answers(
    lines: Sequence[Line],
    taxonomy: Taxonomy = STANDARD,
    rules: LabelPolicy = NO_RULES,
    scan: ScanMany = scan_many,
) -> bytes:
    """Return the output for these lines, one JSON object each, in order; a bad line gets `error` and `line`."""
    good = iter(classify([one.text for one in lines if not one.problem], rules, scan))
    out = []
    for one in lines:
        if one.problem:
            out.append(orjson.dumps({"id": one.id, "line": one.number, "error": one.problem}))
        else:
            out.append(orjson.dumps({"id": one.id, **rendered(next(good), taxonomy)}))
    return b"".join(each + b"\n" for each in out)
