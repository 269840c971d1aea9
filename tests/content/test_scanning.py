"""The scanning core against its dumb model, whole against parts, and attacks on its speed."""

from __future__ import annotations

import random
import re
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content import reference
from content.test_detectors import HOSTILE, MARKS, NUMBERS, SALARIES, SECRETS, TABLES
from content.test_personal import FOUND, MISSES, parts
from lockgate.content.detection import core, scan, scan_many
from lockgate.content.detection.ahead import Ahead
from lockgate.content.detection.automaton import BITS, MASK, Automaton
from lockgate.content.detection.core import ROWS, TOKENS, Core
from lockgate.content.detection.more_vectors import ALL as VECTORS
from lockgate.content.detection.runs import Runs
from lockgate.content.labeling import propose
from lockgate.labels.label import Sensitivity

PIECES = [
    *(text for text, _, _ in NUMBERS), *(text for text, _ in SECRETS), *SALARIES, *(t for t, _ in TABLES),
    *(text for text, _ in MARKS), *(parts(text)[0] for _, text in FOUND), *(text for _, text in MISSES),
    "4111 1111 1111 1111 5500 0000 0000 0004", "4111-1111-1111-1111-123", "#" * 9,
    "AAAAAA", "\u0130stanbul", "\u200b", "\n\n", "\n", " ", "-", ".", "(", "0" * 11, "\ud7ff", "ÄÖ", "身份证",
    "é", "ſsn", "\u212aey", "123-45-6789", "ssn", "card", "visa ", "tin", "token", "pass", "A1234567", "://",
    "eyJ", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "sk-", "bearer ", "salary", "confidential", "\x00", "\ufffd",
    "1" * 40, "name,card\n", '"', "\r", "x" * 70, "y" * 30,
]  # fmt: skip
soup = st.lists(
    st.sampled_from(PIECES) | st.text(max_size=12) | st.text("0123456789 -./#AX()", max_size=30), max_size=8
)
texts = soup.map(" ".join) | soup.map("".join) | soup.map("\n".join)


@pytest.fixture
def arrays(monkeypatch):
    """However short the texts are, they go through the arrays."""
    monkeypatch.setattr(core, "FEW", 0)


@given(texts)
@settings(max_examples=150)
def test_one_text_is_read_as_the_model_reads_it(text):
    assert scan(text) == reference.scan(text)


def test_many_texts_are_read_as_the_model_reads_each(arrays):
    @given(st.lists(texts, max_size=5))
    @settings(max_examples=150)
    def check(some):
        assert scan_many(some) == [reference.scan(text) for text in some]

    check()


def test_every_golden_text_is_read_as_the_model_reads_it(arrays):
    golden = [piece for piece in PIECES if len(piece) > 3]
    assert scan_many(golden) == [reference.scan(text) for text in golden]


def test_what_stands_beside_a_text_changes_nothing():
    """Any order, any company, any cut into batches."""
    maker = random.Random(7)
    some = [" ".join(maker.choices(PIECES, k=40)) for _ in range(60)] + PIECES
    alone = [scan(text) for text in some]
    assert sum(map(len, alone)) > 300
    for _ in range(5):
        order = list(range(len(some)))
        maker.shuffle(order)
        assert scan_many([some[at] for at in order]) == [alone[at] for at in order]
        cut = maker.randrange(len(order))
        parts = [[some[at] for at in order[:cut]], [some[at] for at in order[cut:]]]
        assert [one for part in parts for one in scan_many(part)] == [alone[at] for at in order]


@pytest.mark.parametrize("check", VECTORS, ids=lambda check: check.__name__)
def test_checks_of_many_numbers_agree_with_checks_of_one(check):
    lengths = {form.count("#") for rule in ROWS if rule.check is check for form in rule.forms if "A" not in form}
    assert lengths
    maker = np.random.default_rng(5)
    for length in lengths:
        digits = maker.integers(0, 10, (60_000, length))
        digits[:500] = digits[:500, :1]
        digits[500:20_000, :2] = maker.integers(0, 2, (19_500, 2))
        wanted = [check("".join(map(str, row))) for row in digits.tolist()]
        assert VECTORS[check](digits).tolist() == wanted


@pytest.mark.parametrize("row", TOKENS, ids=lambda row: f"{row.kind}:{row.anchors[0]}")
def test_an_anchor_is_in_every_match_within_its_lead(row):
    """Whatever the pattern can match: else the row would miss it."""

    @given(st.from_regex(row.pattern))
    @settings(max_examples=30)
    def check(text):
        match = row.pattern.search(text)
        assert match
        front = match.group()[: row.lead + max(map(len, row.anchors))]
        front = front.lower() if row.fold else front
        assert any(anchor in front for anchor in row.anchors), match.group()
        assert row.pattern.match(text, match.start())

    check()


def test_threads_scan_at_the_same_time():
    one = Core()
    texts = [" ".join(PIECES)] * 20
    wanted = one.scan(texts)
    wrong = []

    def work():
        for _ in range(5):
            wrong.extend(got for got in [one.scan(texts)] if got != wanted)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_distances_count_the_same_in_both_ways(monkeypatch):
    """A word at every distance before and behind a number, and a header at every distance that could matter."""
    number = "123-45-6780"
    some = [f"ssn{'.' * gap} {number}" for gap in range(80)] + [f"{number} {'.' * gap}ssn" for gap in range(45)]
    some += [f"é ssn{'ü' * gap} {number}" for gap in range(80)]
    for back in range(4085, 4105):
        some.append("a\n\nname,ssn\n" + "x" * (back - 10) + "\n" + number)
        some.append("name,ssn\n" + "x" * (back - 10) + "\n" + number)
    some += ["y" * wide + ",ssn\n" + "x" * 80 + "\n" + number for wide in range(500, 516)]
    some += ["\n" * lines + "ssn\n" + "x" * 80 + "\n" + number for lines in range(4)]
    wanted = [tuple(reference.numbers(text)) for text in some]
    assert len({one.confidence for found in wanted for one in found}) == 4
    assert [scan(text) for text in some] == wanted
    monkeypatch.setattr(core, "FEW", 0)
    assert scan_many(some) == wanted


def test_numbers_that_are_several_things_are_told_the_same_in_both_ways(monkeypatch):
    maker = random.Random(3)
    lines = [
        " ".join(str(maker.randrange(10 ** (size - 1), 10**size)) for _ in range(150)) for size in (9, 10, 11, 13)
    ]
    wanted = [reference.scan(line) for line in lines]
    assert sum(map(len, wanted)) > 150
    assert [scan(line) for line in lines] == wanted
    monkeypatch.setattr(core, "FEW", 0)
    assert scan_many(lines) == wanted


@given(st.text("abx19\né", max_size=60))
def test_an_anchor_that_ends_in_a_digit_further_on_is_found_whole(text):
    anchors = ["ab[^0-9]{0,5}[0-9]", r"xa?[^\n0-9]{1,4}[0-9]", "ab"]
    ahead = Ahead(anchors)
    assert ahead.fronts == ["ab", "xa?", "ab"]
    data = b"\n" * 8 + text.encode() + b"\n" * 8
    automaton = Automaton([(front, False) for front in ahead.fronts])
    wanted = sorted(
        {
            (one.end(1), number)
            for number, anchor in enumerate(anchors)
            for one in re.finditer(rf"(?=({anchor}))".encode(), data)
        }
    )
    hits = automaton.scan(data)
    few = ahead.few(data, hits)
    many = ahead.many(data, Runs.of(np.frombuffer(data, np.uint8)), np.array(hits, np.int64)).tolist()
    for found in (few, many):
        assert sorted({(hit >> BITS, hit & MASK) for hit in found}) == wanted


EVERY = [*HOSTILE, " ".join(PIECES), *(anchor for row in TOKENS for anchor in row.anchors[:1])]


@pytest.mark.parametrize("piece", EVERY)
def test_time_is_linear_on_hostile_text(piece):
    """Eight times the text may take at most sixteen times as long or so: quadratic would be sixty-four.

    Text that makes every row fire, an anchor every few characters, digits only, one huge line.
    """

    def cost(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        best = 9.0
        for _ in range(2):
            begin = time.process_time()
            scan(text)
            best = min(best, time.process_time() - begin)
        return best

    small, large = cost(25_000), cost(200_000)
    assert large < max(0.05, 24 * small)
    assert large < 3.0  # some seconds for a megabyte at worst, on a slow machine


@pytest.mark.parametrize("word", ["phone", "fax number:", "mobile:", "NPI", "DEA no.", "license number:"])
@pytest.mark.parametrize("card", ["4111111111111111", "378282246310005"])
def test_a_word_that_asks_for_less_takes_no_card_away(word: str, card: str) -> None:
    for text in (f"{word} {card}", f"{word} {card}\n" * 400):
        assert propose(scan(text)).sensitivity is Sensitivity.CONFIDENTIAL
