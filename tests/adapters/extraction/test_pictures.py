"""Pictures: what is written in them is read, and those that want to harm do not."""

from __future__ import annotations

import asyncio
import io
import random
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import office
from lockgate.adapters.extraction import pictures
from lockgate.adapters.extraction.extractor import KreuzbergExtractor, Limits
from lockgate.adapters.extraction.formats import read
from lockgate.adapters.extraction.texts import Unreadable
from lockgate.content.detection.core import scan
from lockgate.errors import Invalid
from lockgate.ports import Extracted

pytest.importorskip("tesserocr")
from PIL import Image, ImageDraw, ImageFont

CARD = "4111 1111 1111 1111"
(CARD_KIND,) = {one.kind for one in scan(f"Card {CARD}")}
SAID = f"Card of the customer\n{CARD}\nIBAN DE89 3704 0044 0532 0130 00"


def drawn(
    text: str = SAID, size: int = 32, mode: str = "RGB", ink: Any = "black", paper: Any = "white"
) -> Image.Image:
    font = ImageFont.load_default(size)
    lines = text.splitlines()
    made = Image.new(
        mode, (max(int(font.getlength(line)) for line in lines) + 60, int(size * 1.5) * len(lines) + 60), paper
    )
    pen = ImageDraw.Draw(made)
    for number, line in enumerate(lines):
        pen.text((30, 30 + number * size * 1.5), line, fill=ink, font=font)
    return made


def packed(picture: Image.Image, kind: str = "PNG", **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def says(text: str) -> bool:
    """Tell whether the card is in a text, whose spaces are a guess."""
    return "".join(CARD.split()) in "".join(text.split())


def place_of(found: Extracted) -> str:
    at = found.text.index("4111")
    return found.where(at, at + 4)


@pytest.fixture(scope="module")
def extract() -> Iterator[Callable[..., Extracted]]:
    """Return a function that reads in a confined worker, as the gateway does."""
    with asyncio.Runner() as runner:
        extractor = KreuzbergExtractor(limits=Limits())
        yield lambda name, data: runner.run(extractor.extract(name, data))
        runner.run(extractor.close())


@pytest.mark.parametrize("kind", pictures.FORMATS)
def test_every_format_is_read_in_the_worker(extract: Callable[..., Extracted], kind: str) -> None:
    found = extract(f"a.{kind.lower()}", packed(drawn(), kind))
    assert says(found.text)
    assert place_of(found) == "picture"
    assert {"financial.iban", CARD_KIND} <= {one.kind for one in scan(found.text)}
    assert found.notes
    assert found.split()[1] == ""  # a reader sees it


@pytest.mark.parametrize(
    "picture",
    [
        drawn(mode="L"),
        drawn(mode="1", ink=0, paper=1),
        drawn(mode="P"),
        drawn(mode="RGBA", paper=(0, 0, 0, 0)),
        drawn(mode="RGBA", ink="white", paper=(255, 255, 255, 0)),
        drawn(mode="RGBA", ink=(255, 255, 255, 255), paper=(0, 0, 0, 0)),
        drawn(mode="LA", ink=(0, 255), paper=(0, 0)),
        drawn(ink="white", paper="black"),
        drawn(mode="L").convert("I").point(lambda value: value * 257),
        drawn(size=14),
    ],
    ids=str,
)
def test_modes_transparency_and_sizes(picture: Image.Image) -> None:
    data = packed(picture.convert("I;16") if picture.mode == "I" else picture)
    assert says(read("a.png", data).text)


def test_cmyk_and_a_camera_held_sideways() -> None:
    assert says(read("a.jpg", packed(drawn(mode="CMYK", ink=(0, 0, 0, 255), paper=(0, 0, 0, 0)), "JPEG")).text)
    turned = drawn().rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert says(read("a.jpg", packed(turned, "JPEG", exif=exif.tobytes())).text)


def test_pages_of_a_fax_and_frames_of_an_animation() -> None:
    pages = [drawn(f"page {number}\n{CARD}") for number in range(3)]
    found = read("a.tif", packed(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert [part.where for part in found.parts] == ["picture", "picture, page 2", "picture, page 3"]
    frames = [drawn(f"frame {number} of many") for number in range(14)]
    moving = read("a.gif", packed(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100))
    assert "only the first 10" in moving.unread[0]
    same = read(
        "a.gif", packed(frames[0], "GIF", save_all=True, append_images=[frames[0], frames[1]], duration=100)
    )
    assert same.text.count("of many") == 2


def test_what_has_no_text_stays_unread() -> None:
    for picture in (Image.new("RGB", (500, 500), "navy"), Image.new("L", (1, 1)), Image.new("L", (9_000, 1), 255)):
        with pytest.raises(Unreadable, match="no text"):
            read("a.png", packed(picture))


def test_without_the_extra_a_picture_is_told_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "eyes", lambda: None)
    with pytest.raises(Unreadable, match=r"install `lockgate\[ocr\]`"):
        read("a.png", packed(drawn()))
    plain = office.docx("words")
    assert read("a.docx", with_picture(plain)).unread == ()


def with_picture(document: bytes, picture: bytes | None = None, name: str = "word/media/image1.png") -> bytes:
    import zipfile

    out = io.BytesIO(document)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, picture or packed(drawn()))
    return out.getvalue()


def test_pictures_in_office_files_and_archives_are_read_where_they_stand() -> None:
    found = read("a.docx", with_picture(office.docx("words")))
    assert says(found.text)
    where = {part.where for part in found.parts if part.start <= found.text.index("4111") < part.end}
    assert where == {"picture `image1.png`", "picture"}
    assert read("a.docx", with_picture(office.docx("words"), packed(Image.new("L", (400, 400))))).unread == ()
    broken = read("a.docx", with_picture(office.docx("words"), packed(drawn())[:200]))
    assert broken.unread == ("picture `image1.png`: it is a broken picture",)


def pdf(picture: Image.Image, text: str = "") -> bytes:
    """Return a PDF of one page that is a picture, perhaps with a line of text in it."""
    import pypdfium2
    from pypdfium2 import raw

    document = pypdfium2.PdfDocument.new()
    page = document.new_page(595, 842)
    image = pypdfium2.PdfImage.new(document)
    image.load_jpeg(io.BytesIO(packed(picture.convert("RGB"), "JPEG", quality=95)))
    image.set_matrix(pypdfium2.PdfMatrix().scale(500, 500 * picture.height / picture.width).translate(40, 300))
    page.insert_obj(image)
    if text:
        one = raw.FPDFPageObj_NewTextObj(document, b"Helvetica", 12)
        words = (text + "\0").encode("utf-16-le")
        raw.FPDFText_SetText(one, (raw.FPDF_WCHAR * (len(text) + 1)).from_buffer_copy(words))
        raw.FPDFPageObj_Transform(one, 1, 0, 0, 1, 40, 40)
        raw.FPDFPage_InsertObject(page, one)
    page.gen_content()
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


@pytest.mark.parametrize("stamp", ["", "page 1 of 1"])
def test_pages_of_a_pdf_that_are_scans(extract: Callable[..., Extracted], stamp: str) -> None:
    found = extract("a.pdf", pdf(drawn(), stamp))
    assert place_of(found) == "picture on page 1"


def test_a_page_of_text_is_not_read_twice() -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    document.new_page(595, 842)
    document.close()
    text = read("a.pdf", pdf(drawn(), "words " * 40)).text
    assert not says(text)  # what stands beside much text is not looked at: LIMITATIONS says so


# Hostile ones.


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", data or zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (png(50_000, 50_000), "pixels"),
        (png(2**31 - 1, 2**31 - 1), "pixels|broken"),
        (png(20_000, 20_000, zlib.compress(bytes(400_020_000), 9)), "pixels"),
        (png(1, 60_000), "a side"),
        (png(1_000_000, 1), "a side"),
        (png(5_000, 5_000), "broken"),
        (png(0, 0), "broken"),
        (packed(drawn())[:-40], "broken"),
        (packed(drawn(), "JPEG")[:300], "broken"),
        (
            b"BM"
            + bytes(4)
            + bytes(4)
            + b"\x36\0\0\0"
            + b"\x28\0\0\0"
            + b"\xff\xff\xff\x7f" * 2
            + b"\1\0\x18\0"
            + bytes(24),
            "pixels|broken",
        ),
        (b"II*\0\x08\0\0\0" + b"\xff\xff" + b"\0\1\4\0\1\0\0\0\xff\xff\xff\xff" * 200, "broken|pixels"),
        (b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\0;", "broken|pixels|side"),
        (b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff", "broken"),
        (b"\xff\xd8\xff", "broken"),
    ],
)
def test_bombs_and_broken_pictures(extract: Callable[..., Extracted], data: bytes, why: str) -> None:
    start = time.monotonic()
    with pytest.raises(Invalid, match=why):
        extract("a.png", data)
    assert time.monotonic() - start < 10
    assert says(extract("good.png", packed(drawn())).text)  # the worker goes on


@pytest.mark.slow
def test_noise_as_large_as_is_read_ends_in_time_and_memory(extract: Callable[..., Extracted]) -> None:
    noise = Image.frombytes("L", (4000, 3000), random.Random(1).randbytes(12_000_000))
    start = time.monotonic()
    with pytest.raises(Invalid, match=r"too long|no text"):
        extract("a.png", packed(noise, compress_level=0))
    assert time.monotonic() - start < 40


@pytest.mark.slow
def test_a_large_picture_is_made_smaller_and_read(extract: Callable[..., Extracted]) -> None:
    large = Image.new("RGBA", (7_500, 7_500), "white")
    large.paste(drawn(size=160), (100, 100))
    assert says(extract("a.png", packed(large, compress_level=1)).text)


def test_mutated_pictures_are_read_or_broken() -> None:
    chance = random.Random(5)
    for kind in pictures.FORMATS:
        good = packed(drawn("a 4111"), kind)
        for _ in range(15):
            data = bytearray(good)
            for _ in range(chance.randrange(1, 8)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            try:
                read(f"a.{kind}", bytes(data))
            except Unreadable:
                continue
