"""Small writers of Office and PDF files for tests: just enough of each format, with the standard library."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KIND = "application/vnd.openxmlformats-officedocument."


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def _frame(main: str, kind: str, more: str = "", core: str = "") -> dict[str, str]:
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{KIND}{kind}.main+xml"/>{more}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="{main}"/>{core}</Relationships>',
    }


def docx(
    *blocks: str | Sequence[Sequence[str]],
    title: str = "",
    doctype: str = "",
    raw: str = "",
    more: Mapping[str, str] | None = None,
) -> bytes:
    """Write paragraphs (`# x` is a heading) and tables (lists of rows). `raw` is XML put in, `more` are parts."""
    body = []
    for block in blocks:
        if isinstance(block, str):
            style = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>' if block.startswith("# ") else ""
            text = escape(block.removeprefix("# "))
            body.append(f'<w:p>{style}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>')
        else:
            cell = "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
            rows = ("".join(cell.format(escape(one)) for one in row) for row in block)
            body.append("<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>")
    kind = f"{PACKAGE}/relationships/metadata/core-properties"
    core = f'<Relationship Id="r2" Type="{kind}" Target="docProps/core.xml"/>'
    return packed(
        _frame("word/document.xml", "wordprocessingml.document", core=core)
        | {
            "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title></cp:coreProperties>',
            "word/document.xml": f'<?xml version="1.0"?>{doctype}<w:document xmlns:w="{WORD}">'
            f"<w:body>{''.join(body)}{raw}</w:body></w:document>",
        }
        | dict(more or {})
    )


def xlsx(sheets: Mapping[str, Sequence[Sequence[str | float]]]) -> bytes:
    """Write sheets of rows."""
    numbers = range(1, len(sheets) + 1)
    part = (
        '<Override PartName="/xl/worksheets/sheet{}.xml" ContentType="' + KIND + 'spreadsheetml.worksheet+xml"/>'
    )
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}"/>'
        for i, name in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f'<Relationship Id="r{i}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in numbers
    )
    parts = _frame("xl/workbook.xml", "spreadsheetml.sheet", "".join(part.format(i) for i in numbers)) | {
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
    }
    for i, rows in zip(numbers, sheets.values(), strict=True):
        data = "".join("<row>" + "".join(_cell(cell) for cell in row) + "</row>" for row in rows)
        parts[f"xl/worksheets/sheet{i}.xml"] = (
            f'<worksheet xmlns="{SHEET}"><sheetData>{data}</sheetData></worksheet>'
        )
    return packed(parts)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


Placed = tuple[float, float, float, str]
"""Text with its place on a page: left, baseline, size."""


def pdf(*pages: str | Sequence[Placed], annotation: str = "") -> bytes:
    """Write pages of lines in Helvetica, or of placed text. `annotation` is put on the first page, as it is."""
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for i, page in enumerate(pages):
        if isinstance(page, str):
            shown = "".join(f"({_string(line)}) Tj T* " for line in page.split("\n"))
            stream = f"BT /F1 11 Tf 14 TL 50 780 Td {shown}ET"
        else:
            stream = "\n".join(f"BT /F1 {size} Tf {x} {y} Td ({_string(text)}) Tj ET" for x, y, size, text in page)
        notes = f"/Annots [ {annotation} ] " if annotation and i == 0 else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {notes}"
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * i} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode()


def _string(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
