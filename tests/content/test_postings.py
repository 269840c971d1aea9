"""Words laid out: the same scores to the last bit, made of nothing but the passages given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    """Buckets go by the low half of a term's number: two terms of one bucket are two terms."""
    one, other = np.uint32(0x0001_0007), np.uint32(0x0002_0007)
    part = Passages(
        "d", np.arange(2), rows(2), np.array([one, other], np.uint32), np.array([3, 5], np.uint8),
        np.array([1, 2]), np.array([3, 5]),
    )  # fmt: skip
    found = lay_out([part])
    for word, row, count in ((one, 0, 3), (other, 1, 5)):
        at, which, counts = found.hits(np.array([word], np.uint32))
        assert (at.tolist(), which.tolist(), counts.tolist()) == ([row], [0], [count])


@pytest.mark.parametrize("words", [[], ["w1"], ["never"]])
def test_passages_without_words_rank_too(words):
    parts = documents([[""], [" ".join(words)]])
    assert rank(parts, "w1", None, 5, postings=lay_out(parts)) == rank(parts, "w1", None, 5)


def test_memory_is_what_is_said():
    parts = documents([["w1 w2 w3 w1"] * 5] * 40)
    made = lay_out(parts)
    occurrences = sum(len(one.terms) for one in parts)
    assert made.nbytes == 7 * occurrences + 8 * (len(parts) + 65_537) + 4 * 200
