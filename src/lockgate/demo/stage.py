"""The stage of the story: the client, the hands on the server, the truth, and the account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, TypeAlias

from lockgate.content.document import document_id
from lockgate.demo.client import Client, Reply, documents_in
from lockgate.demo.control import Control
from lockgate.demo.organization import Organization
from lockgate.demo.questions import SALARY_NAME
from lockgate.demo.report import Report
from lockgate.demo.truth import Question

CONNECTOR: Final = "brightwater"
"""Name of the connector under which the demonstration serves its share; ids of documents follow from it."""
ASSISTANT: Final = "assistant"
GENERATIVE: Final = "assistant-small"
CHEAP: Final = "cloud-cheap"
SECURE: Final = "assistant-secure"
NOTHING: Final = "I found nothing that you may see"
SALARY_QUESTION: Final = f"What is the base salary of {SALARY_NAME} in 2026?"
GREEDY: Final = {"temperature": 0, "max_tokens": 64}
"""Sampling parameters with which the generative model says the same twice."""
Scene: TypeAlias = "tuple[str, Callable[[Story], Awaitable[None]]]"
"""What a step shows, and the step."""


@dataclass(slots=True)
class Story:
    """Everything that a step needs."""

    client: Client
    control: Control
    organization: Organization
    report: Report

    def id(self, path: str) -> str:
        """Return the document id of a path of the share."""
        return document_id(CONNECTOR, path)

    def names(self, ids: AbstractSet[str]) -> str:
        """Return ids as paths where they are known, for the account."""
        known = {self.id(path): path for path in self.organization.documents}
        return ", ".join(sorted(known.get(id, id) for id in ids)) or "none"

    def figure(self, path: str, place: int = 0) -> str:
        """Return a planted figure of a document."""
        draft = self.organization.documents[path].draft
        return (*draft.canaries, *draft.held_canaries)[place]

    def salary(self) -> Question:
        """Return the question about pay, with what is right."""
        return next(one for one in self.organization.asked("answerable") if one.text == SALARY_QUESTION)

    def expect(self, expected: str, ok: bool, seen: object) -> bool:
        """Note an expectation."""
        return self.report.expect(expected, ok, seen)

    async def beyond(self, person: str, reply: Reply) -> frozenset[str]:
        """Return documents that a reply or its proof names and that AI may not serve to this person."""
        named = documents_in(reply.lockgate)
        if reply.ok:
            proof = await self.client.proof(person, reply)
            named |= documents_in(proof.body) if proof.ok else {f"no proof of the answer: {proof.status}"}
        return named - {self.id(path) for path in self.organization.readable(person)}


def told(reply: Reply) -> str:
    """Return what a reply says, for the account: the answer or the refusal."""
    return reply.content or f"{reply.status} {reply.code} {reply.error.get('message', '')}"
