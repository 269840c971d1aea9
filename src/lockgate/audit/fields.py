"""The fields of a record as JSON can carry them: what stands under `unmapped.lockgate` of its event.

Whatever is not a name is refused or cut here, so that content which strayed into a record is not published by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from lockgate.audit.record import Kind, Record, Source
from lockgate.errors import Invalid
from lockgate.labels import wire
from lockgate.labels.label import Label, Sensitivity

LIMIT: Final = 1024
"""Longest text that is kept whole, in characters. Names are shorter; a longer one is cut and digested."""
_CONFIDENTIALITY: Final = {
    Sensitivity.PUBLIC: 1,  # Not Confidential
    Sensitivity.GENERAL: 5,  # Private: not for the outside
    Sensitivity.CONFIDENTIAL: 2,
    Sensitivity.RESTRICTED: 6,
}
TEXTS: Final = (
    "subject",
    "on_behalf_of",
    "session",
    "application",
    "action",
    "resource_type",
    "resource_id",
    "effect",
    "policy_version",
    "outcome",
)
LISTS: Final = ("reasons", "policies", "obligations", "errors", "actors")
SOURCE: Final = ("chunk", "document", "connector", "item", "revision", "digest")
_STATED: Final = attrgetter(*TEXTS)
_LISTED: Final = attrgetter(*LISTS)
_PASSAGE: Final = attrgetter(*SOURCE)
_KIND: Final = {kind: kind.value for kind in Kind}


def text_of(value: object, what: str) -> str:
    """Return `value` as text that JSON can carry; cut and digested where it is too long to be a name."""
    if isinstance(value, str) and len(value) <= LIMIT and value.isascii():
        return value
    if not isinstance(value, str):
        # Most likely content that strayed in, such as a `Labeled`; rendering it could publish it.
        raise Invalid(f"`{what}` of an audit record must be text")
    if not value.isascii():
        value = value.encode("utf-8", "backslashreplace").decode()
    if len(value) > LIMIT:
        digest = hashlib.sha256(value.encode()).hexdigest()
        return f"{value[: LIMIT - 128]} [cut; {len(value)} characters, sha256 {digest}]"
    return value


def _fact(name: str, value: object) -> str | int | float | bool:
    if isinstance(value, bool | float):
        if value != value or value in (float("inf"), float("-inf")):
            raise Invalid(f"fact `{name}` of an audit record is not a finite number")
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise Invalid(f"fact `{name}` of an audit record is too large a number")
        return value
    return text_of(value, "facts")


def _plain(values: Collection[str]) -> bool:
    """Tell whether `text_of` would leave each of these as it is: nearly always so, and seen at once."""
    try:
        whole = "".join(values)
    except TypeError:  # one of them is no text
        return False
    return whole.isascii() and (len(whole) <= LIMIT or max(map(len, values)) <= LIMIT)


@lru_cache(maxsize=256)
def _forms(label: Label) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a label as JSON, and as a classification. Many records share one: nobody may change them."""
    classified = {
        "confidentiality": label.sensitivity.name.lower(),
        "confidentiality_id": _CONFIDENTIALITY[label.sensitivity],
    }
    return wire.render(label), classified


def classification(label: Label) -> dict[str, Any]:
    """Return the attributes of OCSF's profile `data_classification` for a label."""
    return _forms(label)[1]


def own_fields(record: Record) -> dict[str, Any]:
    """Return the whole record, without time, request and what is empty."""
    own: dict[str, Any] = {"kind": _KIND[record.kind]}
    stated, listed, facts = _STATED(record), _LISTED(record), record.facts
    if _plain(_every(stated, listed, facts)):
        own |= {name: value for name, value in zip(TEXTS, stated, strict=True) if value}
        own |= {name: list(several) for name, several in zip(LISTS, listed, strict=True) if several}
        told = {name: value if type(value) is str else _fact(name, value) for name, value in facts}
    else:
        texts = [text_of(value, name) for name, value in zip(TEXTS, stated, strict=True)]
        own |= {name: value for name, value in zip(TEXTS, texts, strict=True) if value}
        for name, several in zip(LISTS, listed, strict=True):
            if several:
                own[name] = [text_of(one, name) for one in several]
        told = {text_of(name, "facts"): _fact(name, value) for name, value in facts}
    if record.label is not None:
        own["label"] = _forms(record.label)[0]
    if record.sources:
        own["sources"] = [_source(one) for one in record.sources]
    if told:
        own["facts"] = told
    return own


def _every(stated: Iterable[str], listed: Iterable[Iterable[str]], facts: Sequence[tuple[str, Any]]) -> list[str]:
    """Return every text that a record has."""
    every = [*stated]
    for several in listed:
        every += several
    if facts:
        names, values = zip(*facts, strict=True)
        every += names
        every += [value for value in values if type(value) is str]
    return every


def _source(source: Source) -> dict[str, Any]:
    stated = _PASSAGE(source)
    if not _plain(stated):
        stated = tuple([text_of(value, name) for name, value in zip(SOURCE, stated, strict=True)])
    shown: dict[str, Any] = dict(zip(SOURCE, stated, strict=True))
    shown["label"] = _forms(source.label)[0]
    return shown
