"""Sketches: what is the same stays the same whatever stands around it, and what is not alike is not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content.chunk import split
from lockgate.content.copies import is_copy, kept, taken_over
from lockgate.content.document import Document, Evidence, Review
from lockgate.content.labeling import along, demanded, propose
from lockgate.content.similar import BEST, LEAST, NOTHING, Overlap, Sketch, Sketches, overlap, sketch, unpack
from lockgate.labels.label import Integrity, Label, Sensitivity
from lockgate.labels.readers import Readers
from support import NOW

VOCABULARY = [f"{a}{b}{c}" for a in "bdfgklmn" for b in ("an", "er", "il", "ost") for c in ("", "a", "ing", "um")]


def text(seed: int, words: int = 600) -> str:
    rng = random.Random(seed)
    drawn = [rng.choice(VOCABULARY) for _ in range(words)]
    return "\n\n".join(" ".join(drawn[at : at + 60]) + "." for at in range(0, words, 60))


def of(value: str) -> Sketch:
    return sketch(span.text for span in split(value))


ORIGINAL = text(1)


def shuffled(value: str) -> str:
    parts = value.split("\n\n")
    random.Random(7).shuffle(parts)
    return "\n\n".join(parts)


DISGUISES = {
    "padding in front and behind": text(2, 3000) + "\n\n" + ORIGINAL + "\n\n" + text(3, 3000),
    "shuffled paragraphs": shuffled(ORIGINAL),
    "other white space": ORIGINAL.replace(" ", "\u00a0 \t"),
    "one line": ORIGINAL.replace("\n", " "),
    "capitals": ORIGINAL.upper(),
    "invisible characters": "\u200b".join(ORIGINAL),
    "full width": "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in ORIGINAL),
    "letters that look alike": ORIGINAL.replace("a", "\u0430").replace("o", "\u043e"),
    "punctuation between words": ORIGINAL.replace(" ", " | "),
    "every fortieth word changed": " ".join(
        "x" if at % 40 == 0 else one for at, one in enumerate(ORIGINAL.split())
    ),
    "a tenth left out": ORIGINAL[: len(ORIGINAL) * 9 // 10],
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_copy_is_found_however_it_is_dressed(disguise: str) -> None:
    assert is_copy(overlap(of(ORIGINAL), of(DISGUISES[disguise]))), overlap(of(ORIGINAL), of(DISGUISES[disguise]))


def test_what_is_not_a_copy_is_none() -> None:
    assert not is_copy(overlap(of(ORIGINAL), of(text(9))))
    assert not is_copy(overlap(of(ORIGINAL), of(ORIGINAL[: len(ORIGINAL) // 2])))
    # An excerpt is no copy of the whole; the whole is one of the excerpt.
    excerpt = ORIGINAL[: len(ORIGINAL) // 4]
    assert is_copy(overlap(of(excerpt), of(ORIGINAL)))
    short = "Dear all, please find the file attached."
    assert not is_copy(overlap(of(short), of(short)))


@pytest.mark.parametrize("seed", range(12))
def test_a_short_original_is_found_in_much_padding(seed: int) -> None:
    short = text(seed, 100)
    assert is_copy(overlap(of(short), of(text(seed + 50, 1500) + "\n\n" + short + "\n\n" + text(seed + 90, 1500))))


def test_scripts_without_spaces_have_words() -> None:
    chinese = "".join(chr(0x4E00 + random.Random(at).randrange(3000)) for at in range(400))
    assert is_copy(overlap(sketch([chinese]), sketch([chinese[:350] + "完"])))


@given(st.lists(st.text(alphabet="abc d", max_size=400), max_size=4))
def test_a_sketch_packs_and_is_whole_where_it_is_small(texts: list[str]) -> None:
    made = sketch(texts)
    again = unpack(made.pack())
    assert (again.hashes == made.hashes).all()
    assert again.bound == made.bound
    assert list(made.hashes) == sorted(set(made.hashes.tolist()))
    assert sketch(reversed(texts)).pack() == made.pack()


@given(st.integers(0, 50), st.integers(0, 50), st.integers(30, 900), st.integers(30, 900))
def test_the_estimate_is_near_the_truth(one: int, other: int, many: int, more: int) -> None:
    """Against all runs, counted: containment of the first in the two together is 1."""
    first, both = text(one, many), text(one, many) + "\n\n" + text(other + 100, more)
    found = overlap(sketch([first]), sketch([first, both]))
    assert found.common == found.first


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 5), st.booleans()), max_size=40),
    st.integers(0, 5),
)
def test_many_sketches_answer_as_each_by_itself(steps: list[tuple[str, int, bool]], asked: int) -> None:
    """A dumb model: a dictionary, and every pair compared."""
    texts = {seed: sketch([text(seed, 120) + text(seed // 2, 80)]) for seed in range(6)}
    many, model = Sketches(), dict[str, Sketch]()
    for id, seed, put in steps:
        if put:
            many.put(id, texts[seed])
            model[id] = texts[seed]
        else:
            many.drop(id)
            model.pop(id, None)
    expected = {id: pair for id, one in model.items() if (pair := overlap(texts[asked], one)).common >= LEAST}
    assert dict(many.alike(texts[asked])) == expected
    assert len(many) == len(model)


def test_a_form_that_everybody_fills_in_does_not_hide_a_copy_or_cost_without_bound() -> None:
    form = text(1, 100)
    many = Sketches()
    for number in range(3000):
        many.put(str(number), sketch([form + text(number + 10, 300)]))
    asked = sketch([form + text(2999 + 10, 300)])
    found = many.alike(asked)
    assert found[0][0] == "2999"
    assert len(found) <= BEST


def document(id: str, level: Sensitivity, readers: Readers, review: Review = Review.ACCEPTED) -> Document:
    label = Label(level, readers, Integrity.INTERNAL, forbidden_uses=frozenset())
    return Document(id, "c", id, id, "c", "1", "d", readers, label, review, False, NOW)


HR, STAFF = Readers.any_of("group:hr"), Readers.any_of("group:staff")
WHOLE = Overlap(40, 50, 40)


def test_a_copy_takes_over_a_level_and_says_whether_more_may_read_it() -> None:
    pay = document("pay", Sensitivity.RESTRICTED, HR)
    assert taken_over("x", HR, [(pay, WHOLE)]) == (Evidence("copy.restricted", 1, 1.0),)
    (wider,) = taken_over("x", STAFF, [(pay, WHOLE)])
    assert wider.kind == "copy.restricted.wider"
    assert demanded([wider.kind]) is Sensitivity.RESTRICTED
    assert demanded(["copy.confidential.wider"]) is Sensitivity.CONFIDENTIAL
    assert taken_over("x", STAFF, [(pay, WHOLE)], [wider]) == ()
    assert taken_over("pay", STAFF, [(pay, WHOLE)]) == ()


@pytest.mark.parametrize("level", [Sensitivity.PUBLIC, Sensitivity.GENERAL])
def test_nothing_is_taken_over_from_what_is_not_sensitive_or_not_reviewed(level: Sensitivity) -> None:
    assert taken_over("x", STAFF, [(document("p", level, STAFF), WHOLE)]) == ()
    unseen = document("p", Sensitivity.RESTRICTED, HR, Review.UNREVIEWED)
    assert taken_over("x", STAFF, [(unseen, WHOLE)]) == ()


def test_evidence_of_a_copy_never_lowers() -> None:
    for more in ("copy.confidential", "copy.restricted.wider"):
        before = propose([])
        assert along(before, [Evidence(more, 1, 1.0)]).sensitivity >= before.sensitivity


def test_an_edited_copy_stays_one_and_another_text_does_not() -> None:
    mine = replace(document("x", Sensitivity.GENERAL, STAFF), evidence=(Evidence("copy.restricted", 1, 0.9),))
    old = of(ORIGINAL)
    assert kept(mine, old, of(ORIGINAL[: len(ORIGINAL) * 6 // 10])) == mine.evidence
    assert kept(mine, old, of(text(50))) == ()
    assert kept(None, NOTHING, old) == ()
