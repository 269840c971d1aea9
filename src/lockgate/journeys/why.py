"""Why: explain to an administrator why a person's AI is or is not shown a document, step by step.

The decisions are those of the gate itself, asked of a hypothetical session (signed in strongly, low risk,
compliant device), so that what is explained is the document and not the moment. No text is in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from lockgate.audit.record import Kind
from lockgate.content.document import Document
from lockgate.errors import Invalid, LockgateError, NotFound
from lockgate.flow.resources import document_resource
from lockgate.journeys.enforce import Gate, Verdict, base_record
from lockgate.labels.label import AI
from lockgate.labels.readers import EVERYONE, Readers
from lockgate.policy.model import (
    AccessRequest,
    Action,
    Context,
    Principal,
    PrincipalKind,
    Risk,
    Session,
    Subject,
    Use,
)
from lockgate.policy.registered import registry, unlimited
from lockgate.ports import Clock, Directory, Index
from lockgate.ports.reviewing import ReviewLog

_STRONG: Final = 3
_LEFT_OPEN: Final = "any application"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at. `passes` None: it says something, and decides nothing alone."""

    name: str
    passes: bool | None
    says: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a person's AI is shown a document, whether the person may open it, and the steps to that."""

    person: str
    document: str
    connector: str
    item: str
    title: str
    shown: bool
    opens: bool
    steps: tuple[Step, ...]
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Everything that an explanation needs. `recheck` asks the source for present rights."""

    index: Index
    gate: Gate
    directory: Directory
    clock: Clock
    recheck: Callable[[Document], Awaitable[Document | None]]
    done: ReviewLog
    """What was reviewed, by whom and why."""

    async def explain(
        self,
        asker: str,
        person: str,
        document: str,
        application: str = "",
        within: Callable[[Document], bool] = lambda _: True,
    ) -> Explanation:
        """Explain, and record that `asker` asked.

        Args:
            asker: identifier of the administrator. The caller has checked that it is one.
            person: id in the directory, with or without `user:`.
            document: its id, its path in the source, `collection/path` or `collection:path`.
            application: id of the registered application that the person would ask through; left open if empty.
            within: which documents the application that asks may be told about; another does not exist.

        Raises:
            NotFound: there is no such person or application, or no such document in the catalogue.
            Invalid: several documents are meant.
            Unavailable: the audit log cannot take the record; nothing is explained then.

        """
        if application and application not in self.gate.applications():
            raise NotFound(
                f"there is no application `{application}`", remedy="See [[applications]] in lockgate.toml."
            )
        subject = self._subject(person, application or _LEFT_OPEN)
        stored = self._find(document, within)
        now = self.clock.now()
        context = Context(now, f"why-{stored.id}-{now:%Y%m%dT%H%M%S.%f}", device_compliant=True)
        steps, current = await self._source(stored)
        ai, opening = self._verdicts(subject, context, current or stored)
        passages = await self._passages(subject, current or stored)
        steps += [*self._steps(subject, current or stored), *await self._reviewed(stored), passages]
        steps += [_decided("AI may use it", ai), _decided("the person may open it", opening)]
        record = replace(
            base_record(Kind.ADMINISTRATION, subject, context),
            subject=asker,
            on_behalf_of="",
            session="",
            action="why",
            resource_type="document",
            resource_id=stored.id,
            outcome="completed",
            application="",
            facts=(("person", subject.principal.name),) + ((("through", application),) if application else ()),
        )
        await self.gate.audit.append([record])
        gone = current is None
        return Explanation(
            subject.principal.name,
            stored.id,
            stored.connector,
            stored.item,
            stored.title,
            ai.passes and not gone and bool(passages.passes),
            opening.passes and not gone,
            tuple(steps),
            tuple(sorted(ai.decision.remedies)) if not ai.passes else (),
        )

    def _subject(self, id: str, application: str) -> Subject:
        person = self.directory.person(id.removeprefix("user:"))
        if person is None or not person.active:
            raise NotFound(f"there is no active person `{id}` in the directory", remedy="Check the id.")
        principal = Principal(PrincipalKind.USER, person.id, person.groups)
        expires = self.clock.now() + timedelta(hours=1)
        return Subject(principal, Session("why", expires, assurance=_STRONG, risk=Risk.LOW), application)

    def _find(self, name: str, within: Callable[[Document], bool]) -> Document:
        exact = self.index.document(name)
        if exact is not None and within(exact):
            return exact
        found = [one for one in self.index.documents() if name in _names(one) and within(one)]
        if not found:
            raise NotFound(
                f"there is no document `{name}` in the index",
                remedy="Write its path in the source, or `collection/path` as lists and citations show it; "
                "`lockgate ingest` brings in what is new.",
            )
        if len(found) > 1:
            listed = ", ".join(f"{one.connector}:{one.item}" for one in found)
            raise Invalid(f"`{name}` means several documents", remedy=f"Write one of: {listed}.")
        return found[0]

    async def _source(self, stored: Document) -> tuple[list[Step], Document | None]:
        """Return what the source says now. One that cannot be asked gives nothing, as at answer time."""
        name = "the source has it"
        try:
            current = await self.recheck(stored)
        except LockgateError as error:
            return [Step(name, False, f"it cannot be asked, so nothing is shown: {error}")], None
        if current is None:
            return [Step(name, False, "it is gone; the next ingest removes it here")], None
        changed = current.label != stored.label or current.source_readers != stored.source_readers
        note = "its rights have changed since the last ingest, and the new ones count" if changed else "unchanged"
        return [Step(name, True, note)], current

    def _verdicts(self, subject: Subject, context: Context, document: Document) -> tuple[Verdict, Verdict]:
        resource = document_resource(document)
        gate = self.gate
        if subject.application == _LEFT_OPEN:
            gate = replace(gate, applications=lambda: registry([unlimited(_LEFT_OPEN)]))
        ai, opening = gate.judge(
            [
                AccessRequest(subject, Action.READ, resource, replace(context, use=use))
                for use in (Use.AI, Use.OPEN)
            ]
        )
        return ai, opening

    def _steps(self, subject: Subject, document: Document) -> Iterator[Step]:
        if document.problem:
            yield Step("it was read and its rights understood", False, document.problem)
        for note in document.notes:
            yield Step("note", None, note)
        yield _rights("the source lets the person read it", subject, document.source_readers)
        if document.label.readers != document.source_readers:
            yield _rights("its label lets the person read it", subject, document.label.readers)
        label = document.label
        owner = subject.owns(label)
        owners = ", ".join(sorted(label.owners)) or "nobody"
        yield Step("the person owns it", None, f"{'yes' if owner else 'no'}; its owners are: {owners}")
        level = label.sensitivity.name.lower()
        yield Step("its label is reviewed", document.reviewed or owner, f"{document.review}, as {level}")
        found = ", ".join(f"{one.count} x {one.kind}" for one in document.evidence) or "nothing"
        yield Step("what detectors found", None, found)
        held = "held back: its content or its audience is more than its label covers" if document.held else "no"
        yield Step("it is not held back", not document.held or owner, held)
        uses = ", ".join(sorted(label.forbidden_uses)) or "none"
        yield Step("use by AI is not forbidden", not label.forbids(AI), f"forbidden uses: {uses}")

    async def _reviewed(self, document: Document) -> list[Step]:
        last = await self.done.latest(document.id)
        if last is None:
            return []
        who = f"{last.action} by {' and '.join(last.by)} at {last.at:%Y-%m-%d %H:%M}"
        return [Step("who reviewed it last", None, f"{who}: {last.reason or 'no reason was needed'}")]

    async def _passages(self, subject: Subject, document: Document) -> Step:
        chunks = await self.index.chunks(document.id)
        held = [chunk for chunk in chunks if chunk.held]
        kinds = ", ".join(sorted({kind for chunk in held for kind in chunk.kinds}))
        says = f"{len(held)} of {len(chunks)} are held back" + (f" for: {kinds}" if held else "")
        free = bool(chunks) and (len(held) < len(chunks) or subject.owns(document.label))
        return Step("it has passages that may be shown", free, says)


def _names(document: Document) -> tuple[str, ...]:
    """Return what people call a document: lists, citations and records write it differently."""
    path = document.item
    return path, f"{document.collection}/{path}", f"{document.connector}:{path}"


def _rights(name: str, subject: Subject, readers: Readers) -> Step:
    if readers.is_nobody:
        return Step(name, False, "nobody may read it")
    holds = subject.principal.identifiers
    missing = [c for c in readers.clauses if EVERYONE not in c and c.isdisjoint(holds)]
    wanted = sorted(sorted(clause) for clause in (missing or readers.clauses))
    listed = "; and ".join("one of " + ", ".join(clause) for clause in wanted)
    return Step(name, not missing, f"{'lacks' if missing else 'needs and has'}: {listed}")


def _decided(name: str, verdict: Verdict) -> Step:
    decision = verdict.decision
    reasons = "; ".join(sorted(decision.reasons | decision.errors)) or "no reason given"
    policies = ", ".join(sorted(decision.policies)) or "none"
    return Step(name, verdict.passes, f"{verdict.effect}: {reasons} (policies: {policies})")
