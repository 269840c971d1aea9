"""Extraction: documents and bytes a second by format, and of a mix with one worker and with one for each core.

python -m bench.extraction
"""

from __future__ import annotations

import asyncio
import gzip
import io
import itertools
import os
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from lockgate.adapters.extraction.extractor import KreuzbergExtractor
from lockgate.adapters.extraction.formats import read
from lockgate.demo.organization import generate
from lockgate.errors import Invalid

SECONDS: Final = 1.0
_SLIDES: Final = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
_IDS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"


def _packed(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def _slides(paragraphs: Sequence[str]) -> bytes:
    """Write a slide for each eight paragraphs."""
    slides = [paragraphs[at : at + 8] for at in range(0, len(paragraphs), 8)]
    told = range(1, len(slides) + 1)
    shape = "<p:sp><p:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:txBody></p:sp>"
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="r{n}"/>' for n in told)
    links = "".join(f'<Relationship Id="r{n}" Type="{_IDS}/slide" Target="slides/slide{n}.xml"/>' for n in told)
    spaces = f'xmlns:p="{_SLIDES}" xmlns:a="{_DRAWING}" xmlns:r="{_IDS}"'
    return _packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "ppt/presentation.xml": f"<p:presentation {spaces}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
            "ppt/_rels/presentation.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}'
            "</Relationships>",
            **{
                f"ppt/slides/slide{n}.xml": f"<p:sld {spaces}>{''.join(map(shape.format, lines))}</p:sld>"
                for n, lines in enumerate(slides, 1)
            },
        }
    )


def _open_text(paragraphs: Sequence[str]) -> bytes:
    body = "".join(f"<t:p>{one}</t:p>" for one in paragraphs)
    return _packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f'<o:content xmlns:o="urn:o" xmlns:t="urn:t"><o:body>{body}</o:body></o:content>',
        }
    )


def _tar(documents: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in documents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue())


def documents() -> dict[str, list[tuple[str, bytes]]]:
    """Return documents of the demo organization by format, and the same texts in formats that it does not have."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        for path in sorted(Path(folder).rglob("*.*")):
            if path.is_file() and not path.name.startswith("."):
                found.setdefault(path.suffix[1:], []).append((path.name, path.read_bytes()))
    found = {
        ending: of_it
        for ending, of_it in found.items()
        if ending in ("md", "txt", "csv", "json", "html", "eml", "docx", "xlsx", "pdf")
    }
    texts = [data.decode() for _, data in (*found.get("md", []), *found.get("txt", []))][:100]
    plain = [[line.replace("&", "+").replace("<", "(") for line in text.split("\n") if line] for text in texts]
    found["pptx"] = [("a.pptx", _slides(lines)) for lines in plain]
    found["odt"] = [("a.odt", _open_text(lines)) for lines in plain]
    found["rtf"] = [
        ("a.rtf", b"{\\rtf1 " + "\\par\n".join(lines).encode("ascii", "replace") + b"}") for lines in plain
    ]
    found["py"] = [("a.py", Path(__file__).read_bytes())]
    some = {name: data for of_it in found.values() for name, data in of_it[:10]}
    found["zip"] = [("a.zip", _packed(some))]
    found["tar.gz"] = [("a.tar.gz", _tar(some))]
    return found


async def _rate(
    extractor: KreuzbergExtractor, told: Sequence[tuple[str, bytes]], lanes: int, seconds: float
) -> tuple[float, float]:
    """Return documents and MB a second."""
    done = size = 0
    todo = itertools.cycle(told)
    begin = time.perf_counter()

    async def lane() -> None:
        nonlocal done, size
        while time.perf_counter() - begin < seconds:
            name, data = next(todo)
            try:
                await extractor.extract(name, data)
            except Invalid as error:
                raise SystemExit(f"{name}: {error}") from error
            done, size = done + 1, size + len(data)

    await asyncio.gather(*(lane() for _ in range(lanes)))
    took = time.perf_counter() - begin
    return done / took, size / took / 1e6


def _spent(told: Sequence[tuple[str, bytes]]) -> float:
    """Return seconds of processor time that reading a document takes, without the way to the worker and back."""
    begin = time.process_time()
    for name, data in told:
        read(name, data)
    return (time.process_time() - begin) / len(told)


async def main() -> None:
    """Print the figures."""
    told = documents()
    cores = len(os.sched_getaffinity(0))
    one, all_cores = KreuzbergExtractor(), KreuzbergExtractor(workers=cores)
    try:
        await asyncio.gather(*(all_cores.extract("warm.txt", b"up") for _ in range(cores)))
        for ending, of_it in sorted(told.items()):
            await one.extract(*of_it[0])
            rate, speed = await _rate(one, of_it, 1, SECONDS)
            mean = sum(len(data) for _, data in of_it) / len(of_it) / 1000
            spent = _spent(of_it) * 1000
            print(
                f"{ending:>6}: {rate:>7,.0f} documents/s, {speed:>6.2f} MB/s, {mean:>7.1f} kB each; "
                f"{spent:.2f} ms of processor time each",
                flush=True,
            )
        mix = [of_it[at % len(of_it)] for at in range(40) for ending, of_it in told.items() if "z" not in ending]
        for name, extractor, lanes in (("1 worker", one, 1), (f"{cores} workers", all_cores, 2 * cores)):
            rate, speed = await _rate(extractor, mix, lanes, 4 * SECONDS)
            print(f"   mix: {rate:>7,.0f} documents/s, {speed:>6.2f} MB/s with {name}")
    finally:
        await one.close()
        await all_cores.close()


if __name__ == "__main__":
    asyncio.run(main())
