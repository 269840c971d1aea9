"""What a passage is cut into, what a question asks for, and what counts as an answer."""

from __future__ import annotations

import doctest
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content import answer_words as words_module
from lockgate.content import question as question_module
from lockgate.content.answer_words import stem, synonyms
from lockgate.content.extractive import (
    FEATURES,
    Candidate,
    Nearness,
    agrees,
    choose,
    eligible,
    lexical,
    measure,
    probability,
    shortlist,
)
from lockgate.content.question import Expect, analyze, plain, shows
from lockgate.content.units import UNIT_CHARS, UNITS, units

NEAR = Nearness(0.5, 0.5, 0.2, {}, lambda one, other: 0.0)


def texts(text: str, title: str = "t") -> list[str]:
    return [unit.text for unit in units([(title, text)])]


def test_examples_in_the_documentation_are_true() -> None:
    for module in (words_module, question_module):
        assert doctest.testmod(module).failed == 0


def test_prose_is_cut_into_sentences() -> None:
    text = "Dr. Wanda Petrescu pays 2.5 percent, e.g. in Graz. It\nends at 9 a.m. on Friday! Is that so? (Yes.)"
    assert texts(text) == [
        "Dr. Wanda Petrescu pays 2.5 percent, e.g. in Graz.",
        "It ends at 9 a.m. on Friday!",
        "Is that so?",
        "(Yes.)",
    ]


@pytest.mark.parametrize(
    "table",
    ["Name,City,Age\nAnn,Graz,41\nBob,Lyon,33",
     "| Name | City | Age |\n|---|:--|---|\n| Ann | Graz | 41 |\n| Bob | Lyon | 33 |",
     "Name\tCity\tAge\nAnn\tGraz\t41\nBob\tLyon\t33", "Name;City;Age\nAnn;Graz;41\nBob;Lyon;33"],
)  # fmt: skip
def test_rows_carry_their_header(table: str) -> None:
    assert list(dict.fromkeys(texts(table))) == [
        "Name: Ann; City: Graz; Age: 41",
        "Name: Bob; City: Lyon; Age: 33",
    ]
    assert all(unit.record for unit in units([("t", table)]))


def test_each_cell_of_a_row_speaks_about_the_others() -> None:
    found = units([("Staff", "Name,City,Age\nAnn,Graz,41\nBob,Lyon,33")])
    assert [unit.claim for unit in found[:3]] == ["Name: Ann", "City: Graz", "Age: 41"]
    assert (found[2].context, found[2].values) == ("Staff. Name: Ann; City: Graz", "41")
    question = analyze("Where does Ann work?")
    same = tuple(1.0 if name != "short" else 0.5 for name in FEATURES)
    assert len(choose(question, [Candidate(unit, same) for unit in found[:3]])) <= 1


def test_records_below_headings_do_not_mix() -> None:
    record = "### {0}\nname: {0}\nplace: {1}\nowner: {2}"
    text = "\n\n".join((record.format("Otter", "barn", "Ann"), record.format("Heron", "yard", "Bob")))
    found = {unit.text: unit.context for unit in units([("machines", text)])}
    assert found["owner: Ann"] == "machines. Otter. Otter"
    assert found["owner: Bob"] == "machines. Heron. Heron"


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("Who runs Otter?", True),
        ("Who runs Heron?", False),
        ("Who ran Otter in 2019?", False),
        ("Who runs Otter on Monday?", True),
    ],
)
def test_every_name_and_number_has_to_stand_somewhere(question: str, answers: bool) -> None:
    (unit,) = units([("Otter", "It is run by Ann Lee.")])
    values = measure(analyze(question), unit, "Otter It is run by Ann Lee.", NEAR)
    assert agrees(values) is answers


def test_a_verb_with_its_particle_is_one_word() -> None:
    question = analyze("Who looks after the pumps?")
    care, other = units([("t", "Caretaker: Ann\nMaker: Bob")])
    assert plain("She took care of it and looked after him") == "She care it and care him"
    covered = FEATURES.index("covered")
    assert measure(question, care, "", NEAR)[covered] > measure(question, other, "", NEAR)[covered]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who planted the oak?", "The oak was planted with care."),
        ("Why did Ann leave?", "Ann left after 31 years."),
        ("How long is the lease?", "The lease is in the safe."),
    ],
)
def test_a_sentence_without_the_kind_asked_for_is_out(question: str, text: str) -> None:
    (unit,) = units([("t", text)])
    assert not eligible(analyze(question), unit)


def test_records_carry_the_name_they_are_about() -> None:
    found = units([("r.json", '{"Name": "Ann Lee", "salary": "100", "tags": ["a", "b"], "boss": null, "age": 41')])
    assert [unit.text for unit in found] == ["Name: Ann Lee", "salary: 100", 'tags: a", "b', "age: 41"]
    assert all("Ann Lee" in unit.context for unit in found)


def test_flattened_records_carry_their_name_too() -> None:
    text = "id: 7\n\nrent: 300\n\nbusiness_name: Green Ltd\n\nid: 8\n\nrent: 500\n\nbusiness_name: Blue Ltd"
    found = [(unit.text, unit.context) for unit in units([("t", text)])]
    assert found[1] == ("rent: 300", "t. 7. Green Ltd")
    assert "Blue Ltd" in found[-1][1]


def test_context_is_what_stands_around() -> None:
    text = "# Trips\nStaff get:\n- a ticket\n- a hotel\n\n## Food\nCity: Graz\nMeals are paid. They cost 9 euros."
    found = {unit.text: unit.context for unit in units([("Policy", text)])}
    assert found["a ticket"] == "Policy. Trips. Staff get:"
    assert found["City: Graz"] == "Policy. Food"
    assert found["They cost 9 euros."] == "Policy. Food. Meals are paid."


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=400)), max_size=6))
def test_any_text_gives_bounded_units_of_its_own_words(passages: list[tuple[str, str]]) -> None:
    found = units(passages)
    assert len(found) <= UNITS
    for unit in found:
        assert 0 < len(unit.text) <= 2 * UNIT_CHARS
        source = passages[unit.passage][1]
        for word in unit.values.split():
            assert word.strip(";:,|*_`\"' ") in source


@given(st.text(max_size=300))
def test_any_question_can_be_analyzed(text: str) -> None:
    question = analyze(text)
    for unit in units([("a title", "Rent is 300 euros, says Ann. It ends on 3 May 2027.")]):
        values = measure(question, unit, "x", NEAR)
        assert len(values) == len(FEATURES)
        assert 0 <= probability(values) <= 1
        lexical(question, unit)


def test_hostile_text_takes_linear_time() -> None:
    attacks = ("a." * 50_000, '"a": ' * 20_000, "| " * 50_000, "a,b,c\n" * 20_000, "A. " * 40_000, "(" * 100_000,
               '"a":"' + "\\" * 100_000, "how many " * 10_000, "1 " * 50_000, "- " * 50_000)  # fmt: skip
    for attack in attacks:
        started = time.process_time()
        found = units([("t", attack)])
        question = analyze(attack)
        shortlist(question, found)
        assert time.process_time() - started < 3, attack[:10]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Who leads the team?", Expect.PERSON),
        ("When does it end?", Expect.DATE),
        ("How long is the contract?", Expect.DURATION),
        ("How often is it tested?", Expect.FREQUENCY),
        ("How many people work here?", Expect.NUMBER),
        ("How old is Ann?", Expect.NUMBER),
        ("How much is the rent?", Expect.MONEY),
        ("What is the salary of Ann?", Expect.MONEY),
        ("Where is the printer?", Expect.PLACE),
        ("What is the phone number of Ann?", Expect.PHONE),
        ("What is the email address of Ann?", Expect.EMAIL),
        ("Which company cleans?", Expect.COMPANY),
        ("Why did it fail?", Expect.REASON),
        ("What color is it?", Expect.COLOR),
        ("Is lunch free?", None),
    ],
)
def test_kind_of_answer(text: str, kind: Expect | None) -> None:
    assert analyze(text).expects is kind


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        (Expect.PERSON, "It is led by Ann Lee.", "It is led well."),
        (Expect.DATE, "It ends on 3 May.", "It ends badly."),
        (Expect.NUMBER, "There are 12 rooms.", "Opened on 3 May 2024."),
        (Expect.MONEY, "The rent is 300 euros.", "It lasts 30 days."),
        (Expect.EMAIL, "Write to a@example.org.", "Write to Ann."),
        (Expect.PHONE, "Call +44 20 5555 1234.", "Call Ann."),
        (Expect.FREQUENCY, "It is done twice a year.", "It is done well."),
        (Expect.DURATION, "It takes two weeks.", "It takes care."),
        (Expect.DURATION, "It has at least 16 characters.", "It has character."),
    ],
)
def test_a_kind_can_be_seen(kind: Expect, yes: str, no: str) -> None:
    assert shows(kind, yes, frozenset())
    assert not shows(kind, no, frozenset())


def test_what_only_repeats_the_question_cannot_answer() -> None:
    question = analyze("What is the model of the Kyoto 9?")
    echo, news = units([("t", "Model: Kyoto 9\nModel: Kyoto 9 Pro")])
    assert not eligible(question, echo)
    assert eligible(question, news)


def test_the_wrong_name_or_number_costs() -> None:
    right, wrong = units([("t", "Rent in Graz is 300 euros.\nRent in Lyon is 300 euros.")])
    question = analyze("How much is the rent in Graz?")
    assert probability(measure(question, right, "", NEAR)) > probability(measure(question, wrong, "", NEAR))


def test_words_fold() -> None:
    assert stem("licences") == stem("license") == stem("License")
    assert stem("approved") == stem("approves") == stem("approve")
    assert synonyms(stem("vacation"), stem("leave"))
    assert not synonyms(stem("phone"), stem("email"))
