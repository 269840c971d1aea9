"""What a decision reads beside subject, action and resource, and where each of it came from (WP-22).

What is not known has its worst value. A caller's word on risk, strength or device counts only if the caller may
state signals, and never about itself: there the token speaks. The application is always the caller's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from lockgate.errors import Invalid
from lockgate.journeys.decisions.model import OBLIGATION_TYPES
from lockgate.labels.label import PUBLIC, Label
from lockgate.labels.wire import Taxonomy, parse
from lockgate.policy.inputs import TOKEN, WORST, Facts, facts
from lockgate.policy.model import Action, Context, Risk, Session, Subject, Use

CALLER: Final = "caller"
_RISKS: Final = {one.name.lower(): one for one in Risk}
_STRONGEST: Final = 3
_PURPOSE: Final = 64
"""Longest purpose, in characters; that of the header `Lockgate-Purpose`."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The inputs of one decision.

    Attributes:
        context: of the access request.
        session: whose strength and risk count.
        application: through which application the subject acts.
        origins: for each input, where it came from.
        supported: the types of obligations that the caller can carry out; None where it does not say.
        problem: what is wrong with what was stated, so that it must be denied; empty for nothing.

    """

    context: Context
    session: Session
    application: str
    origins: Mapping[str, str]
    supported: frozenset[str] | None = None
    problem: str = ""

    def facts(self) -> Facts:
        """Return every input and its origin, for the record of the decision."""
        context = self.context
        inputs: dict[str, str | int | bool] = {
            "use": str(context.use),
            "purpose": context.purpose,
            "label": context.data.sensitivity.name.lower(),
            "risk": self.session.risk.name.lower(),
            "assurance": self.session.assurance,
            "device_compliant": context.device_compliant,
            "application": self.application,
        }
        return facts(inputs, self.origins)


def moment(
    stated: Mapping[str, Any],
    action: Action | None,
    asker: Subject,
    context: Context,
    taxonomy: Taxonomy,
    *,
    own: bool,
    believed: bool,
) -> Moment:
    """Return the inputs of a decision.

    Args:
        stated: the caller's context.
        action: what is asked; None for an unknown one.
        asker: the caller.
        context: of the request, with the purpose of its header.
        taxonomy: the names of the levels.
        own: whether the question is about the caller itself.
        believed: whether the caller's signals count.

    """
    told = _Told(stated, {})
    use, problem = _use(told)
    purpose = told.purpose(context.purpose)
    data, unreadable = _label(told, action, taxonomy)
    if own:
        told.origins.update(risk=TOKEN, assurance=TOKEN, device_compliant=WORST)
        session, device = asker.session, False
    else:
        told = replace(told, stated=stated if believed else {})
        session = Session(context.request_id, context.now, told.assurance(), told.risk())
        device = told.is_true("device_compliant")
    return Moment(
        replace(context, use=use, purpose=purpose, data=data, device_compliant=device),
        session,
        asker.application,
        told.origins | {"application": TOKEN},
        _supported(stated),
        problem or unreadable,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """Reads what was stated, and notes for each input whether it was."""

    stated: Mapping[str, Any]
    origins: dict[str, str]

    def purpose(self, header: str) -> str:
        value = self.stated.get("purpose")
        good = isinstance(value, str) and 0 < len(value) <= _PURPOSE
        self.origins["purpose"] = CALLER if good or header else WORST
        return value if good and isinstance(value, str) else header

    def risk(self) -> Risk:
        value = self.stated.get("risk")
        found = _RISKS.get(value) if isinstance(value, str) else None
        self.origins["risk"] = WORST if found is None else CALLER
        return Risk.HIGH if found is None else found

    def assurance(self) -> int:
        value = self.stated.get("assurance")
        good = type(value) is int and 0 <= value <= _STRONGEST
        self.origins["assurance"] = CALLER if good else WORST
        return value if good and isinstance(value, int) else 0

    def is_true(self, name: str) -> bool:
        value = self.stated.get(name)
        self.origins[name] = CALLER if isinstance(value, bool) else WORST
        return value is True


def _use(told: _Told) -> tuple[Use, str]:
    value = told.stated.get("use")
    told.origins["use"] = WORST if value is None else CALLER
    if value is None:
        return Use.AI, ""
    if isinstance(value, str) and value in set(Use):
        return Use(value), ""
    return Use.AI, f"`context.use` must be one of: {', '.join(Use)}"


def _label(told: _Told, action: Action | None, taxonomy: Taxonomy) -> tuple[Label, str]:
    """Return the label of what would flow to a model; nothing flows by other actions."""
    told.origins["label"] = "nothing flows"
    if action is not Action.PROMPT:
        return PUBLIC, ""
    told.origins["label"] = CALLER if "label" in told.stated else WORST
    if "label" not in told.stated:
        return Label(), ""
    try:
        return parse(told.stated["label"], taxonomy), ""
    except Invalid as error:
        return Label(), f"`context.label` is malformed: {error}"


def _supported(stated: Mapping[str, Any]) -> frozenset[str] | None:
    value = stated.get("supported_obligations")
    if value is None:
        return None
    listed = value if isinstance(value, list) else []
    return frozenset(one for one in OBLIGATION_TYPES if one in listed)
