"""Files that are made to do harm. Each ends as text or as "could not read: why", and costs nothing else.

All go through the real worker, one after the other, with narrower bounds than those of every day.
"""

from __future__ import annotations

import asyncio
import base64
import bz2
import gzip
import lzma
import random
import struct
import tarfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

import office
from adapters.extraction import compound, files, samples
from lockgate.adapters.extraction.extractor import KreuzbergExtractor, Limits
from lockgate.errors import Invalid
from lockgate.ports import Extracted

LIMITS = Limits(seconds=40, cpu_seconds=8, memory=1_000_000_000, text=5_000_000)
Found = Extracted | str


def outcomes(told: dict[str, tuple[str, bytes]]) -> dict[str, Found]:
    """Return what becomes of each file, by its case: (name, bytes). After each, a plain one is read."""

    async def all_of_them() -> dict[str, Found]:
        extractor = KreuzbergExtractor(limits=LIMITS)
        found: dict[str, Found] = {}
        try:
            for case, (name, data) in told.items():
                try:
                    found[case] = await extractor.extract(name, data)
                except Invalid as error:
                    found[case] = str(error)
                assert (await extractor.extract("ok.txt", b"fine")).text == "fine", case
        finally:
            await extractor.close()
        return found

    found = asyncio.run(all_of_them())
    assert all(isinstance(one, Extracted) or one.startswith("could not read: ") for one in found.values())
    return found


BOMBS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "zeros": ("a.zip", lambda: samples.zeros(220_000_000), "unpacks to more than is allowed"),
    "overlapping": ("a.zip", lambda: samples.same_bytes_many_times(20_000), "files in it overlap"),
    "overlapping docx": ("a.docx", lambda: samples.same_bytes_many_times(200), "files in it overlap"),
    "100,000 entries": ("a.zip", lambda: samples.many_entries(100_000), "holds more than 50000 files"),
    "20,000 entries": (
        "a.zip",
        lambda: samples.many_entries(20_000),
        "rest of it: it holds more than 10000 files",
    ),
    "100 deep": ("a.zip", lambda: samples.nested(100), "nested too deep"),
    "10 to the 6": ("a.zip", lambda: samples.nested(6, 10), "nested too deep|more than 10000 files"),
    "docx in zip in docx": ("a.docx", lambda: office.docx("x", raw="0" * 60_000_000), "unpacks to more"),
    "gz": ("a.gz", lambda: gzip.compress(bytes(220_000_000), 9), "unpacks to more"),
    "bz2": ("a.bz2", lambda: bz2.compress(bytes(50_000_000)) * 8, "unpacks to more"),
    "xz": ("a.xz", lambda: lzma.compress(bytes(220_000_000), preset=1), "unpacks to more"),
    "gz in base64": (
        "a.txt",
        lambda: b"x " + base64.b64encode(gzip.compress(bytes(50_000_000), 9)),
        "",
    ),
    "sparse": ("a.tar", lambda: samples.sparse(1 << 32), "unpacks to more"),
    "gifts in mails": ("a.eml", lambda: samples.many_parts(12_000), "processor time|holds more than 10000 files"),
}


@pytest.mark.timeout(240)
def test_bombs_do_not_go_off() -> None:
    found = outcomes({case: (name, make()) for case, (name, make, _) in BOMBS.items()})
    for case, (_, _, why) in BOMBS.items():
        said = found[case]
        told = said if isinstance(said, str) else " ".join((*said.unread, said.text[:100]))
        assert any(one in told for one in why.split("|")), (case, told[:300])
    kept = found["zeros"]
    assert isinstance(kept, Extracted)
    assert kept.text.endswith("after it")  # one bomb in an archive does not hide what is beside it


def _cycle() -> bytes:
    return samples.pdf(
        "<< /Type /Catalog /Pages 2 0 R /Names 2 0 R /AcroForm 2 0 R >>",
        "<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Parent 2 0 R /Count 3 /Fields [2 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 3 0 R /Resources 3 0 R /Annots 3 0 R >>",
    )


def _pages(count: int) -> bytes:
    return samples.pdf(
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [3 0 R] /Count {count} >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
    )


def _font() -> bytes:
    broken = bytes(range(256)) * 40
    body = files.stream("/Length1 9999999 /Subtype /Type1C", broken.decode("latin-1"))
    page = office.pdf("Text in a broken font")
    font = (
        "<< /Type /Font /Subtype /TrueType /BaseFont /X /FirstChar 0 /LastChar 99999999 /FontDescriptor 91 0 R >>"
    )
    described = "<< /Type /FontDescriptor /FontName /X /FontFile2 92 0 R /FontFile3 92 0 R /Flags 4 >>"
    more = {"3": font, "91": described, "92": body}
    text = page[: page.index(b"xref\n")].decode("latin-1")
    return (text + "".join(f"{n} 0 obj\n{one}\nendobj\n" for n, one in more.items())).encode("latin-1") + (
        b"trailer << /Root 1 0 R >>\n%%EOF\n"
    )


def _encrypted_pdf() -> bytes:
    key = "(" + "x" * 32 + ")"
    return files.pdf_with(
        office.pdf("s3cret"),
        {"90": f"<< /Filter /Standard /V 1 /R 2 /P -4 /O {key} /U {key} >>"},
        f"/Encrypt 90 0 R /ID [{key} {key}]",
    )


def _locked_zip(data: bytes) -> bytes:
    out = bytearray(data)
    for first, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := out.find(first, start + 1)) >= 0:
            out[start + at] |= 1
    return bytes(out)


def _locked_xls() -> bytes:
    records = struct.pack("<HHHHHH", 0x809, 8, 0x600, 5, 0, 0) + struct.pack("<HHH", 0x2F, 2, 1) + bytes(5000)
    return compound.write({"Workbook": records})


PLAIN_ODT = files.opendocument("text", "<office:text/>")
WIDE = ("<?xml version='1.0' encoding='utf-16'?>" + samples.LAUGHS + "<d>&e9;</d>").encode("utf-16")
HARMFUL: dict[str, tuple[str, Callable[[], bytes], str]] = {
    **{f"laughs in {one}": (f"a.{one}", lambda one=one: samples.entities(one, samples.LAUGHS), "entities")
       for one in ("docx", "xlsx", "pptx", "odt")},
    **{f"outside of {one}": (f"a.{one}", lambda one=one: samples.entities(one, samples.OUTSIDE), "entities")
       for one in ("docx", "xlsx", "pptx", "odt")},
    "wide laughs": ("a.odt", lambda: office.packed(files.unpacked(PLAIN_ODT) | {"content.xml": WIDE}), "entities"),
    "deep docx": ("a.docx", lambda: samples.deep_xml("docx"), ""),
    "deep odt": ("a.odt", lambda: samples.deep_xml("odt"), ""),
    "deep json": ("a.json", lambda: b'{"a":' * 200_000, "nested too deep, so it was read as plain text"),
    "deep html": ("a.html", lambda: b"<div>" * 200_000 + b"x", ""),
    "open comments": ("a.html", lambda: b"<!--" * 100_000 + b"<script" * 20_000 + b"<p>x", ""),
    "hidden without end": ("a.html", lambda: b"<p hidden>x" * 15_000, ""),
    "hidden many times": ("a.html", lambda: (b"<p" + b" hidden" * 700) * 100, ""),
    "packets of xmp": ("a.pdf", lambda: office.pdf("Body") + b"<x:xmpmeta" * 300_000, ""),
    "streams": ("a.pdf", lambda: office.pdf("Body") + b"/Metadata stream\nx" * 200_000, ""),
    "runs that never end": ("a.docx", lambda: office.docx("x", raw="<w:r><w:vanish/>" * 50_000), ""),
    "deep rtf": ("a.rtf", lambda: rb"{\rtf1" + b"{" * 500_000, "nested too deep"),
    "long bin": ("a.rtf", lambda: rb"{\rtf1 a\bin2147483647 b\u99999999999 c}", ""),
    "words": ("a.rtf", lambda: rb"{\rtf1" + rb"\u65?" * 500_000 + rb"\'61" * 500_000, ""),
    "deep mail": ("a.eml", lambda: samples.deep_parts(3_000), ""),
    "percent": ("a.txt", lambda: b"%41" * 1_000_000 + b" " + b"a%41b " * 300_000, ""),
    "almost base64": ("a.txt", lambda: (b"A" * 76 + b"\n") * 60_000 + b"B" * 3_000_000, ""),
    "base64 in base64": ("a.txt", lambda: _packed_times(12), ""),
    "a billion pages": ("a.pdf", lambda: _pages(1_000_000_000), ""),
    "cycles": ("a.pdf", _cycle, ""),
    "packed twice": ("a.pdf", lambda: samples.pdf_bomb(100_000_000), ""),
    "broken font": ("a.pdf", _font, ""),
    "deep arrays": ("a.pdf", lambda: samples.pdf("<< /Type /Catalog /Pages " + "[" * 200_000 + " >>"), "broken"),
    "encrypted pdf": ("a.pdf", _encrypted_pdf, "is encrypted"),
    "encrypted docx": ("a.docx", lambda: _locked_zip(office.docx("s3cret")), "is encrypted"),
    "encrypted zip": ("a.zip", lambda: _locked_zip(office.packed({"a.txt": "s3cret"})), "is encrypted"),
    "encrypted package": ("a.docx", lambda: compound.write({"EncryptedPackage": bytes(99)}), "is encrypted"),
    "encrypted odt": ("a.odt", lambda: office.packed(files.unpacked(PLAIN_ODT) | {
        "META-INF/manifest.xml": "<m><file-entry><encryption-data/></file-entry></m>"}), "is encrypted"),
    "encrypted xls": ("a.xls", _locked_xls, "is encrypted"),
    **{f"loop of {one}": ("a.msg", lambda one=one: samples.compound_loop(one), "")
       for one in ("chain", "directory", "size", "table")},
    "link": ("a.tar", lambda: samples.tar(("l", tarfile.SYMTYPE, b"")), "is a link"),
    "hard link": ("a.tar", lambda: samples.tar(("l", tarfile.LNKTYPE, b"")), "is a link"),
    "device": ("a.tar", lambda: samples.tar(("d", tarfile.BLKTYPE, b"")), "is no file"),
    "pipe": ("a.tar", lambda: samples.tar(("p", tarfile.FIFOTYPE, b"")), "is no file"),
    "backwards": ("a.tar", samples.backwards, ""),
    "two parts of one name": ("a.docx", lambda: _twice(office.docx("one")), "two parts of one name"),
    "far cells": ("a.xlsx", lambda: files.workbook({"S": "x"}, {"xl/worksheets/sheet1.xml":
        f'<worksheet xmlns="{office.SHEET}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData></worksheet>'}), ""),
    "long": ("a.txt", lambda: b"word " * 1_200_000, "longer than 5000000"),
    "mistyped": ("a.docx", lambda: b"\x89PNG\r\n\x1a\n" + bytes(999), "picture"),
    "program": ("a.pdf", lambda: b"\x7fELF" + bytes(999), "broken"),
}  # fmt: skip


def _packed_times(count: int) -> bytes:
    data = b"deep inside of it is a word"
    for _ in range(count):
        data = base64.b64encode(data)
    return data


def _twice(data: bytes) -> bytes:
    """Return an archive whose first two names are the same."""
    one, other = b"docProps/core.xml", b"word/document.xml"
    assert len(one) == len(other)
    return data.replace(one, other)


@pytest.mark.timeout(400)
def test_what_is_made_to_do_harm_is_read_or_not_and_costs_nothing_else(tmp_path: Path) -> None:
    started = time.monotonic()
    found = outcomes({case: (name, make()) for case, (name, make, _) in HARMFUL.items()})
    for case, (_, _, why) in HARMFUL.items():
        said = found[case]
        told = said if isinstance(said, str) else " ".join((*said.unread, *said.notes))
        assert why in told, (case, told[:300])
        assert "s3cret" not in told
        assert "root:" not in (said if isinstance(said, str) else said.text)
    assert time.monotonic() - started < 300


NAMES = (
    "../../../tmp/lockgate-was-here",
    "/tmp/lockgate-was-here",
    "C:\\x\\..\\y",
    "CON",
    "nul.txt",
    "a\nb",
    "x" * 5000,
)


def test_names_that_lead_elsewhere_are_text() -> None:
    data = office.packed(dict.fromkeys(NAMES, "one"))
    tarred = samples.tar(*((name, tarfile.REGTYPE, b"one") for name in NAMES if len(name) < 99))
    found = outcomes({"zip": ("../../a.zip", data), "tar": ("/etc/passwd", tarred)})
    for case in ("zip", "tar"):
        read = found[case]
        assert isinstance(read, Extracted)
        assert read.members[0].path == NAMES[0]
        assert all(len(member.path) <= 300 and "\n" not in member.path for member in read.members)
    assert not Path("/tmp/lockgate-was-here").exists()


@pytest.mark.timeout(240)
def test_files_that_are_cut_anywhere() -> None:
    told = {}
    for name, data in samples.all_of_them().items():
        step = max(1, len(data) // 12)
        told |= {f"{name} at {at}": (name, data[:at]) for at in range(0, len(data), step)}
    for case, found in outcomes(told).items():
        assert isinstance(found, Extracted | str), case


@pytest.mark.timeout(240)
def test_files_in_which_bytes_are_changed() -> None:
    chance = random.Random(7)
    told = {}
    for name, data in samples.all_of_them().items():
        for number in range(8):
            changed = bytearray(data)
            for _ in range(chance.randrange(1, 9)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            told[f"{name} {number}"] = (name, bytes(changed))
    for case, found in outcomes(told).items():
        assert isinstance(found, Extracted | str), case


def test_every_format_is_read_in_the_closed_worker() -> None:
    told = {name: (name, data) for name, data in samples.all_of_them().items()}
    for name, found in outcomes(told).items():
        assert isinstance(found, Extracted), (name, found)
        assert found.text, name
        assert not found.unread, (name, found.unread)


def test_one_file_by_any_other_name() -> None:
    wrong = ["a.txt", "a.pdf", "a.docx", "a.zip", "a.msg", "a.csv", "a"]
    told = {f"{own} as {name}": (name, data) for own, data in samples.all_of_them().items() for name in wrong}
    for case, found in outcomes(told).items():
        assert isinstance(found, Extracted), (case, found)
        assert found.text, case


def test_a_checksum_that_is_wrong_costs_one_file_of_an_archive() -> None:
    data = office.packed({"a.txt": "one", "b.txt": "two"})
    crc = zlib.crc32(b"one").to_bytes(4, "little")
    (found,) = outcomes({"crc": ("a.zip", data.replace(crc, b"\1\2\3\4"))}).values()
    assert isinstance(found, Extracted)
    assert [member.problem for member in found.members] == ["it is broken", ""]
