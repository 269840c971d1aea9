"""A decision point over a real share, the real index and real policies, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.hosts import Host
from journeys.places import Place, place
from lockgate.adapters.extractive import ExtractiveModel
from lockgate.audit.entry import Entry
from lockgate.audit.record import Record
from lockgate.journeys.decisions import Answer, Entity, Kind, Malformed, Question, Search, Semantic
from lockgate.journeys.decisions.decide import Decider
from lockgate.journeys.decisions.lockgate import Decisions
from lockgate.journeys.decisions.things import Things
from lockgate.journeys.enforce import Gate
from lockgate.journeys.routes import Route, Routes, Table, Upstream
from lockgate.labels import Label, Readers, Sensitivity
from lockgate.labels.wire import STANDARD
from lockgate.policy.cedar import PolicySet
from lockgate.policy.model import Context, Principal, PrincipalKind, Risk, Session, Subject
from lockgate.policy.registered import ApplicationKind, registry, unlimited
from lockgate.ports import ModelCard, Person
from policy.sets import SHIPPED
from support import APPLICATION, NOW, person

PEOPLE = (
    Person("ann", "Ann", frozenset({"group:staff", "group:hr"})),
    Person("bo", "Bo", frozenset({"group:staff", "group:sales"})),
    Person("stella", "Stella", frozenset({"group:staff", "group:stewards"})),
    Person("gus", "Gus", frozenset({"group:guests"})),
    Person("gone", "Gone", frozenset({"group:staff", "group:hr"}), active=False),
)
FILES = {
    "handbook/gifts.txt": "Gifts up to 35 EUR.",
    "handbook/travel.txt": "Rail first.",
    "hr/plan.txt": "Hire two engineers.",
    "loose/notes.txt": "The harbor office.",
    "noai/minutes.txt": "The lighthouse.",
}
RULES = (
    'match = ["handbook/**"]\nreaders = ["group:staff"]\nowners = ["user:ann"]\nsensitivity = "general"',
    'match = ["hr/**"]\nreaders = ["group:hr"]\nowners = ["user:ann"]\nsensitivity = "restricted"',
    'match = ["loose/**"]\nreaders = ["group:staff"]\nowners = ["user:bo"]',
    'match = ["noai/**"]\nreaders = ["group:staff"]\nowners = ["user:bo"]\nsensitivity = "general"\n'
    'forbidden_uses = ["ai"]',
)


def service(name: str, *groups: str) -> Subject:
    principal = Principal(PrincipalKind.SERVICE, name, frozenset(f"group:{one}" for one in groups))
    return Subject(principal, Session(f"key-{name}", NOW + timedelta(hours=1), risk=Risk.HIGH), application=name)


PEP, SOURCE = service("portal", "peps"), service("posture", "peps", "signal-sources")
SELF = {one.id: person(one.id, *(g.removeprefix("group:") for g in one.groups)) for one in PEOPLE}
CONTEXT = Context(NOW, "req_test")
WIDE = Label(Sensitivity.RESTRICTED, Readers.any_of("group:staff"))
CARDS = {
    "small": ModelCard("small", Readers.everyone(), Label(Sensitivity.GENERAL, Readers.any_of("group:staff"))),
    "safe": ModelCard("safe", Readers.any_of("group:hr"), WIDE),
}
ROUTES = {
    "small": Route("small", Readers.everyone(), ("small",)),
    "safe": Route("safe", Readers.everyone(), ("safe",)),
    "assistant": Route("assistant", Readers.any_of("group:staff"), ("small", "safe")),
}


APPLICATIONS = registry(
    [
        *(unlimited(one) for one in (APPLICATION, "portal", "posture")),
        replace(unlimited("bot"), kind=ApplicationKind.AGENT, may_act_for_users=True),
        replace(unlimited("kiosk"), collections=frozenset({"other"})),
    ]
)


@dataclass
class Told:
    """Stands where the log is read: records by request."""

    records: list[Record] = field(default_factory=list)

    def by_request(self, request_id: str) -> list[Entry]:
        return [_Entry(one) for one in self.records if one.request_id == request_id]  # type: ignore[misc]


@dataclass
class _Entry:
    record: Record


@dataclass
class Asked:
    """A decision point, and short ways to ask it."""

    place: Place
    host: Host
    told: Told
    pdp: Decisions

    async def ask(
        self,
        asker: Subject,
        who: str,
        action: str,
        thing: str,
        stated: Mapping[str, Any] | None = None,
        **properties: Any,
    ) -> Answer:
        (answer,) = await self.pdp.evaluate(
            asker, CONTEXT, [question(who, action, thing, stated, **properties)], Semantic.ALL
        )
        return answer

    async def search(
        self,
        asker: Subject,
        kind: Kind,
        who: str,
        action: str,
        thing: str,
        stated: Mapping[str, Any] | None = None,
        limit: int = 100,
    ) -> list[str]:
        """Return every result, page by page."""
        wanted = Search(kind, _entity(who), action, _entity(thing), {}, stated or {})
        found: list[str] = []
        after = ""
        while True:
            page = await self.pdp.search(asker, CONTEXT, wanted, after, limit)
            assert len(page.results) <= limit
            found += [one.id for one in page.results]
            if not page.after:
                return found
            assert page.after > after
            after = page.after

    @property
    def log(self) -> list[Record]:
        return self.place.log.records


def _entity(text: str, **properties: Any) -> Entity:
    kind, _, id = text.partition(":")
    return Entity(kind, id, properties)


def question(
    who: str, action: str, thing: str, stated: Mapping[str, Any] | None = None, **properties: Any
) -> Question:
    return Question(_entity(who, **properties), action, _entity(thing, **properties), properties, stated or {})


def batch(*items: Question | Malformed) -> Sequence[Question | Malformed]:
    return items


@asynccontextmanager
async def asking(folder: Path, policies: PolicySet = SHIPPED) -> AsyncIterator[Asked]:
    async with place(folder) as here:
        here.rules(*RULES)
        for name, text in FILES.items():
            here.write(name, text)
        host = Host(everybody=PEOPLE)
        await here.ingest.run(here.connector)
        here.log.records.clear()
        gate = Gate(lambda: policies, here.log, applications=lambda: APPLICATIONS)
        model = ExtractiveModel(here.embedder)
        table = Table(ROUTES, {name: Upstream(card, model) for name, card in CARDS.items()})
        told = Told()
        things = Things(
            here.index, Routes(gate, lambda: table), told, here.ingest.rechecker({"share": here.connector})
        )
        yield Asked(here, host, told, Decisions(Decider(gate, host, things, STANDARD)))
