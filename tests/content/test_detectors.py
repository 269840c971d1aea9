"""Golden cases, the contract of every detector, and attacks on it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content.detection.context import LOOKBEHIND
from lockgate.content.detection.core import KINDS, scan
from lockgate.content.labeling import SURE, level_of
from lockgate.labels.label import Sensitivity


def kinds(text: str) -> set[str]:
    """Return what demands more than the public level: not the names and days that every text is full of."""
    return {f.kind for f in scan(text) if f.confidence >= SURE and level_of(f.kind) > Sensitivity.PUBLIC}


def values(text: str, kind: str) -> list[str]:
    return [text[f.start : f.end] for f in scan(text) if f.kind == kind and f.confidence >= SURE]


NUMBERS = [
    ("pay with 4111 1111 1111 1111 please", "financial.card", "4111 1111 1111 1111"),
    ("3782-822463-10005", "financial.card", "3782-822463-10005"),
    ("card: 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "financial.card", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
    ("4111\u00a01111\u200b\u00a01111\u00a01111", "financial.card", "4111\u00a01111\u200b\u00a01111\u00a01111"),
    ("\uff14" + "\uff11" * 15, "financial.card", None),
    ("4111\u20111111\u20111111\u20111111", "financial.card", None),
    ("to DE89 3704 0044 0532 0130 00 by Friday", "financial.iban", "DE89 3704 0044 0532 0130 00"),
    ("to the account DE89 3704 0044\n0532 0130 00.", "financial.iban", "DE89 3704 0044\n0532 0130 00"),
    ("gb82west12345698765432", "financial.iban", None),
    ("SSN 123-45-6780", "id.us_ssn", "123-45-6780"),
    ("name,ssn\nLena Roth,536221234\n", "id.us_ssn", "536221234"),
    ("Steuer-ID 86 095 742 719", "id.national.de", "86 095 742 719"),
    ("RVNR 15 070649 C 103", "id.national.de", "15 070649 C 103"),
    ("2 55 08 14 168 025 38", "id.national.fr", None),
    ("DNI 12345678Z", "id.national.es", "12345678Z"),
    ("NIE X1234567L", "id.national.es", "X1234567L"),
    ("RSSMRA85M01H501Q", "id.national.it", None),
    ("BSN 111222333", "id.national.nl", "111222333"),
    ("PESEL 44051401359", "id.national.pl", "44051401359"),
    ("NI number AB 12 34 56 C", "id.national.gb", "AB 12 34 56 C"),
    ("NHS 943 476 5919", "health.identifier", "943 476 5919"),
    ("756.9217.0769.85", "id.national.ch", None),
    ("personnummer 811218-9876", "id.national.se", "811218-9876"),
    ("fødselsnummer 15076500565", "id.national.no", "15076500565"),
    ("131052-308T", "id.national.fi", None),
    ("85.07.30-033.28", "id.national.be", None),
    ("CPF 529.982.247-25", "id.national.br", "529.982.247-25"),
    ("Aadhaar 2341 2341 2346", "id.national.in", "2341 2341 2346"),
    ("11010519491231002X", "id.national.cn", None),
    ("SIN 130 692 544", "id.national.ca", "130 692 544"),
    ("TFN 123 456 782", "id.national.au", "123 456 782"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "value"), NUMBERS)
def test_numbers_are_found_with_their_spans(text, kind, value):
    found = values(text, kind)
    assert found == [value if value is not None else text]


def test_placeholders_of_numbers_are_text():
    """The detector's own signs for digit and letter stand in the text: no finding, and no fault."""
    assert scan("SSN ###-##-####, NHS ##########, DNI ########A, AAAAAA##A##A###A, card #### #### #### ####") == ()


@pytest.mark.parametrize(
    "text",
    [
        "order 4111 1111 1111 1112 was sent",  # Luhn fails
        "DE89 3704 0044 0532 0130 01",  # MOD 97 fails
        "SSN 000-45-6780 and 666-45-6780 and 900-45-6780",  # never given out
        "build 20261124, 123456789 bytes, 2026-11-24 12:30",
        "call +49 30 901820 or 030 123 456 78",
        "f47ac10b-58cc-4372-a567-111222333444",
        "tracking 1Z999AA10123456784",
        "Tfno: 620586301",
    ],
)
def test_other_numbers_are_not(text):
    assert kinds(text) == set()


def token(*parts: str) -> str:
    """Return a made-up credential; it is put together here so that no scanner takes this file for a leak."""
    return "".join(parts)


SECRETS = [
    (token("AKIA", "Q3EGRZ7TLN5VW2XB"), "secret.aws_access_key"),
    (token("ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"), "secret.github"),
    (token("glpat-", "x1Y2z3A4b5C6d7E8f9G0"), "secret.gitlab"),
    (token("xoxb-", "123456789012-abcdefGHIJKLmnop"), "secret.slack"),
    (token("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"), "secret.stripe"),
    (token("AIza", "SyD4x8q2W7e9R1t5Y3u6I0o8P2a4S6d8F1g"), "secret.gcp_api_key"),
    (token("npm_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"), "secret.npm"),
    (token("-----BEGIN RSA ", "PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"), "secret.private_key"),
    (token("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0NTY3ODkwIn0.", "c2lnbmF0dXJlc2lnbmF0dXJl"), "secret.jwt"),
    ("postgresql://app:Wint3r-rain@db.corp:5432/pay", "secret.url_password"),
    ("password: Sommer2024!", "secret.password"),
    ("Das Passwort lautet Sommer2024!", "secret.password"),
    ('"db_password": "hunter2go"', "secret.password"),
    ("DB_PASSWORD=correcthorse", "secret.password"),
    ("api_key = 'a8f5f167f44f4964e6c998dee827110c'", "secret.generic"),
    ("pass\u200bword: Sommer2024!", "secret.password"),
]


@pytest.mark.parametrize(("text", "kind"), SECRETS)
def test_secrets_are_found_also_inside_other_text(text, kind):
    assert kind in kinds(text)
    assert kind in kinds(f"Hi,\n\nhere it is:\n{text}\n\nBest, Tom")


@pytest.mark.parametrize(
    "text",
    [
        "password: <your password>",
        "PASSWORD=${DB_PASSWORD}",
        "password = request.form.get('password')",
        "Your password is required.",
        "the password is incorrect",
        '"title_password": "Change your password"',
        "password: xxxxxxxx",
        "Please reset the password by Friday.",
        "token = get_token(user)",
        "by-pass aorto-coronario",
    ],
)
def test_words_about_secrets_are_none(text):
    assert kinds(text) == set()


SALARIES = [
    "Lena Roth, base salary 84,200 EUR",
    "Tom Berg will get a salary of $95k from May.",
    "Your new annual salary will be 84,200 EUR, effective May.",
    "Lena Roth verdient 84.200 Euro im Jahr.",
    "Lena\u00a0Roth: salary 84\u202f200\u00a0EUR",
    "Employee 1042 gets a bonus of 12,000 EUR",
    "Name: Lena Roth\nDepartment: IT\nBase salary: EUR 84,200\n",
    '{"name": "Lena Roth",\n "title": "Engineer",\n "salary": 84200}',
    "Jean Dupont, salaire annuel 54 000 €",
    "Senior Analyst base salary 72,500 EUR",
]
TABLES = [
    ("name,role,salary\nLena Roth,Engineer,84200\nTom Berg,Sales,71000\n", 2),
    ("| Employee | Base pay | Bonus |\n|---|---|---|\n| E-1042 | 84,200 | 5,000 |\n| E-1043 | 70,200 | 0 |\n", 2),
    ("Mitarbeiter;Funktion;Jahresgehalt\nRoth, Lena;Entwicklerin;84.200,00\n", 1),
    ("Emp ID\tName\tAnnual salary (EUR)\n1042\tLena Roth\t84200\n", 1),
    ('salary,name\n"84,200","Roth, Lena"\n', 1),
    ("Name Role Base salary\nLena Roth Senior Engineer 84,200\nTom Berg Sales 71,000\n", 2),
]


@pytest.mark.parametrize("text", SALARIES)
def test_pay_of_a_person_is_found(text):
    assert "business.salary" in kinds(text)


@pytest.mark.parametrize(("text", "rows"), TABLES)
def test_each_row_of_a_pay_table_is_a_finding(text, rows):
    found = [f for f in scan(text) if f.kind == "business.salary"]
    lines = {text.count("\n", 0, f.start) for f in found if text.count("\n", f.start, f.end) == 0}
    assert len(lines) >= rows


def test_a_row_far_below_its_header_is_found():
    text = "name,role,salary\n" + "".join(f"Lena Roth,Engineer,{84000 + i}\n" for i in range(3000))
    assert max(f.start for f in scan(text)) > len(text) - 40


@pytest.mark.parametrize(
    "text",
    [
        "The average salary in Germany is 45,000 EUR.",
        "We pay salaries on the 25th of each month.",
        "As compensation for the delay we refund 200 EUR.",
        "Salaries are reviewed every year in March 2026; see page 10.",
        "year,average salary,headcount\n2024,54000,120\n",
        "What is the salary of Lena Roth?",
        "Our customer John Smith paid 12,000 EUR for the machine.",
        "name,phone,city\nLena Roth,030 1234567,Berlin",
    ],
)
def test_other_talk_of_money_is_not(text):
    assert kinds(text) == set()


MARKS = [
    ("CONFIDENTIAL\nQ3 numbers", "mark.confidential"),
    ("ACME GmbH | Confidential | Page 3", "mark.confidential"),
    ("Strictly confidential\n\nDear board", "mark.restricted"),
    ("Subject: (Internal only) roadmap", "mark.internal"),
    ("Streng vertraulich - nur für den Vorstand", "mark.restricted"),
    ("Classification: Confidential", "mark.confidential"),
    ("Einstufung: vertraulich", "mark.confidential"),
    ("Private & Confidential", "mark.confidential"),
    ("For internal use only.", "mark.internal"),
    ("CONFI\u200bDENTIAL", "mark.confidential"),
]


@pytest.mark.parametrize(("text", "kind"), MARKS)
def test_marks_are_found(text, kind):
    assert kinds(text) == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "Please keep this confidential.",
        "We treat all answers as strictly confidential.",
        "This e-mail is confidential and may be privileged.",
        "Access to the lab is restricted.",
        "The internal audit found no issues.",
        "Internal Audit\n",
        "Intern: Tom Berg",
        "- internal tools\n- other",
    ],
)
def test_the_same_words_in_a_sentence_are_no_marks(text):
    assert kinds(text) == set()


# ---------------------------------------------------------------- the contract

PIECES = [
    *(text for text, _, _ in NUMBERS), *(text for text, _ in SECRETS), *SALARIES, *(t for t, _ in TABLES),
    *(text for text, _ in MARKS), "#" * 9, "AAAAAA", "\u0130stanbul", "\u200b", "\n\n", " ", "-", "0" * 11,
    "\ud7ff", "ÄÖ",
]  # fmt: skip
texts = st.lists(
    st.sampled_from(PIECES) | st.text(max_size=20) | st.text("0123456789 -./#AX", max_size=30), max_size=6
)


@given(texts.map(" ".join) | texts.map("".join))
def test_scanning_is_deterministic_sorted_and_inside_the_text(text):
    found = scan(text)
    assert found == scan(text) == tuple(sorted(found))
    known = KINDS
    for one in found:
        assert 0 <= one.start < one.end <= len(text)
        assert one.kind in known
        assert 0 < one.confidence <= 1


@given(texts.map("\n".join), st.integers(0, 400))
def test_a_finding_is_known_within_reach_whatever_follows(text, cut):
    """What a stream relies on: a finding shows in the text up to its start and the detector's reach."""
    text = text + "x" * (cut % 3) + "\n" + "word " * 20
    reach = 600
    for one in scan(text):
        seen = text[: one.start + reach + 2]
        again = {(f.start, f.kind) for f in scan(seen)}
        assert (one.start, one.kind) in again, (one, text[one.start : one.end])


@given(st.sampled_from(NUMBERS), st.integers(0, 300))
def test_what_stands_farther_than_the_lookbehind_changes_nothing(case, extra):
    """A sliding window may forget what lies farther back than `LOOKBEHIND`."""
    text, _, _ = case
    front = ("filler line of words\n" * (LOOKBEHIND // 21 + 20))[: LOOKBEHIND + extra] + "\n\n"
    short = front[-LOOKBEHIND:]
    whole = [(f.start - len(front), f.end - len(front), f.kind, f.confidence) for f in scan(front + text)]
    window = [(f.start - len(short), f.end - len(short), f.kind, f.confidence) for f in scan(short + text)]
    assert whole == window


HOSTILE = [
    "1 ", "1", "4111 ", "DE89 ", "DE89", "1234 5678 9012 3456 ", "a", "123-45-6789 ", "12345678901 ", "A1", "AA 1",
    "ssn 123-45-6789 ", "salary ", "salary: 70553 ", "Lena Roth ", "salary\n", "password: ", "CONFIDENTIAL\n",
    "-----BEGIN PRIVATE KEY-----", "eyJ", "eyJabcdefghijk.", "://a:b", "Aa ", "earns Lena Roth 84,200 ", " ", "\n",
    "pass ", "key", "name  salary\n", "token is ", "salary|", "\u200b1", "[(", "- ", "A-", "\uff11",
    "bonus,name\n1000,a\n", '"kty":"RSA"', '"d": "', "secret key ", "key=a1b2c3d4e5f6a7b8",
    "token for ", "snyk token ",
    "LS0tLS1CRUdJTi", "login a password ", "identified by ", "password\n\t", "-api-key=", "AAAAAAAAAA",
]  # fmt: skip


@pytest.mark.needs_shared
@pytest.mark.slow
def test_precision_and_recall_on_third_party_data():
    """What was measured when the detectors were written, less a little: it must not get worse unseen."""
    from bench import detectors as bench

    text = "\n".join(bench.pii())
    found = dict(re.findall(r"  (\S+): recall ([0-9.]+) of", text))
    right = dict(re.findall(r"  (\S+): .*precision ([0-9.]+) of", text))
    # Missing cards of this data have no valid checksum, and are not to be found.
    for kind, recall in (("financial.card", 0.93), ("financial.iban", 0.99), ("id.us_ssn", 0.99)):
        assert float(found[kind]) >= recall
        assert float(right[kind]) >= 0.99
    lines = dict(re.findall(r"  (\w+): (.*)", "\n".join(bench.secrets())))
    recall, _, precision = (
        float(one) for one in re.findall(r"(?:recall|alarms|precision) ([0-9.]+)", lines["creddata"])
    )
    assert recall >= 0.70
    assert precision >= 0.93
