"""Names by the model: exact spans, no garbage, the same whole or in lines, linear time, nothing lost of rules."""

from __future__ import annotations

import itertools
import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.adapters.names import load
from lockgate.content.detection import scan_many
from lockgate.content.detection.normalize import normalize
from lockgate.content.finding import Finding
from lockgate.content.names import NameFinder
from lockgate.content.names.features import LONGEST, candidates
from lockgate.content.names.finder import with_names
from lockgate.content.names.model import KINDS, NEVER, TAGS, legal, through
from lockgate.content.names.words import PADDING, Words, number

FINDER = NameFinder(load())
PERSON, ORGANIZATION, LOCATION = KINDS


def both(texts: list[str]) -> list[tuple[Finding, ...]]:
    return with_names(scan_many, FINDER)(texts)


def names(text: str, least: float = 0.5) -> list[tuple[str, str]]:
    found = FINDER.find([text])[0]
    return [(text[one.start : one.end], one.kind) for one in found if one.confidence >= least]


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Yesterday Tobias Lindqvist told reporters that he would resign.", "Tobias Lindqvist", PERSON),
        ("He was replaced by Henrik Lindqvist in the second half.", "Henrik Lindqvist", PERSON),
        ("She moved from Kilkenny to Wolverhampton in 1987.", "Kilkenny", LOCATION),
        ("She moved from Kilkenny to Wolverhampton in 1987.", "Wolverhampton", LOCATION),
        ("He joined Brightwater Industries as an engineer.", "Brightwater Industries", ORGANIZATION),
    ],
)
def test_what_only_the_sentence_tells_is_found(text: str, name: str, kind: str):
    assert (name, kind) in names(text)


@pytest.mark.parametrize(
    "text",
    [
        "The meeting on Monday was moved to Tuesday.",
        "Please read the Terms and Conditions before You continue.",
        "for (int i = 0; i < Names.Length; i++) { Console.WriteLine(Names[i]); }",
        "public static void main(String[] args) throws IOException {",
        "Der Vertrag wurde am Montag von der Geschäftsleitung und dem Betriebsrat mit Anlage unterschrieben.",
        "Le Conseil a adopté la Résolution sur les Droits de la Femme et le Plan.",
        "nothing here has a capital",
        "",
        "\n\n\n",
        "\x00\x01\x02 \x1f",
    ],
)
def test_what_is_no_name_is_none(text: str):
    assert names(text) == []


def test_findings_say_who_found_them_and_how_sure():
    (found,) = FINDER.find(["Yesterday Tobias Lindqvist resigned."])[0]
    assert re.fullmatch(r"names\.model@[0-9a-f]{8}", found.detector)
    assert 0 < found.confidence < 1


_PIECES = """
Ann O'Brien of the Bank of Oslo J. R. R. Tolkien said , . - ’s de la Ünal ÉTAT IBM 42 3M x { ; Ⅷ 😀 PARIS
UNIVERSITY van Gogh & and
"""
PIECES = st.sampled_from([*_PIECES.split(), "\ud800", "\t", "\n", "\n", "\n\n", " ", "  "])
TEXTS = st.lists(PIECES, max_size=60).map(" ".join)


@settings(deadline=None)
@given(TEXTS)
def test_a_text_that_is_cut_at_its_lines_gives_the_same(text: str):
    whole = [(one.start, one.end, one.kind, one.confidence) for one in FINDER.find([text])[0]]
    parts, at = [], 0
    lines = text.split("\n")
    for line, found in zip(lines, FINDER.find(lines), strict=True):
        assert FINDER.find([line])[0] == found  # nor do the texts beside it matter
        parts += [(at + one.start, at + one.end, one.kind, one.confidence) for one in found]
        at += len(line) + 1
    assert whole == parts


@settings(deadline=None)
@given(TEXTS)
def test_names_lie_within_the_text_apart_and_begin_and_end_with_a_word(text: str):
    last = 0
    for one in FINDER.find([text])[0]:
        assert last <= one.start < one.end <= len(text)
        assert text[one.start : one.end].strip() == text[one.start : one.end]
        assert "\n" not in text[one.start : one.end]
        last = one.end


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_what_the_rules_find_stands(texts: list[str]):
    for rules, found in zip(scan_many(texts), both(texts), strict=True):
        assert set(rules) <= set(found)
        assert list(found) == sorted(found)
        for one in set(found) - set(rules):
            assert not any(o.kind == one.kind and o.start < one.end and one.start < o.end for o in rules)


def test_names_in_other_alphabets_are_not_told():
    assert both(["Вчера Тобиас Линдквист и Ингрид ушли.", "Ο Γιάννης Παπαδόπουλος ήρθε."]) == [(), ()]


def test_offsets_count_the_text_as_given():
    text = "Ｙesterday Tob\u200bias Lindqvist resigned, and then Tobias Lindqvist left."
    found = [text[one.start : one.end] for one in both([text])[0] if one.kind == PERSON]
    assert found == ["Tob\u200bias Lindqvist", "Tobias Lindqvist"]


# ---------------------------------------------------------------- against dumb models


@settings(deadline=None)
@given(st.text(st.sampled_from("aB9é'’.-\n \tß語\x00"), max_size=30))
def test_words_are_those_of_an_expression(text: str):
    words = Words.of(text)
    inside = slice(PADDING, len(words.start) - PADDING)
    got = list(zip((words.start[inside] - PADDING).tolist(), (words.end[inside] - PADDING).tolist(), strict=True))
    assert got == [one.span() for one in re.finditer(r"[aB9éß]+|\n|[^\s\x00]", text)]


def test_numbers_of_words_are_those_of_their_small_letters_and_of_no_place():
    words = Words.of("Ann met ann, ANN and Anna")
    numbers = words.numbers(words.start, words.end)[PADDING:]
    assert numbers[0] == numbers[2] == numbers[4] == number("ann")
    assert len(set(numbers.tolist())) == len(numbers) - 2 - 2  # three of one word, three line feeds behind


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 4), st.integers(0, 1000))
def test_the_best_run_is_the_best_of_all_runs(length: int, seed: int):
    chance = np.random.default_rng(seed)
    scores = chance.integers(-9, 9, (1, length, TAGS)).astype(np.int64)
    moves = np.where(legal(), chance.integers(-9, 9, (TAGS + 1, TAGS)), NEVER).astype(np.int64)
    best = np.full((length, TAGS), 4 * NEVER)
    for tags in itertools.product(range(TAGS), repeat=length):
        total = moves[TAGS, tags[0]] + sum(moves[a, b] for a, b in itertools.pairwise(tags))
        total += sum(scores[0, at, tag] for at, tag in enumerate(tags))
        for at, tag in enumerate(tags):
            best[at, tag] = max(best[at, tag], total)
    got = through(scores, moves)[0]
    allowed = best > NEVER // 2
    assert (got[allowed] == best[allowed]).all()
    assert (got[~allowed] < NEVER // 2).all()


def test_runs_are_short_and_hold_all_capitals():
    words = Words.of("IN CAPITALS " * 50 + "small")
    chosen, begins = candidates(words, np.ones(int(words.line[-1]) + 1, bool))
    assert len(chosen) == 100
    assert np.diff(np.append(begins, len(chosen))).max() == LONGEST


# ---------------------------------------------------------------- hostile texts


@pytest.mark.parametrize(
    "piece", ["Ann of ", "AAAA", "A", "A.", "' ", "\n", "Ann Lee met Bo Ray in Oslo. ", "É\u0301", "\x00A ", "1A "]
)
def test_time_is_linear(piece: str):
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        begin = time.process_time()
        FINDER.find([text])
        return time.process_time() - begin

    seconds(10_000)
    assert seconds(1_000_000) < 40 * max(seconds(100_000), 0.02)


def test_odd_code_points_do_no_harm():
    text = "".join(map(chr, range(0x2FFF))) + "\ud800\udfff\U0010ffff"
    for one in FINDER.find([normalize(text)[0]])[0]:
        assert one.end <= len(text)


def test_long_texts_are_cut_and_lose_nothing(monkeypatch: pytest.MonkeyPatch):
    texts = ["Yesterday Tobias Lindqvist resigned.\n" * 40, "he met Tobias Lindqvist in Oslo. " * 40, "A" * 3000]
    whole = both(texts)
    monkeypatch.setattr("lockgate.content.names.finder.BATCH", 500)
    assert both([texts[0], texts[2]]) == [whole[0], whole[2]]
    assert len(both(texts[1:2])[0]) >= len(whole[1]) - 6  # a cut within a line may change what is beside it
