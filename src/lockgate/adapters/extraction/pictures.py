"""Text in pictures, by Tesseract (extra `ocr`). Runs in the worker, which is confined before the first picture.

Pillow makes pixels of the file; Tesseract is given these, and never the file. What cannot be afterwards, because
files are closed then, is loaded by `eyes`: the weights, and what Pillow loads at first use.
"""

from __future__ import annotations

import functools
import hashlib
import io
import re
import sysconfig
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lockgate.adapters.extraction.pieces import Pieces, Read, Room
from lockgate.adapters.extraction.texts import Unreadable

if TYPE_CHECKING:
    from PIL.Image import Image

NO_EYES: Final = "it is a picture, which needs the extra `ocr`: install `lockgate[ocr]`"
NOTHING: Final = "no text was found in the picture"
FORMATS: Final = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
_WEIGHTS: Final = "7d4322bd2a7749724879683fc3912cb542f19906c83bcc1a52132556427170b2"
"""SHA-256 of `eng.traineddata` of tesseract-ocr/tessdata_fast 4.1.0."""
_PIXELS: Final = 60_000_000
"""Of a picture, before it is made smaller."""
_LOOKED: Final = 12_000_000
"""Pixels that are read: a page of A4 at 300 dpi has 8.7 million."""
_SMALL: Final = 1_500_000
"""Pictures of fewer pixels are screens, whose letters are too small to be read as they are."""
_SHORTEST, _LONGEST = 12, 30_000
"""Pixels of a side: below there is no room for a letter, above Tesseract cannot count."""
_FRAMES: Final = 500
_MOVING: Final = 10
"""Pictures of an animation; pages of a TIFF are up to `_FRAMES`."""
_SECONDS: Final = 15.0
_DIGITS: Final = re.compile(r"(?<!\d)(?<!\d )[3-6](?: ?\d){12,18}(?! ?\d)", re.ASCII)
_LUHN: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


class Eyes:
    """Tesseract with its weights, for one picture at a time."""

    def __init__(self, api: Any) -> None:
        self._api = api

    def words(self, picture: Image, room: Room) -> str:
        """Return what is written in a gray picture.

        Raises:
            Unreadable: it takes too long.

        """
        left = min(_SECONDS, room.left.until - time.process_time())
        if left <= 0:
            room.go_on()
        width, height = picture.size
        self._api.SetImageBytes(picture.tobytes(), width, height, 1, width)
        try:
            if not self._api.Recognize(int(left * 1000)):
                raise Unreadable("to read the picture takes too long")
            text: str = self._api.GetUTF8Text()
            return _DIGITS.sub(_joined, text)
        finally:
            self._api.Clear()


@functools.cache
def eyes() -> Eyes | None:
    """Return what reads pictures; None without the extra, or with weights that are not the known ones."""
    try:
        import tesserocr
        from PIL import Image
    except ImportError:
        return None
    folder = Path(sysconfig.get_path("data"), "share", "tessdata")
    try:
        if hashlib.sha256((folder / "eng.traineddata").read_bytes()).hexdigest() != _WEIGHTS:
            return None
    except OSError:
        return None
    api = tesserocr.PyTessBaseAPI(path=str(folder), lang="eng", psm=tesserocr.PSM.AUTO)
    api.SetVariable("debug_file", "")  # it would open /dev/null for its messages, and crash where it may not
    found = Eyes(api)
    for one in FORMATS:  # each once, so that all of it is loaded
        out = io.BytesIO()
        Image.new("RGB", (64, 64), "white").save(out, one)
        for frame in _frames(out.getvalue()):
            _read(frame, found, Room())
    return found


def read(name: str, data: bytes, room: Room) -> Read:
    """Return what is written in a picture, or in the pages of one.

    Raises:
        Unreadable: it is broken or too large, nothing is written in it, or the extra is not installed.

    """
    if eyes() is None:
        raise Unreadable(NO_EYES)
    pieces = Pieces()
    seen: set[bytes] = set()
    count = 0
    try:
        for count, frame in enumerate(_frames(data), 1):
            room.go_on()
            digest = hashlib.sha256(frame.tobytes()).digest()
            if digest not in seen:
                seen.add(digest)
                pieces.add(look(frame, room), "picture" if count == 1 else f"picture, page {count}")
    except Unreadable as error:
        if not pieces.length:
            raise
        pieces.unread.append(f"what follows page {count}: {error}")
    if not pieces.length:
        raise Unreadable(NOTHING)
    pieces.notes.append("read from a picture, where words can be missed")
    return pieces.read()


def look(picture: Image, room: Room) -> str:
    """Return what is written in a picture of any mode.

    Raises:
        Unreadable: it takes too long.

    """
    found = eyes()
    return _read(picture, found, room) if found is not None else ""


def _joined(found: re.Match[str]) -> str:
    """Return the number of a card without spaces, which are a guess; others as they are."""
    digits = found[0].replace(" ", "")
    total = sum(_LUHN[int(digit)] if at % 2 else int(digit) for at, digit in enumerate(reversed(digits)))
    return digits if total % 10 == 0 else found[0]


def _frames(data: bytes) -> Iterator[Image]:
    """Yield the pages of a picture, each with its pixels."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as file:
                most = _FRAMES if file.format == "TIFF" else _MOVING
                for number in range(most):
                    try:
                        file.seek(number)
                    except EOFError:
                        return
                    _fits(file.size)
                    yield ImageOps.exif_transpose(file) if number == 0 else file.copy()
                try:
                    file.seek(most)
                except EOFError:
                    return
    except Image.DecompressionBombError as error:
        raise Unreadable(f"it has more than {_PIXELS} pixels") from error
    except Unreadable:
        raise
    except MemoryError:
        raise
    except Exception as error:  # decoders raise many things on what is malformed
        raise Unreadable("it is a broken picture") from error
    raise Unreadable(f"only the first {most} pictures of a file are read")


def _fits(size: tuple[int, int]) -> None:
    if size[0] * size[1] > _PIXELS:
        raise Unreadable(f"it has more than {_PIXELS} pixels")
    if max(size) > _LONGEST:
        raise Unreadable(f"a side of it has more than {_LONGEST} pixels")


def _read(picture: Image, found: Eyes, room: Room) -> str:
    if min(picture.size) < _SHORTEST:
        return ""
    gray = [_gray(picture, 255)]
    if picture.has_transparency_data:
        gray.append(_gray(picture, 0))  # letters as white as the paper
    return "\n\n".join(dict.fromkeys(filter(None, (found.words(_sized(one), room).strip() for one in gray))))


def _gray(picture: Image, paper: int) -> Image:
    """Return a picture in shades of gray, on paper where one sees through it."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):  # 16 bits and more: the whole range becomes 8
        low, high = (float(one) for one in picture.getextrema() if not isinstance(one, tuple))  # one channel
        scale = 255 / max(high - low, 1.0)

        def stretched(value: Image.ImagePointTransform) -> Image.ImagePointTransform:
            return value * scale - low * scale

        return picture.convert("F").point(stretched).convert("L")
    if picture.has_transparency_data:
        layers = picture.convert("RGBA")
        below = Image.new("RGBA", layers.size, (paper, paper, paper, 255))
        return Image.alpha_composite(below, layers).convert("L")
    return picture.convert("L")


def _sized(picture: Image) -> Image:
    """Return a picture with letters of a size that can be read."""
    from PIL import Image

    width, height = picture.size
    area = width * height
    factor = 2.0 if area < _SMALL else min(1.0, (_LOOKED / area) ** 0.5)
    factor = min(factor, _LONGEST / max(width, height))
    if factor == 1.0:
        return picture
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    return picture.resize(size, Image.Resampling.LANCZOS)
