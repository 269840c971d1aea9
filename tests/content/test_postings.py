"""Words laid out: the same scores to the last bit, made of nothing but the passages given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content import postings
from lockgate.content.postings import lay_out
from lockgate.content.ranking import Passages, passages, rank

WORDS = [f"w{number}" for number in range(25)] + ["inv-2024-00117", "ann.lee@corp.example"]
texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), max_size=5)


def rows(count: int) -> np.ndarray:
    found = np.random.default_rng(count).standard_normal((count, 8)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def documents(written: list[list[str]]) -> list[Passages]:
    return [
        passages(f"d{number:03}", range(len(one)), one, rows(len(one)))
        for number, one in enumerate(written)
        if one
    ]


@given(
    st.lists(texts, min_size=1, max_size=12),
    st.lists(st.sampled_from([*WORDS, "never"]), max_size=6).map(" ".join),
    st.booleans(),
    st.integers(1, 30),
)
def test_rankings_are_the_same_to_the_last_bit(written, query, with_vector, k):
    parts = documents(written)
    if not parts:
        return
    vector = rows(1)[0] if with_vector else None
    assert rank(parts, query, vector, k, postings=lay_out(parts)) == rank(parts, query, vector, k)


def test_terms_whose_numbers_share_a_half_are_told_apart():
    """Terms are sorted half by half: two that share one are two terms, whichever half it is."""
    some = np.array([0x0001_0007, 0x0002_0007, 0x0002_0008], np.uint32)
    part = Passages(
        "d", np.arange(3), rows(3), some[[2, 0, 1]], np.array([3, 5, 7], np.uint8),
        np.array([1, 2, 3]), np.array([3, 5, 7]),
    )  # fmt: skip
    found = lay_out([part])
    for word, row, count in ((some[2], 0, 3), (some[0], 1, 5), (some[1], 2, 7)):
        at, which, counts = found.hits(np.array([word], np.uint32))
        assert (at.tolist(), which.tolist(), counts.tolist()) == ([row], [0], [count])
    for unknown in (0, 0x0001_0008, 0xFFFF_FFFF):
        assert [len(one) for one in found.hits(np.array([unknown], np.uint32))] == [0, 0, 0]


@given(
    st.lists(texts, min_size=1, max_size=12),
    st.lists(st.sampled_from([*WORDS, "never"]), max_size=6).map(" ".join),
    st.integers(1, 7),
)
def test_nothing_changes_where_stretches_begin_inside_documents(written, query, stretch):
    parts = documents(written)
    if not parts:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postings, "_ROWS", stretch)
        made = lay_out(parts)
    assert len(made.stretches) == -(-sum(len(one.ordinals) for one in parts) // stretch)
    assert rank(parts, query, None, 9, postings=made) == rank(parts, query, None, 9)


@pytest.mark.parametrize("words", [[], ["w1"], ["never"]])
def test_passages_without_words_rank_too(words):
    parts = documents([[""], [" ".join(words)]])
    assert rank(parts, "w1", None, 5, postings=lay_out(parts)) == rank(parts, "w1", None, 5)


def test_memory_is_what_is_said():
    parts = documents([["w1 w2 w3 w1"] * 5] * 40)
    made = lay_out(parts)
    occurrences = sum(len(one.terms) for one in parts)
    assert made.nbytes == 3 * occurrences + 4 * (3 + 4) + 8 * len(parts) + 4 * 200
