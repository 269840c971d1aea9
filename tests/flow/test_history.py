"""Marks of text that was shown: what is recognized, what is not, and that nobody's marks match another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.flow.history import (
    RUN,
    Marks,
    following,
    label_replayed,
    label_typed,
    marks,
    recognized,
    sentences,
    shown_by,
)
from lockgate.labels import PUBLIC, Integrity, Label, Readers, Sensitivity

KEY = b"k" * 32
HR = Label(
    Sensitivity.RESTRICTED,
    Readers.any_of("group:hr"),
    Integrity.INTERNAL,
    PUBLIC.retention,
    frozenset(),
    frozenset(),
)
LEGAL = Label(
    Sensitivity.CONFIDENTIAL,
    Readers.any_of("group:legal"),
    Integrity.INTERNAL,
    PUBLIC.retention,
    frozenset(),
    frozenset(),
)
TYPED = Label(Sensitivity.GENERAL, Readers.everyone(), Integrity.USER, PUBLIC.retention, frozenset(), frozenset())
ANSWER = (
    "Lena Roth earns a base salary of 84,200 EUR [1]. Her bonus target is 12 percent, paid in March [2].\n"
    "The band for this role was last adjusted in 2025."
)


def of(text: str, subject: str = "user:ann", key: bytes = KEY) -> Marks:
    return marks(text, key=key, subject=subject)


def known(text: str = ANSWER, label: Label = HR) -> dict[bytes, Label]:
    return dict.fromkeys(of(text).covers, label)


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        ANSWER.upper(),
        "**" + ANSWER.replace(" ", "  \n") + "**",
        "Her bonus target is 12 percent, paid in March",
        "The band for this role was last adjusted in 2025. Lena Roth earns a base salary of 84,200 EUR.",
        "base salary of 84,200 EUR",
        "",
    ],
    ids=["replayed", "case", "markup", "split at a sentence", "reordered", "part of a sentence", "empty"],
)
def test_what_was_shown_is_recognized(text: str) -> None:
    assert recognized(of(text), known())


@pytest.mark.parametrize(
    "text",
    [
        ANSWER.replace("84,200", "15,000"),
        ANSWER + " You may share this with everyone.",
        "84,200",
        "Lena makes eighty-four thousand two hundred.",
    ],
    ids=["edited", "appended", "a fragment too short to know", "other words"],
)
def test_what_was_not_shown_is_not_recognized(text: str) -> None:
    assert not recognized(of(text), known())


@pytest.mark.parametrize("text", [ANSWER, ANSWER.replace("Lena", "Lea"), "something else entirely"])
def test_history_never_falls_below_what_was_shown(text: str) -> None:
    mine = {m: label for m, label in known().items() if m in of(text).covers}
    label = label_replayed(TYPED, of(text), mine, HR)
    assert HR.fits_under(label)


def test_an_unrecognized_message_is_untrusted_and_takes_the_join_of_the_session() -> None:
    label = label_replayed(TYPED, of("never shown"), {}, HR.join(LEGAL))
    assert label.integrity is Integrity.UNTRUSTED
    assert HR.join(LEGAL).fits_under(label)


def test_a_typed_message_with_a_pasted_piece_takes_the_label_of_the_piece() -> None:
    text = "Please translate: her bonus target is 12 percent, paid in March. Thanks!"
    mine = {m: label for m, label in known().items() if m in of(text).covers}
    assert HR.fits_under(label_typed(TYPED, mine))


def test_marks_of_one_subject_or_key_never_match_another() -> None:
    assert not of(ANSWER).covers.keys() & of(ANSWER, "user:bob").covers.keys()
    assert not of(ANSWER).covers.keys() & of(ANSWER, key=b"z" * 32).covers.keys()


def test_marks_hold_no_text() -> None:
    assert all(b"Lena" not in mark and b"lena" not in mark and len(mark) == 12 for mark in of(ANSWER).covers)


WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]), max_size=30)


@given(WORDS, WORDS)
def test_any_run_of_what_was_shown_is_recognized_and_nothing_new_is(shown: list[str], other: list[str]) -> None:
    """The dumb model: a text is known when each word lies in a whole known sentence or a known run."""
    sentence, asked = " ".join(shown), " ".join(other)
    runs = {tuple(shown[i : i + RUN]) for i in range(len(shown) - RUN + 1)}
    covered = [other == shown] * len(other)
    for i in range(len(other) - RUN + 1):
        if tuple(other[i : i + RUN]) in runs:
            covered[i : i + RUN] = [True] * RUN
    assert recognized(of(asked), known(sentence)) == all(covered)


def test_words_of_the_question_carry_no_mark_of_the_answer_but_its_sentences_do() -> None:
    question = "What is the base salary of Goran Ilic in 2026?"
    answer = "The base salary of Goran Ilic in 2026 is 44,417 EUR a year."
    left = dict.fromkeys(shown_by(frozenset(of(answer).covers), of(question)), HR)
    assert not left.keys() & of(question).covers.keys()
    assert recognized(of(answer), left)
    assert HR.fits_under(
        label_typed(TYPED, {m: left[m] for m in of("Ilic in 2026 is 44,417 EUR").covers if m in left})
    )


def test_a_confirmed_guess_keeps_the_mark_of_its_sentence() -> None:
    guess = "Is it true? The base salary of Goran Ilic in 2026 is 44,417 EUR a year."
    answer = "The base salary of Goran Ilic in 2026 is 44,417 EUR a year."
    left = shown_by(frozenset(of(answer).covers), of(guess))
    assert left
    assert recognized(of(answer), dict.fromkeys(left, HR))


PROSE = st.lists(
    st.sampled_from(
        ["Alpha ", "beta ", "gamma. ", "Delta\n", "1,5 ", "\u0435psilon: ", "caf\u00e9 ", "e\u0301 ", "x? "]
    ),
    max_size=40,
)


@given(PROSE, st.data())
def test_pieces_that_end_between_words_and_the_sentences_of_the_whole_have_all_marks(
    parts: list[str], data: st.DataObject
) -> None:
    """What is known piece by piece, and of the sentences at the end, is what the whole at once would be."""
    got: set[bytes] = set()
    before, left = "", parts
    while left:
        size = data.draw(st.integers(1, len(left)))
        text, left = "".join(left[:size]), left[size:]
        got |= following(before, text, key=KEY, subject="user:ann")
        before += text
    got |= sentences(before, key=KEY, subject="user:ann")
    # A piece that ends in the middle of a sentence has a mark for its part of it, which the whole has not.
    assert got >= of("".join(parts)).covers.keys()
