"""Writers for the formats of the demonstration: the same content and title always give the same bytes.

They write the smallest valid file that office programs open: docx and xlsx as ECMA-376 packages with inline
strings, PDF 1.4 with the standard font Helvetica and uncompressed text. Nothing here reads a clock.
"""

from __future__ import annotations

import csv
import html
import io
import json
import textwrap
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final
from xml.sax.saxutils import escape

from lockgate.demo.draft import Block, Draft, Table

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES: Final = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_CORE: Final = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"


def render(draft: Draft) -> bytes:
    """Return the bytes of a draft in the format that its suffix names."""
    return WRITERS[draft.path.rpartition(".")[2]](draft)


def _heading(block: str) -> tuple[int, str]:
    for level in (1, 2):
        mark = "#" * level + " "
        if block.startswith(mark):
            return level, block[len(mark) :]
    return 0, block


def _markdown_block(block: Block) -> str:
    if isinstance(block, str):
        return block
    lines = [block.header, tuple("---" for _ in block.header), *block.rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _markdown(draft: Draft) -> bytes:
    parts = [f"# {draft.title}", *(_markdown_block(block) for block in draft.blocks)]
    return ("\n\n".join(parts) + "\n").replace("<", "\\<").encode()


def _plain_block(block: Block) -> str:
    if isinstance(block, Table):
        return "\n".join(
            "; ".join(f"{h}: {c}" for h, c in zip(block.header, row, strict=True)) for row in block.rows
        )
    level, text = _heading(block)
    return f"{text}\n{'-' * len(text)}" if level else textwrap.fill(text, 100)


def _text(draft: Draft) -> bytes:
    title = f"{draft.title}\n{'=' * len(draft.title)}"
    return ("\n\n".join([title, *(_plain_block(block) for block in draft.blocks)]) + "\n").encode()


def _html_block(block: Block) -> str:
    if isinstance(block, Table):
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in block.header)
        rows = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in block.rows)
        return f"<table>\n<tr>{head}</tr>\n" + "".join(f"<tr>{row}</tr>\n" for row in rows) + "</table>"
    level, text = _heading(block)
    tag = f"h{level + 1}" if level else "p"
    return f"<{tag}>{html.escape(text)}</{tag}>"


def _html(draft: Draft) -> bytes:
    body = "\n".join([f"<h1>{html.escape(draft.title)}</h1>", *(_html_block(block) for block in draft.blocks)])
    head = f'<meta charset="utf-8">\n<title>{html.escape(draft.title)}</title>'
    return f"<!DOCTYPE html>\n<html>\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n".encode()


def _tables(draft: Draft) -> tuple[Table, ...]:
    return tuple(block for block in draft.blocks if isinstance(block, Table))


def _csv(draft: Draft) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for table in _tables(draft):
        writer.writerow(table.header)
        writer.writerows(table.rows)
    return out.getvalue().encode()


def _json(draft: Draft) -> bytes:
    value: dict[str, object] = {"title": draft.title}
    texts = [block for block in draft.blocks if isinstance(block, str)]
    records = [dict(zip(table.header, row, strict=True)) for table in _tables(draft) for row in table.rows]
    if records:
        value |= records[0] if len(records) == 1 else {"records": records}
    if texts:
        value["text"] = texts
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _mail(draft: Draft) -> bytes:
    sender, receivers, day = draft.mail
    stamp = date.fromisoformat(day).strftime("%a, %d %b %Y") + " 09:12:00 +0100"
    head = (
        f"From: {sender}\nTo: {receivers}\nDate: {stamp}\nSubject: {draft.title}\n"
        "Message-ID: "
        f"<{draft.path.rpartition('/')[2].removesuffix('.eml')}@brightwater.example>\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
    )
    body = "\n\n".join(_plain_block(block) for block in draft.blocks)
    return f"{head}\n{body}\n".replace("\n", "\r\n").encode()


def _package(members: Mapping[str, str]) -> bytes:
    """Return a zip archive with fixed times and order, so that equal content is equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members.items():
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16  # stored: zlib versions differ in bytes
            archive.writestr(info, _XML + text)
    return out.getvalue()


def _office(main: str, main_type: str, title: str, members: Mapping[str, str], extra: Mapping[str, str]) -> bytes:
    overrides = {main: main_type, **extra, "docProps/core.xml": f"{_CORE_TYPE}+xml"}
    types = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in overrides.items())
    base = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
    )
    links = (
        f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="{main}"/>'
        f'<Relationship Id="r2" Type="{_RELATIONS}/metadata/core-properties" Target="docProps/core.xml"/>'
    )
    core = f"<dc:title>{escape(title)}</dc:title>"
    return _package(
        {
            "[Content_Types].xml": f'<Types xmlns="{_TYPES}">{base}{types}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}">{links}</Relationships>',
            "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{_CORE}" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"{core}</cp:coreProperties>",
            **members,
        }
    )


_CORE_TYPE: Final = "application/vnd.openxmlformats-package.core-properties"


def _run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _word_block(block: Block) -> str:
    if isinstance(block, Table):
        rows = (
            "".join(f"<w:tc><w:tcPr/><w:p>{_run(cell)}</w:p></w:tc>" for cell in row)
            for row in (block.header, *block.rows)
        )
        grid = "<w:gridCol/>" * len(block.header)
        body = "".join(f"<w:tr>{row}</w:tr>" for row in rows)
        return f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl><w:p/>"
    level, text = _heading(block)
    style = f'<w:pPr><w:pStyle w:val="Heading{level + 1}"/></w:pPr>' if level else ""
    return f"<w:p>{style}{_run(text)}</w:p>"


def _word(draft: Draft) -> bytes:
    title = f'<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>{_run(draft.title)}</w:p>'
    body = title + "".join(_word_block(block) for block in draft.blocks)
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/></w:style>'
        for n in (1, 2, 3)
    )
    link = f'<Relationship Id="r1" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    return _office(
        "word/document.xml",
        f"{kind}.document.main+xml",
        draft.title,
        {
            "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}<w:sectPr/></w:body></w:document>',
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{_RELATIONS}">{link}</Relationships>',
            "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{styles}</w:styles>',
        },
        {"word/styles.xml": f"{kind}.styles+xml"},
    )


def _cell(text: str) -> str:
    plain = text.replace(",", "")
    if plain.isdigit() and text[0] != "0" and len(plain) < 12:
        return f"<c><v>{plain}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def _excel(draft: Draft) -> bytes:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    rows = [[text for text in (block,)] for block in draft.blocks if isinstance(block, str)]
    for table in _tables(draft):
        rows += [list(table.header), *(list(row) for row in table.rows)]
    data = "".join("<row>" + "".join(_cell(text) for text in row) + "</row>" for row in rows)
    sheet = f'<sheet name="{escape(draft.title[:28])}" sheetId="1" r:id="r1"/>'
    link = f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    return _office(
        "xl/workbook.xml",
        f"{kind}.sheet.main+xml",
        draft.title,
        {
            "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}">'
            f"<sheets>{sheet}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}">{link}</Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{data}</sheetData></worksheet>',
        },
        {"xl/worksheets/sheet1.xml": f"{kind}.worksheet+xml"},
    )


def _pdf_lines(draft: Draft) -> list[tuple[int, str]]:
    """Return (font size, line); an empty line closes a paragraph."""
    lines = [(16, line) for line in textwrap.wrap(draft.title, 60)] + [(11, "")]
    for block in draft.blocks:
        level, text = _heading(block) if isinstance(block, str) else (0, _plain_block(block))
        size, width = (13, 60) if level else (11, 66)
        for line in text.split("\n"):
            lines += [(size, part) for part in textwrap.wrap(line, width)]
        lines.append((11, ""))
    return lines


def _pdf_text(line: str) -> bytes:
    raw = line.encode("cp1252", "replace")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _pdf(draft: Draft) -> bytes:
    lines, height = _pdf_lines(draft), 52
    pages = [lines[start : start + height] for start in range(0, len(lines), height)]
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        font,
        b"<< /Title (" + _pdf_text(draft.title) + b") /Producer (Lockgate demonstration) >>",
    ]
    for number, page in enumerate(pages):
        body, y = b"", 800
        for size, line in page:
            if line:
                body += b"BT /F1 %d Tf 56 %d Td (%s) Tj ET\n" % (size, y, _pdf_text(line))
            y -= 14
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            b"/Contents %d 0 R >>" % (6 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%sendstream" % (len(body), body))
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size %d /Root 1 0 R /Info 4 0 R >>" % (len(objects) + 1)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return out + head + table + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % len(out)


WRITERS: Final[Mapping[str, Callable[[Draft], bytes]]] = {
    "md": _markdown,
    "txt": _text,
    "html": _html,
    "csv": _csv,
    "json": _json,
    "eml": _mail,
    "docx": _word,
    "xlsx": _excel,
    "pdf": _pdf,
}
"""One writer for each format that the files connector reads."""
