"""Two change the same document at once, or a file changes between the look at its rights and the reading."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.hosts import Host
from journeys.places import PEOPLE, Log, Place, place
from lockgate.audit.record import Receipt, Record
from lockgate.content.document import Document, Review
from lockgate.errors import Conflict, NotFound
from lockgate.journeys.enforce import Gate
from lockgate.journeys.ingest import Ingest
from lockgate.journeys.passages import Passages
from lockgate.journeys.review import Correction, Reviews, version_of
from lockgate.labels import Sensitivity
from lockgate.policy.model import Context
from policy.sets import SHIPPED
from support import NOW, person, registered

ANN = person("ann", "hr", "staff")
EVA = person("eva", "hr", "staff")
CONTEXT = Context(NOW, "req_1")
UP = Correction(sensitivity=Sensitivity.RESTRICTED)


@dataclass
class Slow(Log):
    """A log whose durable write of one action takes as long as a test wants."""

    action: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def append(self, records: Sequence[Record], /) -> Receipt:
        if any(one.action == self.action for one in records):
            self.action = ""
            self.reached.set()
            await self.go_on.wait()
        return await super().append(records)


def parts(here: Place, log: Slow) -> tuple[Reviews, Ingest]:
    directory, changing = Host(everybody=PEOPLE), asyncio.Lock()
    gate = Gate(lambda: SHIPPED, log, applications=registered)
    ingest = Ingest(
        here.index, here.extractor, here.embedder, here.ingest._clock, log, directory, changing=changing
    )
    return Reviews(
        here.index, directory, gate, {"share": here.connector}, here.reviewed, changing=changing
    ), ingest


async def both(slow: asyncio.Task[object], other: asyncio.Task[object], log: Slow) -> None:
    await asyncio.wait({other}, timeout=0.5)
    log.go_on.set()
    await asyncio.gather(slow, other, return_exceptions=True)


@pytest.mark.parametrize("action", ["ingest.relabel", "ingest.put"])
def test_a_correction_is_not_lost_to_an_ingest_that_runs_beside_it(tmp_path: Path, action: str) -> None:
    """The ingest wrote back what it had read before the review: the label that a person raised was low again."""

    async def story() -> None:
        async with place(tmp_path) as here:
            here.write("plan.txt", "Hire two engineers.")
            await here.ingest.run(here.connector)
            log = Slow(action=action)
            reviews, ingest = parts(here, log)
            if action == "ingest.relabel":
                here.rules('match = ["**"]\nreaders = ["group:staff"]\nowners = ["user:ann", "user:eva"]')
            known = here.document("plan.txt")
            running = asyncio.create_task(ingest.run(here.connector, full=True))
            await log.reached.wait()
            version = version_of(known)
            review = asyncio.create_task(reviews.correct(ANN, CONTEXT, known.id, version, UP, broad=True))
            await both(running, review, log)
            after = here.document("plan.txt")
            if review.exception() is None:
                assert (after.review, after.label.sensitivity) == (Review.CORRECTED, Sensitivity.RESTRICTED)
            else:
                assert isinstance(review.exception(), Conflict)
                assert after.review is Review.UNREVIEWED
            if action == "ingest.put":
                assert after.review is Review.CORRECTED

    asyncio.run(story())


def test_of_two_reviewers_the_second_must_look_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as here:
            here.write("plan.txt", "Hire two engineers.")
            await here.ingest.run(here.connector)
            log = Slow(action="review.correct")
            reviews, _ = parts(here, log)
            known = here.document("plan.txt")
            version = version_of(known)
            first = asyncio.create_task(reviews.correct(ANN, CONTEXT, known.id, version, UP, broad=True))
            await log.reached.wait()
            second = asyncio.create_task(reviews.accept(ANN, CONTEXT, known.id, version, broad=True))
            await both(first, second, log)
            assert isinstance(second.exception(), Conflict)
            assert here.document("plan.txt").label.sensitivity is Sensitivity.RESTRICTED

    asyncio.run(story())


def test_a_file_that_is_swapped_for_a_closed_one_while_it_is_opened_is_not_given(tmp_path: Path) -> None:
    """Its rights were asked, then its bytes were read: another file could take its place in between."""

    async def story() -> None:
        async with place(tmp_path) as here:
            here.write("plan.txt", "Hire two engineers.")
            await here.ingest.run(here.connector)
            log = Slow()
            gate = Gate(lambda: SHIPPED, log, applications=registered)

            @dataclass
            class Retrieving:
                index: object

                async def recheck(self, document: Document) -> Document | None:
                    return await here.ingest.recheck(here.connector, document)

            passages = Passages(gate, None, Retrieving(here.index), {"share": here.connector})
            id = here.document("plan.txt").id
            assert (await passages.open(EVA, CONTEXT, id))[1] == b"Hire two engineers."

            class Swapping(Slow):
                async def append(self, records: Sequence[Record], /) -> Receipt:
                    here.write("plan.txt", "The closed one.")
                    here.rules('match = ["**"]\nreaders = ["user:ann"]\nowners = ["user:ann"]')
                    return await super().append(records)

            gate = Gate(lambda: SHIPPED, Swapping(), applications=registered)
            passages = Passages(gate, None, Retrieving(here.index), {"share": here.connector})
            with pytest.raises(NotFound):
                await passages.open(EVA, CONTEXT, id)

    asyncio.run(story())
