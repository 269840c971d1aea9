"""What is hidden by odd characters is found, with its place in the text as given."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.test_unicode import DISGUISES
from content.test_detectors import token
from lockgate.content.detection import scan
from lockgate.content.detection.normalize import normalize

HIDDEN = [
    ("SSN 123-45-6780", "id.us_ssn"),
    ("card 4111 1111 1111 1111", "financial.card"),
    ("password: Sommer2024!", "secret.password"),
    (token("AKIA", "Q3EGRZ7TLN5VW2XB"), "secret.aws_access_key"),
    ("DE89 3704 0044 0532 0130 00", "financial.iban"),
    ("lena.roth@example.com", "pii.email"),
    ("Lena Roth, base salary 84,200 EUR", "business.salary"),
]
HARMLESS = {"capitals", "marks", "many marks"}
"""Capitals change a key, and marks that are no strokes make other letters."""


def kinds(text: str) -> set[str]:
    return {one.kind for one in scan(text) if one.confidence >= 0.5}


@pytest.mark.parametrize("name", sorted(set(DISGUISES) - HARMLESS))
@pytest.mark.parametrize(("text", "kind"), HIDDEN)
def test_a_disguise_hides_nothing(text, kind, name):
    hidden = DISGUISES[name](text)
    assert kind in kinds(hidden)
    assert kind in kinds(f"Grüße,\n{hidden}\nÄnne")


@pytest.mark.parametrize(("text", "kind"), HIDDEN)
def test_strokes_hide_nothing(text, kind):
    assert kind in kinds("\u0336".join(text))


@pytest.mark.parametrize(("text", "kind"), HIDDEN)
def test_a_text_of_tag_characters_is_read(text, kind):
    unseen = "".join(chr(0xE0000 + ord(char)) for char in text)
    (one,) = (one for one in scan(f"Hello. {unseen} Bye.") if one.kind == kind)
    assert 7 <= one.start < one.end <= 7 + len(text)


def test_places_are_those_of_the_text_as_given():
    text = "é\u200b SSN\u00a01\u200b23\u201145-6780\u200b."
    (one,) = scan(text)
    assert text[one.start : one.end] == "1\u200b23\u201145-6780"


@pytest.mark.parametrize(
    "text",
    ["кассовый аппарат", "ток", "5кг и 10м", "Ένα κείμενο", "α-helix", "μ = 5", "Привет, Мир", "как", "résumé"],
)
def test_other_alphabets_are_left_as_they_are(text):
    assert normalize(text)[0] == text


@given(st.text())
def test_the_normal_form_is_its_own_and_has_its_places(text):
    clean, places = normalize(text)
    assert len(places) == len(clean) + 1
    assert list(places) == sorted(set(map(int, places)))
    assert normalize(clean)[0] == clean
    assert scan(text) == scan(text)


def test_broken_text_is_looked_at():
    """Half a surrogate pair, as file names have it that are no UTF-8."""
    assert kinds("\ud800 SSN 123-45-6780 \udcff") == {"id.us_ssn"}


@pytest.mark.parametrize(
    "piece", ["а", "aа", "а_", "\u200b", "\U000e0041", "ж" * 30 + " ", "aаж", "é1", "\U000e0041a"]
)
def test_time_is_linear_on_disguises(piece):
    def cost(size: int) -> float:
        text = piece * (size // len(piece))
        begin = time.process_time()
        scan(text)
        return time.process_time() - begin

    assert cost(400_000) < max(0.2, 40 * cost(25_000))
