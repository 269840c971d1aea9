"""What a decision is asked about, in AuthZEN's words: subject, action, resource, context."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from lockgate.labels.label import PUBLIC, Label
from lockgate.labels.readers import EVERYONE, Readers


class PrincipalKind(StrEnum):
    """What sort of identity it is."""

    USER = "user"
    SERVICE = "service"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Principal:
    """A stable identity. `groups` are identifiers with prefix, such as `group:hr`, transitive closure included."""

    kind: PrincipalKind
    id: str
    groups: frozenset[str] = frozenset()
    identifiers: frozenset[str] = field(init=False, repr=False, compare=False)
    """What `Readers.permits` matches on, made once: it is asked for with every clause of every passage."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "identifiers", self.groups | {self.name, EVERYONE})

    @property
    def name(self) -> str:
        """Return the identifier that labels and records use, such as `user:ann`."""
        return f"{self.kind}:{self.id}"


class Risk(IntEnum):
    """Risk of a session or device (CAEP risk-level-change). What is not known is HIGH."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Session:
    """One authenticated session. `id` is the token's `sid` or `jti`, else a digest; never the token."""

    id: str
    expires: datetime
    assurance: int = 0
    risk: Risk = Risk.HIGH


class Scope(StrEnum):
    """What a service key may be used for: a family of routes. It adds nothing to what the service may read."""

    CHAT = "chat"
    RETRIEVE = "retrieve"
    REVIEW = "review"
    AUDIT = "audit"
    DECIDE = "decide"
    CLASSIFY = "classify"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who acts, for whom, through which application (NIST SP 800-207 subject).

    An agent's or application's power is the intersection of its own and that of the person it acts for, so
    every question is asked of each of `parties`.

    `actors` are those through which the principal came to act (the inner `act` claims of RFC 8693 section 4.1).
    The standard calls them history; here each must be permitted too, since each could have steered the request.

    `scopes` are those that an identity provider wrote into a token; they confine nothing. `confined_to` are the
    scopes of a service key, the only routes that it opens: empty opens none, None is for who came without a key.
    """

    principal: Principal
    session: Session
    application: str = ""
    on_behalf_of: Principal | None = None
    scopes: frozenset[str] = frozenset()
    confined_to: frozenset[str] | None = None
    actors: tuple[Principal, ...] = ()

    @property
    def parties(self) -> tuple[Principal, ...]:
        """Return every principal that must be permitted."""
        if self.on_behalf_of is None:
            return (self.principal, *self.actors)
        return (self.principal, *self.actors, self.on_behalf_of)

    @property
    def applications(self) -> tuple[str, ...]:
        """Return the id of every application that has a part: the client, and each party that is no person."""
        acting = (party.id for party in (self.principal, *self.actors) if party.kind is not PrincipalKind.USER)
        return tuple(dict.fromkeys((self.application, *acting)))

    @property
    def person(self) -> Principal:
        """Return the principal whose view this is: the user acted for, else the principal itself."""
        return self.on_behalf_of or self.principal

    def satisfies(self, readers: Readers) -> bool:
        """Tell whether every party may read what is so labeled."""
        return all(readers.permits(party.identifiers) for party in self.parties)

    def owns(self, label: Label) -> bool:
        """Tell whether every party is among the owners."""
        return all(not label.owners.isdisjoint(party.identifiers) for party in self.parties)


class Action(StrEnum):
    """The closed set of actions; nuance lives in resources and context, not in verbs."""

    READ = "read"
    DISCOVER = "discover"
    PROMPT = "prompt"
    EMIT = "emit"
    CALL = "call"
    SEND = "send"
    EXPORT = "export"
    TRAIN = "train"
    DECRYPT = "decrypt"
    DOWNGRADE = "downgrade"
    APPROVE = "approve"
    FORGET = "forget"
    ADMINISTER = "administer"


class Use(StrEnum):
    """What a read is for. `ai`: the text goes into retrieval or a prompt. `open`: a person opens the item."""

    AI = "ai"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on.

    Attributes:
        type: `document`, `answer`, `model` or `system`.
        id: stable identifier inside the type.
        label: the effective label; its readers are who may act on the resource at all (a model's: who may
            use it).
        collections: the collections that a document belongs to.
        reviewed: whether a person or a rule of the administrator has fixed the label.
        held: whether the item is held back from AI discovery until it is reviewed (WP-48).
        source_readers: who may read it in the source system, before Lockgate's own narrowing.
        ceiling: for a destination of data (a model): the highest label it may be given.

    """

    type: str
    id: str
    label: Label = field(default_factory=Label)
    collections: frozenset[str] = frozenset()
    reviewed: bool = False
    held: bool = True
    source_readers: Readers = field(default_factory=Readers.nobody)
    ceiling: Label | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Everything else that a decision may read. `now` is passed in, never taken.

    `data` is the label of what would flow; the default for a request in which nothing flows is PUBLIC. `route` is
    the name by which a model was asked for; empty where it was asked for by its own.
    """

    now: datetime
    request_id: str
    use: Use = Use.AI
    purpose: str = ""
    data: Label = PUBLIC
    device_compliant: bool = False
    route: str = ""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One question to the policy decision point."""

    subject: Subject
    action: Action
    resource: Resource
    context: Context
