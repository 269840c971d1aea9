"""Settling: whatever came before, a document is never readable by more than its source lets read it now."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from adapters.hosts import Host
from journeys.places import PEOPLE
from labels.strategies import labels, readers
from lockgate.content.document import Document, Evidence, Review
from lockgate.content.reading import read
from lockgate.journeys.ingest.settlement import UNREADABLE, Content, Settler, content_of, same
from lockgate.labels.label import Integrity
from lockgate.labels.readers import Readers
from lockgate.ports import Item
from support import NOW

CARD = read("card 4111 1111 1111 1111").proposal
SETTLER = Settler(Host(everybody=PEOPLE))
ITEM = Item("s", "a.txt", "1", 1, "docs", Readers.nobody(), frozenset(), Integrity.INTERNAL)


def items() -> st.SearchStrategy[Item]:
    return st.builds(
        lambda who, declared, problem, revision: replace(
            ITEM, readers=who, declared=declared, problem=problem, revision=revision
        ),
        readers,
        st.none() | labels,
        st.sampled_from(["", "", "its rights are unclear"]),
        st.sampled_from(["1", "2"]),
    )


def previous(item: Item) -> st.SearchStrategy[Document | None]:
    content = Content("1", "digest", "t", CARD)
    before = SETTLER.document(replace(item, problem=""), content, None, NOW)
    return st.none() | st.builds(
        lambda label, review, ruling, ruled, accepted, problem: replace(
            before,
            label=label,
            review=review,
            ruling=ruling,
            ruled_readers=ruled,
            accepted_kinds=accepted,
            problem=problem,
            evidence=(Evidence("financial.card", 1, 0.9),),
        ),
        labels,
        st.sampled_from(Review),
        st.none() | labels,
        st.none() | readers,
        st.sampled_from([frozenset(), frozenset({"financial.card"})]),
        st.sampled_from(["", UNREADABLE + "it is broken", "its rights are unclear"]),
    )


@given(st.data())
def test_never_wider_than_the_source_and_closed_on_any_problem(data: st.DataObject) -> None:
    item = data.draw(items())
    stored = data.draw(previous(item))
    content = Content("1", "digest", "t", CARD)
    for document in [SETTLER.document(item, content, stored, NOW)] + (
        [SETTLER.current(item, stored, NOW)] if stored else []
    ):
        assert item.readers.flows_to(document.label.readers)
        assert document.source_readers == item.readers or item.revision != "1"
        if item.declared:
            assert item.declared.readers.flows_to(document.label.readers)
            assert document.label.sensitivity >= item.declared.sensitivity
        if document.problem:
            assert document.label.readers.is_nobody
            assert document.held
        assert bool(document.problem) >= bool(item.problem)


@given(st.data())
def test_old_text_under_new_rights_is_bound_by_both(data: st.DataObject) -> None:
    item = replace(data.draw(items()), revision="2")
    stored = data.draw(previous(item))
    if stored is not None:
        document = SETTLER.current(item, stored, NOW)
        assert stored.label.flows_to(document.label)
        assert stored.source_readers.flows_to(document.source_readers)
        assert document.held >= stored.held


@given(st.data())
def test_asking_again_changes_nothing(data: st.DataObject) -> None:
    item = replace(data.draw(items()), revision="1")
    stored = data.draw(previous(item))
    if stored is not None:
        once = SETTLER.current(item, stored, NOW)
        assert same(SETTLER.current(item, once, NOW), once)
        assert content_of(once).digest == "digest"
