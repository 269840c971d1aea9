"""Properties of Office files: who wrote them, what an organization added, and labels. Runs in the worker.

Labels of Microsoft stand in `docProps/custom.xml` as properties `MSIP_Label_<id>_<key>`, or in
`docMetadata/LabelInfo.xml` ([MS-OFFCRYPTO] 2.6.4), which wins where both are there: it is told as the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lockgate.adapters.extraction import xmls
from lockgate.adapters.extraction.pieces import Pieces
from lockgate.adapters.extraction.xmls import Attributes

LABEL: Final = "MSIP_Label_"
_SHOWN: Final = {
    "title": "Title",
    "subject": "Subject",
    "creator": "Author",
    "initial-creator": "Author",
    "keywords": "Keywords",
    "keyword": "Keywords",
    "description": "Comments",
    "lastModifiedBy": "Last modified by",
    "category": "Category",
    "contentStatus": "Status",
    "Company": "Company",
    "Manager": "Manager",
    "HyperlinkBase": "Base of links",
}
_LABEL_KEYS: Final = {
    "enabled": "Enabled",
    "siteId": "SiteId",
    "method": "Method",
    "contentBits": "ContentBits",
    "removed": "Removed",
}


def add(parts: Mapping[str, bytes], pieces: Pieces) -> None:
    """Add what the properties of an OOXML package say; labels as marks and the rest as text.

    Raises:
        Unreadable: they are malformed.

    """
    lines: list[tuple[str, str]] = []
    for name, body in parts.items():
        folder = name.partition("/")[0].lower()
        if name.lower() == "docmetadata/labelinfo.xml":
            xmls.walk(body, lambda tag, own: _label(tag, own, pieces), lambda tag: None, lambda text: None)
        elif folder == "docprops" and name.endswith(".xml"):
            lines += custom(body) if name.lower().endswith("custom.xml") else stated(body)
    tell(lines, pieces)


def tell(lines: list[tuple[str, str]], pieces: Pieces) -> None:
    """Add properties: labels as marks, the rest as text unless it is a title that it has."""
    pieces.marks += [(key, value) for key, value in lines if key.startswith(LABEL)]
    told = [
        f"{key}: {value}"
        for key, value in lines
        if value.strip() and not key.startswith(LABEL) and not (key == "Title" and pieces.says(value))
    ]
    pieces.aside("\n".join(dict.fromkeys(told)), "document metadata")


def stated(body: bytes) -> list[tuple[str, str]]:
    """Return the properties that a standard names.

    Raises:
        Unreadable: it is malformed.

    """
    lines: list[tuple[str, str]] = []
    held: list[str] = []

    def end(tag: str) -> None:
        value = " ".join("".join(held).split())
        held.clear()
        if tag in _SHOWN and value:
            lines.append((_SHOWN[tag], value))

    xmls.walk(body, lambda tag, own: held.clear(), end, held.append)
    return lines


def custom(body: bytes) -> list[tuple[str, str]]:
    """Return the properties that somebody added, by the name that they gave.

    Raises:
        Unreadable: it is malformed.

    """
    lines: list[tuple[str, str]] = []
    held: list[str] = []
    named = ""

    def start(tag: str, own: Attributes) -> None:
        nonlocal named
        if tag in ("property", "user-defined"):
            named = own.get("name", "")
            held.clear()

    def end(tag: str) -> None:
        if tag in ("property", "user-defined"):
            lines.append((named, " ".join("".join(held).split())))
            held.clear()

    xmls.walk(body, start, end, held.append)
    return lines


def _label(tag: str, own: Attributes, pieces: Pieces) -> None:
    id = own.get("id", "").strip("{}")
    if tag == "label" and id:
        told = [("LabelInfo", "1"), *((key, own[name]) for name, key in _LABEL_KEYS.items() if name in own)]
        pieces.marks += [(f"{LABEL}{id}_{key}", value) for key, value in told]
