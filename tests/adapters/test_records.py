"""Records of CSV, JSON and spreadsheets, and the details of Office files: found, quoted and told apart."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import office
from lockgate.adapters.extraction import formats, markdown
from lockgate.content.chunk import split
from lockgate.content.units import units


def text(name: str, data: str | bytes) -> str:
    return formats.read(name, data.encode() if isinstance(data, str) else data)[0]


def of_json(value: Any) -> str:
    return text("a.json", json.dumps(value))


def quoted(body: str) -> list[str]:
    """What an answer could quote of each passage."""
    return [unit.text for span in split(body) for unit in units([("a", span.text)])]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("sep=;\nid;note\n1;x\n", "| id | note |\n| 1 | x |"),
        ('id,note\n1,"a; b; c; d"\n2,x\n', "| id | note |\n| 1 | a; b; c; d |\n| 2 | x |"),
        ("Pay list 2026\n\nname;pay\nAnn;84200\n", "Pay list 2026\n\n| name | pay |\n| Ann | 84200 |"),
        ("Pay;;\nname;pay;\nAnn;1.234,50;\nBo;2;\n", "Pay\n\n| name | pay |\n| Ann | 1.234,50 |\n| Bo | 2 |"),
        ('"W; J.";K\u00f6ln\n"says ""no""";"two\nlines"\n', '| W; J. | K\u00f6ln |\n| says "no" | two lines |'),
        ("a,b\n1\n1,2,3\n", "| a | b |  |\n| 1 |  |  |\n| 1 | 2 | 3 |"),
    ],
)  # fmt: skip
def test_separated_values_as_programs_write_them(data: str, expected: str) -> None:
    assert text("a.csv", data) == expected


@given(st.lists(st.lists(st.text("ab 1;,\"'|\n", max_size=5), min_size=2, max_size=4), min_size=1, max_size=6))
def test_no_cell_is_lost(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    found = text("a.csv", "h1,h2\n" + out.getvalue())
    wanted = "".join(c for row in rows for cell in row for c in cell if c.isalnum())
    assert "".join(c for c in found if c.isalnum())[4:] == wanted


def test_a_wide_record_is_a_paragraph_with_its_name_and_stays_in_one_passage() -> None:
    head = ["id", "name", *(f"column number {i}" for i in range(28))]
    rows = [[str(k), f"Ann {k}", *(f"value {k}.{i}" for i in range(28))] for k in range(3)]
    body = text("a.csv", "\n".join(";".join(row) for row in [head, *rows]))
    spans = split(body)
    assert [span.text.split("\n")[0] for span in spans] == ["### 0 Ann 0", "### 1 Ann 1", "### 2 Ann 2"]
    assert all(f"column number 27: value {k}.27" in span.text for k, span in enumerate(spans))


def test_a_wide_table_loses_nothing_of_its_first_row() -> None:
    first = [f"word{at} " * 6 for at in range(20)]
    body = text("a.csv", "\n".join(";".join(row) for row in [first, ["x"] * 19, ["y"] * 19]))
    assert all(f"word{at}" in body for at in range(20))
    long = text("a.csv", "\n".join(";".join(row) for row in [["long " * 200, "b"], ["x", "y"], ["z", "z"]]))
    assert long.count("long") == 200


def test_a_record_longer_than_a_passage_repeats_its_name_in_each() -> None:
    records = [{"id": f"T-{k}", "title": "Gate", "text": f"It is open on day {k}. " * 120} for k in (1, 2)]
    spans = split(of_json(records))
    assert len(spans) > 4
    assert all(span.text.startswith("### T-1 Gate" if "day 1" in span.text else "### T-2 Gate") for span in spans)


def test_records_of_one_shape_are_rows_that_can_be_quoted() -> None:
    people = [
        {"name": "Ann", "at": {"city": "K\u00f6ln"}, "tags": ["a", "b"]},
        {"name": "Bo", "at": {"city": "Kiel"}},
    ]
    body = of_json({"title": "List", "people": people})
    assert body == (
        "title: List\n\n## people\n\n| name | at.city | tags |\n| Ann | K\u00f6ln | a, b |\n| Bo | Kiel |  |"
    )
    assert "name: Ann; at.city: K\u00f6ln; tags: a, b" in quoted(body)
    assert formats.read("a.json", json.dumps({"title": "List"}).encode())[1] == "List"


def test_records_in_records_say_whose_they_are() -> None:
    site = {"name": "Kiel", "open": True, "staff": [{"name": "Ann", "pay": 1}, {"name": "Bo", "pay": 2}]}
    assert of_json([site, {"id": 7}]) == (
        "### Kiel\nname: Kiel\nopen: true\n\n## Kiel: staff\n\n| name | pay |\n| Ann | 1 |\n| Bo | 2 |\n\nid: 7"
    )


def test_long_lists_take_few_lines_and_sentences_stay_apart() -> None:
    body = of_json(
        {"numbers": list(range(1000)), "text": ["The first sentence is long enough to stand alone.", "No."]}
    )
    numbers = [line for line in body.split("\n") if line.startswith("numbers: ")]
    assert len(numbers) < 15
    assert ", ".join(line.removeprefix("numbers: ") for line in numbers) == ", ".join(map(str, range(1000)))
    assert body.endswith("text: The first sentence is long enough to stand alone.\ntext: No.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc1 ", max_size=6),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("kx._", max_size=4), inner, max_size=4),
    max_leaves=40,
)


@given(JSON)
def test_every_value_of_any_json_comes_out(value: Any) -> None:
    found = of_json(value)

    def leaves(one: Any) -> list[str]:
        if isinstance(one, dict):
            return [leaf for below in one.values() for leaf in leaves(below)]
        if isinstance(one, list):
            return [leaf for below in one for leaf in leaves(below)]
        return [] if one is None else [" ".join(json.dumps(one).strip('"').split())]

    folded = " ".join(found.split())
    assert all(leaf in folded for leaf in leaves(value))


def test_sheets_have_titles_notes_and_dates_as_people_see_them() -> None:
    sheet = [
        ["Plan for 2026", "", ""],
        ["Team", "Lead", "Staff"],
        ["Sales", "Ann", 12],
        ["", "Bo", 7],
        ["Note: frozen."],
    ]
    assert text("a.xlsx", office.xlsx({"P": sheet})) == (
        "## P\n\nPlan for 2026\n\n| Team | Lead | Staff |\n| Sales | Ann | 12 |\n|  | Bo | 7 |\n\nNote: frozen."
    )
    made = markdown.plain("| a | b |\n| --- | --- |\n| 2026-03-01 00:00:00 | x \\| y |")
    assert made.strip() == "| a | b |\n| 2026-03-01 | x / y |"


def test_what_stands_around_and_beside_the_text_of_a_word_document_is_read() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"
    box = "<w:txbxContent><w:p>" + run.format("In the box.") + "</w:p></w:txbxContent>"
    raw = (
        "<w:p>" + run.format("Before the box.")
        + "<w:r><mc:AlternateContent xmlns:mc='urn:mc'><mc:Choice>" + box + "</mc:Choice>"
        + "<mc:Fallback>" + box + "</mc:Fallback></mc:AlternateContent></w:r></w:p>"
        + "<w:p>" + run.format("a") + "<w:r><w:tab/></w:r>" + run.format("b") + "</w:p>"
        + "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Bold</w:t></w:r>" + run.format(" words: 2*3*4 and *") + "</w:p>"
    )  # fmt: skip
    beside = {"header1": "In &amp; out", "header2": "In &amp; out", "footer1": "Version 3", "comments": "Is it?"}
    more = {
        f"word/{name}.xml": f"<w:x xmlns:w='{office.WORD}'><w:p>{run.format(words)}</w:p></w:x>"
        for name, words in beside.items()
    }
    assert text("a.docx", office.docx("First.", raw=raw, more=more)) == (
        "In & out\n\nFirst.\n\nBefore the box.\n\nIn the box.\n\na b\n\nBold words: 2*3*4 and *\n\n"
        "Version 3\n\nComment: Is it?"
    )


def test_html_is_text_without_marks() -> None:
    page = (
        "<h1>H</h1><p>See <a href='https://x.example/m'>the manual</a>, <a href='/p'>the page</a> and <b>this</b> "
        "<i>one</i>: 2*3*4, a_b_c, 5 * 3 * 2.</p><img alt='A plant' src='x.png'>"
        "<table><tr><th>Site</th><th>Head</th></tr><tr><td>K&ouml;ln</td><td>Ann | Bo</td></tr></table>"
    )
    assert text("a.html", page) == (
        "# H\n\nSee the manual (https://x.example/m), the page and this one: 2*3*4, a_b_c, 5 * 3 * 2.\n\n"
        "A plant\n\n"
        "| Site | Head |\n| K\u00f6ln | Ann / Bo |\n\n"
        "x.png"  # nobody sees it: it counts for the label and makes no passage
    )
