"""One file of each format, and files that are made to do harm. All are made here."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import office
from adapters.extraction import compound, files

MAIL = (
    b"From: ann@x.test\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: text/csv; name=a.csv\r\n"
    b"Content-Disposition: attachment; filename=a.csv\r\n\r\na,b\r\n1,2\r\n--b--\r\n"
)
RTF = rb"{\rtf1\ansi{\info{\author Ann}}{\header Top}Caf\'e9 \u8364?\par {\v x}\trowd a\cell b\cell\row}"


def tar(*told: tuple[str, bytes, bytes]) -> bytes:
    """Write a tar of (name, kind, bytes)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, body in told:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(body), "../../etc/passwd"
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


def all_of_them() -> dict[str, bytes]:
    """Return a file of each format by its name."""
    plain = tar(("a.txt", tarfile.REGTYPE, b"one"), ("b.csv", tarfile.REGTYPE, b"a,b\n1,2\n"))
    odf = "<office:text><text:p>Body</text:p></office:text>"
    note = "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (Is it?) >>"
    return {
        "a.txt": "Gr\u00fc\u00dfe aus Kiel".encode(),
        "a.md": b"# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        "a.csv": b"a,b\n1,2\n",
        "a.json": b'{"a": [1, {"b": "x"}]}',
        "a.html": b"<p>Shown</p><!-- not --><script>x</script>",
        "a.eml": MAIL,
        "a.mbox": b"From a@x.test Mon Jan  5 10:00:00 2026\n" + MAIL.replace(b"\r\n", b"\n") + b"\n",
        "a.docx": office.docx("Body", [["n", "s"], ["A", "1"]], title="T", more=dict(files.PROPERTIES)),
        "a.xlsx": files.workbook({"Open": "x", "Pay:hidden": "y"}),
        "a.pptx": files.pptx({"slide1": files.slide(files.shape("One", "title"), files.shape("two"))}),
        "a.odt": files.opendocument("text", odf),
        "a.rtf": RTF,
        "a.msg": compound.write(compound.mail("S", "Body", {"a.csv": b"a,b\n1,2\n"})),
        "a.pdf": office.pdf("One\ntwo", "Three", annotation=note),
        "a.zip": office.packed({"a.txt": "one", "b.zip": office.packed({"c.txt": "two"})}),
        "a.tar": plain,
        "a.tgz": gzip.compress(plain),
        "a.txt.bz2": bz2.compress(b"one"),
        "a.txt.xz": lzma.compress(b"one"),
        "a.py": b"TOKEN = '" + base64.b64encode(b"a key that is encoded here") + b"'\n",
    }


# ------------------------------------------------------------------ files that do harm


def same_bytes_many_times(count: int) -> bytes:
    """Return a ZIP whose directory names one packed file many times: all of them overlap."""
    packed = zlib.compress(bytes(1_000_000))[2:-4]
    crc = zlib.crc32(bytes(1_000_000))
    local = (
        struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(packed), 1_000_000, 1, 0) + b"a" + packed
    )
    entry = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(packed), 1_000_000, 1, 0, 0, 0, 0, 0, 0
    )
    listed = (entry + b"a") * count
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count % 65536, count % 65536, len(listed), len(local), 0)
    return local + listed + end


def many_entries(count: int) -> bytes:
    """Return a ZIP of so many empty files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}", b"")
    return out.getvalue()


def nested(times: int, wide: int = 1, inner: bytes = b"deep inside") -> bytes:
    """Return archives in archives, each with so many copies of the next."""
    data, name = inner, "a.txt"
    for _ in range(times):
        data = office.packed({f"{number}{name}": data for number in range(wide)})
        name = ".zip"
    return data


def zeros(size: int) -> bytes:
    return office.packed({"a.txt": bytes(size), "b.txt": b"after it"})


def entities(where: str, doctype: str) -> bytes:
    """Return an Office file or OpenDocument with a document type in one of its parts."""
    make: dict[str, Callable[[], bytes]] = {
        "docx": lambda: office.docx("x"),
        "xlsx": lambda: files.workbook({"S": "x"}),
        "pptx": lambda: files.pptx({"slide1": files.slide(files.shape("One"))}),
        "odt": lambda: files.opendocument("text", "<office:text><text:p>x</text:p></office:text>"),
    }
    parts = files.unpacked(make[where]())
    main = {
        "docx": "word/document.xml",
        "xlsx": "xl/workbook.xml",
        "pptx": "ppt/slides/slide1.xml",
        "odt": "content.xml",
    }
    body = parts[main[where]].removeprefix('<?xml version="1.0"?>')
    return office.packed(parts | {main[where]: f'<?xml version="1.0"?>{doctype}{body}'})


LAUGHS = (
    '<!DOCTYPE d [<!ENTITY e0 "ha">'
    + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)
OUTSIDE = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def deep_xml(where: str) -> bytes:
    """Return a file with a hundred thousand elements in each other."""
    deep = "<w:p>" * 100_000 + "x" + "</w:p>" * 100_000
    if where == "docx":
        return office.docx("x", raw=deep)
    return files.opendocument("text", deep.replace("w:p", "text:section"))


def pdf(*objects: str, trailer: str = "") -> bytes:
    """Write objects, numbered from 1, without a table."""
    body = "".join(f"{number} 0 obj\n{one}\nendobj\n" for number, one in enumerate(objects, 1))
    return f"%PDF-1.7\n{body}trailer << /Root 1 0 R {trailer} >>\n%%EOF\n".encode("latin-1")


def pdf_bomb(size: int) -> bytes:
    """Return a page whose content inflates to so many bytes, twice packed."""
    packed = zlib.compress(zlib.compress(b"BT /F1 9 Tf (a) Tj ET " * (size // 22))).decode("latin-1")
    page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"
    tree = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return pdf(
        "<< /Type /Catalog /Pages 2 0 R >>",
        tree,
        page,
        files.stream("/Filter [/FlateDecode /FlateDecode]", packed),
    )


def compound_loop(what: str) -> bytes:
    """Return a mail of Outlook whose tables point to themselves."""
    data = bytearray(compound.write(compound.mail("S", "Body", {"a.csv": b"a,b\n1,2\n"})))
    table = 512 * (1 + int.from_bytes(data[76:80], "little"))
    directory = 512 * (1 + int.from_bytes(data[48:52], "little"))
    if what == "chain":
        data[table + 4 : table + 8] = (0).to_bytes(4, "little")
    elif what == "directory":
        for at in range(directory, directory + 128 * 8, 128):
            data[at + 76 : at + 80] = (1).to_bytes(4, "little")
    elif what == "size":
        data[directory + 128 + 120 : directory + 128 + 128] = (1 << 62).to_bytes(8, "little")
    else:
        data[44:48] = (0x7FFFFFFF).to_bytes(4, "little")
    return bytes(data)


def sparse(size: int) -> bytes:
    """Return a tar with a file of so many bytes, none of which are there (GNU's old way)."""
    head = bytearray(tar(("hole", tarfile.GNUTYPE_SPARSE, b""))[:512])
    head[124:136] = f"{0:011o}\0".encode()
    head[386:410] = f"{size - 1:011o}\0".encode() + f"{1:011o}\0".encode()
    head[483:495] = f"{size:011o}\0".encode()
    return _checked(head) + bytes(1024)


def backwards() -> bytes:
    """Return a tar with a file of negative length."""
    head = bytearray(tar(("back", tarfile.REGTYPE, b""))[:512])
    head[124:136] = b"\xff" * 11 + b"\x00"
    return _checked(head) + bytes(1024)


def _checked(head: bytearray) -> bytes:
    head[148:156] = b" " * 8
    head[148:156] = f"{sum(head):06o}\0 ".encode()
    return bytes(head)


def many_parts(count: int) -> bytes:
    part = b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"
    head = b"Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return head + part * count + b"--b--\r\n"


def deep_parts(count: int) -> bytes:
    out = b"Subject: s\r\nMIME-Version: 1.0\r\n"
    for number in range(count):
        out += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    return out + b"Content-Type: text/plain\r\n\r\nx\r\n"
