"""Terms and ranking: exact, independent of order and grouping, linear."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content.ranking import Passages, passages, rank
from lockgate.content.terms import keys, terms


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("INV-2024-00117", {"inv", "2024", "00117", "inv-2024-00117"}),
        ("inv-2024-00117.", {"inv", "2024", "00117", "inv-2024-00117"}),
        ("ann.lee@corp.example", {"ann", "lee", "corp", "example", "ann.lee@corp.example"}),
        ("snake_case", {"snake", "case", "snake_case"}),
        ("10.4.0.17", {"10", "4", "0", "17", "10.4.0.17"}),
        ("Straße STRASSE ﬁne", {"strasse", "fine"}),
        ("Müller's well-known", {"müller", "well", "known"}),
        ("Ⅷ ٣", {"viii", "٣"}),
        ("", set()),
        ("--- ... ___", set()),
    ],
)
def test_words_and_identifiers(text: str, wanted: set[str]) -> None:
    assert set(terms(text)) == wanted


@given(st.text(max_size=200))
def test_any_text_has_terms_and_case_does_not_matter(text: str) -> None:
    found = terms(text)
    assert len(keys(found)) == len(found)
    assert terms(text.casefold()) == terms(text.casefold().casefold())


@pytest.mark.parametrize("unit", ["a-", "a.1_@", "-", "'s ", "é\u0301", "9", "a1/"])
def test_time_is_linear_on_hostile_text(unit: str) -> None:
    def took(n: int) -> float:
        text = unit * n
        best = 1e9
        for _ in range(3):
            start = time.process_time()
            terms(text)
            best = min(best, time.process_time() - start)
        return best

    took(1000)
    assert took(160_000) < 8 * 6 * took(20_000) / 2 + 0.05


def unit_rows(rng: np.random.Generator, n: int, d: int = 48) -> np.ndarray:
    rows = rng.standard_normal((n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def some(rng: np.random.Generator, count: int) -> list[Passages]:
    words = [f"w{i}" for i in range(40)]
    made = []
    for number in range(count):
        n = int(rng.integers(1, 8))
        texts = [" ".join(rng.choice(words, int(rng.integers(0, 30)))) for _ in range(n)]
        made.append(passages(f"d{number:04}", range(n), texts, unit_rows(rng, n)))
    return made


@pytest.mark.parametrize("seed", range(6))
def test_bytes_do_not_depend_on_order_or_on_what_lies_beside(seed: int) -> None:
    """The same passages in any order, and cut into documents differently, give the same bytes."""
    rng = np.random.default_rng(seed)
    parts = some(rng, 600)
    query = unit_rows(rng, 1)[0]

    def result(given: list[Passages]) -> list[tuple[str, int, float]]:
        return [(given[one.part].id, one.ordinal, one.score) for one in rank(given, "w1 w2 w3", query, 50)]

    wanted = result(parts)
    for _ in range(3):
        assert result([parts[i] for i in rng.permutation(len(parts))]) == wanted
    singles = []
    for part in parts:
        every = frozenset(part.ordinals.tolist())
        singles += [part.without(every - {ordinal}) for ordinal in every]
    assert result(singles) == wanted


def test_equal_scores_are_ordered_by_id() -> None:
    row = unit_rows(np.random.default_rng(1), 1)
    parts = [passages(f"d{i}", [0, 1], ["same", "same"], np.repeat(row, 2, axis=0)) for i in (3, 1, 2)]
    found = [(parts[one.part].id, one.ordinal) for one in rank(parts, "same", row[0], 4)]
    assert found == [("d1", 0), ("d1", 1), ("d2", 0), ("d2", 1)]


def test_recall_at_10_is_1_against_brute_force() -> None:
    rng = np.random.default_rng(5)
    centers = unit_rows(rng, 50, 384)
    rows = centers[rng.integers(0, 50, 6000)] + 0.4 * unit_rows(rng, 6000, 384)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    parts = [passages(f"d{i:04}", range(10), [""] * 10, rows[10 * i : 10 * i + 10]) for i in range(600)]
    for _ in range(20):
        query = rows[rng.integers(0, 6000)] + 0.2 * unit_rows(rng, 1, 384)[0]
        query = (query / np.linalg.norm(query)).astype(np.float32)
        exact = np.round(rows.astype(np.float64) @ query.astype(np.float64), 6)
        best = np.lexsort((np.arange(6000), -exact))[:10]
        assert [10 * one.part + one.ordinal for one in rank(parts, "", query, 10)] == best.tolist()
