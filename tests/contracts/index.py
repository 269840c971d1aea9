"""The contract of `ports.Index`: every backend subclasses `IndexContract` and says how to open one.

`Reference` is the meaning in plain Python: filter document by document, then rank what is left, with statistics
over exactly that.
"""

from __future__ import annotations

import asyncio
import math
import zlib
from abc import abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels.strategies import IDS, labels, readers
from lockgate.content.document import Chunk, Document, Evidence, Review, document_id
from lockgate.content.ranking import IDENTIFIER, K1, LEXICAL, B
from lockgate.content.terms import terms
from lockgate.errors import Invalid, NotFound
from lockgate.flow.resources import document_resource
from lockgate.labels import PUBLIC, Label, Readers, Sensitivity
from lockgate.policy.filter import (
    All,
    Any,
    AtMost,
    Const,
    Filter,
    Flag,
    InCollections,
    IsTrue,
    MayRead,
    Not,
    OwnedBy,
    Within,
    matches,
)
from lockgate.policy.model import Principal, PrincipalKind, Subject
from lockgate.ports import Hit, Index, Query, Vectors
from support import NOW, person

DIMENSIONS = 24
Opener = Callable[[Path], Awaitable[Index]]


def stand_in(*texts: str) -> Vectors:
    """Return hashed bags of words of length 1: a stand-in for an embedder, in tests only."""
    vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
    for row, text in enumerate(texts):
        for word in terms(text):
            vectors[row, zlib.crc32(word.encode(), 7) % DIMENSIONS] += 1
        vectors[row, -1] += 0.1
        vectors[row] /= np.linalg.norm(vectors[row])
    return vectors


def label(*groups: str, owner: str = "", level: Sensitivity = Sensitivity.GENERAL) -> Label:
    """Return a label that members of any of the groups may read."""
    return replace(
        PUBLIC,
        sensitivity=level,
        readers=Readers.any_of(*groups),
        owners=frozenset({owner} if owner else set()),
    )


def doc(name: str, label: Label, **changes: object) -> Document:
    """Return a reviewed document."""
    made = Document(
        id=document_id("c", name),
        connector="c",
        item=name,
        title=name,
        collection="all",
        revision="1",
        digest="0" * 64,
        source_readers=label.readers,
        label=label,
        review=Review.DECLARED,
        held=False,
        seen=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def cut(document: Document, *texts: str, held: Sequence[int] = ()) -> list[Chunk]:
    """Return passages with these texts."""
    return [Chunk(document.id, i, text, 10 * i, 10 * i + 9, i in held) for i, text in enumerate(texts)]


async def put(index: Index, document: Document, *texts: str, held: Sequence[int] = ()) -> Document:
    await index.put(document, cut(document, *texts, held=held), stand_in(*texts))
    return document


def ask(text: str, subject: Subject, filter: Filter = Const(True), k: int = 10, **more: bool) -> Query:  # noqa: B008 - frozen
    return Query(text, stand_in(text), subject, filter, k, **more)


class Reference:
    """What every index must return, computed the slow and plain way."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[Document, list[Chunk]]] = {}

    def put(self, document: Document, chunks: list[Chunk]) -> None:
        self.stored[document.id] = (document, chunks)

    def search(self, query: Query) -> list[tuple[str, float]]:
        seen = [
            chunk
            for document, chunks in self.stored.values()
            if query.subject.satisfies(document.label.readers)
            and matches(query.filter, query.subject, document_resource(document))
            for chunk in chunks
            if not chunk.held or query.held_passages or query.subject.owns(document.label)
        ]
        bags = [Counter(terms(chunk.text)) for chunk in seen]
        words = sorted(set(terms(query.text)))
        average = sum(bag.total() for bag in bags) / len(bags) if bags else 1.0
        scored = []
        for chunk, bag in zip(seen, bags, strict=True):
            total = best = 0.0
            for word in words:
                holding = sum(word in other for other in bags)
                weight = math.log(1 + (len(bags) - holding + 0.5) / (holding + 0.5))
                weight *= IDENTIFIER if any(c.isdigit() or c in "_@" for c in word) else 1
                n = bag[word]
                best += weight * (K1 + 1)
                total += weight * n * (K1 + 1) / (n + K1 * (1 - B + B * bag.total() / (average or 1)))
            cosine = float(stand_in(chunk.text)[0].astype(float) @ query.vector[0].astype(float))
            scored.append((chunk, cosine + LEXICAL * (total / best if best else 0.0) ** 2))
        scored.sort(key=lambda one: (-round(one[1], 6), one[0].document, one[0].ordinal))
        return [(chunk.id, score) for chunk, score in scored[: query.k]]


WORDS = ["salary", "invoice", "INV-2024-00117", "travel", "Müller", "the", "policy", "2024", "budget"]
texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
subjects = st.builds(
    Subject,
    st.builds(
        Principal,
        st.sampled_from(PrincipalKind),
        st.sampled_from("ab"),
        st.frozensets(st.sampled_from([i for i in IDS if i.startswith("group")])),
    ),
    st.just(person("x").session),
    on_behalf_of=st.none() | st.just(Principal(PrincipalKind.USER, "a", frozenset({"group:c"}))),
)
leaves: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Const, st.booleans()),
    st.builds(MayRead, st.booleans()),
    st.builds(IsTrue, st.sampled_from(Flag)),
    st.builds(AtMost, st.integers(-1, 4)),
    st.builds(OwnedBy, st.frozensets(st.sampled_from(IDS))),
    st.builds(InCollections, st.frozensets(st.sampled_from("xyz"))),
    st.builds(Within, labels),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
documents = st.builds(
    lambda number, label, readers, collection, review, held: doc(
        str(number), label, source_readers=readers, collection=collection, review=review, held=held
    ),
    st.integers(0, 30),
    labels,
    readers,
    st.sampled_from("xyz"),
    st.sampled_from(Review),
    st.booleans(),
)
corpora = st.lists(
    st.tuples(documents, st.lists(st.tuples(texts, st.booleans()), max_size=4)),
    max_size=12,
    unique_by=lambda one: one[0].id,
)


class IndexContract:
    """Subclass it as `TestX` and implement `open`."""

    __test__: ClassVar[bool] = False

    @abstractmethod
    async def open(self, folder: Path) -> Index:
        """Open or create the index in a folder; the same folder opens the same index again."""

    @abstractmethod
    async def close(self, index: Index) -> None: ...

    def run(self, folder: Path, story: Callable[[Index], Awaitable[None]]) -> None:
        async def play() -> None:
            index = await self.open(folder)
            try:
                await story(index)
            finally:
                await self.close(index)

        asyncio.run(play())

    def test_what_is_put_comes_back_also_after_reopening(self, tmp_path: Path) -> None:
        full = doc(
            "a/b.txt",
            label("group:hr", owner="user:ann"),
            accepted_kinds=frozenset({"pii.ssn"}),
            evidence=(Evidence("pii.ssn", 2, 0.75),),
            problem="half of it",
            notes=("narrowed",),
            title='Ä "title"',
            held=True,
            ruling=label("group:legal"),
            ruled_readers=Readers.any_of("group:hr", "group:legal"),
        )
        defaults = [one for one in fields(full) if getattr(full, one.name) == one.default]
        assert not defaults, "every field must show that it is kept"
        chunks = [
            Chunk(full.id, 0, "first\ud800", 0, 5, False, frozenset({"k"})),
            Chunk(full.id, 3, "", 9, 9, True),
        ]

        async def store(index: Index) -> None:
            await index.put(full, chunks, stand_in("a", "b"))
            await put(index, doc("empty", label("group:hr"), problem="could not be read"))

        async def read(index: Index) -> None:
            assert index.document(full.id) == full
            assert list(await index.chunks(full.id)) == chunks
            assert len(index.documents()) == 2
            assert index.document("d_none") is None
            assert list(await index.chunks("d_none")) == []

        self.run(tmp_path, store)
        self.run(tmp_path, read)

    def test_only_readers_find_it_and_a_relabel_counts_at_once(self, tmp_path: Path) -> None:
        async def story(index: Index) -> None:
            pay = await put(index, doc("pay", label("group:hr")), "salary of the sales team")
            ann, bob = person("ann", "hr"), person("bob", "sales")
            assert [hit.document for hit in await index.search(ask("salary", ann))] == [pay]
            assert not await index.search(ask("salary", bob))
            wider = replace(pay, label=label("group:hr", "group:sales"))
            await index.relabel(wider)
            assert [hit.document for hit in await index.search(ask("salary", bob))] == [wider]
            await index.relabel(pay)
            assert not await index.search(ask("salary", bob))
            assert not await index.search(ask("salary", ann, Const(False)))

        self.run(tmp_path, story)

    def test_held_passages_go_to_owners_only(self, tmp_path: Path) -> None:
        async def story(index: Index) -> None:
            mail = doc("mail", label("group:hr", owner="user:ann"))
            await put(index, mail, "lunch plans", "salary 4711", held=[1])
            ann, bob = person("ann", "hr"), person("bob", "hr")
            assert {hit.chunk.ordinal for hit in await index.search(ask("salary", ann))} == {0, 1}
            assert {hit.chunk.ordinal for hit in await index.search(ask("salary", bob))} == {0}
            report = await index.search(ask("salary", bob, held_passages=True))
            assert {(hit.chunk.ordinal, hit.chunk.held) for hit in report} == {(0, False), (1, True)}
            agent = Principal(PrincipalKind.AGENT, "bot", frozenset({"group:hr"}))
            acting = replace(ann, principal=agent, on_behalf_of=ann.principal)
            assert {hit.chunk.ordinal for hit in await index.search(ask("salary", acting))} == {0}
            await index.relabel(mail, frozenset({0}))
            assert {hit.chunk.ordinal for hit in await index.search(ask("salary", bob))} == {1}
            assert [chunk.held for chunk in await index.chunks(mail.id)] == [True, False]

        self.run(tmp_path, story)

    def test_replacing_and_removing_leave_nothing_behind(self, tmp_path: Path) -> None:
        async def story(index: Index) -> None:
            ann = person("ann", "hr")
            one = await put(index, doc("one", label("group:hr")), "alpha", "beta")
            two = await put(index, doc("two", label("group:hr")), "gamma")
            await put(index, replace(one, revision="2"), "delta")
            assert {hit.chunk.text for hit in await index.search(ask("alpha", ann))} == {"delta", "gamma"}
            await index.remove([one.id, "d_unknown"])
            assert [hit.chunk.text for hit in await index.search(ask("alpha", ann))] == ["gamma"]
            assert index.documents() == (two,)
            with pytest.raises(NotFound):
                await index.relabel(one)
            await index.remove([two.id])
            assert not await index.search(ask("gamma", ann))

        self.run(tmp_path, story)

    def test_what_does_not_belong_together_is_refused(self, tmp_path: Path) -> None:
        async def story(index: Index) -> None:
            one = doc("one", label("group:hr"))
            for chunks, vectors in (
                (cut(doc("two", one.label), "a"), stand_in("a")),
                (cut(one, "a", "b"), stand_in("a")),
                (cut(one, "a", "b")[::-1], stand_in("a", "b")),
                (cut(one, "a"), stand_in("a") * np.nan),
                (cut(one, "a"), stand_in("a") * 2),
            ):
                with pytest.raises(Invalid):
                    await index.put(one, chunks, vectors)
            assert index.documents() == ()
            await put(index, one, "a")
            with pytest.raises(Invalid):
                await index.search(replace(ask("a", person("ann", "hr")), vector=np.ones((1, 3), np.float32) / 3))

        self.run(tmp_path, story)

    @given(corpora, subjects, filters, texts, st.integers(0, 6), st.booleans())
    @settings(max_examples=40)
    def test_a_search_is_the_reference(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        corpus: list[tuple[Document, list[tuple[str, bool]]]],
        subject: Subject,
        filter: Filter,
        text: str,
        k: int,
        held_passages: bool,
    ) -> None:
        reference = Reference()

        async def story(index: Index) -> None:
            for document, pieces in corpus:
                chunks = cut(document, *(t for t, _ in pieces), held=[i for i, (_, h) in enumerate(pieces) if h])
                reference.put(document, chunks)
                await index.put(document, chunks, stand_in(*(t for t, _ in pieces)))
            query = Query(text, stand_in(text), subject, filter, k, held_passages)
            hits = await index.search(query)
            wanted = reference.search(query)
            assert [hit.chunk.id for hit in hits] == [id for id, _ in wanted]
            assert [hit.score for hit in hits] == pytest.approx([score for _, score in wanted], abs=2e-6)

        self.run(tmp_path_factory.mktemp("index"), story)

    @given(corpora, corpora, subjects, texts, st.randoms(use_true_random=False))
    @settings(max_examples=30)
    def test_what_cannot_be_read_changes_nothing(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        corpus: list[tuple[Document, list[tuple[str, bool]]]],
        secrets: list[tuple[Document, list[tuple[str, bool]]]],
        subject: Subject,
        text: str,
        random: object,
    ) -> None:
        """Non-interference: add, change and delete what the subject may not read; compare whole results."""
        filter = All((MayRead(), Not(IsTrue(Flag.HELD))))
        hidden = [
            (replace(one, id="d_hidden" + one.id), pieces)
            for one, pieces in secrets
            if not (matches(filter, subject, document_resource(one)) and subject.satisfies(one.label.readers))
        ]
        results: list[Sequence[Hit]] = []

        async def fill(index: Index, many: list[tuple[Document, list[tuple[str, bool]]]]) -> None:
            for document, pieces in many:
                held = [i for i, (_, h) in enumerate(pieces) if h]
                await put(index, document, *(t for t, _ in pieces), held=held)

        async def note(index: Index) -> None:
            results.append(await index.search(Query(text, stand_in(text), subject, filter, 8)))

        async def plain(index: Index) -> None:
            await fill(index, corpus)
            await note(index)

        async def mixed(index: Index) -> None:
            both = hidden + corpus
            random.shuffle(both)  # type: ignore[attr-defined]
            await fill(index, both)
            await note(index)
            for document, _ in hidden:
                await put(index, replace(document, revision="2"), text, "salary " * 30)
            await note(index)
            await index.remove([document.id for document, _ in hidden])
            await note(index)

        self.run(tmp_path_factory.mktemp("plain"), plain)
        self.run(tmp_path_factory.mktemp("mixed"), mixed)
        assert all(repr(one) == repr(results[0]) for one in results), "something unreadable shows"
        assert all(one == results[0] for one in results)
