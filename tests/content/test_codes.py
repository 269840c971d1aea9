"""Vectors of one byte a number: never wrong by more than they say, and rankings the same to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content.codes import Codes, encode, size_of
from lockgate.content.postings import lay_out
from lockgate.content.ranking import LEXICAL, Passages, passages, rank

KINDS = ("normal", "equal", "near", "steps", "sparse", "zero", "denormal", "spiked", "mixed")
WORDS = ("alpha", "beta", "gamma", "inv-2024-00117")


def made(kind: str, count: int, dimensions: int, seed: int) -> np.ndarray:
    """Return rows that are hard to tell apart, hard to encode, or nothing at all; none is longer than 1."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, dimensions))
    if kind in ("equal", "near", "steps"):
        rows[:] = rows[0]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        distance = {"equal": 0.0, "near": 1e-7, "steps": 3e-3}[kind]
        rows += distance * rng.standard_normal(rows.shape)
    elif kind == "sparse":
        rows *= rng.random(rows.shape) < 2 / dimensions
    elif kind == "spiked":
        rows *= 1e-3
        rows[np.arange(count), rng.integers(0, dimensions, count)] = 1
    elif kind == "mixed":
        parts = [made(one, 1, dimensions, seed + at) for at, one in enumerate(rng.choice(KINDS[:-1], count))]
        return np.concatenate(parts)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
    if kind == "zero":
        rows[rng.random(count) < 0.8] = 0
    if kind == "denormal":
        rows *= 10.0 ** -rng.integers(18, 45, (count, 1))
    return rows.astype(np.float32)


def cut(rows: np.ndarray, seed: int, texts: list[str] | None = None) -> list[Passages]:
    """Return documents of one to four passages, in an order that says nothing about their ids."""
    rng = np.random.default_rng(seed)
    found: list[Passages] = []
    names = rng.permutation(len(rows))
    start = 0
    while start < len(rows):
        end = min(len(rows), start + int(rng.integers(1, 5)))
        own = texts[start:end] if texts else [""] * (end - start)
        found.append(passages(f"d{names[start]:05}", range(end - start), own, rows[start:end]))
        start = end
    return found


def dumb(parts: list[Passages], vector: np.ndarray, k: int) -> list[tuple[float, str, int]]:
    """Return the best of a full scan in double precision, one row after the other."""
    found = []
    for part in parts:
        for ordinal, row in zip(part.ordinals.tolist(), part.vectors, strict=True):
            product = float(np.add.reduce(row.astype(np.float64) * vector.astype(np.float64)))
            found.append((round(product, 6) + 0.0, part.id, ordinal))
    return sorted(found, key=lambda one: (-one[0], *one[1:]))[:k]


def query_for(rows: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rows[rng.integers(0, len(rows))] + 0.1 * rng.standard_normal(rows.shape[1])
    return (found / np.linalg.norm(found)).astype(np.float32)


hard = st.tuples(
    st.sampled_from(KINDS), st.integers(1, 120), st.sampled_from([1, 2, 7, 48, 384]), st.integers(0, 10**6)
)


@given(hard)
def test_no_product_is_further_off_than_its_error_says(given_):
    kind, count, dimensions, seed = given_
    rows = made(kind, count, dimensions, seed)
    codes = encode(cut(rows, seed))
    asked = np.stack([query_for(rows, seed), made("normal", 1, dimensions, seed + 1)[0]])
    left_out = rows.astype(np.float64) - codes.scales[:, None].astype(np.float64) * codes.codes
    # The worst query for each row points along what its codes leave out.
    worst = left_out / np.maximum(np.linalg.norm(left_out, axis=1, keepdims=True), 1e-300)
    for vector in (*asked, *worst[:20].astype(np.float32)):
        exact = rows.astype(np.float64) @ vector.astype(np.float64)
        rounding = 4e-7 * (dimensions + 16)
        assert (np.abs(codes.cosines(vector) - exact) <= codes.errors * np.linalg.norm(vector) + rounding).all()
    assert (np.linalg.norm(left_out, axis=1) <= codes.errors).all()


@given(hard, st.integers(1, 30))
def test_a_ranking_is_that_of_the_dumb_full_scan(given_, k):
    kind, count, dimensions, seed = given_
    rows = made(kind, count, dimensions, seed)
    parts, vector = cut(rows, seed), query_for(rows, seed)
    wanted = dumb(parts, vector, k)
    for codes in (None, encode(parts)):
        found = rank(parts, "", vector, k, 0.0, codes=codes)
        assert [(one.score, parts[one.part].id, one.ordinal) for one in found] == wanted


@given(hard, st.integers(1, 30), st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join))
def test_codes_and_postings_change_no_bit_of_both_legs_together(given_, k, text):
    kind, count, dimensions, seed = given_
    rng = np.random.default_rng(seed)
    rows = made(kind, count, dimensions, seed)
    parts = cut(rows, seed, [" ".join(rng.choice(WORDS, int(rng.integers(0, 6)))) for _ in range(count)])
    vector = query_for(rows, seed)
    wanted = rank(parts, text, vector, k)
    assert rank(parts, text, vector, k, LEXICAL, None, encode(parts)) == wanted
    assert rank(parts, text, vector, k, LEXICAL, lay_out(parts), encode(parts)) == wanted


@pytest.mark.parametrize("kind", ["normal", "steps", "mixed"])
def test_rankings_are_the_same_where_many_blocks_are_read(kind):
    rows = made(kind, 3000, 384, 5)
    parts = cut(rows, 5)
    codes = encode(parts)
    for seed in range(10):
        vector = query_for(rows, seed)
        found = rank(parts, "", vector, 10, 0.0, codes=codes)
        assert [(one.score, parts[one.part].id, one.ordinal) for one in found] == dumb(parts, vector, 10)


def test_the_errors_are_needed():
    """Were they left out, this would find the wrong passages: the tests above look where it matters."""
    rows = made("steps", 3000, 384, 5)
    parts = cut(rows, 5)
    codes = encode(parts)
    bold = Codes(codes.sizes, codes.codes, codes.scales, np.zeros_like(codes.errors))
    vectors = [query_for(rows, seed) for seed in range(10)]
    assert any(
        rank(parts, "", vector, 10, 0.0, codes=bold) != rank(parts, "", vector, 10, 0.0) for vector in vectors
    )


def test_memory_is_what_is_said():
    parts = cut(made("normal", 300, 48, 1), 1)
    assert encode(parts).nbytes == size_of(300, 48, len(parts)) == 300 * 56 + 8 * len(parts)
