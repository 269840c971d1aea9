"""Characters as weapons: to launder what was shown, and to keep a processor busy."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.http import chat, send
from e2e.conftest import Running
from lockgate.content.detection.normalize import nfkc
from lockgate.content.terms import terms
from lockgate.flow.history import marks, recognized
from lockgate.flow.skeleton import skeleton
from lockgate.labels.label import Label

KEY = b"k" * 32
SHOWN = "The base salary of Goran Ilić in 2026 is 96,400 EUR, as agreed with café Müller."

DISGUISES = {
    "zero width": lambda text: "\u200b".join(text),
    "soft hyphens": lambda text: "\u00ad".join(text),
    "word joiners and selectors": lambda text: "\u2060\ufe0f".join(text),
    "hangul fillers": lambda text: "\u3164".join(text),
    "marks": lambda text: "\u0335".join(text),
    "many marks": lambda text: ("\u0301\u0316" * 3).join(text),
    "tags": lambda text: "\U000e0041".join(text),
    "cyrillic": lambda text: text.translate(str.maketrans("aeopcxyTBKMH", "аеорсхуТВКМН")),
    "greek": lambda text: text.translate(str.maketrans("oaivEB", "οαινΕΒ")),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "mathematical": lambda text: "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in text),
    "arabic digits": lambda text: text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "without accents": lambda text: text.replace("ć", "c").replace("é", "e").replace("ü", "u"),
    "capitals": str.upper,
    "right to left": lambda text: f"\u202e{text}\u202c",
}


@pytest.mark.parametrize("name", DISGUISES)
def test_what_was_shown_is_recognized_in_disguise(name: str) -> None:
    known: dict[bytes, Label] = dict.fromkeys(marks(SHOWN, key=KEY, subject="user:a").covers, Label())
    again = marks(DISGUISES[name](SHOWN), key=KEY, subject="user:a")
    assert known.keys() & again.covers.keys()
    assert recognized(again, known)


@given(st.text(max_size=200))
def test_a_skeleton_is_its_own(text: str) -> None:
    assert skeleton(skeleton(text)) == skeleton(text)


@given(st.text(max_size=30))
def test_without_long_runs_of_marks_it_is_the_normal_form(text: str) -> None:
    assert nfkc(text) == unicodedata.normalize("NFKC", text)


def test_no_character_begins_with_a_mark_that_is_not_cut() -> None:
    """What the normal form sorts are characters whose decomposition begins with a mark: each is seen in a run."""
    for code in range(0x80, sys.maxunicode + 1):
        char = chr(code)
        first = unicodedata.normalize("NFKD", char)[:1]
        if first and unicodedata.combining(first):
            assert "\u034f" in nfkc(char * 40) or unicodedata.normalize("NFKC", char * 40) == char * 40, hex(code)


HOSTILE = {
    "sorting marks": "a" + "\u0301\u0316" * 150_000,
    "sorting half-width marks": "a" + "\uff9e\u0316" * 150_000,
    "growing": "\ufdfa" * 330_000,
    "words": "a\n" * 199_000,
    "one word": "a" * 399_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_normal_forms_take_linear_time(name: str) -> None:
    began = time.process_time()
    marks(HOSTILE[name], key=KEY, subject="user:a")
    terms(HOSTILE[name])
    assert time.process_time() - began < 3


@pytest.mark.slow
def test_a_message_of_marks_does_not_stop_the_gateway(demo: Running) -> None:
    """It took 17 seconds, in which nobody else was answered."""
    began = time.monotonic()
    reply = send(
        demo.url, "POST", "/v1/chat/completions", chat("a" + "\u0301\u0316" * 65_000), token=demo.token("sofia")
    )
    assert reply.status == 200
    assert time.monotonic() - began < 10
