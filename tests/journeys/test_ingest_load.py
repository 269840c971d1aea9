"""Ingest under load: one large file keeps nobody waiting, is bounded, and loses nothing silently."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.places import STAFF, Words, place
from lockgate.content.reading import read
from lockgate.errors import Invalid, Unavailable
from lockgate.journeys.ingest import Ingest, Progress
from lockgate.journeys.ingest.look import Wanted
from lockgate.journeys.ingest.read import LARGE, Pace, Read
from lockgate.labels.label import Sensitivity
from lockgate.ports import Extracted, Vectors

CARD = "card 4111 1111 1111 1111"
BIG = "A sentence that says nothing much at all. " * (LARGE // 40)
PASSAGES = len(read(BIG).spans)


def test_a_large_file_waits_for_small_ones_and_they_not_for_its_vectors(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            at.write("a-huge.txt", BIG * 2)
            at.write("b-big.txt", BIG)
            for number in range(5):
                at.write(f"c{number}.txt", f"small {number}")
            embed, seen = at.embedder.embed, []

            async def watched(texts: Sequence[str], /) -> Vectors:
                seen.append((len(texts), {one.item for one in at.index.documents() if one.digest}))
                return await embed(texts)

            at.embedder.embed = watched  # type: ignore[method-assign]
            await at.ingest.run(at.connector)
            small = {f"c{number}.txt" for number in range(5)}
            assert set(at.extractor.names[:5]) == small
            assert seen[0] == (5, set())
            assert all(stored >= small for _, stored in seen[1:])
            assert max(count for count, _ in seen) <= 16
            # A large document is not there until all of it is.
            assert {frozenset(stored - small) for _, stored in seen[1:]} == {frozenset(), frozenset({"b-big.txt"})}
            assert len(await at.index.chunks(at.document("b-big.txt").id)) == PASSAGES

    asyncio.run(body())


@given(st.lists(st.sampled_from([0, 1, LARGE, LARGE + 1, LARGE + 2, LARGE + 3])))
@settings(max_examples=50)
def test_the_order_is_stable_and_by_size_only_among_large_ones(sizes: list[int]) -> None:
    read_: list[str] = []

    class Reader(Read):
        __slots__ = ()

        async def _prepare(self, id: str) -> None:
            read_.append(id)

        async def _store(self, batch: object, tell: object) -> None:
            assert not batch

    class Nothing:
        class ledger:
            @staticmethod
            def tell(*_: object) -> None: ...

    todo = [Wanted(str(at), size) for at, size in enumerate(sizes)]
    reader = Reader(Nothing(), None, None, Pace(3, 1, 1))  # type: ignore[arg-type]
    asyncio.run(reader.all(todo))
    small = [one.id for one in todo if one.size <= LARGE]
    large = [
        one.id for _, _, one in sorted((one.size, at, one) for at, one in enumerate(todo) if one.size > LARGE)
    ]
    assert read_ == small + large


def test_a_small_file_with_much_in_it_waits_like_a_large_one(tmp_path: Path) -> None:
    """A sheet of 200 KB may unpack to 20,000 rows: its size must not buy it a place in front."""

    async def body() -> None:
        async with place(tmp_path, most=1000) as at:
            at.write("a-packed.txt", "packed")
            at.write("b-big.txt", BIG[:-1000])
            for number in range(100):
                at.write(f"c{number:03}.txt", f"small {number}")
            extract, embed, stored = at.extractor.extract, at.embedder.embed, []

            async def unpacked(name: str, data: bytes, /) -> Extracted:
                found = await extract(name, data)
                return Extracted(BIG * 5) if data == b"packed" else found

            async def watched(texts: Sequence[str], /) -> Vectors:
                stored.append(len([one for one in at.index.documents() if one.digest]))
                return await embed(texts)

            at.extractor.extract = unpacked  # type: ignore[method-assign]
            at.embedder.embed = watched  # type: ignore[method-assign]
            report = await at.ingest.run(at.connector)
            assert stored.count(101) == -(-1000 // 16)
            assert (report.stored, report.passages) == (102, 1000 + len(read(BIG[:-1000]).spans) + 100)
            assert [item for item, _ in report.partly] == ["a-packed.txt"]

    asyncio.run(body())


def test_beyond_the_bound_nothing_is_searched_and_everything_is_looked_at(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path, most=3) as at:
            at.write("long.txt", "Harmless words here. " * 300 + f"\n\nThe {CARD} is Lena's.")
            at.write("fits.txt", "short")
            report = await at.ingest.run(at.connector)
            long = at.document("long.txt")
            whole = len(read((at.share / "long.txt").read_text()).spans)
            said = f"only the first 3 of its {whole} passages are searched"
            chunks = await at.index.chunks(long.id)
            assert len(chunks) == 3
            assert CARD not in "".join(one.text for one in chunks)
            assert [one.kind for one in long.evidence] == ["financial.card", "pii.person"]
            assert long.label.sensitivity is Sensitivity.CONFIDENTIAL
            assert report.partly == [("long.txt", said)]
            assert report.problems == []
            assert long.notes == (f"text: {said}",)
            (record,) = (one for one in at.log.records if one.resource_id == long.id)
            assert record.reasons == long.notes
            # The note outlasts a change of rights, and goes when the text is shorter.
            at.rules(STAFF.replace("group:staff", "user:ann"))
            await at.ingest.run(at.connector)
            assert at.document("long.txt").notes == long.notes
            at.write("long.txt", "short now")
            assert (await at.ingest.run(at.connector)).partly == []
            assert at.document("long.txt").notes == ()

    asyncio.run(body())


@given(
    st.lists(st.sampled_from(["Harmless words. " * 30, f"{CARD}. ", "\n\n", "# Head\n"]), max_size=12).map("".join)
)
def test_a_bound_changes_what_is_kept_and_never_the_proposal(text: str) -> None:
    whole = read(text)
    for most in (1, 2, 100):
        part = read(text, most)
        assert part.proposal == whole.proposal
        assert part.spans == whole.spans[:most]
        assert part.kinds == whole.kinds[:most]
        assert part.left_out == len(whole.spans) - len(part.spans)


@pytest.mark.parametrize("lanes", [1, 3])
def test_lanes_change_no_vector(tmp_path: Path, lanes: int) -> None:
    class Uneven(Words):
        """Later calls answer first."""

        running = most = calls = 0

        async def embed(self, texts: Sequence[str], /) -> Vectors:
            self.calls += 1
            self.running += 1
            self.most = max(self.most, self.running)
            for _ in range(40 - 3 * (self.calls % 10)):
                await asyncio.sleep(0)
            self.running -= 1
            return await super().embed(texts)

    async def body() -> None:
        async with place(tmp_path, lanes=lanes, embedder=Uneven()) as at:
            text = "\n\n".join(f"Paragraph {number} about {number * 7919}. " * 20 for number in range(120))
            at.write("big.txt", text)
            at.write("small.txt", "small")
            await at.ingest.run(at.connector)
            assert at.embedder.most == lanes  # type: ignore[attr-defined]
            for item in ("big.txt", "small.txt"):
                id = at.document(item).id
                expected = await Words().embed([one.text for one in await at.index.chunks(id)])
                stored = at.index._view.get(id)
                assert stored is not None
                assert np.array_equal(stored.passages.vectors, expected)

    asyncio.run(body())


def test_an_embedder_that_fails_in_one_lane_stops_the_run_and_stores_no_part(tmp_path: Path) -> None:
    class Failing(Words):
        calls = 0

        async def embed(self, texts: Sequence[str], /) -> Vectors:
            self.calls += 1
            call = self.calls
            await asyncio.sleep(0)
            if call == 5:
                await asyncio.Event().wait()  # the other lane hangs
            if call == 6:
                raise Unavailable("the embedder is gone")
            return await super().embed(texts)

    async def body() -> None:
        async with place(tmp_path, lanes=2, embedder=Failing()) as at:
            at.write("big.txt", BIG)
            at.write("small.txt", "small")
            with pytest.raises(Unavailable, match="embedder"):
                await at.ingest.run(at.connector)
            assert [one.item for one in at.index.documents()] == ["small.txt"]
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(body())


def test_progress_goes_on_within_a_large_document(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            at.write("big.txt", BIG)
            seen: list[Progress] = []
            await at.ingest.run(at.connector, seen.append)
            within = [one.embedded for one in seen if one.embedding == PASSAGES]
            assert len(within) == -(-PASSAGES // 16)
            assert within == sorted(set(within))
            assert within[-1] == PASSAGES
            assert (seen[-1].done, seen[-1].embedding) == (1, 0)

    asyncio.run(body())


def test_others_run_between_the_steps_of_a_large_document(tmp_path: Path) -> None:
    """Even with an embedder that never waits: a question needs its turn."""

    async def body() -> None:
        async with place(tmp_path) as at:
            at.write("big.txt", BIG)
            turns: list[int] = []

            async def other() -> None:
                while True:
                    turns.append(len(at.embedder.texts))
                    await asyncio.sleep(0)

            task = asyncio.create_task(other())
            await at.ingest.run(at.connector)
            task.cancel()
            assert max(b - a for a, b in itertools.pairwise(turns)) <= 16

    asyncio.run(body())


def test_rights_that_are_taken_away_during_a_long_embedding_count(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            at.write("big.txt", BIG)
            at.write("gone.txt", BIG + BIG)
            embed = at.embedder.embed

            async def late(texts: Sequence[str], /) -> Vectors:
                if len(at.embedder.texts) < PASSAGES:
                    at.rules(STAFF.replace("group:staff", "user:ann"))
                else:
                    (at.share / "gone.txt").unlink(missing_ok=True)
                return await embed(texts)

            at.embedder.embed = late  # type: ignore[method-assign]
            report = await at.ingest.run(at.connector)
            assert [one.item for one in at.index.documents()] == ["big.txt"]
            assert at.document("big.txt").label.readers.permits({"group:staff"}) is False
            assert report.stored == 1

    asyncio.run(body())


def test_a_patient_run_leaves_large_documents_to_the_next_and_always_reads_one(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            for number in range(3):
                at.write(f"big{number}.txt", BIG + "x" * number)
            for number in range(2):
                at.write(f"small{number}.txt", "small")
            counts = []
            for _ in range(4):
                report = await at.ingest.run(at.connector, patience=timedelta(0))
                counts.append((report.stored, report.left))
            assert counts == [(3, 2), (1, 1), (1, 0), (0, 0)]
            assert dict(at.log.records[-1].facts)["left"] == 0
            at.write("more.txt", BIG)
            at.write("more2.txt", BIG)
            assert (await at.ingest.run(at.connector, patience=timedelta(minutes=1))).stored == 2

    asyncio.run(body())


def test_documents_that_are_read_ahead_share_a_bound_of_bytes(tmp_path: Path) -> None:
    async def body() -> None:
        async with place(tmp_path) as at:
            for number in range(6):
                at.write(f"{number}.txt", b"!invalid" + b" " * 5_000_000)
            extract, running, most = at.extractor.extract, 0, 0

            async def watched(name: str, data: bytes, /) -> object:
                nonlocal running, most
                running += 1
                most = max(most, running)
                await asyncio.sleep(0.01)
                running -= 1
                return await extract(name, data)

            at.extractor.extract = watched  # type: ignore[method-assign,assignment]
            report = await at.ingest.run(at.connector)
            assert len(report.problems) == 6
            assert most == 1

    asyncio.run(body())


@pytest.mark.parametrize("wrong", [{"lanes": 0}, {"most": 0}, {"ahead": 0}])
def test_nothing_at_a_time_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="at least 1"):
        Ingest(None, None, None, None, None, None, **wrong)  # type: ignore[arg-type]
