"""What the demonstration's page shows and changes (`demo/page_routes.Host`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from lockgate.content.document import Document, document_id
from lockgate.content.exposure import Exposure, exposures
from lockgate.demo.grounds import AUDIENCES, Manifest, Members
from lockgate.demo.issuer import DemoIssuer
from lockgate.demo.scenes_answers import HERON_QUESTION
from lockgate.demo.sorted import sort
from lockgate.demo.texts.company import INJECTION_QUESTION
from lockgate.demo.trial_report import EVERYBODY, OTHERS, audience
from lockgate.edge.exposed import document_object, exposure_object
from lockgate.errors import Conflict, Invalid, NotFound
from lockgate.journeys.exposure import census
from lockgate.journeys.review import version_of
from lockgate.ports import Person
from lockgate.wiring import Lockgate


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question to begin with: what it shows, and whom it is shown with; empty keeps who was chosen."""

    name: str
    question: str
    model: str = "assistant"
    left: str = ""
    right: str = ""


_SALARY: Final = "How much does Goran Ilic earn?"
SUGGESTIONS: Final = (
    Suggestion("A salary", _SALARY, left="jonas", right="sofia"),
    Suggestion("A policy for all of staff", "Up to what value may I accept gifts from suppliers?"),
    Suggestion("Two departments in one answer", HERON_QUESTION, left="nadia", right="ralf"),
    Suggestion("Rerouted: a salary asked of a cheap cloud model", _SALARY, "cloud-cheap", "jonas"),
    Suggestion(
        "Refused: a card number typed for that model",
        "May I pay the hotel with my card 4111 1111 1111 1111?",
        "cloud-cheap",
        right="sofia",
    ),
    Suggestion("A document that gives orders to the model", INJECTION_QUESTION, left="noor"),
    Suggestion("What nothing answers", "What is the capital of Mongolia?"),
)
_SHOWN: Final = 20
_LIFE: Final = 600


class _Host:
    """What both pages do: tokens, and what would be exposed."""

    def __init__(self, lockgate: Lockgate, issuer: DemoIssuer) -> None:
        self._lockgate = lockgate
        self._issuer = issuer
        self._changing = asyncio.Lock()

    async def token(self, person: str, /) -> dict[str, Any]:
        """Return a token of a person."""
        token = await asyncio.to_thread(self._issuer.mint, person)
        return {"token": token, "expires": self._lockgate.clock.now().timestamp() + _LIFE}

    async def exposure(self) -> dict[str, Any]:
        """Return what would be exposed among everybody's documents, worst first, and how much more there is."""
        index, directory, limit = self._lockgate.index, self._lockgate.directory, self._lockgate.exposures.limit
        found = await asyncio.to_thread(lambda: sort(exposures(index.documents(), census(directory), limit)))
        taxonomy = self._lockgate.settings.labels.taxonomy
        return {
            "data": [
                exposure_object(one, taxonomy) | {"open_to": self._open_to(one)}
                for one in found.sensitive[:_SHOWN]
            ],
            "sensitive": len(found.sensitive),
            "unseen": len(found.unseen),
            "unreadable": len(found.unreadable),
        }

    def _open_to(self, one: Exposure) -> str:
        return "1 person" if one.people == 1 else f"{one.people} people"

    def _state(
        self, title: str, people: Sequence[Person], groups: Callable[[Person], list[str]]
    ) -> dict[str, Any]:
        settings = self._lockgate.settings
        return {
            "title": title,
            "mode": settings.mode,
            "everybody": {"id": "everyone", "name": "everyone"},
            "levels": list(settings.labels.taxonomy.names),
            "people": [{"id": one.id, "name": one.name, "groups": groups(one)} for one in people if one.active],
            "models": [one.id for one in settings.assistants],
        }


class OrganizationHost(_Host):
    """The page of `lockgate demo`: the people of the invented organization."""

    def __init__(
        self, lockgate: Lockgate, issuer: DemoIssuer, share: Path, manifest: Manifest, members: Members
    ) -> None:
        super().__init__(lockgate, issuer)
        self._share = share
        self._manifest = manifest
        self._members = members

    def state(self) -> dict[str, Any]:
        """Return people, groups, models, questions and the two people to begin with."""
        people = sorted(self._lockgate.directory.people(), key=lambda person: person.name)
        title = "Brightwater: an invented company. Choose two people and ask one question."
        return self._state(title, people, lambda one: self._members.groups(one.id)) | {
            "groups": self._members.all_groups(),
            "questions": [asdict(one) for one in SUGGESTIONS],
            "left": "jonas",
            "right": "sofia",
            "fixed": False,
            "audiences": [{"id": id, "name": name} for id, name in AUDIENCES.items()],
        }

    async def set_membership(self, person: str, group: str, member: bool, /) -> None:
        """Change who is in a group, and read the directory again."""
        async with self._changing:
            await asyncio.to_thread(self._members.set_member, person, group, member)
            refresh = getattr(self._lockgate.directory, "refresh", None)
            if refresh is not None:
                await asyncio.to_thread(refresh)

    async def drop(self, name: str, data: bytes, person: str, audience: str, /) -> dict[str, Any]:
        """Write the file into the share, take it in, and return its proposed label."""
        if self._lockgate.directory.person(person) is None:
            raise NotFound("there is no such person")
        async with self._changing:
            folder = await asyncio.to_thread(self._manifest.allow_drop, audience, person)
            await asyncio.to_thread(_put, self._share / folder / name, data)
            await sync(self._lockgate)
        connector = next(iter(self._lockgate.connectors))
        document = self._lockgate.index.document(document_id(connector, f"{folder}/{name}"))
        if document is None:
            raise Invalid("the file was not taken in; it is no document")
        return settled(document, self._lockgate)


class FolderHost(_Host):
    """The page of `lockgate try`: the accounts and groups of somebody's own folder."""

    def __init__(self, lockgate: Lockgate, issuer: DemoIssuer, name: str, people: Mapping[str, str]) -> None:
        """`people`: their ids, with a word about each, in the order to show; the first and last begin."""
        super().__init__(lockgate, issuer)
        self._name = name
        self._order, self._about = list(people), dict(people)

    def _open_to(self, one: Exposure) -> str:
        return audience(one.document.source_readers)

    def state(self) -> dict[str, Any]:
        """Return the accounts and groups; to begin with, whoever owns most, and anybody else."""
        people = sorted(self._lockgate.directory.people(), key=lambda one: self._order.index(one.id))
        title = f"Your folder {self._name}, read as it is."
        if self._lockgate.settings.mode == "enforce":
            title += " What nobody has reviewed is served to its owner only."
        state = self._state(title, people, lambda one: [g for g in _groups(one) if g != OTHERS])
        for one in state["people"]:
            one["about"] = self._about[one["id"]]
        return state | {
            "everybody": {"id": EVERYBODY, "name": "every account of this machine"},
            "groups": sorted({g for one in people for g in _groups(one)}),
            "questions": [],
            "left": self._order[0],
            "right": self._order[-1],
            "fixed": True,
            "audiences": [],
        }

    async def set_membership(self, person: str, group: str, member: bool, /) -> None:
        """Refuse: the groups are those of this machine.

        Raises:
            Invalid: always.

        """
        raise Invalid("the groups are those of this machine", remedy="Change them there; this page only reads.")

    async def drop(self, name: str, data: bytes, person: str, audience: str, /) -> dict[str, Any]:
        """Refuse: nothing is written into the folder.

        Raises:
            Invalid: always.

        """
        raise Invalid("nothing is written into your folder", remedy="Copy the file there; it is seen in a minute.")


def _groups(person: Person) -> list[str]:
    return sorted(one.removeprefix("group:") for one in person.groups)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


async def sync(lockgate: Lockgate) -> None:
    """Bring every collection in step; where a sync is already running, wait for it and run again."""
    for connector in lockgate.connectors.values():
        for _ in range(200):
            try:
                await lockgate.ingest.run(connector)
                break
            except Conflict:
                await asyncio.sleep(0.1)


def settled(document: Document, lockgate: Lockgate) -> dict[str, Any]:
    """Return a document's proposed label, what it rests on, and why the document is held back."""
    taxonomy = lockgate.settings.labels.taxonomy
    found = exposures([document], census(lockgate.directory), lockgate.exposures.limit)
    about = exposure_object(found[0], taxonomy) if found else document_object(document, taxonomy)
    return about | {"version": version_of(document), "reviewed": document.reviewed}
