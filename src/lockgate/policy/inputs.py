"""What a decision read beside the resource, and where each of it came from: facts of its record (WP-22).

A signal that nobody stated has its worst value, and says so. So an auditor sees not only what was decided, but on
what, and what the decision did without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lockgate.labels.label import Sensitivity
from lockgate.policy.model import AccessRequest, Action, Risk, Use

TOKEN: Final = "token"  # noqa: S105 - where something came from
KEY: Final = "key"
"""A service key."""
WORST: Final = "worst"
"""Nobody stated it, so it counts as the worst that it can be."""

Facts = tuple[tuple[str, str | int | bool], ...]
_LEVEL: Final = {one: one.name.lower() for one in Sensitivity}
_RISK: Final = {one: one.name.lower() for one in Risk}
_USE: Final = {one: str(one) for one in Use}
_FLOWS: Final = frozenset({Action.PROMPT, Action.EMIT})


def facts(inputs: Mapping[str, str | int | bool], origins: Mapping[str, str]) -> Facts:
    """Return every input and its origin as facts; what has no origin is not an input."""
    stated: list[tuple[str, str | int | bool]] = [(f"input.{name}", value) for name, value in inputs.items()]
    return (*stated, *[(f"source.{name}", origins[name]) for name in inputs])


def inputs(request: AccessRequest, *, default_purpose: bool = False) -> Facts:
    """Return what a decision about this request reads, and where each of it came from.

    `default_purpose` tells that the purpose is that of the settings, because the request stated none.
    """
    subject, context = request.subject, request.context
    session, flows = subject.session, request.action in _FLOWS
    shown = TOKEN if subject.confined_to is None else KEY
    purpose = "settings" if default_purpose else "request"
    # Written out: every decision of every request needs them.
    return (
        ("input.application", subject.application),
        ("input.assurance", session.assurance),
        ("input.device_compliant", context.device_compliant),
        ("input.groups", len(subject.person.groups)),
        ("input.label", _LEVEL[context.data.sensitivity]),
        ("input.purpose", context.purpose),
        ("input.risk", _RISK[session.risk]),
        ("input.use", _USE[context.use]),
        ("source.application", shown if subject.application else WORST),
        ("source.assurance", shown if session.assurance else WORST),
        ("source.device_compliant", shown if context.device_compliant else WORST),
        ("source.groups", "identity"),
        ("source.label", "labels" if flows else "nothing flows"),
        ("source.purpose", purpose if context.purpose else WORST),
        ("source.risk", WORST if session.risk is Risk.HIGH else shown),
        ("source.use", "door"),
    )
