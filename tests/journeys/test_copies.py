"""Copies through a whole ingest: raised, held, listed; by order of arrival, after reviews, over restarts."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from content.test_similar import ORIGINAL, shuffled, text
from journeys.places import HR, STAFF, Place, place
from lockgate.content.audience import Census
from lockgate.content.document import Review
from lockgate.content.exposure import exposures
from lockgate.content.exposure.listing import Why
from lockgate.labels.label import Sensitivity

SECRET = HR + '\nsensitivity = "restricted"'
PUBLIC = 'match = ["open/**"]\nreaders = ["everyone"]\nsensitivity = "public"\nowners = ["user:bo"]'


def kinds(at: Place, item: str) -> set[str]:
    return {one.kind for one in at.document(item).evidence}


def run(folder: Path, body) -> None:
    async def inside() -> None:
        async with place(folder) as made:
            await body(made)

    asyncio.run(inside())


def test_a_copy_is_raised_whichever_was_there_first(tmp_path: Path) -> None:
    async def body(at: Place) -> None:
        at.rules(STAFF, SECRET)
        at.write("a-before.txt", text(5) + "\n\n" + shuffled(ORIGINAL))
        await at.ingest.run(at.connector)
        assert at.document("a-before.txt").label.sensitivity is Sensitivity.GENERAL
        at.write("hr/pay.txt", ORIGINAL)
        at.write("z-after.txt", ORIGINAL.upper())
        at.write("other.txt", text(77))
        await at.ingest.run(at.connector)
        for item in ("a-before.txt", "z-after.txt"):
            assert at.document(item).label.sensitivity is Sensitivity.RESTRICTED
            assert kinds(at, item) == {"copy.restricted.wider"}
            assert at.document(item).review is Review.UNREVIEWED
        assert at.document("other.txt").label.sensitivity is Sensitivity.GENERAL
        assert kinds(at, "hr/pay.txt") == set()
        report = await at.ingest.run(at.connector)
        assert (report.relabeled, report.stored, report.unchanged) == (0, 0, 4)

    run(tmp_path, body)


def test_a_copy_that_somebody_declared_public_is_held_and_not_lowered_by_it(tmp_path: Path) -> None:
    async def body(at: Place) -> None:
        at.rules(STAFF, SECRET, PUBLIC)
        at.write("open/copy.txt", ORIGINAL)
        at.write("hr/pay.txt", ORIGINAL)
        await at.ingest.run(at.connector)
        copy, pay = at.document("open/copy.txt"), at.document("hr/pay.txt")
        assert copy.held
        assert copy.label.sensitivity is Sensitivity.PUBLIC
        assert not pay.held
        assert pay.label.sensitivity is Sensitivity.RESTRICTED  # a public copy lowers nothing
        census = Census([("ann", frozenset({"group:hr"})), ("bo", frozenset({"group:staff"}))])
        (listed,) = exposures([copy], census)
        assert Why.COPY in listed.why
        seen = replace(copy, review=Review.ACCEPTED, accepted_kinds=frozenset({"copy.restricted.wider"}))
        assert all(Why.COPY not in one.why for one in exposures([seen], census))

    run(tmp_path, body)


def test_what_was_taken_over_outlives_the_original_a_restart_and_small_edits(tmp_path: Path) -> None:
    async def first(at: Place) -> None:
        at.rules(STAFF, SECRET)
        at.write("hr/pay.txt", ORIGINAL)
        at.write("copy.txt", ORIGINAL)
        await at.ingest.run(at.connector)
        assert at.document("copy.txt").label.sensitivity is Sensitivity.RESTRICTED

    async def second(at: Place) -> None:
        (at.share / "hr/pay.txt").unlink()
        at.write("copy.txt", ORIGINAL + " One more sentence.")
        os.utime(at.share / "copy.txt", ns=(5, 5))
        await at.ingest.run(at.connector)
        await at.ingest.run(at.connector, full=True)
        assert at.document("copy.txt").label.sensitivity is Sensitivity.RESTRICTED

    run(tmp_path, first)
    run(tmp_path, second)


def test_sketches_are_there_again_after_a_restart_and_gone_with_the_document(tmp_path: Path) -> None:
    async def first(at: Place) -> None:
        at.write("one.txt", ORIGINAL)
        await at.ingest.run(at.connector)

    async def second(at: Place) -> None:
        one = at.document("one.txt")
        assert len(at.index.sketch(one.id).hashes) >= 64
        assert [found.id for found, _ in at.index.alike(at.index.sketch(one.id))] == [one.id]
        sketch = at.index.sketch(one.id)
        # In the file a sketch is never in clear: its hashes would tell whether a guessed text was there.
        files = b"".join(path.read_bytes() for path in (tmp_path / "index").iterdir())
        assert sketch.hashes[:4].tobytes() not in files
        (at.share / "one.txt").unlink()
        await at.ingest.run(at.connector)
        assert at.index.alike(sketch) == []
        assert not len(at.index.sketch(one.id).hashes)

    run(tmp_path, first)
    run(tmp_path, second)
