"""Which model may see it: the names that clients may ask for, and the upstreams behind each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lockgate.errors import AccessDenied, Invalid, NotFound, Unavailable
from lockgate.journeys.enforce import Gate, Verdict
from lockgate.labels.label import PUBLIC, Label
from lockgate.labels.readers import Readers
from lockgate.policy.decision import ObligationKind
from lockgate.policy.model import AccessRequest, Action, Context, Resource, Subject
from lockgate.ports import Model, ModelCard, VectorModel

_REROUTE: Final = frozenset({ObligationKind.REROUTE})


@dataclass(frozen=True, slots=True)
class Upstream:
    """A registered model: its card and the adapter that talks to it: `model` answers, `vectors` makes vectors."""

    card: ModelCard
    model: Model | None = None
    vectors: VectorModel | None = None

    def answering(self) -> Model:
        """Return what answers.

        Raises:
            Unavailable: it does not answer.

        """
        if self.model is None:
            raise Unavailable(f"the model `{self.card.id}` does not answer questions")
        return self.model

    def embedding(self) -> VectorModel:
        """Return what makes vectors.

        Raises:
            Unavailable: it makes none.

        """
        if self.vectors is None:
            raise Unavailable(f"the model `{self.card.id}` makes no vectors")
        return self.vectors


@dataclass(frozen=True, slots=True)
class Route:
    """A name that a client may put into `model`.

    Attributes:
        id: the name.
        users: who may use it, on top of who may use the upstream.
        upstreams: ids of models, the first choice first; the others are where data above its ceiling goes.
        instructions: of the operator, integrity system; empty for a plain upstream.
        collections: what it may draw from; none means that it does not retrieve.
        vectors: it makes vectors, and answers nothing. It has one upstream: vectors of another are of another
            space, where distances to those that a client has mean nothing.

    """

    id: str
    users: Readers
    upstreams: tuple[str, ...]
    instructions: str = ""
    collections: frozenset[str] = frozenset()
    vectors: bool = False

    def made_for(self, *, vectors: bool) -> Route:
        """Return this route, if it is made for that.

        Raises:
            Invalid: it is not. Only who may use it learns so.

        """
        if self.vectors == vectors:
            return self
        raise Invalid(
            f"`{self.id}` makes vectors and answers no questions"
            if self.vectors
            else f"`{self.id}` answers questions and makes no vectors",
            code="wrong_kind_of_model",
            remedy="GET /v1/models lists your models with their `kind`.",
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The verdicts on the upstreams tried, and the first that passes; None if none does."""

    verdicts: tuple[Verdict, ...]
    upstream: Upstream | None


@dataclass(frozen=True, slots=True)
class Table:
    """Every route and every upstream, as the settings in force name them."""

    routes: Mapping[str, Route] = field(default_factory=dict)
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    _resources: dict[tuple[str, str], Resource] = field(default_factory=dict, compare=False, repr=False)

    def resource(self, route: Route, name: str) -> Resource:
        """Return an upstream of one of these routes as a resource; made once, as the table never changes."""
        found = self._resources.get((route.id, name))
        if found is None or self.routes.get(route.id) is not route:
            upstream = self.upstreams.get(name)
            found = gone(name) if upstream is None else model_resource(upstream.card, route.users)
            if self.routes.get(route.id) is route:
                self._resources[route.id, name] = found
        return found


class SwitchedOff(AccessDenied):
    """The subject may use it, but the settings that bind everyone do not let it be used now.

    Attributes:
        verdicts: what was decided; to be recorded.

    """

    code = "not_allowed_by_settings"

    def __init__(self, name: str, verdicts: Sequence[Verdict]) -> None:
        remedies = {one for verdict in verdicts for one in verdict.decision.remedies}
        super().__init__(f"`{name[:80]}`: {reasons(verdicts)}", remedy=" ".join(sorted(remedies)))
        self.verdicts = tuple(verdicts)


@dataclass(frozen=True, slots=True)
class Routes:
    """Finds routes in the table in force, which may be another one at every call."""

    gate: Gate
    table: Callable[[], Table]

    def find(self, subject: Subject, name: str, context: Context) -> Route:
        """Return the route with this name.

        Raises:
            NotFound: there is none, or the subject may not use it: the two are never told apart.
            SwitchedOff: the subject could use it, if the settings that bind everyone let anybody.

        """
        route = self.table().routes.get(name)
        if route is not None:
            choice = self.choose(subject, route, context, PUBLIC)
            if choice.upstream is not None:
                return route
            if choice.verdicts and self.gate.bound(choice.verdicts[-1]):
                raise SwitchedOff(name, choice.verdicts)
        raise NotFound(
            f"the model `{name[:80]}` does not exist or you may not use it",
            code="model_not_found",
            remedy="GET /v1/models lists the models that you may use.",
        )

    def check_extras(self, route: Route, names: Sequence[str]) -> None:
        """Refuse parameters that not every upstream of the route lists: data may be rerouted to any of them.

        Raises:
            Invalid: a parameter is unknown.

        """
        known = self.table().upstreams
        each = [known[name].card.extra_params for name in route.upstreams if name in known]
        allowed = frozenset.intersection(*each) if each else frozenset()
        for name in names:
            if name not in allowed:
                raise Invalid(f"unrecognized request argument supplied: {name[:60]}", code="unknown_parameter")

    def usable(self, subject: Subject, route: Route, context: Context) -> bool:
        """Tell whether the subject may use the route for anything at all: for public data."""
        return self.choose(subject, route, context, PUBLIC).upstream is not None

    def listed(self, subject: Subject, context: Context) -> list[Route]:
        """Return the routes that the subject may use, by name."""
        return [r for _, r in sorted(self.table().routes.items()) if self.usable(subject, r, context)]

    def choose(self, subject: Subject, route: Route, context: Context, data: Label) -> Choice:
        """Try the route's upstreams in order with data of this label, and stop at the first that passes.

        The next one is tried only where a policy says so, by the obligation `reroute` on what it refused.
        """
        flowing = replace(context, data=data, route=route.id)
        table, verdicts = self.table(), []
        for name in route.upstreams:
            resource = table.resource(route, name)
            verdict = self.gate.judge([AccessRequest(subject, Action.PROMPT, resource, flowing)])[0]
            verdicts.append(verdict)
            reroute = any(o.kind is ObligationKind.REROUTE for o in verdict.decision.obligations)
            if verdict.passes and not verdict.obligations(_REROUTE):
                return Choice(tuple(verdicts), table.upstreams.get(name))
            if not reroute:
                break
        return Choice(tuple(verdicts), None)

    def again(self, route: Route, request: AccessRequest) -> AccessRequest:
        """Return a question about an upstream of a route, asked of both as they are registered now."""
        table = self.table()
        current, upstream = table.routes.get(route.id), table.upstreams.get(request.resource.id)
        if current is None or upstream is None or request.resource.id not in current.upstreams:
            return replace(request, resource=gone(request.resource.id))
        return replace(request, resource=model_resource(upstream.card, current.users))

    def collections(self, route: Route) -> frozenset[str]:
        """Return what a route may draw from now; nothing, where it is no more."""
        current = self.table().routes.get(route.id)
        return frozenset() if current is None else current.collections


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


def gone(name: str) -> Resource:
    """Return a model that is not registered any more: nobody's, and it may be given nothing."""
    return Resource("model", name)


def reasons(verdicts: Sequence[Verdict]) -> str:
    """Return the distinct reasons of denials, in a stable order."""
    return "; ".join(sorted({r for v in verdicts if not v.passes for r in v.decision.reasons}))
