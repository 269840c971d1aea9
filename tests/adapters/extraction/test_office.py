"""What hides in Office files comes out, with the place where it stood and the labels that they state."""

from __future__ import annotations

import office
from adapters.extraction import files
from lockgate.adapters.extraction import formats
from lockgate.adapters.extraction.pieces import Read


def places(found: Read) -> dict[str, str]:
    return {part.where: found.text[part.start : part.end] for part in found.parts}


WORD = (
    "<w:p><w:del w:author='Ann'><w:r><w:delText>offer of 9 million</w:delText></w:r></w:del>"
    "<w:ins><w:r><w:t>offer</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t> unseen</w:t></w:r></w:p>"
    '<w:p><w:r><w:instrText>HYPERLINK "https://example.com/a?sig=k3y"</w:instrText></w:r></w:p>'
    "<w:p><w:r><wp:docPr xmlns:wp='urn:wp' id='1' name='p' descr='photo of the badge of Bo'/></w:r></w:p>"
)


def part(text: str, tag: str = "x") -> str:
    return f"<w:{tag} xmlns:w='{office.WORD}'><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:{tag}>"


def test_of_a_word_document() -> None:
    more = files.PROPERTIES | {
        "word/header1.xml": part("At the top"),
        "word/footer1.xml": part("At the foot"),
        "word/footnotes.xml": part("Said below"),
        "word/comments.xml": part("Is it?", "comments"),
        "word/settings.xml": f"<w:x xmlns:w='{office.WORD}'><w:docVar w:name='key' w:val='v4lue'/></w:x>",
        "word/_rels/document.xml.rels": files.relations(("r1", "hyperlink", "https://example.com/b?sig=k3y")),
        "customXml/item1.xml": "<a b='c'>bound data</a>",
        "word/embeddings/sheet.xlsx": office.xlsx({"S": [["inside"]]}).decode("latin-1"),
    }
    packed = {name: body.encode("latin-1") if "embed" in name else body for name, body in more.items()}
    found = formats.read("a.docx", office.docx("Body", raw=WORD, title="Plan", more=packed))
    assert found.text.startswith("At the top\n\nBody\n\noffer\n\n")
    assert places(found) == {
        "header": "At the top",
        "footer": "At the foot",
        "footnotes": "Said below",
        "comments": "Comment: Is it?",
        "hidden text": "unseen",
        "deleted text (tracked changes)": "offer of 9 million",
        "descriptions of images": "photo of the badge of Bo",
        "codes of fields": "https://example.com/a?sig=k3y",
        "variables of the document": "key\nv4lue",
        "targets of links": "https://example.com/b?sig=k3y",
        "embedded file `sheet.xlsx`": "## S\n\n| inside |",
        "custom data": "bound data",
        "document metadata": "Title: Plan\nCompany: Harbor Ltd\nManager: Mia\nClient: Client R&D 7",
    }
    assert set(found.notes) == {"hidden text", "tracked changes with deleted text", "comments"}
    assert set(found.marks) == set(files.MARKS)


def test_of_a_workbook() -> None:
    sheet = f'<worksheet xmlns="{office.SHEET}">'
    more = {
        "xl/worksheets/sheet1.xml": f'{sheet}<cols><col min="2" max="2" hidden="1"/></cols><sheetData>'
        '<row r="1" hidden="1"><c t="inlineStr"><is><t>Shown</t></is></c>'
        '<c><f>WEBSERVICE("https://x.test/?key=k3y")</f><v>1</v></c></row></sheetData>'
        '<headerFooter><oddHeader>&amp;L&amp;"Arial"Only for Ann</oddHeader></headerFooter></worksheet>',
        "xl/comments1.xml": "<comments><commentList><comment><text><r><t>Who knows?</t></r></text></comment>"
        "</commentList></comments>",
        "xl/threadedComments/threadedComment1.xml": "<T><threadedComment><text>Bo knows</text>"
        "</threadedComment></T>",
        "xl/connections.xml": "<c><connection>"
        "<dbPr connection='Server=db;Password=pw9' command='SELECT'/></connection></c>",
        "xl/pivotCache/pivotCacheDefinition1.xml": "<p><sharedItems><s v='84200 for Ann'/></sharedItems></p>",
        "xl/drawings/drawing1.xml": f"<x xmlns:a='{files.DRAWING}'><a:p><a:r><a:t>In a box</a:t></a:r></a:p></x>",
    } | files.PROPERTIES
    found = formats.read("a.xlsx", files.workbook({"Open": "x", "Pay:hidden": "p", "Deals:veryHidden": "d"}, more))
    told = places(found)
    assert told["hidden sheet `Pay`"] == "## Pay\n\n| p |"
    assert told["very hidden sheet `Deals`"] == "## Deals\n\n| d |"
    assert told["header or footer of sheet `Open`"] == "Only for Ann"
    assert told["formulas of sheet `Open`"] == "https://x.test/?key=k3y"
    assert told["comments"] == "Comment: Who knows?\n\nComment: Bo knows"
    assert told["connections to data outside"] == "Server=db;Password=pw9\nSELECT"
    assert told["kept copies of data"] == "84200 for Ann"
    assert told["drawings and charts"] == "In a box"
    assert set(found.marks) == set(files.MARKS)
    assert set(found.notes) == {
        "hidden sheet `Pay`",
        "very hidden sheet `Deals`",
        "hidden rows and hidden columns in sheet `Open`",
        "comments",
        "connections to data outside",
        "kept copies of data that its sheets do not show",
    }


def test_of_a_presentation_in_the_order_of_its_slides() -> None:
    table = (
        "<p:graphicFrame><a:tbl><a:tr><a:tc><a:p><a:r><a:t>n</a:t></a:r></a:p></a:tc>"
        "<a:tc><a:p><a:r><a:t>s</a:t></a:r></a:p></a:tc></a:tr></a:tbl></p:graphicFrame>"
    )
    slides = {
        "slide2": files.slide(files.shape("R&amp;D", "title"), files.shape("one\ntwo", described="a map"), table),
        "slide1": files.slide(files.shape("Not now"), attributes='show="0"'),
    }
    more = files.PROPERTIES | {
        "ppt/slides/_rels/slide2.xml.rels": files.relations(
            ("n", "notesSlide", "../notesSlides/notesSlide1.xml"), ("c", "comments", "../comments/comment1.xml")
        ),
        "ppt/notesSlides/notesSlide1.xml": files.slide(
            files.shape("Say nothing"), files.shape("7", "sldNum"), tag="notes"
        ),
        "ppt/comments/comment1.xml": f'<p:cmLst xmlns:p="{files.SLIDES}"><p:cm>'
        "<p:text>Too open</p:text></p:cm></p:cmLst>",
    }
    found = formats.read("a.pptx", files.pptx(slides, more))
    assert found.title == "R&D"
    assert places(found) == {
        "slide 1": "## R&D\n\none\ntwo\n\n| n | s |",
        "descriptions on slide 1": "a map",
        "speaker notes of slide 1": "Speaker notes:\nSay nothing",
        "comments on slide 1": "Comment: Too open",
        "hidden slide 2": "Not now",
        "document metadata": "Company: Harbor Ltd\nManager: Mia\nClient: Client R&D 7",
    }
    assert found.notes == ("hidden slide 2", "speaker notes", "comments")
    assert set(found.marks) == set(files.MARKS)


def test_a_file_is_what_its_bytes_say() -> None:
    for name in ("a.docx", "a.txt", "a", "a.exe", "a.pdf"):
        assert formats.read(name, office.docx("Body")).text == "Body"
    assert formats.read("a.txt", office.docx("Body")).notes == (
        "its name ends with .txt, but it is a file of the kind .docx",
    )
    assert formats.read("a.docm", office.docx("Body")).notes == ()
    wrong = formats.read("a.pdf", b"only text")
    assert (wrong.text, wrong.notes) == ("only text", ("its name ends with .pdf, but it is plain text",))
    for name in ("main.py", "Dockerfile", ".env", "a.unknown"):
        assert formats.read(name, b"TOKEN = 'x'\n").text == "TOKEN = 'x'"
