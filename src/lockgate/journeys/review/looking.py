"""Looking before a review: what waits, one document, and the text of a passage. Nothing changes here."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Final

from lockgate.audit.record import Kind
from lockgate.content.document import Document
from lockgate.content.exposure import exposures
from lockgate.content.labeling import Limit
from lockgate.errors import Invalid, NotFound
from lockgate.flow.resources import document_resource
from lockgate.journeys.enforce import Gate, base_record
from lockgate.journeys.exposure import census
from lockgate.journeys.review.parts import Open, showing, where
from lockgate.policy.model import AccessRequest, Action, Context, Resource, Subject, Use
from lockgate.ports import Directory, Index
from lockgate.ports.reviewing import ReviewLog

BATCH: Final = 64
HIDDEN: Final = "there is no such document, or you may not review it"
_ID: Final = re.compile("d_[0-9a-f]+")


def resource(id: str, document: Document | None) -> Resource:
    """Return what is asked about: a document, or a name that none has."""
    return Resource("document", id[:64]) if document is None else document_resource(document)


class Looking:
    """The half of `Reviews` that looks. The arguments are those of `Reviews`."""

    def __init__(
        self, index: Index, directory: Directory, gate: Gate, done: ReviewLog, limit: Limit, stewards: str
    ) -> None:
        self._index = index
        self._directory = directory
        self._gate = gate
        self._done = done
        self._limit = limit
        self._stewards = stewards

    async def list_open(
        self, subject: Subject, context: Context, limit: int = 200, collection: str = ""
    ) -> list[Open]:
        """Return what this owner or steward must look at, worst first; of one collection, where it is named.

        Raises:
            Unavailable: the audit log cannot record it.

        """
        steward = all(self._stewards in party.identifiers for party in subject.parties)
        mine = [
            one
            for one in self._index.documents()
            if (steward or subject.owns(one.label)) and collection in ("", one.collection)
        ]
        listed = exposures(mine, census(self._directory), self._limit)
        found: list[Open] = []
        for start in range(0, len(listed), BATCH):
            part = listed[start : start + BATCH]
            verdicts = self._gate.judge([self._ask(subject, context, one.document) for one in part])
            for one, verdict in zip(part, verdicts, strict=True):
                if verdict.passes and len(found) < limit:
                    found.append(Open(one, where(await self._index.chunks(one.document.id))))
            if len(found) >= limit:
                break
        listing = replace(base_record(Kind.ADMINISTRATION, subject, context), action="review.list")
        await self._gate.audit.append([replace(listing, facts=(("documents", len(found)),))])
        return found

    async def one(self, subject: Subject, context: Context, document: str) -> Open:
        """Return a document as its owner or a steward sees it, whether it waits for a review or is settled.

        It is named by its id, or as it is listed: `collection/path`.

        Raises:
            NotFound: there is none, or the subject may not review it.
            Invalid: the subject may review several such documents.
            Unavailable: the audit log cannot record it.

        """
        known = await asyncio.to_thread(self._named, document)
        # As in `show`, what does not exist is decided and recorded too.
        resources = [document_resource(one) for one in known] or [resource(document, None)]
        asked = [AccessRequest(subject, Action.DOWNGRADE, one, context) for one in resources]
        verdicts = self._gate.judge(asked)
        await self._gate.settle(verdicts)
        found = [one for one, verdict in zip(known, verdicts, strict=False) if verdict.passes]
        if not found:
            raise NotFound(HIDDEN)
        if len(found) > 1:
            ids = ", ".join(one.id for one in found)
            raise Invalid(f"`{document}` means several documents", remedy=f"Write one of: {ids}.")
        (seen,) = exposures(found, census(self._directory), self._limit, settled=True)
        last = await self._done.latest(seen.document.id)
        return Open(seen, where(await self._index.chunks(seen.document.id)), last)

    def _named(self, name: str) -> list[Document]:
        # By the form of the name, never by whether it is known: a second search would take time that tells.
        if _ID.fullmatch(name):
            known = self._index.document(name)
            return [] if known is None else [known]
        return [one for one in self._index.documents() if name == f"{one.collection}/{one.item}"]

    async def show(self, subject: Subject, context: Context, document: str, ordinal: int) -> str:
        """Return the text of one passage: only when asked for, only to who may review and open the document.

        Raises:
            NotFound: no such passage, or the subject may not review its document.
            AccessDenied: the subject may not open it.
            TooManyRequests: the passage would be more than a quota allows.

        """
        known = self._index.document(document)
        # What does not exist is decided and recorded too: otherwise the time would tell what exists.
        about = resource(document, known)
        asked = AccessRequest(subject, Action.DOWNGRADE, about, context)
        opening = AccessRequest(subject, Action.READ, about, replace(context, use=Use.OPEN))
        verdict, reading = self._gate.judge([asked, opening])
        shown = None
        if known is not None and verdict.passes and reading.passes:
            shown = next((one for one in await self._index.chunks(document) if one.ordinal == ordinal), None)
        records = [] if known is None or shown is None else [showing(subject, context, known, shown)]
        await self._gate.settle([verdict, reading], records)
        if known is None or not verdict.passes:
            raise NotFound(HIDDEN)
        reading.obligations()
        if shown is None:
            raise NotFound("there is no such passage")
        return shown.text

    def _ask(self, subject: Subject, context: Context, document: Document) -> AccessRequest:
        return AccessRequest(subject, Action.DOWNGRADE, document_resource(document), context)
