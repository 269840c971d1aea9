"""Which model may see it: the names that clients may ask for, and the upstreams behind each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lockgate.errors import Invalid, NotFound
from lockgate.journeys.enforce import Gate, Verdict
from lockgate.labels.label import PUBLIC, Label
from lockgate.labels.readers import Readers
from lockgate.policy.decision import ObligationKind
from lockgate.policy.model import AccessRequest, Action, Context, Resource, Subject
from lockgate.ports import Model, ModelCard


@dataclass(frozen=True, slots=True)
class Upstream:
    """A registered model: its card and the adapter that talks to it."""

    card: ModelCard
    model: Model


@dataclass(frozen=True, slots=True)
class Route:
    """A name that a client may put into `model`.

    Attributes:
        id: the name.
        users: who may use it, on top of who may use the upstream.
        upstreams: ids of models, the first choice first; the others are where data above its ceiling goes.
        instructions: of the operator, integrity system; empty for a plain upstream.
        collections: what it may draw from; none means that it does not retrieve.

    """

    id: str
    users: Readers
    upstreams: tuple[str, ...]
    instructions: str = ""
    collections: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """The verdicts on the upstreams tried, and the first that passes; None if none does."""

    verdicts: tuple[Verdict, ...]
    upstream: Upstream | None


@dataclass(frozen=True, slots=True)
class Routes:
    """Every route and every upstream."""

    gate: Gate
    routes: Mapping[str, Route]
    upstreams: Mapping[str, Upstream]

    def find(self, subject: Subject, name: str, context: Context) -> Route:
        """Return the route with this name.

        Raises:
            NotFound: there is none, or the subject may not use it: the two are never told apart.

        """
        route = self.routes.get(name)
        if route is None or not self.usable(subject, route, context):
            raise NotFound(
                f"the model `{name[:80]}` does not exist or you may not use it",
                code="model_not_found",
                remedy="GET /v1/models lists the models that you may use.",
            )
        return route

    def check_extras(self, route: Route, names: Sequence[str]) -> None:
        """Refuse parameters that not every upstream of the route lists: data may be rerouted to any of them.

        Raises:
            Invalid: a parameter is unknown.

        """
        allowed = frozenset.intersection(*(self.upstreams[u].card.extra_params for u in route.upstreams))
        for name in names:
            if name not in allowed:
                raise Invalid(f"unrecognized request argument supplied: {name[:60]}", code="unknown_parameter")

    def usable(self, subject: Subject, route: Route, context: Context) -> bool:
        """Tell whether the subject may use the route for anything at all: for public data."""
        return self.choose(subject, route, context, PUBLIC).upstream is not None

    def listed(self, subject: Subject, context: Context) -> list[Route]:
        """Return the routes that the subject may use, by name."""
        return [r for _, r in sorted(self.routes.items()) if self.usable(subject, r, context)]

    def choose(self, subject: Subject, route: Route, context: Context, data: Label) -> Choice:
        """Try the route's upstreams in order with data of this label, and stop at the first that passes.

        The next one is tried only where a policy says so, by the obligation `reroute` on what it refused.
        """
        flowing = replace(context, data=data)
        verdicts = []
        for name in route.upstreams:
            upstream = self.upstreams[name]
            resource = model_resource(upstream.card, route.users)
            verdict = self.gate.judge([AccessRequest(subject, Action.PROMPT, resource, flowing)])[0]
            verdicts.append(verdict)
            reroute = any(o.kind is ObligationKind.REROUTE for o in verdict.decision.obligations)
            if verdict.passes and not verdict.obligations(frozenset({ObligationKind.REROUTE})):
                return Choice(tuple(verdicts), upstream)
            if not reroute:
                break
        return Choice(tuple(verdicts), None)


def model_resource(card: ModelCard, also: Readers) -> Resource:
    """Return a model as a resource: its readers are who may use it, its ceiling what it may be given."""
    users = card.users.join(also)
    return Resource(
        type="model",
        id=card.id,
        label=replace(PUBLIC, readers=users),
        reviewed=True,
        held=False,
        source_readers=users,
        ceiling=card.ceiling,
    )


def reasons(verdicts: Sequence[Verdict]) -> str:
    """Return the distinct reasons of denials, in a stable order."""
    return "; ".join(sorted({r for v in verdicts if not v.passes for r in v.decision.reasons}))
