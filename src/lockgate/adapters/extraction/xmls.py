"""XML of foreign files, walked without a tree, entities or anything outside it. Runs in the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.parsers import expat

from lockgate.adapters.extraction.texts import Unreadable

Attributes = Mapping[str, str]
_ENTITIES: Final = "it declares entities of its own, which are not followed"


def refuse_entities(body: bytes) -> None:
    """Refuse XML with declarations of its own.

    Raises:
        Unreadable: it has some, or an encoding in which they could hide.

    """
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
        raise Unreadable(_ENTITIES)


def walk(
    body: bytes,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    """Call back for each element, by its local name, with its attributes by theirs, and for the text between.

    An attribute that refers to a relationship (`r:id`) keeps its prefix: a slide has an `id` beside it.

    Raises:
        Unreadable: it is malformed, or declares a document type.

    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse(*_: Any) -> None:
        raise Unreadable(_ENTITIES)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: start(
        name.rpartition(" ")[2], {_attribute(key): value for key, value in attributes.items()}
    )
    parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2])
    parser.CharacterDataHandler = text
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable("it is broken") from error


def _attribute(key: str) -> str:
    space, _, name = key.rpartition(" ")
    return f"r:{name}" if space.endswith("/relationships") else name


def texts_of(body: bytes, elements: frozenset[str], paragraphs: frozenset[str]) -> list[str]:
    """Return the text of these elements, a line for each paragraph (an element of those named) that has some.

    Raises:
        Unreadable: see `walk`.

    """
    lines: list[str] = []
    held: list[str] = []
    inside = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal inside
        inside += name in elements

    def end(name: str) -> None:
        nonlocal inside
        inside -= name in elements
        if name in paragraphs and held:
            lines.append("".join(held))
            held.clear()

    walk(body, start, end, lambda text: held.append(text) if inside else None)
    if held:
        lines.append("".join(held))
    return [line for line in map(str.strip, lines) if line]


def all_text(body: bytes) -> str:
    """Return all text between elements, a line for each stretch.

    Raises:
        Unreadable: see `walk`.

    """
    lines: list[str] = []
    walk(body, lambda name, attributes: None, lambda name: None, lines.append)
    return "\n".join(line for line in map(str.strip, lines) if line)


def values(body: bytes, element: str, *attributes: str) -> list[str]:
    """Return what these attributes of an element say wherever it stands.

    Raises:
        Unreadable: see `walk`.

    """
    found: list[str] = []

    def start(name: str, own: Attributes) -> None:
        if name == element:
            found.extend(own[one] for one in attributes if own.get(one))

    walk(body, start, lambda name: None, lambda text: None)
    return found
