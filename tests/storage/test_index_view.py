"""The view of searches: when words are laid out, and that no change survives in them."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from bench.retrieval_world import World, query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockgate.content.ranking import LEXICAL, rank
from lockgate.labels import Readers
from lockgate.storage import index_view
from support import person


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(index_view, "_LEAST", 500)
    made = World(2000)
    made.fill()
    return made


def ask(world, share="90 %"):
    return query(share, "word0 word1", world.vectors(1)[0])


def count(chosen):
    return sum(len(one.ordinals) for one in chosen.parts)


def test_what_is_searched_again_is_laid_out_and_words_only_for_who_reads_much(world):
    for share, expected in (("90 %", True), ("1 %", False)):
        chosen = world.view.readable(ask(world, share))
        assert world.view.laid_out(chosen).nbytes == 0
        laid = world.view.laid_out(chosen)
        assert (laid.postings is not None) is expected
        assert laid.codes is not None
        assert len(laid.codes.codes) == count(chosen)
        assert world.view.readable(ask(world, share)) is chosen
        assert world.view.laid_out(chosen) is laid


def test_i1_nothing_is_laid_out_but_what_may_be_read(world):
    chosen = world.view.readable(ask(world, "10 %"))
    for _ in range(2):
        codes = world.view.laid_out(chosen).codes
    rows = np.concatenate([one.vectors for one in chosen.parts])
    assert np.abs(codes.codes * codes.scales[:, None] - rows).max() < 0.01


@pytest.mark.parametrize("change", ["removed", "relabeled"])
def test_i5_a_change_leaves_nothing_laid_out(world, change):
    """What is removed must go, and what may not be read any more must not be found."""
    asked = ask(world)
    before = world.view.readable(asked)
    for _ in range(3):
        world.view.laid_out(before)
    gone = before.documents[0]
    if change == "removed":
        world.view.apply((), [gone.document.id], 99)
    else:
        label = replace(gone.document.label, readers=Readers.any_of("group:nobody"))
        world.view.apply([replace(gone, document=replace(gone.document, label=label))], (), 99)
    after = world.view.readable(asked)
    assert after is not before
    assert after.laid_out.nbytes == 0
    for _ in range(3):
        laid = world.view.laid_out(after)
    vector = np.array(asked.vector, np.float32).reshape(-1)
    found = rank(after.parts, asked.text, vector, 2000, LEXICAL, laid.postings, laid.codes)
    assert laid.postings is not None
    assert gone.document.id not in {after.documents[one.part].document.id for one in found}
    assert found == rank(after.parts, asked.text, vector, 2000)


@pytest.mark.parametrize("change", ["removed", "relabeled"])
def test_i7_what_is_removed_is_freed_with_what_was_laid_out_of_it(world, change):
    chosen = world.view.readable(ask(world))
    world.view.laid_out(chosen)
    codes = weakref.ref(world.view.laid_out(chosen).codes.codes)
    gone = chosen.documents[0]
    del chosen
    gc.collect()
    assert codes() is not None
    if change == "removed":
        world.view.apply((), [gone.document.id], 99)
    else:
        world.view.apply([replace(gone, held=frozenset({0}))], (), 99)
    gc.collect()
    assert codes() is None


def test_memory_of_what_is_laid_out_is_bounded(world, monkeypatch):
    monkeypatch.setattr(index_view, "_SHARE", 0)
    monkeypatch.setattr(index_view, "_LEAST", 100)
    first, second = (world.view.readable(ask(world, share)) for share in ("90 %", "10 %"))
    for one in (first, second):
        world.view.laid_out(one)
    size = world.view.laid_out(first).nbytes
    assert size > 0
    monkeypatch.setattr(index_view, "_MOST", size + 100)
    made = world.view.laid_out(second)
    assert made.postings is not None
    assert first.laid_out.nbytes == 0
    for _ in range(7):  # two readers who search in turns do not lay out for each other's sake every time
        assert world.view.laid_out(first).nbytes == 0
    assert world.view.laid_out(first).nbytes == size
    assert second.laid_out.nbytes == 0
    monkeypatch.setattr(index_view, "_MOST", 1000)
    for one in (second, second):
        assert world.view.laid_out(one).nbytes == 0


def test_the_bound_grows_with_the_index_and_shrinks_with_it(world, monkeypatch):
    monkeypatch.setattr(index_view, "_MOST", 0)
    monkeypatch.setattr(index_view, "_SHARE", 370)
    chosen = world.view.readable(ask(world, "90 %"))
    for _ in range(2):
        laid = world.view.laid_out(chosen)
    assert laid.codes is not None
    assert laid.postings is None
    readable = {one.document.id for one in chosen.documents}
    world.view.apply((), [id for id in world.view.ids() if id not in readable], 99)
    chosen = world.view.readable(ask(world, "90 %"))
    for _ in range(2):
        laid = world.view.laid_out(chosen)
    assert laid.codes is None


def test_words_with_too_many_terms_of_their_own_are_not_kept(world, monkeypatch):
    """How much they take is known for certain when they are laid out only."""
    monkeypatch.setattr(index_view, "_SHARE", 0)
    chosen = world.view.readable(ask(world, "90 %"))
    terms = sum(len(one.terms) for one in chosen.parts)
    monkeypatch.setattr(index_view, "_MOST", 392 * 1800 + 8 * 180 + 3 * terms + 100)
    for _ in range(2):
        laid = world.view.laid_out(chosen)
    assert laid.codes is not None
    assert laid.postings is None


def test_what_was_made_of_documents_survives_a_change_of_others(world):
    asked = ask(world, "10 %")
    before = world.view.readable(asked)
    world.view.laid_out(before)
    laid = world.view.laid_out(before)
    own = {one.document.id for one in before.documents}
    foreign = [world.view.get(id) for id in sorted(world.view.ids() - own)[:3]]
    world.view.apply([replace(foreign[0], change=7)], [foreign[1].document.id], 7)
    assert world.view.readable(asked) is before
    assert world.view.laid_out(before) is laid
    # One that was not readable becomes so: what was made is not used for a moment longer.
    label = replace(foreign[2].document.label, readers=Readers.any_of("group:10 % 0"))
    made = replace(foreign[2], document=replace(foreign[2].document, label=label), change=8)
    world.view.apply([made], (), 8)
    after = world.view.readable(asked)
    assert after.laid_out.nbytes == 0
    assert {one.document.id for one in after.documents} == own | {made.document.id}


def shown(view, asked):
    chosen = view.readable(asked)
    laid = view.laid_out(chosen)
    vector = np.array(asked.vector, np.float32).reshape(-1)
    found = rank(chosen.parts, asked.text, vector, 40, LEXICAL, laid.postings, laid.codes)
    documents = sorted(
        (stored.document.id, stored.change, tuple(part.ordinals.tolist()))
        for stored, part in zip(chosen.documents, chosen.parts, strict=True)
    )
    return documents, [(one.score, chosen.parts[one.part].id, one.ordinal) for one in found]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**9))
def test_i1_a_view_that_remembers_shows_what_a_new_one_shows(monkeypatch, seed):
    """After any changes, whoever asks, whatever was laid out before."""
    monkeypatch.setattr(index_view, "_LEAST", 10)
    rng = np.random.default_rng(seed)
    world = World(120, seed=1)
    world.fill()
    spare = [world.view.get(id) for id in sorted(world.view.ids())]
    groups = ("group:a", "group:b", "group:c")

    def changed(stored, change):
        readers = Readers.any_of(*rng.choice(groups, int(rng.integers(1, 3))))
        label = replace(stored.document.label, readers=readers, owners=frozenset({f"user:{rng.integers(0, 2)}"}))
        document = replace(stored.document, label=label, source_readers=readers)
        return replace(stored, document=document, held=frozenset(rng.choice(10, 2).tolist()), change=change)

    view = index_view.View()
    questions = [
        replace(ask(world), subject=person(name, *held), held_passages=passed)
        for name, held in (("0", ("a",)), ("1", ("a", "b")), ("2", ("c",)), ("3", ()))
        for passed in (False, True)
    ]
    for change in range(12):
        stored = [changed(one, change) for one in rng.choice(np.array(spare, object), int(rng.integers(0, 3)))]
        gone = rng.choice(sorted(view.ids()), 1).tolist() if len(view.ids()) > 3 and rng.random() < 0.4 else []
        gone = [id for id in gone if id not in {one.document.id for one in stored}]
        view.apply({one.document.id: one for one in stored}.values(), gone, change)
        fresh = index_view.View()
        fresh.apply([view.get(id) for id in sorted(view.ids())], (), change)
        for at in rng.permutation(len(questions))[:5]:
            assert shown(view, questions[at]) == shown(fresh, questions[at])
