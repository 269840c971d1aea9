"""What a record says about use. The same reading serves requests as they come, and the log after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from lockgate.audit.record import Kind, Record
from lockgate.labels.label import Sensitivity
from lockgate.policy.model import PrincipalKind
from lockgate.policy.quotas import through
from lockgate.ports import Prompt

Facts: TypeAlias = tuple[tuple[str, int], ...]

PROMPT: Final = "expected_prompt_tokens"
COMPLETION: Final = "expected_completion_tokens"
ASSUMED: Final = 1024
"""Tokens of an answer whose request states no limit; as much is set aside until it is known."""
_LIMITS: Final = frozenset({"max_tokens", "max_completion_tokens"})
_BYTES: Final = 3
"""Bytes of UTF-8 that count as a token where nobody says how many there were; English has about four."""


def tokens_of(size: int) -> int:
    """Return how many tokens a text of this many bytes counts as."""
    return -(-size // _BYTES)


def expected(prompt: Prompt) -> Facts:
    """Return what a prompt is expected to cost, as facts of the record of its call."""
    parts = (prompt.instructions, *(one.content.value for one in prompt.messages))
    passages = (f"{one.title} {one.text.value}" for one in prompt.passages)
    size = sum(len(part.encode("utf-8", "replace")) for part in (*parts, *passages))
    stated = [value for name, value in prompt.params if name in _LIMITS and type(value) is int and value > 0]
    return ((COMPLETION, min(stated, default=ASSUMED)), (PROMPT, tokens_of(size)))


def expected_of(texts: Sequence[str]) -> Facts:
    """Return what vectors of these texts are expected to cost, likewise."""
    return ((COMPLETION, 0), (PROMPT, tokens_of(sum(len(text.encode("utf-8", "replace")) for text in texts))))


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a model that is about to begin: what is expected of it."""

    model: str
    prompt: int
    completion: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended. `prompt` is None where the upstream did not say. `called`: a model was asked at all."""

    prompt: int | None
    completion: int
    called: bool


def accounts(record: Record) -> tuple[str, ...]:
    """Return the accounts that a record's use counts on."""
    person = record.on_behalf_of or record.subject
    if not person:
        return ()
    kind, _, acting = record.subject.partition(":")
    applications = dict.fromkeys((record.application, "" if kind == PrincipalKind.USER else acting))
    return (person, *(through(person, one) for one in applications if one))


def chunks(record: Record, sensitive_from: Sensitivity) -> frozenset[str]:
    """Return the sensitive chunks that a record says are shown."""
    if record.kind is not Kind.RETRIEVAL:
        return frozenset()
    if record.sources:
        return frozenset(one.chunk for one in record.sources if one.label.sensitivity >= sensitive_from)
    if record.resource_type != "document" or record.label is None or record.label.sensitivity < sensitive_from:
        return frozenset()
    return frozenset(f"{record.resource_id}#{number}" for number in range(_whole(record, "passages")))


def call(record: Record) -> Call | None:
    """Return the call that a record begins, or None."""
    if record.kind is not Kind.MODEL_CALL:
        return None
    return Call(record.resource_id, _whole(record, PROMPT), _whole(record, COMPLETION))


def ended(record: Record) -> Ended | None:
    """Return how the call of an answer ended, or None where a record says nothing about it."""
    if record.kind is not Kind.OUTCOME:
        return None
    prompt, completion = _whole(record, "prompt_tokens"), _whole(record, "completion_tokens")
    called = dict(record.facts).get("called", True) is not False  # what it said is no sign: it can say anything
    return Ended(prompt or None, completion or tokens_of(_whole(record, "characters")), called)


def _whole(record: Record, name: str) -> int:
    value = dict(record.facts).get(name, 0)
    return value if type(value) is int and value > 0 else 0
