"""Text in pictures: recall of numbers and keys that stand on rendered pages, and the time of a page.

python -m bench.pictures             with the extra `ocr`, and fonts of the system (DejaVu, Liberation, FreeFont)
"""

from __future__ import annotations

import io
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lockgate.adapters.extraction import pictures
from lockgate.adapters.extraction.pieces import Room
from lockgate.adapters.extraction.texts import Unreadable
from lockgate.content.detection.core import scan

FONTS = (
    "LiberationSans-Regular",
    "LiberationSerif-Regular",
    "LiberationMono-Regular",
    "DejaVuSans",
    "FreeSerifItalic",
    "DejaVuSansMono-Bold",
)
SIZES = (16, 20, 28, 40)
PROSE = """the budget of the team was agreed in the review and moved to the launch of next week because our
supplier needs more days please send the updated plan"""
WORDS = PROSE.split()


def card(chance: random.Random) -> str:
    """Return a number with a check digit, in groups."""
    digits = [4, *(chance.randrange(10) for _ in range(14))]
    total = sum(
        (digit * 2 - 9 if digit > 4 else digit * 2) if at % 2 == 0 else digit for at, digit in enumerate(digits)
    )
    return grouped("".join(map(str, [*digits, -total % 10])))


def iban(chance: random.Random) -> str:
    """Return a German IBAN, in groups."""
    body = "".join(str(chance.randrange(10)) for _ in range(18))
    return grouped(f"DE{98 - int(body + '131400') % 97:02d}{body}")


def key(chance: random.Random) -> str:
    """Return the form of a key of AWS."""
    return "AKIA" + "".join(chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))


def grouped(text: str) -> str:
    """Return groups of four."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


PLANTS = {"card": ("Card ", card), "iban": ("IBAN ", iban), "key": ("aws_access_key_id = ", key)}


def page(font: Path, size: int, chance: random.Random, *, scanned: bool) -> tuple[bytes, list[tuple[str, str]]]:
    """Return a page of A4 width at 200 dpi as a file, and what stands on it."""
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    letters = ImageFont.truetype(str(font), size)
    made = Image.new("L", (1654, 1100), 255)
    pen = ImageDraw.Draw(made)
    plants: list[tuple[str, str]] = []
    for y in range(40, 1020, int(size * 1.6)):
        line = " ".join(chance.choice(WORDS) for _ in range(max(4, 120 // size)))
        if chance.random() < 0.35 and len(plants) < 12:
            kind = chance.choice(list(PLANTS))
            head, make = PLANTS[kind]
            plants.append((kind, value := make(chance)))
            line = head + value
        pen.text((60, y), line, fill=0, font=letters)
    out = io.BytesIO()
    if scanned:
        noise = Image.effect_noise(made.size, 24)
        made = made.rotate(0.7, fillcolor=250, resample=Image.Resampling.BICUBIC).filter(
            ImageFilter.GaussianBlur(0.8)
        )
        Image.blend(made, noise, 0.15).save(out, "JPEG", quality=60)
    else:
        made.save(out, "PNG")
    return out.getvalue(), plants


def quality() -> Iterator[str]:
    """Yield lines of figures."""
    chance = random.Random(7)
    files = {path.stem: path for path in Path("/usr/share/fonts").rglob("*.ttf")}
    fonts = [files[name] for name in FONTS if name in files]
    total: Counter[tuple[str, ...]] = Counter()
    found: Counter[tuple[str, ...]] = Counter()
    spent, pages = 0.0, 0
    for font in fonts:
        for size in SIZES:
            for scanned in (False, True):
                data, plants = page(font, size, chance, scanned=scanned)
                begin = time.process_time()
                try:
                    text = pictures.read("page.png", data, Room()).text
                except Unreadable:
                    text = ""
                spent, pages = spent + time.process_time() - begin, pages + 1
                got = {"".join(text[one.start : one.end].split()) for one in scan(text)}
                for kind, value in plants:
                    for row in ((kind,), ("scanned" if scanned else "clean", kind), (f"size {size}",)):
                        total[row] += 1
                        found[row] += any("".join(value.split()) in one for one in got)
    yield f"{len(fonts)} fonts, {pages} pages, {spent / max(pages, 1) * 1000:.0f} ms of processor time a page"
    for row in sorted(total):
        yield f"  {' '.join(row)}: {found[row]} of {total[row]} ({found[row] / total[row]:.2f})"


if __name__ == "__main__":
    if pictures.eyes() is None:
        raise SystemExit("install lockgate[ocr]")
    for line in quality():
        print(line, flush=True)
