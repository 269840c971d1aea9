"""Addresses leave only if exactly they stand in what the model was given, however an answer is cut."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content.links import LEFT_OUT, Links, addresses
from lockgate.content.window import Window

KNOWN = "https://known.example/a?b=1"
PIECES = st.lists(
    st.sampled_from(
        ["![", "](", "]:", "<img src=", "https:", "//", "evil.example/", "61387", KNOWN, " ", "\n", "a", ". ", "!"]
    )
)


@given(PIECES, st.integers(1, 700), st.integers(0, 620))
def test_nothing_unknown_leaves_however_it_is_cut(parts: list[str], size: int, filler: int) -> None:
    text = "x" * filler + "".join(parts)
    links, window, out = Links([f"See {KNOWN}."]), Window(), ""
    for start in range(0, len(text), size):
        for segment in window.feed(text[start : start + size]):
            out += links.cleaned(segment, last=False)
    out += "".join(links.cleaned(segment) for segment in window.finish())
    # The target of a link may also be a path at the reader's own host.
    assert {one for one in addresses(out) if re.search(r"^\w+:|^[/\\]|^[\w-]+\.[a-z]+/\w", one)} <= {KNOWN}
    assert "![" not in out
    assert "<img " not in out


def test_an_address_that_only_begins_like_a_known_one_is_unknown() -> None:
    cleaned = Links([KNOWN]).cleaned
    assert cleaned(f"{KNOWN}.") == f"{KNOWN}."
    for other in (f"{KNOWN}2", KNOWN[:-1], f"{KNOWN}#61387", KNOWN.replace("a", "A", 1)):
        assert cleaned(f"at {other} now") == f"at {LEFT_OUT} now"


@pytest.mark.parametrize(
    "unit", ["]:", "](<", "a.", "<a", "https:", "www.", "](", "![", "//a.", "a-", "\n]: ", "](\n", "[", "\n["]
)
def test_time_is_linear_on_hostile_text(unit: str) -> None:
    def seconds(size: int) -> float:
        text, began = unit * (size // len(unit)), time.perf_counter()
        Links([text]).cleaned(text)
        return time.perf_counter() - began

    assert seconds(200_000) < 1.5
