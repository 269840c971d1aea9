"""The view of searches: when words are laid out, and that no change survives in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bench.retrieval_world import World, query

from lockgate.content.ranking import rank
from lockgate.labels import Readers
from lockgate.storage import index_view


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(index_view, "_LEAST", 500)
    made = World(2000)
    made.fill()
    return made


def ask(world, share="90 %"):
    return query(share, "word0 word1", world.vectors(1)[0])


def test_words_are_laid_out_at_the_second_search_and_only_for_who_reads_much(world):
    for share, expected in (("90 %", True), ("1 %", False)):
        chosen = world.view.readable(ask(world, share))
        assert world.view.postings(chosen) is None
        assert (world.view.postings(chosen) is not None) is expected
        assert world.view.readable(ask(world, share)) is chosen


@pytest.mark.parametrize("change", ["removed", "relabeled"])
def test_i5_a_change_leaves_nothing_laid_out(world, change):
    """What is removed must go, and what may not be read any more must not be found."""
    asked = ask(world)
    before = world.view.readable(asked)
    for _ in range(3):
        world.view.postings(before)
    gone = before.documents[0]
    if change == "removed":
        world.view.apply((), [gone.document.id], 99)
    else:
        label = replace(gone.document.label, readers=Readers.any_of("group:nobody"))
        world.view.apply([replace(gone, document=replace(gone.document, label=label))], (), 99)
    after = world.view.readable(asked)
    assert after is not before
    assert after.postings is None
    for _ in range(3):
        postings = world.view.postings(after)
    vector = np.array(asked.vector, np.float32).reshape(-1)
    found = rank(after.parts, asked.text, vector, 2000, postings=postings)
    assert postings is not None
    assert gone.document.id not in {after.documents[one.part].document.id for one in found}
    assert found == rank(after.parts, asked.text, vector, 2000)


def test_memory_of_what_is_laid_out_is_bounded(world, monkeypatch):
    first, second = (world.view.readable(ask(world, share)) for share in ("90 %", "10 %"))
    monkeypatch.setattr(index_view, "_LEAST", 100)
    size = max(index_view.lay_out(one.parts).nbytes for one in (first, second))
    monkeypatch.setattr(index_view, "_MOST", size + 100)
    for one in (first, second):
        world.view.postings(one)
        assert world.view.postings(one) is not None
    assert first.postings is None
    assert second.postings is not None
    monkeypatch.setattr(index_view, "_MOST", 1000)
    assert world.view.postings(first) is None
    assert world.view.postings(first) is None
