"""Laws of passages: nothing lost or twice, offsets right, headings and table headers carried, linear time."""

from __future__ import annotations

import gzip
import itertools
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import SHARED
from lockgate.content.chunk import SIZE, split

PIECE = st.one_of(
    st.text("ab .!?\n\t|#", max_size=30),
    st.sampled_from(
        ["\n\n", "# Head\n", "| n | s |\n", "| Ann | 84 |\n" * 9, "word " * 90, "x" * 400, "A b. " * 60]
    ),
)
TEXT = st.lists(PIECE, max_size=25).map("".join)


@given(TEXT, st.sampled_from([40, 200, SIZE]))
def test_every_character_is_in_exactly_one_passage_and_offsets_are_right(text: str, size: int) -> None:
    passages = split(text, size)
    at = 0
    for passage in passages:
        assert passage.start >= at
        assert not text[at : passage.start].strip(), "lost"
        body = text[passage.start : passage.end]
        assert body.strip()
        assert passage.text.endswith(body)
        assert len(body) <= size + 500
        at = passage.end
    assert not text[at:].strip(), "lost"


@given(TEXT)
def test_it_is_deterministic_and_bodies_are_bounded(text: str) -> None:
    passages = split(text)
    assert passages == split(text)
    assert all(len(passage.text) <= SIZE + 700 for passage in passages)


@given(st.integers(1, 400), st.integers(1, 60))
def test_a_row_is_never_torn_from_its_header(rows: int, width: int) -> None:
    header = "| name | base salary |"
    lines = [f"| {'n' * width}{number} | {number} |" for number in range(rows)]
    text = "\n".join(["# Pay", "", header, *lines, "", "After."])
    seen: list[str] = []
    for passage in split(text):
        found = [line for line in passage.text.split("\n") if line.startswith("| n") and line != header]
        if found:
            assert header in passage.text
            assert passage.text.index(header) < passage.text.index(found[0])
            assert "# Pay" in passage.text
        assert not passage.text.endswith(header), "a header without a row"
        seen += found
    assert seen == lines


def test_headings_are_carried_and_never_stand_alone_at_the_end() -> None:
    text = "# One\n\n" + "Alpha beta gamma. " * 100 + "\n\n## Two\n\n" + "Delta. " * 10
    passages = split(text)
    assert len(passages) >= 3
    assert all(passage.text.startswith("# One") for passage in passages[:-1])
    assert passages[-1].text.startswith("## Two")


def test_sentences_are_kept_whole_where_they_fit() -> None:
    text = "This sentence is kept whole, whatever its neighbors do. " * 100
    for passage in split(text.strip()):
        assert passage.text.endswith(".")
        assert passage.text.startswith("This")


@pytest.mark.needs_shared
def test_third_party_documents_keep_the_laws() -> None:
    with gzip.open(SHARED / "data" / "D_enterprise_docs.jsonl.gz", "rt") as stream:
        texts = [json.loads(line)["text"] for line in itertools.islice(stream, 400)]
    for text in texts:
        passages = split(text)
        at = 0
        for passage in passages:
            assert not text[at : passage.start].strip()
            assert passage.text.endswith(text[passage.start : passage.end])
            at = passage.end
        assert not text[at:].strip()


def test_nothing_has_no_passages() -> None:
    assert split("") == ()
    assert split(" \n\t\n ") == ()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 2_000_000,
        "a " * 1_000_000,
        "\n" * 2_000_000,
        "# h\n" * 500_000,
        "| a |\n" * 300_000,
        "." * 2_000_000,
        "| " + "y" * 1_000_000,
        "# " + "y" * 1_000_000,
        " " * 2_000_000,
        ("| " + "h" * 900 + "|\n") + "|\n" * 300_000,
    ],
    ids=[
        "solid",
        "words",
        "lines",
        "headings",
        "rows",
        "dots",
        "wide-header",
        "wide-heading",
        "spaces",
        "blow-up",
    ],
)
def test_time_is_linear_on_hostile_text(text: str) -> None:
    started = time.process_time()
    passages = split(text)
    assert time.process_time() - started < 6
    assert sum(len(passage.text) for passage in passages) < 2 * len(text) + 2000
