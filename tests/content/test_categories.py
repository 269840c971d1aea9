"""Categories learned from examples: what they find, what hides nothing, and what they refuse to learn."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.taught import OTHERS, document, examples, model, some, sorter
from lockgate.content.categories import features
from lockgate.content.categories.features import BITS, LEAST, STEP, WINDOW, pairs, places, sections, words
from lockgate.content.categories.learning import learn
from lockgate.content.categories.model import digest_of, unpack
from lockgate.content.categories.sorter import TOGETHER, UNEXAMINED, Sorter, weighing
from lockgate.errors import Invalid
from lockgate.labels.label import Sensitivity

ODD = st.text(st.sampled_from("aB1 ,.\n\u200bé漢ไ\u0301İ\ud800🙂"), max_size=400)


def slowly(text: str) -> list[set[int]]:
    """The features of each section, by the plainest way: words first, then windows."""
    found = words(text)
    if len(found.hashes) < LEAST:
        return []
    alone, two = places(found.hashes).tolist(), places(pairs(found.hashes)).tolist()
    count = len(alone)
    starts = range(0, max(1, count - STEP), STEP) if count > WINDOW else [0]
    return [set(alone[at : at + WINDOW]) | set(two[at : at + WINDOW]) for at in starts]


@given(st.integers(0, 1200), st.integers(0, 30), st.randoms(use_true_random=False))
def test_sections_are_the_words_of_windows_however_many_texts_are_looked_at(many, less, chance):
    numbers = [chance.randrange(400) for _ in range(many)]
    few = [chance.randrange(9) for _ in range(less)]
    texts = [
        " ".join(f"w{chr(97 + one % 26)}{chr(97 + one // 26)}x" for one in some)
        for some in (numbers, few, numbers[::-1])
    ]
    found = sections(texts)
    got = [set(found.features[a:b].tolist()) for a, b in zip(found.offsets, found.offsets[1:], strict=False)]
    assert got == [one for text in texts for one in slowly(text)]
    assert [int(one) for one in found.owners] == [at for at, text in enumerate(texts) for _ in slowly(text)]


@given(ODD)
def test_any_text_has_its_words_inside_of_it_and_in_order(text):
    found = words(text)
    assert ((found.starts >= 0) & (found.ends <= len(text)) & (found.starts < found.ends)).all()
    assert (np.diff(found.starts) > 0).all()
    assert (found.hashes < 1 << 64).all()
    assert (places(found.hashes) < 1 << BITS).all()


def test_looks_make_no_difference_and_digits_are_alike():
    plain = words("Salary of Lena 2026")
    for other in (
        "SALARY of lena 9999",
        "Sal\u200bary, of: Lena 1111!",
        "Ｓａｌａｒｙ of Lena 2026",
        "Sаlаry of Lena 2026",
    ):
        assert words(other).hashes.tolist() == plain.hashes.tolist(), other
    assert words("Salary of Lena 20261").hashes.tolist() != plain.hashes.tolist()


def test_a_script_without_spaces_has_a_word_in_every_character():
    assert len(words("機密文書").hashes) == 4
    assert len(words("секретный документ").hashes) == 2


def test_the_same_examples_give_the_same_bytes_in_any_order():
    mine, rest = examples(some("payroll", 12)), examples(some("menu", 20))
    first = learn("pay", mine, rest).model.pack()
    assert learn("pay", mine[::-1] + mine[:3], rest[::-1]).model.pack() == first
    assert unpack(first).pack() == first


def test_new_documents_are_found_and_others_are_not():
    looked = sorter()
    found = looked.find_many(some("payroll", 40, 1000))
    assert sum(bool(one) for one in found) >= 38
    assert {one.kind for each in found for one in each} == {"business.payroll"}
    assert not any(looked.find_many([text for other in (*OTHERS, "forecast") for text in some(other, 40, 1000)]))


def test_figures_are_measured_and_what_is_too_few_is_said():
    its = model().figures
    assert its.precision == 1
    assert its.recall > 0.9
    assert 0.8 < its.precision_least < 0.95  # thirty examples cannot show more
    with pytest.raises(Invalid, match=r"1 examples .* are too few"):
        learn("pay", examples(some("payroll", 1)), examples(some("menu", 30)))
    with pytest.raises(Invalid, match=r"0 examples .* are too few"):
        learn("pay", [], [])
    with pytest.raises(Invalid, match="3 other documents are too few"):
        learn("pay", examples(some("payroll", 30)), examples(some("menu", 3)))
    rough = learn("pay", examples(some("payroll", 12)), examples(some("menu", 30)))
    assert any("only 12 different examples" in note for note in rough.notes)


def test_copies_of_one_document_are_one_example():
    one = document("payroll", 1)
    copies = [f"{one} version {number} of it" for number in range(40)]
    with pytest.raises(Invalid, match="1 that are no near-duplicates"):
        learn("pay", examples(copies), examples(some("menu", 30)))


def test_examples_that_are_no_category_are_refused():
    mixed = [text for kind in OTHERS for text in some(kind, 20)]
    random.Random(1).shuffle(mixed)
    with pytest.raises(Invalid, match="not told apart"):
        learn("any", examples(mixed[:30]), examples(mixed[30:]), 0.99)


def test_two_categories_of_the_same_examples_are_not_each_others_counterexamples():
    mine = examples(some("payroll", 30))
    learned = learn("pay", mine, mine + examples(some("menu", 30)))
    assert learned.model.figures.others == 30
    assert any("30 of the others are copies of examples" in note for note in learned.notes)
    with pytest.raises(Invalid, match="0 other documents"):
        learn("pay", mine, mine)


def test_padding_hides_no_section():
    looked = sorter()
    inside = document("payroll", 2000, 400)
    harmless = [document("menu", number, 3000) for number in (5000, 5001)]
    for text in (
        f"{harmless[0]}\n{inside}\n{harmless[1]}",
        f"{inside}\n{harmless[0] * 3}",
        f"{harmless[0] * 30}\n{inside}",
    ):
        (found,) = looked.find(text)
        start = text.index(inside)
        overlap = min(found.end, start + len(inside)) - max(found.start, start)
        assert overlap > 0.9 * len(inside)
        assert found.end - found.start < 3 * len(inside)


def test_to_repeat_harmless_words_takes_nothing_away():
    text = document("payroll", 2001, 200)
    assert sorter().find(text + " soup" * 50)
    assert sorter().find("soup " * 50 + text)


def test_a_text_longer_than_a_piece_is_looked_at_to_its_end():
    text = document("menu", 3, 200_000) + "\n" + document("payroll", 3, 300)
    assert len(text) > 3 * TOGETHER
    (found,) = sorter().find(text)
    assert found.end == len(text)
    together = sorter().find_many(["soup", text, document("payroll", 4)])
    assert [len(one) for one in together] == [0, 1, 1]
    assert together[1] == (found,)


def test_what_is_too_short_is_nothing():
    assert sorter().find("salary bonus") == ()
    assert sorter().find("") == ()
    assert sorter().scores("salary bonus") == []
    assert Sorter().find_many(["a b", ""]) == [(), ()]


def test_a_missing_model_leaves_every_text_unexamined():
    looked = Sorter([(model(), "0" * 64)], ["forecast"])
    (only,) = looked.find("soup")
    assert only.kind == UNEXAMINED
    assert (only.start, only.end) == (0, 4)
    assert {one.kind for one in looked.find(document("payroll", 7))} == {"business.payroll", UNEXAMINED}
    from lockgate.content.labeling import propose

    assert propose(looked.find("soup")).sensitivity is Sensitivity.RESTRICTED


def test_rare_words_do_not_get_into_a_model():
    secret = "Projekt Kormoran Zwiebelturm"
    texts = some("payroll", 30)
    texts[:2] = [f"{text} {secret}" for text in texts[:2]]
    learned = learn("pay", examples(texts), examples(some("menu", 20) + some("travel", 20))).model
    for place in places(words(secret).hashes).tolist():
        # the place may be that of another word, but then it has that word's weight
        without = learn(
            "pay", examples(some("payroll", 30)), examples(some("menu", 20) + some("travel", 20))
        ).model
        assert bool(learned.weights[place]) == bool(without.weights[place])
    assert b"Kormoran" not in learned.pack()


def test_a_damaged_model_is_refused():
    good = model().pack()
    line, _, body = good.partition(b"\n")
    nan = bytearray(body)
    nan[-2:] = np.array([np.nan], "<f2").tobytes()
    for bad in (
        b"",
        good[:-1],
        good + b"0000",
        line,
        body,
        line.replace(b'"format":1', b'"format":2') + b"\n" + body,
        line.replace(b'"features":1', b'"features":9') + b"\n" + body,
        line.replace(b'"name":"payroll"', b'"name":"../x"') + b"\n" + body,
        line.replace(b'"recall"', b'"record"') + b"\n" + body,
        line + b"\n" + bytes(nan),
        b"[]\n" + body,
        b"\x80\x04K\x01.",
    ):
        with pytest.raises(Invalid):
            unpack(bad)


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_bytes_are_taken_for_a_model_by_accident(noise, at):
    good = model().pack()
    for bad in (noise, good[:at] + noise + good[at + len(noise) :]):
        if bad != good:
            try:
                unpack(bad)
            except Invalid:
                continue
            assert digest_of(bad) != digest_of(good)


def test_words_that_speak_for_a_category_are_named():
    found = dict(weighing(model(), document("payroll", 9)))
    assert any("salary" in word or "payroll" in word for word in found)
    assert weighing(model(), "") == []


def test_the_time_is_in_proportion_to_the_text():
    looked = sorter()
    for unit in ("a ", "a", "\u200b", "é", "漢", "salary ", "\n", "\ud800"):
        spans = []
        for size in (100_000, 400_000):
            text = (unit * size)[:size]
            begun = time.perf_counter()
            looked.find(text)
            spans.append(time.perf_counter() - begun)
        assert spans[1] < 12 * max(spans[0], 0.01), (unit, spans)


def test_features_have_a_version():
    """What is hashed how is part of every model: who changes it must raise the version, and these figures."""
    found = sections(["The annual salary of 1,200 employees rises, and that of the board does not: 機密 é."])
    assert features.VERSION == 1
    assert int(found.features.sum()) == GOLDEN
    assert len(found) == 1


GOLDEN = 1_119_612
