"""The laws of labels, and readers against a brute-force model."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.strategies import IDS, clauses, labels, readers, retentions
from lockgate.errors import Invalid
from lockgate.labels import EVERYONE, PUBLIC, Integrity, Label, Labeled, Readers, Sensitivity, join_all

ALL = [frozenset(s) for s in chain.from_iterable(combinations(IDS, n) for n in range(len(IDS) + 1))]


@pytest.mark.parametrize("kind", [readers, retentions, labels], ids=["readers", "retention", "label"])
def test_join_is_a_semilattice(kind: st.SearchStrategy[Any]) -> None:
    @given(kind, kind, kind)
    def laws(a: Any, b: Any, c: Any) -> None:
        assert a.join(b) == b.join(a)
        assert a.join(b.join(c)) == a.join(b).join(c)
        assert a.join(a) == a
        assert a.flows_to(b) == (a.join(b) == b)
        assert a.flows_to(a.join(b))
        if a.flows_to(c) and b.flows_to(c):
            assert a.join(b).flows_to(c)
        if a.flows_to(b) and b.flows_to(a):
            assert a == b

    laws()


@given(labels)
def test_public_is_the_unit_of_join(a: Label) -> None:
    assert PUBLIC.join(a) == a
    assert PUBLIC.flows_to(a)


def test_unlabeled_is_top_in_everything_that_restricts() -> None:
    top = Label()
    assert top.sensitivity is max(Sensitivity)
    assert top.readers.is_nobody
    assert top.integrity is max(Integrity)
    assert all(top.forbids(use) for use in ("ai", "training", "anything"))


@given(labels)
def test_everything_fits_under_the_unlabeled_ceiling_and_it_under_nothing_less(a: Label) -> None:
    assert a.fits_under(Label())
    assert Label().fits_under(a) == (
        a.sensitivity is max(Sensitivity) and a.integrity is max(Integrity) and a.readers.is_nobody
    )


@given(st.lists(labels, min_size=1, max_size=6))
def test_join_all_is_the_pairwise_join(many: list[Label]) -> None:
    expected = many[0]
    for one in many[1:]:
        expected = expected.join(one)
    assert join_all(many) == expected


def test_the_join_of_nothing_is_an_error() -> None:
    with pytest.raises(Invalid):
        join_all([])
    with pytest.raises(Invalid):
        Labeled.gather([])


def test_readers_without_clauses_are_malformed() -> None:
    with pytest.raises(Invalid):
        Readers(frozenset())


def meaning(raw: frozenset[frozenset[str]]) -> set[frozenset[str]]:
    """Return the sets of identifiers that may read: the dumb model, straight from the definition."""
    return {held for held in ALL if all(clause & (held | {EVERYONE}) for clause in raw)}


@given(clauses, clauses)
def test_readers_against_the_model(a: frozenset[frozenset[str]], b: frozenset[frozenset[str]]) -> None:
    x, y = Readers(a), Readers(b)
    assert all(x.permits(held) == (held in meaning(a)) for held in ALL)
    assert {held for held in ALL if x.join(y).permits(held)} == meaning(a) & meaning(b)
    assert x.flows_to(y) == (meaning(b) <= meaning(a))
    assert (x == y) == (meaning(a) == meaning(b))
    assert x.is_everyone == (meaning(a) == set(ALL))
    assert x.is_nobody == (not meaning(a))


def test_a_labeled_value_never_prints_itself() -> None:
    secret = "canary-7431"
    assert secret not in repr(Labeled(secret, Label()))
    assert secret not in f"{Labeled(secret, PUBLIC)}"
