"""Exact match: a row is found however it is written, and nothing else is."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.matching import CUSTOMERS, HASHES, built, matcher, spans
from lockgate.content.detection import KINDS
from lockgate.content.labeling import level_of
from lockgate.content.match import matcher as looking
from lockgate.content.match.build import Builder
from lockgate.content.match.matcher import Matcher
from lockgate.content.match.sets import Terms, kind_of
from lockgate.errors import Invalid
from lockgate.labels.label import Sensitivity

ALL = matcher(CUSTOMERS)

FOUND = [
    ("Anna Müller, DE89370400440532013000", ["Anna Müller", "DE89370400440532013000"]),
    ("ANNA  MULLER pays 4,711.00", ["ANNA  MULLER", "4,711.00"]),
    ("4.711,00 EUR for Mueller, Anna", ["4.711,00", "Mueller, Anna"]),
    ("4'711 | anna-müller", ["4'711", "anna-müller"]),
    ("Müller Anna: DE89 3704 0044\n0532 0130 00", ["Müller Anna", "DE89 3704 0044\n0532 0130 00"]),
    ("| Anna Mül-\nler | 07.03.1985 |", ["Anna Mül-\nler", "07.03.1985"]),
    ("Anna Müller was born on 7 March 1985", ["Anna Müller", "7 March 1985"]),
    ("March 7, 1985: Anna Müller", ["March 7, 1985", "Anna Müller"]),
    ("A\u200bn\u2060na Mu\u0308ller 4711", ["A\u200bn\u2060na Mu\u0308ller", "4711"]),
    ("ａｎｎａ　ｍüller ４７１１", ["ａｎｎａ　ｍüller", "４７１１"]),
    ("Аnna Müller 4711", ["Аnna Müller", "4711"]),  # the first letter is Cyrillic
    ("STRAUSS, JUERGEN; gb82 west 1234 5698 7654 32", ["STRAUSS, JUERGEN", "gb82 west 1234 5698 7654 32"]),
    ("Jürgen STRAUẞ 12.345,5", ["Jürgen STRAUẞ", "12.345,5"]),
    ("客户王小明的账号是80016643。", ["王小明", "80016643"]),
    ("Soren O’Neill Lukasz owes 1.250.000", ["Soren O’Neill Lukasz", "1.250.000"]),
    ("name\tAnna Müller\naccount\tDE89370400440532013000", ["Anna Müller", "DE89370400440532013000"]),
    ('{"n":"Anna Müller","a":"DE89370400440532013000"}', ["Anna Müller", "DE89370400440532013000"]),
    ("Konto4711EUR Anna_Müller", ["4711", "Anna_Müller"]),
]
NOT_FOUND = [
    "Anna Müller",
    "DE89370400440532013000",
    "Anna Müller pays 12.345,50",  # of two rows
    "the numbers 47, 11 and Anna Müller",
    "Anna Müller " + "and so on " * 20 + "4711",
    "Johanna Müllers 4711",
    "Anna Müller 14711",
    "Anna Müller Anna Müller",
    "",
    "\0\0\0",
]


@pytest.mark.parametrize(("text", "values"), FOUND)
def test_a_row_is_found_in_any_writing_with_exact_places(text: str, values: list[str]):
    assert spans(ALL, text) == values
    assert {one.kind for one in ALL.scan(text)} == {"match.customers"}
    assert all(one.confidence > 0.9 for one in ALL.scan(text))


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_is_no_row_is_not_found(text: str):
    assert not spans(ALL, text)


def test_what_is_required_and_how_near():
    one = matcher(CUSTOMERS, require=3, within=60)
    assert not spans(one, "Anna Müller 4711")
    assert spans(one, "Anna Müller 4711, born 7.3.1985") == ["Anna Müller", "4711", "7.3.1985"]
    assert not spans(one, "Anna Müller 4711" + " " * 50 + "7.3.1985")
    assert not spans(one, "Anna Müller 4711 24.12.1990"), "two of one row and one of another"


def test_a_value_within_another_is_not_a_second_column():
    one = matcher([("Anna", "Anna Müller"), ("Karl", "Karl Weber"), *((f"a{i}x", f"b{i}y") for i in range(50))])
    assert not spans(one, "Anna Müller")
    assert spans(one, "Anna said that Anna Müller comes") == ["Anna", "Anna Müller"]


def test_given_and_family_names_apart_are_a_row_though_each_is_common():
    rows = [(f"Given{i % 40}", f"Family{i // 40}") for i in range(1600)]
    one = matcher(rows)
    assert spans(one, "Family7, Given11") == ["Family7", "Given11"]
    assert not spans(one, "Family7 and Family8")


def test_a_single_column_is_a_finding_by_itself():
    one = matcher([("Bluebird Nine",), ("Quantum Otter",)], require=1)
    assert spans(one, "the quantum-otter flies; BLUEBIRD\nNINE too") == ["quantum-otter", "BLUEBIRD\nNINE"]


def test_what_is_found_does_not_depend_on_what_stands_beside_nor_on_segments(monkeypatch: pytest.MonkeyPatch):
    texts = [text for text, _ in FOUND] + NOT_FOUND
    alone = [ALL.scan(text) for text in texts]
    assert ALL.scan_many(texts) == alone
    whole = " ... ".join(text + " " * 300 for text in texts)
    expected = ALL.scan(whole)
    assert len(expected) == sum(map(len, alone))
    for size in (64, 97, 1000):
        monkeypatch.setattr(looking, "SEGMENT", size)
        assert ALL.scan(whole) == expected


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_around_a_row_leaves_it_found(before: str, after: str):
    text = f"{before}\n\n{CUSTOMERS[1][0]}; {CUSTOMERS[1][1]}.\n\n{after}"
    assert CUSTOMERS[1][1] in spans(ALL, text)
    for one in ALL.scan(text):
        assert 0 <= one.start < one.end <= len(text)


words = st.sampled_from(["anna", "karl", "otto", "berg", "wald", "x1", "77801", "77802", "zoe"])


@given(st.lists(st.tuples(words, words), min_size=1, max_size=8), st.lists(words, max_size=14))
def test_pairs_are_those_of_a_dumb_model(rows: list[tuple[str, str]], text: list[str]):
    one = Builder(Terms("customers", ("a", "b"), within=20), HASHES)
    one.add(rows)
    said = " ".join(text)
    found = {(f.start, f.end) for f in Matcher(HASHES, [one.finish().made]).scan(said)}
    places, at = [], 0
    for word in text:
        places.append((at, at + len(word), word))
        at += len(word) + 1
    expected = set()
    for start, end, left in places:
        for begin, stop, right in places:
            if (
                begin >= end
                and stop - start <= 20
                and left != right
                and ((left, right) in rows or (right, left) in rows)
            ):
                expected |= {(start, end), (begin, stop)}
    assert found == expected


# ------------------------------------------------------------------ attacks


def test_words_of_every_text_count_for_nothing():
    rows = [("the", "2024", f"Client {i} Smithson") for i in range(100)]
    made = built(rows)
    assert made.words == 100
    assert made.common[1] == 1
    assert made.doubts
    assert not spans(Matcher(HASHES, [made.made]), "the year 2024 and the Client 5 Smithson")


@pytest.mark.parametrize(
    "rows",
    [
        [("2024",), ("1999",), ("the",), ("Bluebird Nine",)],
        [(str(i),) for i in range(1000)],
        [(f"{i:07d}",) for i in range(0, 100_000, 7)],
        [("ab1",), ("it",)],
    ],
)
def test_a_single_column_that_would_match_everything_has_doubts(rows: list[tuple[str]]):
    assert built(rows, require=1).doubts


def test_a_million_equal_rows_are_one():
    made = built([("Anna Müller", "4711.00")] * 100_000)
    assert (made.read, made.made.rows) == (100_000, 1)


def test_a_value_in_very_many_rows_counts_for_nothing_and_is_told():
    rows = [(f"Person{i} Tester{i}", "Musterstadt") for i in range(500)]
    made = built(rows)
    assert made.common == (0, 1)
    assert made.doubts, "every row has one value left"
    assert not spans(Matcher(HASHES, [made.made]), "Person7 Tester7 of Musterstadt")


@pytest.mark.parametrize(
    "text",
    [
        "4711 " * 60_000,
        "a " * 150_000,
        "Anna Müller 4711 " * 15_000,
        "1" * 300_000,
        "\u0301" * 300_000,
        "王" * 300_000,
        "Given1 Family2 " * 20_000,
        "x\n" * 150_000,
    ],
)
def test_hostile_texts_take_linear_time(text: str):
    one = Matcher(
        HASHES,
        [
            built(CUSTOMERS).made,
            built([(f"Given{i % 70}", f"Family{i // 70}") for i in range(4900)], name="staff").made,
        ],
    )
    one.scan(text[:1000])
    begun = time.process_time()
    one.scan(text)
    assert time.process_time() - begun < 8


def test_a_flood_of_names_hides_no_row_and_costs_no_hours():
    rows = [(f"Given{i % 300}", f"Family{i // 300}") for i in range(90_000)]
    one = matcher(rows)
    text = " ".join(f"Given{i % 300} Family{(i * 7) % 300}" for i in range(8_000))
    begun = time.process_time()
    found = one.scan(text)
    assert time.process_time() - begun < 20
    assert len(found) > 15_000
    assert {f.confidence for f in found} <= {0.5, 0.95}


def test_nothing_of_a_set_can_be_tried_without_the_key():
    made = built(CUSTOMERS).made
    other = Builder(Terms("customers", ("a", "b", "c", "d")), type(HASHES).of(b"o" * 32))
    other.add(CUSTOMERS)
    theirs = other.finish().made
    for name in ("digests", "heads", "wholes"):
        assert len(np.intersect1d(getattr(made, name), getattr(theirs, name))) <= 1, name
    held = b"".join(getattr(made, name).tobytes() for name in ("digests", "heads", "wholes", "posts"))
    for row in CUSTOMERS[:4]:
        for value in row:
            assert value.encode() not in held


@pytest.mark.parametrize("name", ["", "A", "financial.card", "match.x", "a" * 64, "x y", "../x", "1a", "é"])
def test_a_name_cannot_be_that_of_another_kind(name: str):
    with pytest.raises(Invalid):
        Terms(name, ("a", "b"))


def test_no_kind_of_the_core_begins_as_those_of_sets():
    assert not [kind for kind in KINDS if kind.split(".")[0] == "match"]


@pytest.mark.parametrize("level", Sensitivity)
def test_a_kind_says_its_level(level: Sensitivity):
    assert level_of(kind_of("customers", level)) is level
    assert level_of(kind_of(level.name.lower(), level)) is level


def test_an_unknown_level_in_a_kind_is_the_highest():
    assert level_of("match.customers.secret") is Sensitivity.RESTRICTED
    assert level_of("match.customers.public.x") is Sensitivity.RESTRICTED


@pytest.mark.parametrize(
    "terms",
    [
        lambda: Terms("customers", ()),
        lambda: Terms("customers", ("a", "a")),
        lambda: Terms("customers", ("a", "b"), require=0),
        lambda: Terms("customers", ("a", "b"), require=3),
        lambda: Terms("customers", ("a", "b"), within=0),
        lambda: Terms("customers", ("a", "b"), within=2001),
    ],
)
def test_terms_out_of_bounds_are_refused(terms: Callable[[], Terms]):
    with pytest.raises(Invalid):
        terms()


def test_a_table_without_values_is_refused():
    with pytest.raises(Invalid):
        built([("", "-"), (" ", "?")])
