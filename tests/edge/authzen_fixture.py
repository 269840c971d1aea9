"""The certification fixture of AuthZEN 1.0 behind Lockgate's own edge.

Its people, records and rules are written in Cedar and decided by the real engine, with a schema of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import cedarpy
from starlette.testclient import TestClient

from lockgate.adapters.seal import AesSeal
from lockgate.edge.api import Door
from lockgate.edge.app import application
from lockgate.edge.authzen_api import AuthZenApi
from lockgate.edge.body import Limits
from lockgate.errors import Unauthenticated
from lockgate.journeys.decisions import (
    Answer,
    Entity,
    Found,
    Kind,
    Malformed,
    Pages,
    Question,
    Result,
    Search,
    Semantic,
)
from lockgate.journeys.decisions.model import executed
from lockgate.journeys.enforce import Gate
from lockgate.labels.wire import STANDARD
from lockgate.policy.model import Context, Subject
from support import NOW, StoppedClock, person

URL = "https://pdp.example.com"
SCHEMA = """
entity User { role?: String };
entity Record { status?: String };
action "read", "write", "delete" appliesTo {
  principal: [User], resource: [Record], context: { soft?: Bool },
};
"""
POLICIES = """
permit (principal, action == Action::"read", resource);
permit (principal == User::"alice", action == Action::"write", resource)
unless { resource has status && resource.status == "archived" };
permit (principal, action == Action::"write", resource)
when { principal has role && principal.role == "admin" && resource has status && resource.status == "archived" };
permit (principal == User::"alice", action == Action::"delete", resource)
when { context has soft && context.soft };
"""
SUBJECTS: Mapping[str, Mapping[str, Any]] = {"alice": {}, "bob": {"role": "admin"}}
RECORDS: Mapping[str, Mapping[str, Any]] = {"record-1": {"status": "active"}, "record-2": {"status": "archived"}}
ACTIONS = ("read", "write", "delete")


def _known(stated: Mapping[str, Any], name: str, kind: type) -> dict[str, Any]:
    return {name: stated[name]} if isinstance(stated.get(name), kind) else {}


@dataclass
class FixturePdp:
    """`Pdp` over the fixture. It trusts what callers state, as the fixture wants and Lockgate does not."""

    asked: list[Question] = field(default_factory=list)

    def decide(self, one: Question) -> bool:
        subject, resource = one.subject, one.resource
        known = subject.type == "user" and subject.id in SUBJECTS and resource.type == "record"
        if not known or resource.id not in RECORDS or one.action not in ACTIONS:
            return False
        self.asked.append(one)
        user = {**SUBJECTS[subject.id], **_known(subject.properties, "role", str)}
        record = {**RECORDS[resource.id], **_known(resource.properties, "status", str)}
        entities = [
            {"uid": {"type": "User", "id": subject.id}, "attrs": user, "parents": []},
            {"uid": {"type": "Record", "id": resource.id}, "attrs": record, "parents": []},
        ]
        request = {
            "principal": {"type": "User", "id": subject.id},
            "action": {"type": "Action", "id": one.action},
            "resource": {"type": "Record", "id": resource.id},
            "context": json.dumps(_known(one.properties, "soft", bool)),
        }
        (result,) = cedarpy.is_authorized_batch([request], POLICIES, entities, SCHEMA)
        assert not result.diagnostics.errors
        return result.decision is cedarpy.Decision.Allow

    async def evaluate(
        self, asker: Subject, context: Context, items: Sequence[Question | Malformed], semantic: Semantic, /
    ) -> Sequence[Answer]:
        answers = [
            Answer(False, error=(400, one.why)) if isinstance(one, Malformed) else Answer(self.decide(one))
            for one in items
        ]
        return executed(answers, semantic)

    async def search(self, asker: Subject, context: Context, search: Search, after: str, limit: int, /) -> Found:
        found = [one for one, question in self._candidates(search) if one.id > after and self.decide(question)]
        return Found(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else "")

    def _candidates(self, search: Search) -> Iterable[tuple[Result, Question]]:
        subject, resource = search.subject, search.resource
        match search.kind:
            case Kind.SUBJECT:
                for id in sorted(SUBJECTS):
                    one = Entity(subject.type, id, subject.properties)
                    yield Result(id, subject.type), Question(one, search.action, resource, search.properties)
            case Kind.RESOURCE:
                for id in sorted(RECORDS):
                    one = Entity(resource.type, id, resource.properties)
                    yield Result(id, resource.type), Question(subject, search.action, one, search.properties)
            case Kind.ACTION:
                for name in sorted(ACTIONS):
                    yield Result(name), Question(subject, name, resource)


class Names:
    """Stands where `journeys.chat` identifies people: the credential is the name. Its clock can be set."""

    now: datetime = NOW
    gate = Gate(lambda: None, None)  # it decides and records nothing here, and counts nothing

    @property
    def clock(self) -> StoppedClock:
        return StoppedClock(self.now)

    async def identify(self, credential: str, request_id: str) -> tuple[Subject, datetime]:
        if not credential:
            raise Unauthenticated("no bearer token", code="missing_token")
        return person(credential), self.now


def client(pdp: Any, names: Any = None, url: str = URL, limits: Limits | None = None) -> TestClient:
    """Return a client of the real edge around a decision point, signed in as `pep`."""
    door = Door(names or Names(), limits or Limits(), STANDARD)
    api = AuthZenApi(door, pdp, Pages(AesSeal(b"k" * 32)), url)
    return TestClient(application(api.routes()), headers={"Authorization": "Bearer pep"})
