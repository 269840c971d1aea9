"""The journey itself: who looks, who reviews, in which order it is decided, recorded and done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from lockgate.content.detection import Scan, scan
from lockgate.content.document import Document
from lockgate.content.label_policy import NO_RULES, LabelPolicy
from lockgate.content.labeling import DEFAULT_LIMIT, Limit
from lockgate.errors import Conflict, Invalid, LockgateError, NotFound
from lockgate.journeys.enforce import Gate
from lockgate.journeys.ingest.settlement import Settler
from lockgate.journeys.review.looking import BATCH, HIDDEN, Looking, resource
from lockgate.journeys.review.outcome import Outcome
from lockgate.journeys.review.parts import (
    Change,
    Correction,
    Told,
    Wanted,
    kept,
    matches,
    proposal,
    record,
    taken_back,
    undo_id,
    version_of,
)
from lockgate.journeys.review.reasons import demand, worded
from lockgate.labels.label import Sensitivity
from lockgate.policy.model import AccessRequest, Action, Context, Subject
from lockgate.ports import Connector, Directory, Index
from lockgate.ports.reviewing import Done, ReviewLog


def _parties(subject: Subject) -> tuple[str, ...]:
    """Return whose reviews these are: what an agent did for one person is not there for another."""
    return tuple(sorted(one.name for one in subject.parties))


class Reviews(Looking):
    """Reviews of labels.

    Args:
        index, directory: the ports.
        gate: decides who may review what (`Action.DOWNGRADE`), and records.
        connectors: by name; the source is asked again at every review.
        done: what was done and can be taken back.
        limit: above what audience something sensitive is too widely readable.
        stewards: the identifier of those who see every open document.
        changing: the lock of everybody who changes what is known of documents; the same as the ingest's.
        rules: the organization's rules for labels.
        scan: looks at reasons, which are kept for years.

    """

    def __init__(
        self,
        index: Index,
        directory: Directory,
        gate: Gate,
        connectors: Mapping[str, Connector],
        done: ReviewLog,
        *,
        limit: Limit = DEFAULT_LIMIT,
        stewards: str = "group:stewards",
        changing: asyncio.Lock | None = None,
        rules: LabelPolicy = NO_RULES,
        scan: Scan = scan,
    ) -> None:
        super().__init__(index, directory, gate, done, limit, stewards)
        self._changing = changing or asyncio.Lock()
        self._scan = scan
        self._would = Outcome(index, directory, connectors, limit, Settler(directory, limit, rules))

    async def accept(
        self,
        subject: Subject,
        context: Context,
        document: str,
        version: str,
        *,
        broad: bool = False,
        reason: str = "",
    ) -> Document:
        """Accept the proposed label of a document as the reviewer saw it. Return it as it is now.

        Raises:
            NotFound, AccessDenied: the subject may not review it.
            Conflict: it has changed since.
            Invalid: it could not be read; or it is sensitive, very many people would find it, and `broad` does
                not say that this is wanted; or a label becomes lower without a `reason` in words.
            Unavailable: the source, the index or the audit log failed; nothing has changed.

        """
        return await self._one(subject, context, Wanted(document, version, None, broad), "review.accept", reason)

    async def correct(
        self,
        subject: Subject,
        context: Context,
        document: str,
        version: str,
        to: Correction,
        *,
        broad: bool = False,
        reason: str = "",
    ) -> Document:
        """State another label for a document as the reviewer saw it. Return it as it is now.

        Raises:
            NotFound, AccessDenied, Conflict, Invalid, Unavailable: as `accept`; also Invalid where an
                administrator has declared a higher level.

        """
        return await self._one(subject, context, Wanted(document, version, to, broad), "review.correct", reason)

    async def by_rule(
        self,
        subject: Subject,
        context: Context,
        pattern: str,
        *,
        proposed: Sensitivity | None = None,
        to: Correction | None = None,
        broad: bool = False,
        reason: str = "",
    ) -> list[Document]:
        """Accept or correct every open document under a path, `collection/**`, all with one proposed label.

        Raises:
            Invalid: nothing matches, or the proposals differ and `proposed` does not choose one.
            NotFound, AccessDenied, Conflict, Unavailable: as `accept`.

        """
        opened = [one.document for one in await self.list_open(subject, context, limit=100_000)]
        matching = [one for one in opened if not one.problem and matches(one, pattern)]
        levels = {one.id: proposal(one) for one in matching}
        chosen = [one for one in matching if proposed is None or levels[one.id] == proposed]
        if not chosen:
            raise Invalid(f"no open document that you may review matches `{pattern}`")
        if len({levels[one.id] for one in chosen}) > 1:
            counts = ", ".join(
                f"{sum(level == one for level in levels.values())} {one.name.lower()}"
                for one in sorted(set(levels.values()))
            )
            raise Invalid(
                f"the documents under `{pattern}` have different proposals: {counts}",
                remedy="choose one of them with --proposed LEVEL",
            )
        action = "review.accept" if to is None else "review.correct"
        wanted = [Wanted(one.id, version_of(one), to, broad) for one in chosen]
        return (await self.apply(subject, context, wanted, action, pattern, reason))[1]

    async def simulate(self, context: Context, wanted: Sequence[Wanted]) -> list[Change | LockgateError]:
        """Return what each review would do, or why it would not be done. Nothing changes, and nobody is asked."""
        found: list[Change | LockgateError] = []
        for one in wanted:
            try:
                found.append(await self._change(one, context))
            except LockgateError as error:
                found.append(error)
        return found

    async def apply(
        self,
        subject: Subject,
        context: Context,
        wanted: Sequence[Wanted],
        action: str,
        rule: str = "",
        reason: str = "",
    ) -> tuple[str, list[Document]]:
        """Review many documents, a part at a time. Return by which id all are taken back, and what they are now.

        Raises:
            NotFound, AccessDenied, Conflict, Invalid, Unavailable: as `accept`; the part in which it happens is as
                it was, and what was done before it can be taken back.

        """
        told = Told(action, rule, worded(reason, self._scan))
        id = undo_id(context.request_id, action, wanted)
        done: list[Document] = []
        for start in range(0, len(wanted), BATCH):
            # From the look at what is known to the change, nobody else changes it: one would overwrite the other.
            async with self._changing:
                done += await self._applied(subject, context, id, wanted[start : start + BATCH], told)
        return id, done

    async def undo(self, subject: Subject, context: Context, id: str = "", *, reason: str = "") -> list[Document]:
        """Take back what was done under an id, or the subject's last review, with the rights of the source now.

        It holds over restarts. Whoever may review a document may take back what another did with it.

        Raises:
            Invalid: there is nothing to undo, or a label becomes lower again without a `reason` in words.
            Conflict: a document has changed since.
            NotFound, AccessDenied, Unavailable: as `accept`.

        """
        async with self._changing:
            return await self._undo(subject, context, id, Told("review.undo", "", worded(reason, self._scan)))

    async def _undo(self, subject: Subject, context: Context, id: str, told: Told) -> list[Document]:
        done = await (self._done.find(id) if id else self._done.last(_parties(subject)))
        if done is None:
            raise Invalid("there is nothing to undo")
        known = {one.document: self._index.document(one.document) for one in done.kept}
        await self._authorize(subject, context, known)
        changes = []
        for one in done.kept:
            now = known[one.document]
            version = "" if now is None else version_of(now)
            if version == one.before_version:
                continue  # it never took effect, or was taken back already before an interruption
            if now is None or version != one.after_version:
                raise Conflict("the document has changed since it was reviewed", remedy="Review it again.")
            changes.append(await self._would.settled(taken_back(now, one.before), now, context))
        demand(changes, told.reason)
        for start in range(0, len(changes), BATCH):
            await self._carry_out(subject, context, changes[start : start + BATCH], told)
        await self._done.undone(done.id, context.now)
        return [change.after for change in changes]

    # ------------------------------------------------------------------ how

    async def _one(self, subject: Subject, context: Context, wanted: Wanted, action: str, reason: str) -> Document:
        return (await self.apply(subject, context, [wanted], action, reason=reason))[1][0]

    async def _change(self, wanted: Wanted, context: Context) -> Change:
        now = self._index.document(wanted.document)
        if now is None or version_of(now) != wanted.version:
            raise Conflict("the document has changed since you looked at it", remedy="Look at it again.")
        change = await self._would.settled(await self._would.ruled(now, wanted.to), now, context)
        self._would.check(change, wanted.to, wanted.broad)
        return change

    async def _applied(
        self, subject: Subject, context: Context, id: str, wanted: Sequence[Wanted], told: Told
    ) -> list[Document]:
        known = {one.document: self._index.document(one.document) for one in wanted}
        await self._authorize(subject, context, known)
        changes = [await self._change(one, context) for one in wanted]
        demand(changes, told.reason)
        kept_ = Done(id, context.now, _parties(subject), told.action, tuple(map(kept, changes)), told.reason)
        await self._carry_out(subject, context, changes, told, kept_)
        return [change.after for change in changes]

    async def _authorize(self, subject: Subject, context: Context, known: Mapping[str, Document | None]) -> None:
        # As in `show`, what does not exist is decided and recorded like what may not be reviewed.
        asked = [AccessRequest(subject, Action.DOWNGRADE, resource(id, one), context) for id, one in known.items()]
        verdicts = self._gate.judge(asked)
        denied = [
            (one, verdict)
            for one, verdict in zip(known.values(), verdicts, strict=True)
            if one is None or not verdict.passes
        ]
        if denied:
            await self._gate.settle([verdict for _, verdict in denied])
        if any(
            one is None or not self._gate.told(subject, context, verdict.request.resource)
            for one, verdict in denied
        ):
            raise NotFound(HIDDEN)
        for verdict in verdicts:
            verdict.obligations()

    async def _carry_out(
        self,
        subject: Subject,
        context: Context,
        changes: Sequence[Change],
        told: Told,
        done: Done | None = None,
    ) -> None:
        verdicts = self._gate.judge([self._ask(subject, context, change.before) for change in changes])
        records = [record(subject, context, change, told) for change in changes]
        denied = [verdict for verdict in verdicts if not verdict.passes]
        await self._gate.settle(denied or verdicts, () if denied else records)
        for verdict in verdicts:
            verdict.obligations()
        if done is not None:  # before it takes effect: nothing is done that could not be taken back
            await self._done.keep(done)
        for change in changes:
            await self._index.relabel(change.after, change.held)
