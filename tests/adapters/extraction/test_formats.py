"""Every other format: its text, what hides in it, and where."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
from urllib.parse import quote

import office
from adapters.extraction import compound, files
from adapters.extraction.test_office import places
from lockgate.adapters.extraction import encoded, formats
from lockgate.adapters.extraction.extractor import _extracted
from lockgate.adapters.extraction.pieces import Read
from lockgate.ports import Extracted


def told(found: Read) -> Extracted:
    return _extracted(dict(found._asdict()))


RTF = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\author Ann}{\title Plan}{\company Harbor}}"
    rb"{\header Top}"
    rb"Caf\'e9 \u8364? \{x\}\par {\v pay of Bo}{\deleted 9 million}{\*\annotation Is it?}{\footnote below}"
    rb'{\field{\*\fldinst HYPERLINK "https://x.test/?k=1"}{\fldrslt here}}\par'
    rb"\trowd n\cell s\cell\row\trowd Ann\cell 1\cell\row\pard end{\pict 89504e47}\par}"
)


def test_rich_text() -> None:
    found = formats.read("a.rtf", RTF)
    assert found.text.startswith("Top\n\nCaf\u00e9 \u20ac {x}\nhere\n\n| n | s |\n| Ann | 1 |\n\nend")
    assert found.title == "Plan"
    assert places(found) == {
        "header": "Top",
        "hidden text": "pay of Bo",
        "deleted text (tracked changes)": "9 million",
        "comments": "Is it?",
        "footnotes": "below",
        "codes of fields": 'HYPERLINK "https://x.test/?k=1"',
        "document metadata": "Author: Ann\nTitle: Plan\nCompany: Harbor",
    }
    assert set(found.notes) == {"hidden text", "deleted text (tracked changes)", "comments"}


def test_a_file_in_rich_text() -> None:
    inner = compound.write({"Package": office.xlsx({"S": [["inside"]]})}).hex().encode()
    found = formats.read("a.rtf", rb"{\rtf1 Body{\object{\*\objdata 0105" + inner + rb"}}}")
    assert places(found)["embedded file `object`"] == "## S\n\n| inside |"


def test_text_of_opendocument() -> None:
    body = (
        "<office:text><text:tracked-changes><text:changed-region><text:deletion><text:p>9 million</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        '<text:h text:outline-level="2">Plan</text:h>'
        "<text:p>R&amp;D<text:tab/>b<office:annotation><dc:creator>Bo</dc:creator><text:p>Is it?</text:p>"
        "</office:annotation>"
        "<text:note><text:note-body><text:p>below</text:p></text:note-body></text:note></text:p>"
        "<text:p><draw:frame><svg:desc>a badge</svg:desc></draw:frame></text:p>"
        '<table:table table:name="T"><table:table-row>'
        "<table:table-cell><text:p>n</text:p></table:table-cell><table:table-cell><text:p>s</text:p></table:table-cell>"
        "</table:table-row></table:table></office:text>"
    )
    found = formats.read("a.odt", files.opendocument("text", body))
    assert found.text.startswith("At the top\n\n## Plan\n\nR&D b\n\n| n | s |")
    assert places(found) == {
        "header": "At the top",
        "deleted text (tracked changes)": "9 million",
        "comments": "Comment: Is it?",
        "footnotes": "below",
        "descriptions of images": "a badge",
        "document metadata": "Title: Plan B\nAuthor: Ann\nClient: Client 7",
    }
    assert found.marks == (("MSIP_Label_1-2_Name", "Secret"),)


def test_sheets_and_slides_of_opendocument() -> None:
    sheet = (
        '<table:table table:name="{}" table:style-name="{}"><table:table-row {}><table:table-cell>'
        "<text:p>{}</text:p>"
        '</table:table-cell><table:table-cell table:number-columns-repeated="1000000000"/></table:table-row>'
        "</table:table>"
    )
    styles = (
        '<style:style style:name="no"><style:table-properties table:display="false"/></style:style>'
        '<style:style style:name="off"><style:drawing-page-properties presentation:visibility="hidden"/>'
        "</style:style>"
    )
    book = sheet.format("Open", "yes", "", "x") + sheet.format("Pay", "no", 'table:visibility="collapse"', "84200")
    found = formats.read(
        "a.ods", files.opendocument("spreadsheet", f"<office:spreadsheet>{book}</office:spreadsheet>", styles)
    )
    assert places(found)["hidden sheet `Pay`"] == "## Pay\n\n| 84200 |"
    assert found.text.startswith("At the top\n\n## Open\n\n| x |")
    assert set(found.notes) == {"hidden sheet `Pay`", "hidden rows"}
    page = (
        '<draw:page draw:style-name="{}"><draw:frame><draw:text-box><text:p>{}</text:p>'
        "</draw:text-box></draw:frame>"
        "<presentation:notes><draw:frame><draw:text-box><text:p>Say {}</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page>"
    )
    shown = page.format("on", "One", "nothing") + page.format("off", "Two", "more")
    found = formats.read(
        "a.odp", files.opendocument("presentation", f"<office:presentation>{shown}</office:presentation>", styles)
    )
    assert places(found) | {"document metadata": ""} == {
        "header": "At the top",
        "slide 1": "One",
        "hidden slide 2": "Two",
        "speaker notes": "Say nothing\n\nSay more",
        "document metadata": "",
    }


def test_a_mail_of_outlook_with_mails_in_it() -> None:
    inner = compound.mail("Inner", "Deeper", {"deep.csv": b"n,s\nBo,2\n"})
    data = compound.write(
        compound.mail("Gr\u00fc\u00dfe", "Hello", {"pay.csv": b"n,s\nAnn,1\n", "x.bin": b"\0\1", "m.msg": inner})
    )
    found = told(formats.read("a.msg", data))
    assert found.text.startswith("Subject: Gr\u00fc\u00dfe\nFrom: Ann\nTo: Bo\n\nHello")
    assert found.title == "Gr\u00fc\u00dfe"
    at = found.text.index("Ann | 1")
    assert found.where(at, at + 3) == "attachment `pay.csv`"
    at = found.text.index("Bo | 2")
    assert found.where(at, at + 2) == "attachment `m.msg`: attachment `deep.csv`"
    assert found.unread == ("attachment `x.bin`: its format is unknown",)
    assert set(found.marks) == {("MSIP_Label_1-2_Name", "Secret"), ("MSIP_Label_1-2_Enabled", "True")}
    assert "bo@x.test" in found.text


def test_a_compressed_body_of_outlook() -> None:
    packed = bytes.fromhex(  # the example of [MS-OXRTFCP] 3.1.1, with words
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    tree = dict(compound.mail("S", "", {}))
    del tree["__substg1.0_1000001F"]
    raw = rb"{\rtf1 hello\par}"
    stored = (len(raw) + 12).to_bytes(4, "little") + len(raw).to_bytes(4, "little") + b"MELA" + bytes(4) + raw
    assert "hello" in formats.read("a.msg", compound.write(tree | {"__substg1.0_10090102": stored})).text
    assert "hello world" in formats.read("a.msg", compound.write(tree | {"__substg1.0_10090102": packed})).text


def test_a_mail_whose_html_says_more_than_its_plain_text() -> None:
    mail = (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
        b"--a\r\nContent-Type: text/plain\r\n\r\nHello Bo,\r\nall is well.\r\n"
        b"--a\r\nContent-Type: text/html\r\n\r\n<p>Hello Bo,<p>all is well.<p>The pay of Ann is 84200."
        b"<div style='display:none'>do as I say</div>\r\n--a--\r\n"
    )
    found = formats.read("a.eml", mail)
    assert found.text.startswith("Subject: x\n\nHello Bo,\nall is well.\n\nThe pay of Ann is 84200.")
    assert places(found) == {"HTML body": "The pay of Ann is 84200.", "hidden text": "do as I say"}
    assert told(found).split()[0].endswith("84200.")


def test_archives_in_archives() -> None:
    inner = office.packed({"deep/b.csv": "n,s\nBo,2\n"})
    outer = office.packed(
        {"../a.txt": "one", "C:\\x\\b.docx": office.docx("two"), "in.zip": inner, "c.png": b"\x89PNG\r\n"}
    )
    found = told(formats.read("a.zip", outer))
    paths = {member.path: found.text[member.start : member.end] for member in found.members}
    assert paths == {
        "../a.txt": "one",
        "C:\\x\\b.docx": "two",
        "in.zip": "File: deep/b.csv\n\n| n | s |\n| Bo | 2 |",
        "in.zip!/deep/b.csv": "| n | s |\n| Bo | 2 |",
        "c.png": "",
    }
    (unread,) = found.unread
    assert re.match(r"!/c\.png: it is a (broken )?picture", unread)
    at = found.text.index("Bo | 2")
    assert found.where(at, at + 2) == "!/in.zip: !/deep/b.csv"


def test_tar_and_what_is_compressed() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, body in (
            ("a.txt", tarfile.REGTYPE, b"one"),
            ("l", tarfile.SYMTYPE, b""),
            ("p", tarfile.FIFOTYPE, b""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(body), "/etc/passwd"
            archive.addfile(info, io.BytesIO(body))
    for name, pack in (
        ("a.tar", bytes),
        ("a.tgz", gzip.compress),
        ("a.tar.bz2", bz2.compress),
        ("a.tar.xz", lzma.compress),
    ):
        found = formats.read(name, pack(out.getvalue()))
        assert [(member.path, member.problem) for member in found.members] == [
            ("a.txt", ""),
            ("l", "it is a link, which is not followed"),
            ("p", "it is no file"),
        ]
    assert formats.read("a.csv.gz", gzip.compress(b"n,s\n1,2\n")).text == "File: a.csv\n\n| n | s |\n| 1 | 2 |"


def test_a_mailbox_is_its_mails() -> None:
    mail = "From ann@x.test Mon Jan  5 10:00:00 2026\nSubject: {}\nFrom: ann@x.test\n\n{}\n>From here on\n\n"
    found = told(formats.read("mbox", (mail.format("One", "first") + mail.format("Two", "second")).encode()))
    assert [(member.path, member.title) for member in found.members] == [("1", "One"), ("2", "Two")]
    second = found.members[1]
    assert found.text[second.start : second.end].endswith("second\nFrom here on")


def test_encoded_stretches_are_read_and_point_to_where_they_stand() -> None:
    secret = "password of the harbor: tr0ub4dor"
    once = base64.b64encode(secret.encode()).decode()
    lines = "\n".join(base64.encodebytes((secret * 9).encode()).decode().split())
    twice = base64.b64encode(once.encode()).decode()
    url = "https://x.test/?q=" + quote("Ann Weber, born 1980-02-03")
    wide = base64.b64encode(secret.encode("utf-16-le")).decode()
    sheet = base64.b64encode(office.docx("inside a file")).decode()
    for packed, words in (
        (once, secret),
        (lines, secret * 9),
        (twice, secret),
        (url, "Ann Weber, born"),
        (wide, secret),
        (sheet, "inside a file"),
    ):
        text = f"Before.\n\nvalue={packed} after"
        found = told(formats.read("a.txt", text.encode()))
        start = found.text.rindex(words)
        assert start > len(text)
        first, last = found.origin(start, start + len(words))
        assert packed in text[first:last]
        assert first >= 9
        assert found.where(start, start + 5).startswith("decoded from ")
        assert found.split()[0] == text
    plain = "deadbeef" * 8 + " /usr/local/lib/python3/site-packages 100% of it, 50%20 and internationalization"
    assert formats.read("a.txt", plain.encode()).text == plain


def test_what_a_page_does_not_show() -> None:
    page = (
        b"<html><body><p>Shown</p><!-- key: k3y --><script>var token = 't0k';</script><img alt='badge of Bo'>"
        b"<div style='display:none'>pay <b>84200</b></div><input type=hidden value='h1dden'></body></html>"
    )
    found = told(formats.read("a.html", page))
    assert found.split()[0].split() == ["Shown", "badge", "of", "Bo"]
    for words in ("key: k3y", "var token = 't0k';", "badge of Bo", "pay 84200", "h1dden"):
        assert words in found.text


def test_what_stands_beside_the_pages_of_a_pdf() -> None:
    note = "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (Is it true?) /T (Bo Li) >>"
    field = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (f) /V (Ann Weber) /F 2 /Rect [0 0 9 9] >>"
    xmp = (
        "<x:xmpmeta><pdfx:MSIP_Label_1234-5678_Name>Secret</pdfx:MSIP_Label_1234-5678_Name>"
        "<dc:rights>for the board</dc:rights></x:xmpmeta>"
    )
    data = files.pdf_with(
        office.pdf("Body", annotation=note + field),
        {
            "1": "<< /Type /Catalog /Pages 2 0 R /Metadata 98 0 R "
            "/Names << /EmbeddedFiles << /Names [(pay.csv) 96 0 R] >> >> >>",
            "96": "<< /Type /Filespec /F (pay.csv) /UF (pay.csv) /EF << /F 97 0 R >> >>",
            "97": files.stream("/Type /EmbeddedFile", "n,s\nAnn,84200\n"),
            "98": files.stream("/Type /Metadata /Subtype /XML", xmp),
            "99": "<< /Author (Ann) /MSIP_Label_aaaa-bbbb_Enabled (true) >>",
        },
        "/Info 99 0 R",
    )
    found = formats.read("a.pdf", data)
    told = places(found)
    assert told["attachment `pay.csv`"] == "| n | s |\n| Ann | 84200 |"
    assert told["notes and fields"] == "Is it true?\nBo Li\nAnn Weber"
    assert "Author: Ann" in found.text
    assert "for the board" in found.text
    assert set(found.marks) == {("MSIP_Label_1234-5678_Name", "Secret"), ("MSIP_Label_aaaa-bbbb_Enabled", "true")}


def test_stretches_of_base64_on_lines_of_their_own_are_each_decoded() -> None:
    """Padding ends a block: what follows begins another, also where it has as many characters or fewer."""
    for one in range(28, 48):
        for other in range(28, 48):
            secrets = "the lighthouse pays".ljust(one, "x"), "harbor pilots move".ljust(other, "y")
            lines = [base64.b64encode(secret.encode()).decode() for secret in secrets]
            text = formats.read("x.txt", "\n".join(lines).encode()).text
            assert all(secret in text for secret in secrets), lines


SECRET = "AKIA" + "Q3EGRTZ7VXNM2LPK"


def test_a_flood_of_encoded_words_shields_nothing_in_silence() -> None:
    hidden = base64.b64encode(f"the key is {SECRET}".encode()).decode()
    many = "\n\n".join(base64.b64encode(f"harmless words, number {at}".encode()).decode() for at in range(6000))
    flooded = formats.read("a.txt", f"{many}\n\n{hidden}\n".encode())
    assert flooded.unread == (encoded.TOO_MUCH,)
    large = base64.b64encode(b"harmless words " * 140_000).decode()
    shielded = formats.read("a.txt", f"{large}\n\n{hidden}\n".encode())
    assert SECRET in shielded.text
    assert shielded.unread == (encoded.TOO_MUCH,)
    assert formats.read("a.txt", hidden.encode()).unread == ()


def test_a_byte_that_is_no_text_hides_nothing_that_is_encoded() -> None:
    for odd in (b"\x01", b"\xff", b"\0"):
        packed = base64.b64encode(odd + f"the key is {SECRET}".encode()).decode()
        assert SECRET in formats.read("a.txt", f"see {packed} there".encode()).text
        escaped = "".join(f"%{byte:02X}" for byte in SECRET.encode() + odd)
        assert SECRET in formats.read("a.txt", f"see {escaped} there".encode()).text
    noise = bytes((at * 89 + 41) % 256 for at in range(60))
    assert formats.read("a.txt", b"see " + base64.b64encode(noise) + b" there").parts == ()


def test_what_a_page_does_not_say_aloud_is_read() -> None:
    for hidden in (
        f"<noscript>key {SECRET}</noscript>",
        f"<svg><text>key {SECRET}</text></svg>",
        f"<style>p::after {{ content: 'key {SECRET}' }}</style>",
        f"<script src='/x.js?k={SECRET}'></script>",
        f"<iframe srcdoc='key {SECRET}'></iframe>",
        f"<!-- never closed: {SECRET}",
        f"<script>let key = '{SECRET}'",
    ):
        found = formats.read("a.html", f"<html><body><p>fine</p>{hidden}</body></html>".encode())
        assert SECRET in found.text, hidden
        assert found.text.startswith("fine"), hidden
    shown = formats.read("a.html", b"<html><body><svg/><p>first words</p><p>second words</p></body></html>")
    assert shown.text.endswith("first words\n\nsecond words")
    assert shown.text.count("words") == 2  # what is not closed does not say all of it twice


def test_a_name_that_json_has_twice_keeps_all_its_values() -> None:
    found = formats.read(
        "a.json", f'{{"k": "{SECRET}", "k": "fine", "in": {{"a": 1, "a": {{"b": "two"}}}}}}'.encode()
    )
    assert SECRET in found.text
    assert "fine" in found.text
    assert "two" in found.text


def test_comments_and_folders_of_an_archive_are_read() -> None:
    for where in ("archive", "file", "folder"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            part = zipfile.ZipInfo("a.txt")
            if where == "file":
                part.comment = SECRET.encode()
            archive.writestr(part, "fine")
            if where == "folder":
                archive.writestr(f"{SECRET}/", b"")
            if where == "archive":
                archive.comment = SECRET.encode()
        found = told(formats.read("a.zip", out.getvalue()))
        assert SECRET in found.text, where
        assert SECRET not in found.split()[0], where
