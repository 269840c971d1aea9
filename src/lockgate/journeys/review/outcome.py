"""What a review would make of one document: what is stated, settled with the source, and held to its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lockgate.content.document import Document, Review
from lockgate.content.labeling import Limit, demanded, passage_held, ruling_of, too_broad
from lockgate.errors import Conflict, Invalid, Unavailable
from lockgate.journeys.exposure import census
from lockgate.journeys.ingest.settlement import Settler
from lockgate.journeys.review.parts import Change, Correction
from lockgate.labels.label import Label
from lockgate.labels.readers import Readers
from lockgate.policy.model import Context
from lockgate.ports import Connector, Directory, Index


@dataclass(frozen=True, slots=True)
class Outcome:
    """Works out changes; carries out none. The arguments are those of `Reviews`."""

    index: Index
    directory: Directory
    connectors: Mapping[str, Connector]
    limit: Limit
    settler: Settler

    async def ruled(self, now: Document, to: Correction | None) -> Document:
        """Return the document with what the reviewer states, before it is settled with the source.

        Raises:
            Invalid: its text could not be read.

        """
        if now.problem:
            raise Invalid(
                "its text could not be read, so there is nothing to review",
                remedy="Convert it to a format that can be read, and ingest again.",
            )
        kinds = {one.kind for one in now.evidence}
        kinds.update(kind for passage in await self.index.chunks(now.id) for kind in passage.kinds)
        earlier = ruling_of(now)
        stated = to or Correction()
        level = max(now.label.sensitivity, demanded(kinds))
        ruling = Label(
            level if stated.sensitivity is None else stated.sensitivity,
            stated.readers or (earlier[0].readers if earlier else Readers.everyone()),
            now.label.integrity,
            now.label.retention,
            (earlier[0].owners if earlier else frozenset()) if stated.owners is None else stated.owners,
            now.label.forbidden_uses if stated.forbidden_uses is None else stated.forbidden_uses,
        )
        review = Review.ACCEPTED if to is None else Review.CORRECTED
        return replace(
            now,
            review=review,
            ruling=ruling,
            ruled_readers=None,
            accepted_kinds=now.accepted_kinds | frozenset(kinds),
        )

    async def settled(self, document: Document, now: Document, context: Context) -> Change:
        """Settle what is stated with the rights that the source shows at this moment.

        Raises:
            Conflict: the source shows another document than the one that was looked at.
            Unavailable: the source is not configured, or does not answer.

        """
        connector = self.connectors.get(now.connector)
        if connector is None:
            raise Unavailable(f"the source `{now.connector}` is not configured, so its rights cannot be checked")
        item = await connector.stat(now.item)
        if item is None or item.problem or item.revision != now.revision or item.readers != now.source_readers:
            raise Conflict(
                "the document has changed in its source since it was last looked at",
                remedy="Run `lockgate ingest`, then review it again.",
            )
        after = self.settler.current(item, document, context.now)
        if document.ruled_readers is None and ruling_of(document) is not None:
            seen = replace(document, ruled_readers=after.label.readers)
            after = self.settler.current(item, seen, context.now)
        passages = await self.index.chunks(now.id)
        held = (one.ordinal for one in passages if passage_held(one.kinds, after.label, after.accepted_kinds))
        return Change(now, after, frozenset(held))

    def check(self, change: Change, to: Correction | None, broad: bool) -> None:
        """See that a change stays within what was declared, and among as many people as are wanted.

        Raises:
            Invalid: it does not.

        """
        label = change.after.label
        if to is not None and to.sensitivity is not None and label.sensitivity > to.sensitivity:
            raise Invalid(
                f"an administrator has declared it {label.sensitivity.name.lower()}; a review cannot go below",
                remedy="Ask an administrator to change the rule.",
            )
        breadth = census(self.directory).breadth(label.readers)
        if not broad and too_broad(label, breadth, self.limit):
            raise Invalid(
                f"it is {label.sensitivity.name.lower()}, and {breadth.people} people could then find it",
                code="too_broad",
                remedy="State narrower readers, or say that this is wanted with --broad.",
            )
