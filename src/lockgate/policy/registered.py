"""The judge of applications: what each registered one may do. What is not declared is denied.

Labels say what data may flow, policies what people may do; this says through what. An application is a client
that people sign in with, a service with a key of its own, an agent, or a front end of many people. It has its own
list of models, collections, purposes and a ceiling, and nothing that a person may do adds to them. Where several
have a part in a request (an agent for a person, by way of another agent), each must be permitted.

Pure and total, like `policy/mandatory.py`. The registry is a parameter: it is replaced while Lockgate runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from lockgate.errors import AccessDenied
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import EVERYONE
from lockgate.policy.decision import Decision, Effect, combine_all
from lockgate.policy.filter import NOTHING, All, AtMost, Filter, InCollections
from lockgate.policy.model import AccessRequest, Action, Context, Principal, PrincipalKind, Subject

ANY: Final = "*"
"""Every model, collection, purpose, or group of the person acted for. It has to be written."""

_POLICY: Final = frozenset({"applications"})
_PERMIT: Final = Decision(Effect.PERMIT, frozenset({"the application is registered for this"}), policies=_POLICY)


class ApplicationKind(StrEnum):
    """What sort of application it is.

    `client`: people sign in with it. `front_end`: it asks for its many people, each named by an assertion.
    `agent`: it acts on its own, or for a person. `service`: it comes with a key or token of its own.
    """

    CLIENT = "client"
    FRONT_END = "front_end"
    AGENT = "agent"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application. No default gives anything.

    Attributes:
        id: the `client_id` of its tokens, the service of its keys, or the `sub` of an actor (RFC 8693).
        kind: see `ApplicationKind`.
        name: for people.
        models: names that it may ask for in `model`.
        collections: what it may draw from.
        purposes: of which each request must declare one.
        ceiling: the highest level of data that it may be given.
        groups: what it is in, where it acts itself; `ANY` stands for whatever the person acted for is in.
        may_act_for_users: whether it may act for people at all.
        user_keys: file of the public keys with which a front end signs who asks.
        prompt: what is typed into it counts as, before detectors raise it; None for the general setting.
        requests_per_hour, tokens_per_hour, sensitive_chunks_per_hour, spend_per_hour: of each identity that
            comes through it; None for no budget of its own.

    """

    id: str
    kind: ApplicationKind = ApplicationKind.CLIENT
    name: str = ""
    models: frozenset[str] = frozenset()
    collections: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    ceiling: Sensitivity = Sensitivity.PUBLIC
    groups: frozenset[str] = frozenset()
    may_act_for_users: bool = False
    user_keys: str = ""
    prompt: Sensitivity | None = None
    requests_per_hour: int | None = None
    tokens_per_hour: int | None = None
    sensitive_chunks_per_hour: int | None = None
    spend_per_hour: float | None = None


Applications = Mapping[str, Application]
"""The registry: every application by its id."""

NOBODY: Final[Applications] = {}


def registry(applications: Iterable[Application]) -> Applications:
    """Return the registry of these applications."""
    return {one.id: one for one in applications}


def unlimited(id: str) -> Application:
    """Return an application that limits nothing: for questions about people that leave the application open."""
    every = frozenset({ANY})
    return Application(id, models=every, collections=every, purposes=every, ceiling=Sensitivity.RESTRICTED)


class NotRegistered(AccessDenied):
    """The credential is good, and its application may not come in with it. `application` is for the log."""

    code = "application_not_registered"

    def __init__(self, message: str, application: str, *, code: str | None = None, remedy: str = "") -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.application = application


# ------------------------------------------------------------------ who comes in


def admitted(subject: Subject, applications: Applications) -> Subject:
    """Return who a credential's holder is, given what is registered about the application that shows it.

    A person's credential in the hands of an agent or a front end is one of that application *for* the person, even
    if it does not say so: otherwise leaving out `act` would give it the person's whole power.

    Raises:
        NotRegistered: an application is not registered, or not as what it comes as, or may not act for people.

    """
    for id in subject.applications:
        if id not in applications:
            raise NotRegistered(
                f"the application `{id[:80]}` is not registered",
                id,
                remedy="Register its id under [[applications]] in lockgate.toml.",
            )
    own = applications[subject.application]
    if subject.on_behalf_of is None and subject.principal.kind is PrincipalKind.USER:
        if own.kind in (ApplicationKind.AGENT, ApplicationKind.FRONT_END):
            person = subject.principal
            actor = Principal(PrincipalKind.AGENT, own.id)
            return admitted(replace(subject, principal=actor, on_behalf_of=person), applications)
        if own.kind is not ApplicationKind.CLIENT:
            raise _misfit(own, "people do not sign in with it", 'kind = "client"')
        return subject
    acting = [subject.principal, *subject.actors]
    if subject.on_behalf_of is not None:
        for one in (applications[id] for id in subject.applications):
            if not one.may_act_for_users:
                raise NotRegistered(
                    f"the application `{one.id[:80]}` may not act for people",
                    one.id,
                    code="application_may_not_act",
                    remedy="Set `may_act_for_users = true` for it under [[applications]] in lockgate.toml.",
                )
    parties = [_party(one, applications[one.id], subject.on_behalf_of) for one in acting]
    return replace(subject, principal=parties[0], actors=tuple(parties[1:]))


def _misfit(application: Application, why: str, remedy: str) -> NotRegistered:
    return NotRegistered(
        f"the application `{application.id[:80]}` is registered as {application.kind}: {why}",
        application.id,
        code="application_kind",
        remedy=f"Write `{remedy}` for it under [[applications]] in lockgate.toml, if that is what it is.",
    )


def _party(principal: Principal, application: Application, person: Principal | None) -> Principal:
    """Return an application as a principal: its kind and groups are those registered."""
    if principal.kind is PrincipalKind.USER or application.kind is ApplicationKind.CLIENT:
        raise _misfit(application, "it does not act itself", 'kind = "agent"')
    agent = application.kind is ApplicationKind.AGENT
    groups = principal.groups | (application.groups - {ANY})
    if ANY in application.groups and person is not None:
        groups |= person.identifiers - {EVERYONE}
    return Principal(PrincipalKind.AGENT if agent else PrincipalKind.SERVICE, principal.id, groups)


def typed(subject: Subject, applications: Applications) -> Sensitivity | None:
    """Return what a prompt typed through this subject's applications counts as: the highest that one states."""
    found = [applications[id].prompt for id in subject.applications if id in applications]
    return max((one for one in found if one is not None), default=None)


# ------------------------------------------------------------------ what it may do


def judge(request: AccessRequest, applications: Applications) -> Decision:
    """Decide from the registration of each application that has a part in the request."""
    found = [_decide(request, applications.get(id), id) for id in request.subject.applications]
    return found[0] if len(found) == 1 else combine_all(found)


def readable(subject: Subject, context: Context, applications: Applications) -> Filter:
    """Return `judge` for reading and discovering, as a filter."""
    parts: list[Filter] = []
    for id in subject.applications:
        one = applications.get(id)
        if one is None or _standing(subject, context, one) is not None:
            return NOTHING
        if ANY not in one.collections:
            parts.append(InCollections(one.collections))
        if one.ceiling < Sensitivity.RESTRICTED:
            parts.append(AtMost(int(one.ceiling)))
    return All(tuple(parts))


def _deny(reason: str, setting: str) -> Decision:
    remedy = f"An administrator can change `{setting}` of the application under [[applications]] in lockgate.toml."
    return Decision(Effect.DENY, frozenset({reason}), frozenset({remedy}), policies=_POLICY)


def _decide(request: AccessRequest, application: Application | None, id: str) -> Decision:
    if application is None:
        return _deny(f"the application `{id[:80]}` is not registered", "id")
    refused = _standing(request.subject, request.context, application)
    if refused is not None:
        return refused
    match request.action:
        case Action.READ | Action.DISCOVER | Action.DOWNGRADE | Action.APPROVE | Action.FORGET:
            return _touch(request, application)
        case Action.PROMPT:
            return _prompt(request, application)
        case Action.EMIT:
            return _emit(request, application)
        case Action.ADMINISTER:
            return _PERMIT  # no part of Lockgate belongs to an application; who may is for policies
        case Action.CALL | Action.SEND | Action.EXPORT | Action.TRAIN | Action.DECRYPT:
            return _deny(f"`{application.id[:80]}` has no declaration of `{request.action}`", "id")


def _touch(request: AccessRequest, application: Application) -> Decision:
    resource, name = request.resource, application.id[:80]
    if ANY not in application.collections and resource.collections.isdisjoint(application.collections):
        return _deny(f"`{name}` may not draw from this collection", "collections")
    if resource.label.sensitivity > application.ceiling:
        return _deny(f"this is above what `{name}` may be given", "ceiling")
    return _PERMIT


def _prompt(request: AccessRequest, application: Application) -> Decision:
    asked = request.context.route or request.resource.id
    if ANY not in application.models and asked not in application.models:
        return _deny(f"`{application.id[:80]}` may not use this model", "models")
    return _PERMIT


def _emit(request: AccessRequest, application: Application) -> Decision:
    if request.context.data.sensitivity > application.ceiling:
        return _deny(f"the answer would be above what `{application.id[:80]}` may be given", "ceiling")
    return _PERMIT


def _standing(subject: Subject, context: Context, application: Application) -> Decision | None:
    """Return the denial of everything that this subject asks through an application now; None for none."""
    name = application.id[:80]
    if subject.on_behalf_of is not None and not application.may_act_for_users:
        return _deny(f"`{name}` may not act for people", "may_act_for_users")
    if subject.on_behalf_of is None and application.kind is ApplicationKind.FRONT_END:
        return Decision(
            Effect.DENY,
            frozenset({f"`{name}` is a front end, which has no power of its own"}),
            frozenset({"Send the assertion of its user with every request (docs/guides/front-ends.md)."}),
            policies=_POLICY,
        )
    if ANY not in application.purposes and context.purpose not in application.purposes:
        return _deny(f"`{name}` is not registered for this purpose", "purposes")
    return None
