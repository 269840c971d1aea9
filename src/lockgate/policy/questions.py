"""Questions to the policy engine that can be asked together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lockgate.policy.decision import Decision
from lockgate.policy.entities import signals, uid
from lockgate.policy.model import AccessRequest, Action, Principal, Resource, Subject
from lockgate.policy.slices import TYPES


@dataclass(slots=True)
class Batch:
    """Questions that share a principal, a slice of policies and one set of entities."""

    party: Principal
    subject: Subject
    action: Action
    type: str
    answers: list[list[Decision]] = field(default_factory=list)
    requests: list[AccessRequest] = field(default_factory=list)
    resources: dict[str, Resource] = field(default_factory=dict)

    def ask(self, answer: list[Decision], request: AccessRequest) -> None:
        """Add a question, and where its answer goes."""
        self.answers.append(answer)
        self.requests.append(request)

    def singly(self) -> Iterator[Batch]:
        """Yield each question as a batch of its own."""
        for answer, request in zip(self.answers, self.requests, strict=True):
            resources = {request.resource.id: request.resource}
            yield Batch(self.party, self.subject, self.action, self.type, [answer], [request], resources)

    def questions(self) -> list[dict[str, Any]]:
        """Return the questions as the engine reads them."""
        principal = uid(self.party.kind.capitalize(), self.party.id)
        action = uid("Action", self.action)
        written: dict[tuple[int, object], str] = {}
        questions = []
        for one in self.requests:
            key = (id(one.context), one.resource.ceiling)
            if key not in written:
                written[key] = json.dumps(signals(self.subject, one.context, one.resource))
            resource = {"type": TYPES[one.resource.type], "id": one.resource.id}
            questions.append(
                {"principal": principal, "action": action, "resource": resource, "context": written[key]}
            )
        return questions
