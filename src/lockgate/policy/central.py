"""The judge of what binds everyone: the settings that no client, application or policy can override.

Pure: the settings in force come in as a frozen `Central`, which wiring replaces as a whole when the file changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lockgate.policy.acceptance import Acceptance
from lockgate.policy.decision import Decision, Effect
from lockgate.policy.filter import NOTHING, Const, Filter, InCollections
from lockgate.policy.model import AccessRequest, Action, Context

_PERMIT: Final = Decision(Effect.PERMIT, frozenset({"the settings permit this"}), policies=frozenset({"settings"}))
_PURPOSEFUL: Final = frozenset({Action.READ, Action.DISCOVER, Action.PROMPT, Action.EMIT})
"""Actions in which data flows. Reviews and administration have their own permissions and state no purpose."""


def _deny(reason: str, remedy: str) -> Decision:
    return Decision(Effect.DENY, frozenset({reason}), frozenset({remedy}), policies=frozenset({"settings"}))


@dataclass(frozen=True, slots=True)
class ModelTerms:
    """On which terms a registered model may be used at all.

    Attributes:
        enabled: whether the administrator has it switched on.
        region: where it runs; empty is not stated.
        terms: digest of what it is, which an acceptance must be for; empty where none is needed.
        acceptance: of the risk of running it ourselves.

    """

    enabled: bool = True
    region: str = ""
    terms: str = ""
    acceptance: Acceptance | None = None

    def accepted(self, now: datetime) -> bool:
        """Tell whether nobody need accept its risk, or somebody has, until later than now."""
        return not self.terms or (self.acceptance is not None and self.acceptance.covers(self.terms, now))


@dataclass(frozen=True, slots=True)
class Central:
    """What binds everyone. None means that the setting is not made; an empty set allows nothing.

    Attributes:
        models: terms of each registered model; another one is not registered.
        collections: those that there are.
        regions: where models may run.
        purposes: what a request may be for.
        default_purpose: what a request without a purpose is for.

    """

    models: Mapping[str, ModelTerms] | None = None
    collections: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    default_purpose: str = ""

    def purposed(self, context: Context) -> Context:
        """Return the context with the purpose that a request without one has."""
        if context.purpose or not self.default_purpose:
            return context
        return replace(context, purpose=self.default_purpose)

    def with_purpose(self, request: AccessRequest) -> AccessRequest:
        """Return the request with the purpose that one without it has."""
        context = self.purposed(request.context)
        return request if context is request.context else replace(request, context=context)

    def judge(self, request: AccessRequest) -> Decision:
        """Decide from the settings alone. Total; knows nothing of who asks."""
        if request.action in _PURPOSEFUL and not self._purpose(request.context):
            return _deny(
                "this is for no purpose that the administrator allows",
                "State one of the allowed purposes in the header `Lockgate-Purpose`.",
            )
        if request.action is Action.PROMPT:
            return self._prompt(request.resource.id, request.context.now)
        if request.action in {Action.READ, Action.DISCOVER} and request.resource.collections:
            return self._read(request.resource.collections)
        return _PERMIT

    def filter(self, context: Context) -> Filter:
        """Return `judge` for reading documents, as a filter."""
        if not self._purpose(context):
            return NOTHING
        return Const(True) if self.collections is None else InCollections(self.collections)

    def _purpose(self, context: Context) -> bool:
        return self.purposes is None or context.purpose in self.purposes

    def _prompt(self, model: str, now: datetime) -> Decision:
        if self.models is None:
            return _PERMIT
        terms = self.models.get(model)
        if terms is None:
            return _deny("this model is not registered any more", "Choose a model from the list of models.")
        if not terms.enabled:
            return _deny("the administrator has switched this model off", "Choose another model.")
        if not terms.accepted(now):
            return _deny(
                "we run this model ourselves, and nobody has accepted the risk of that for today",
                f"Ask the administrator: `lockgate models responsibilities {model}`, `lockgate models accept`.",
            )
        if self.regions is not None and terms.region not in self.regions:
            return _deny(
                "this model runs in no region that the administrator allows"
                if terms.region
                else "it is not stated where this model runs, and the administrator allows certain regions only",
                "Choose another model, or ask the administrator about `region` and [central] `regions`.",
            )
        return _PERMIT

    def _read(self, collections: frozenset[str]) -> Decision:
        if self.collections is None or not self.collections.isdisjoint(collections):
            return _PERMIT
        return _deny("its collection is not served any more", "Ask the administrator.")


UNBOUND: Final = Central()
"""No such settings: for those who decide without a configuration."""
