"""Office files (OOXML): their parts, and what is common to all of them. Runs in the worker."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lockgate.adapters.extraction import kinds, pictures, properties, xmls, zips
from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room, shown
from lockgate.adapters.extraction.texts import ENCRYPTED, Unreadable

_EMBEDDED: Final = re.compile(r"^[a-z]+/embeddings/([^/]+)$", re.IGNORECASE)
_PICTURE: Final = re.compile(r"^[a-z]+/media/([^/]+)$|^Pictures/([^/]+)$", re.IGNORECASE)
_XML: Final = (".xml", ".rels", ".vml")


@dataclass
class Package:
    """The parts of a file that is a ZIP of XML: `parts` by name, and files and `pictures` in it."""

    parts: dict[str, bytes] = field(default_factory=dict)
    embedded: dict[str, bytes] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def below(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """Yield the XML parts in a folder, in order of their numbers."""
        names = [name for name in self.parts if name.startswith(folder) and name.endswith(".xml")]
        yield from ((name, self.parts[name]) for name in sorted(names, key=_numbers))

    def packed(self) -> bytes:
        """Return the XML parts as a package of their own, not compressed."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for name, body in self.parts.items():
                archive.writestr(name, body)
        return out.getvalue()


def opened(data: bytes, room: Room, kept: tuple[str, ...] = ()) -> Package:
    """Return the parts of a package; of those that are no XML, embedded files and the ones whose ending is `kept`.

    Raises:
        Unreadable: it is broken, encrypted or too large, or two readers could see two different files in it.

    """
    package = Package()
    try:
        with zips.opened(data) as archive:
            for part in archive.infolist():
                name = part.filename
                xml, embedded = name.endswith(_XML), _EMBEDDED.match(name)
                picture = None if pictures.eyes() is None else _PICTURE.match(name)
                room.file()
                if name in package.parts:
                    raise Unreadable("it has two parts of one name")
                if not (xml or embedded or picture or name.endswith(kept)) or name.endswith("/"):
                    room.unpack(part.file_size, part.compress_size)
                    continue  # images, fonts, macros: no text
                body = zips.unpacked(archive, part, room)
                if xml:
                    xmls.refuse_entities(body)
                if picture and not xml:
                    package.pictures[picture[1] or picture[2]] = body
                elif embedded and not xml:
                    package.embedded[embedded[1]] = body
                else:
                    package.parts[name] = body
    except zips.BROKEN as error:
        raise Unreadable("it is broken") from error
    except RuntimeError as error:  # what zipfile raises for an encrypted part
        raise Unreadable(ENCRYPTED) from error
    return package


def finish(package: Package, pieces: Pieces, room: Room, read_inside: ReadInside) -> Read:
    """Add what every Office file can hold: links, files in it, properties."""
    links = [
        target
        for name, body in package.parts.items()
        if name.endswith(".rels")
        for target in _external(body)
        if not pieces.says(target)
    ]
    pieces.aside("\n".join(dict.fromkeys(links)), "targets of links")
    for name, body in package.embedded.items():
        embed(name, body, pieces, room, read_inside)
    add_pictures(package, pieces, room)
    for name, body in package.below("customXml/"):
        if "/itemProps" not in name:
            pieces.aside(xmls.all_text(body), "custom data")
    properties.add(package.parts, pieces)
    return pieces.read()


def embed(
    name: str, data: bytes, pieces: Pieces, room: Room, read_inside: ReadInside, kind: str = "embedded file"
) -> None:
    """Read a file that is inside of another, and add it; what cannot be read is noted."""
    place = f"{kind} `{shown(name)}`"
    try:
        pieces.include(name, read_inside(name, data, room.deeper()), place)
    except Unreadable as error:
        pieces.unread.append(f"{place}: {error}")


def add_pictures(package: Package, pieces: Pieces, room: Room) -> None:
    """Add what is written in the pictures of a file, each once. Most have no text, which is nothing to tell."""
    seen: set[bytes] = set()
    for name, body in package.pictures.items():
        if body in seen or kinds.by_bytes(body) != "image":
            continue  # drawings (EMF, SVG) are none that can be read
        seen.add(body)
        try:
            room.file()
            pieces.include(name, pictures.read(name, body, room), f"picture `{shown(name)}`")
        except Unreadable as error:
            if str(error) != pictures.NOTHING:
                pieces.unread.append(f"picture `{shown(name)}`: {error}")


def targets(package: Package, part: str) -> dict[str, str]:
    """Return the parts that a part refers to, by the ids that it uses for them."""
    folder, _, name = part.rpartition("/")
    body = package.parts.get(f"{folder}/_rels/{name}.rels", b"")
    found: dict[str, str] = {}

    def start(tag: str, own: xmls.Attributes) -> None:
        if tag == "Relationship" and own.get("TargetMode") != "External":
            found[own.get("Id", "")] = _joined(folder, own.get("Target", ""))

    if body:
        xmls.walk(body, start, lambda tag: None, lambda text: None)
    return found


def _external(body: bytes) -> list[str]:
    found: list[str] = []

    def start(tag: str, own: xmls.Attributes) -> None:
        if tag == "Relationship" and own.get("TargetMode") == "External":
            found.append(own.get("Target", ""))

    xmls.walk(body, start, lambda tag: None, lambda text: None)
    return found


def _joined(folder: str, target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    steps = folder.split("/")
    for step in target.split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step != ".":
            steps.append(step)
    return "/".join(steps)


def _numbers(name: str) -> tuple[str, int]:
    found = re.search(r"(\d{1,9})\.xml$", name)
    return (name[: found.start()], int(found[1])) if found else (name, 0)
