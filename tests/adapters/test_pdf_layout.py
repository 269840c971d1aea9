"""What becomes of the text of a PDF: its order, paragraphs, tables, headings, and what pages repeat."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import office
from lockgate.adapters.extraction import formats
from lockgate.adapters.extraction.layout import Line, Page, text_of
from lockgate.adapters.extraction.texts import Unreadable

Placed = office.Placed


def text(*pages: str | list[Placed], annotation: str = "") -> str:
    return formats.read("a.pdf", office.pdf(*pages, annotation=annotation))[0]


def table(rows: list[list[str]], *, lefts: tuple[float, ...] = (60, 200, 380), top: float = 700) -> list[Placed]:
    return [
        (left, top - 20 * at, 10, cell)
        for at, row in enumerate(rows)
        for left, cell in zip(lefts, row, strict=False)
        if cell
    ]


def test_a_table_without_lines_comes_out_in_rows_and_cells_and_an_empty_cell_stays_empty() -> None:
    rows = [["Site", "Head", "Staff"], ["K\u00f6ln", "Ann Weber", "4.2"], ["Kiel", "", "12"], ["Bonn", "Bo", ""]]
    assert text([(60, 740, 10, "All sites of the company:"), *table(rows)]) == (
        "All sites of the company:\n\n"
        "| Site | Head | Staff |\n| K\u00f6ln | Ann Weber | 4.2 |\n| Kiel |  | 12 |\n| Bonn | Bo |  |"
    )


def test_a_cell_of_many_lines_is_one_cell_wherever_its_row_is_aligned() -> None:
    long = ["The supplier cannot deliver", "for longer than a month", "and there is no other."]
    for shift in (0, 12, 24):  # the short cells at the top, in the middle, at the bottom
        page: list[Placed] = table([["Risk", "What", "Owner"]], top=740)
        for at, top in enumerate((700, 640)):
            page.append((60, top - shift, 10, f"R{at}"))
            page.extend((200, top - 12 * n, 10, line) for n, line in enumerate(long))
            page.append((380, top - shift, 10, f"Team {at}"))
        joined = " ".join(long)
        assert text(page) == f"| Risk | What | Owner |\n| R0 | {joined} | Team 0 |\n| R1 | {joined} | Team 1 |"


def test_a_table_that_goes_on_over_the_page_has_its_header_on_each() -> None:
    head = ["Name", "Team", "Pay"]
    first = table([head, ["Ann", "HR", "1"], ["Bo", "IT", "2"]])
    second = table([["Cy", "HR", "3"], ["Di", "IT", "4"]])
    expected = "| Name | Team | Pay |\n| Cy | HR | 3 |\n| Di | IT | 4 |"
    assert text(first, second).endswith(expected)
    assert text(first, table([head, ["Cy", "HR", "3"], ["Di", "IT", "4"]])).endswith("| 2 |\n\n" + expected)


def test_columns_are_read_one_after_the_other() -> None:
    columns = [
        [f"This is line {n} of the {side}" for n in range(30)] for side in ("left column,", "right column,")
    ]
    page = [
        (left, 760 - 12 * n, 10, line)
        for left, column in zip((50, 320), columns, strict=True)
        for n, line in enumerate(column)
    ]
    assert text(page).replace("\n", " ").split() == " ".join(columns[0] + columns[1]).split()


def test_lines_are_joined_where_only_the_width_of_the_page_has_parted_them() -> None:
    lines = [
        "We offer the Stadtwerke the maintenance of all their meters for the",
        "sum of 15,969 EUR a year, beginning with the month of May 2026, and",
        "the contract ends in 2028.",
        "Customer: Klinik am Aster",
        "Payment: within 14 days",
    ]
    assert text("\n".join(lines)) == " ".join(lines[:3]) + "\n" + "\n".join(lines[3:])


def test_a_hyphen_at_the_end_of_a_line_goes_and_one_before_a_name_stays() -> None:
    found = text("The rules for infor-\nmation security hold in all of Baden-\nBaden and in Kiel.")
    assert found.replace("\n", " ") == "The rules for information security hold in all of Baden-Baden and in Kiel."


def test_larger_lines_are_headings_and_bullets_are_items() -> None:
    page: list[Placed] = [
        (60, 760, 20, "Plan"),
        (60, 720, 14, "Goals"),
        (60, 700, 10, "\u2022"),
        (75, 700, 10, "Grow in Kiel"),
    ]
    page += [
        (60, 682, 10, "\u2022"),
        (75, 682, 10, "Hire four people"),
        (60, 640, 10, "Signed by the board of the company."),
    ]
    found = text([(x, y, size, line.replace("\u2022", "\x95")) for x, y, size, line in page])
    assert found == (
        "# Plan\n\n## Goals\n\n- Grow in Kiel\n\n- Hire four people\n\nSigned by the board of the company."
    )


def test_running_heads_are_kept_once_and_nothing_else_is_lost() -> None:
    pages: list[list[Placed]] = [
        [
            (60, 820, 8, "Strictly confidential"),
            (60, 500, 10, f"Body {n}"),
            (60, 800, 8, f"Own head {n * 7}"),
            (60, 20, 8, f"Page {n}"),
        ]
        for n in (1, 2, 3)
    ]
    found = text(*pages)
    assert found.count("Strictly confidential") == found.count("Page") == 1
    for n in (1, 2, 3):
        assert f"Body {n}" in found
        assert f"Own head {n * 7}" in found


def test_page_numbers_go_and_numbers_that_do_not_count_pages_stay() -> None:
    pages: list[list[Placed]] = [
        [(60, 500, 10, f"Body {n}"), (300, 20, 10, str(n + 4)), (60, 40, 10, f"Total {n * n} EUR")]
        for n in (1, 2, 3)
    ]
    assert text(*pages).split("\n\n") == [
        "Body 1",
        "5",
        "Total 1 EUR",
        "Body 2",
        "Total 4 EUR",
        "Body 3",
        "Total 9 EUR",
    ]


def test_a_sentence_over_the_end_of_a_page_is_one() -> None:
    assert text([(60, 100, 10, "The board has met on")], "the first of May.\nIt ends.") == (
        "The board has met on the first of May.\nIt ends."
    )
    assert text([(60, 100, 10, "The board has met.")], "the end") == "The board has met.\n\nthe end"


def _with(data: bytes, objects: dict[str, str], trailer: str = "") -> bytes:
    """Return a PDF with more objects, and without a table of where they are: PDFium finds them itself."""
    more = "".join(f"{number} 0 obj\n{body}\nendobj\n" for number, body in objects.items())
    return data[: data.index(b"xref\n")] + f"{more}trailer << /Root 1 0 R {trailer} >>\n%%EOF\n".encode()


def test_fields_that_were_filled_in_stand_beside_what_they_answer() -> None:
    shown = {"99": (100, "Renate"), "98": (60, "Kiel")}
    fields = " ".join(
        f"<< /Type /Annot /Subtype /Widget /FT /Tx /T (f{number}) /V ({value}) /F 4 "
        f"/Rect [200 {top - 5} 340 {top + 15}] /AP << /N {number} 0 R >> >>"
        for number, (top, value) in shown.items()
    )
    data = office.pdf([(60, 100, 10, "Name:"), (60, 60, 10, "City:")], annotation=fields)
    streams = {}
    for number, (_, value) in shown.items():
        stream = f"BT /F1 10 Tf 2 5 Td ({value}) Tj ET"
        streams[number] = (
            "<< /Type /XObject /Subtype /Form /BBox [0 0 140 20] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Length {len(stream)} >>\nstream\n{stream}\nendstream"
        )
    data = _with(data, streams)
    assert formats.read("a.pdf", data)[0] == "| Name: | Renate |\n| City: | Kiel |"


def test_a_title_that_a_program_made_up_is_none() -> None:
    for title, expected in (
        ("untitled", ""),
        ("Microsoft Word - plan.docx", ""),
        ("Plan for Kiel", "Plan for Kiel"),
    ):
        data = _with(office.pdf("x"), {"9": f"<< /Title ({title}) >>"}, "/Info 9 0 R")
        assert formats.read("a.pdf", data)[1] == expected


def test_pages_without_text_are_noted() -> None:
    found = formats.read("a.pdf", office.pdf("One", "", "Three"))
    assert found.text == "One\n\nThree"
    assert found.notes == ("1 of its 3 pages hold no text",)
    with pytest.raises(Unreadable, match="no text"):
        formats.read("a.pdf", office.pdf("", ""))


def test_reading_a_pdf_loads_no_code_from_a_folder_that_others_can_write() -> None:
    """What reads PDF comes with its package; a reader that unpacks itself into /tmp could be replaced there."""
    code = (
        "import sys; sys.path[:0] = ['tests', 'src']; import office\n"
        "from lockgate.adapters.extraction.formats import read\n"
        "assert read('a.pdf', office.pdf('x'))[0] == 'x'\n"
        "loaded = {line.split()[-1] for line in open('/proc/self/maps') if '.so' in line}\n"
        "print(sorted(one for one in loaded if one.startswith('/tmp/') and not one.startswith(sys.prefix)))"
    )
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


LINES = st.builds(
    lambda words, left, bottom, width, height: Line(" ".join(words), left, left + width, bottom + height, bottom),
    st.lists(st.text("abcXYZ019|-.:\u2022", min_size=1, max_size=9), min_size=1, max_size=6),
    st.floats(0, 600),
    st.floats(0, 850),
    st.floats(0, 500),
    st.floats(0, 40),
)


@given(
    st.lists(st.builds(Page, st.just(595.0), st.just(842.0), st.lists(LINES, max_size=20).map(tuple)), max_size=3)
)
def test_whatever_stands_wherever_every_letter_comes_out(pages: list[Page]) -> None:
    once = [page for number, page in enumerate(pages) if number == 0]
    found = text_of(once)
    wanted = sorted(c for page in once for line in page.lines for c in line.text if c.isalnum())
    assert sorted(c for c in found if c.isalnum()) == wanted
    assert text_of(pages) == text_of(pages)
