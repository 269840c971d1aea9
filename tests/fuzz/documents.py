"""Formats of documents that are packed: what is fuzzed of them is one part, in a package that is whole."""

from __future__ import annotations

import io
import tarfile
from typing import Final

import office
from adapters.extraction import compound, files, samples
from fuzz.takes import Takes, format_
from lockgate.adapters.extraction import encoded, formats, kinds
from lockgate.adapters.extraction.compound import _uncompressed
from lockgate.adapters.extraction.pieces import Read

_RTF: Final = (
    rb"{\rtf1\ansi\ansicpg1252{\info{\title t}}{\fonttbl{\f0 A;}}a\par{\b b}\u8364?\'e4{\v hidden}"
    rb"\trowd\cellx1 c\cell\row{\field{\*\fldinst HYPERLINK x}{\fldrslt y}}{\object{\*\objdata 0105}}}"
)
_MBOX: Final = (
    b"From a@b Tue Nov 24 12:00:00 2026\nSubject: x\n\nbody\n\nFrom b@c Tue Nov 24 12:00:01 2026\n\n>From z\n"
)
_TEXT: Final = (
    "<office:text><text:h>A</text:h><text:p>b<text:s/>c</text:p><table:table><table:table-row/></table:table>"
    "</office:text>"
)


def _part(name: str, package: bytes, part: str) -> tuple[Takes, tuple[bytes, ...]]:
    """Return what reads a package in which one part is the input, and the part as it was."""
    parts = files.unpacked(package)

    def take(data: bytes) -> None:
        formats.read(name, office.packed({**parts, part: data}))

    return take, (parts[part].encode(),)


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("a/b.txt")
        member.size = 5
        archive.addfile(member, io.BytesIO(b"plain"))
    return out.getvalue()


def _decode(data: bytes) -> None:
    encoded.add(Read(data.decode("latin-1")), lambda inner: "")


def _kind(data: bytes) -> None:
    kinds.kind_of("a.docx", data)


def _unpack(data: bytes) -> None:
    _uncompressed(b"\x40\0\0\0\xff\0\0\0LZFu\0\0\0\0" + data)


_MADE: Final = samples.all_of_them()
DOCUMENTS: Final[tuple[tuple[str, Takes, tuple[bytes, ...]], ...]] = (
    ("extract-rtf", format_("x.rtf"), (_RTF,)),
    ("extract-mbox", format_("x.mbox"), (_MBOX,)),
    ("extract-msg", format_("x.msg"), (compound.write(compound.mail("s", "b", {"a.txt": b"x"})),)),
    ("extract-zip", format_("x.zip"), (office.packed({"a.txt": "x", "b/c.md": "# t"}),)),
    ("extract-tar", format_("x.tar"), (_tar(),)),
    ("extract-odt", *_part("x.odt", files.opendocument("text", _TEXT), "content.xml")),
    ("extract-docx", *_part("x.docx", office.docx("# A", "b", [["c", "d"]]), "word/document.xml")),
    ("extract-xlsx", *_part("x.xlsx", office.xlsx({"Pay": [["a", 1.5], ["b"]]}), "xl/worksheets/sheet1.xml")),
    ("extract-pptx", *_part("x.pptx", files.pptx({"s": files.slide(files.shape("a\nb"))}), "ppt/slides/s.xml")),
    ("extract-pdf", format_("x.pdf"), (office.pdf("one", "two"),)),
    ("extract-whole-docx", format_("x.docx"), (_MADE["a.docx"],)),
    ("extract-whole-xlsx", format_("x.xlsx"), (_MADE["a.xlsx"],)),
    ("extract-properties", *_part("x.docx", _MADE["a.docx"], "docProps/custom.xml")),
    ("extract-label", *_part("x.docx", _MADE["a.docx"], "docMetadata/LabelInfo.xml")),
    ("extract-workbook", *_part("x.xlsx", _MADE["a.xlsx"], "xl/workbook.xml")),
    ("extract-relations", *_part("x.pptx", _MADE["a.pptx"], "ppt/_rels/presentation.xml.rels")),
    ("extract-meta", *_part("x.odt", _MADE["a.odt"], "meta.xml")),
    ("extract-encoded", _decode, (_MADE["a.py"], b"a=%41%42 b", b"QUJDREVGR0hJSktMTU5PUFFSU1RVVg==")),
    ("extract-kind", _kind, tuple(_MADE.values())),
    ("extract-packed-rtf", _unpack, (bytes.fromhex("0a00726370673132354232"),)),
)
"""Name of the row, what takes the input, and seeds."""
