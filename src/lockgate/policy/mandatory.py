"""The mandatory judge: what labels alone decide. No policy can overrule it.

Total and deterministic over its input. It knows nothing of policies; Cedar is the other judge, and both must
permit. What is not named here is denied.
"""

from __future__ import annotations

from typing import Final

from lockgate.labels.label import AI
from lockgate.policy.decision import Decision, Effect
from lockgate.policy.model import AccessRequest, Action, Use

_PERMIT: Final = Decision(Effect.PERMIT, frozenset({"labels permit this"}), policies=frozenset({"labels"}))


def _deny(reason: str, remedy: str = "") -> Decision:
    remedies = frozenset({remedy}) if remedy else frozenset()
    return Decision(Effect.DENY, frozenset({reason}), remedies, policies=frozenset({"labels"}))


def _read(request: AccessRequest) -> Decision:
    subject, resource = request.subject, request.resource
    if not subject.satisfies(resource.label.readers):
        return _deny("you are not among the readers", "Ask an owner of the data for access.")
    if request.context.use is Use.OPEN:
        return _PERMIT
    if resource.label.forbids(AI):
        return _deny("its owner has excluded it from any use by AI", "Open the document itself.")
    if subject.owns(resource.label):
        return _PERMIT
    if not resource.reviewed:
        return _deny("its label is not reviewed, so AI serves it to its owner only", "Ask its owner to review it.")
    if resource.held:
        return _deny("it is sensitive and too widely readable, so it is held back", "Ask its owner to review it.")
    return _PERMIT


def _prompt(request: AccessRequest) -> Decision:
    data, resource = request.context.data, request.resource
    if not request.subject.satisfies(resource.label.readers):
        return _deny("you may not use this model", "Choose a model from the list of models.")
    if data.forbids(AI):
        return _deny("the data is excluded from any use by AI")
    if resource.ceiling is None or not data.fits_under(resource.ceiling):
        return _deny(
            "the data is above what this model may be given",
            "Choose a model with a higher ceiling, or leave the sensitive part out.",
        )
    return _PERMIT


def _emit(request: AccessRequest) -> Decision:
    if not request.subject.satisfies(request.context.data.readers):
        return _deny("the answer would carry data that you may not read", "Ask an owner of the data for access.")
    return _PERMIT


def _forget(request: AccessRequest) -> Decision:
    retention = request.resource.label.retention
    if retention.holds:
        return _deny("a hold forbids to delete it", "Ask whoever set the hold to lift it.")
    if not retention.may_delete(request.context.now.date()):
        return _deny(f"it must be kept until {retention.keep_until}", "Ask again after that day.")
    return _PERMIT


def judge(request: AccessRequest) -> Decision:
    """Decide from labels alone."""
    match request.action:
        case Action.READ:
            return _read(request)
        case Action.PROMPT:
            return _prompt(request)
        case Action.EMIT:
            return _emit(request)
        case Action.FORGET:
            return _forget(request)
        case Action.DISCOVER | Action.DOWNGRADE | Action.APPROVE | Action.ADMINISTER:
            return _PERMIT  # labels have no say; the operators' policies decide
        case Action.CALL | Action.SEND | Action.EXPORT | Action.TRAIN | Action.DECRYPT:
            return _deny(f"`{request.action}` is not governed yet, so it is denied")
