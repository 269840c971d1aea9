"""E-mail (RFC 5322, MIME) and mailboxes (RFC 4155). Runs in the worker."""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
from email.message import MIMEPart
from typing import Final

from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room, shown
from lockgate.adapters.extraction.texts import Unreadable

# The standard library takes time with the square of such a header's length, each of many times that it is asked.
_LONG: Final = re.compile(
    rb"^content-(?:type|disposition|transfer-encoding):(?:[^\r\n]|\r?\n[ \t]|\r(?!\n)){2000}",
    re.IGNORECASE | re.MULTILINE,
)
_COMPARED: Final = 100_000
"""Characters of an HTML body that are compared with a plain one; a longer one is read as well."""
LABELS: Final = re.compile(r"(MSIP_Label_[^=;]{1,200})=([^;]{0,300})")


def read(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return headers, bodies and attachments of a mail.

    Raises:
        Unreadable: it is no mail, or its headers are broken.

    """
    if _LONG.search(data):
        raise Unreadable("a header that says what a part of it is has more than 2000 characters")
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        pieces = Pieces(_header(message, "Subject"))
        pieces.add(headers := _headers(message))
        _marks(message, pieces)
        _parts(list(message.walk()), pieces, room, read_inside)
    except Unreadable:
        raise
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # the parser of the standard library raises many things on broken headers
        raise Unreadable("its headers are broken") from error
    if not headers:
        raise Unreadable("it is no e-mail")
    return pieces.read()


def _parts(found: list[MIMEPart], pieces: Pieces, room: Room, read_inside: ReadInside) -> None:
    """Add parts in order: headers of attached mails, bodies, attachments."""
    kinds = [(part, part.get_content_type()) for part in found]
    # What a mail says in plain text and in HTML is read once; nobody promises that both say the same.
    plain = any(kind == "text/plain" and _is_body(part) for part, kind in kinds)
    for part, kind in kinds:
        try:
            room.go_on()
        except Unreadable as error:
            pieces.unread.append(f"the rest of it: {error}")
            break
        if kind == "message/rfc822":
            for inner in part.iter_parts():
                pieces.add(_headers(inner), "attached mail")
                _marks(inner, pieces)
        elif plain and kind == "text/html" and _is_body(part):
            _twin(part, pieces, room, read_inside)
        else:
            _part(part, kind, pieces, room, read_inside)


def _marks(message: MIMEPart, pieces: Pieces) -> None:
    for key, value in LABELS.findall(_header(message, "MSIP_Labels")):
        pieces.marks.append((key, value.strip()))


def _headers(message: MIMEPart) -> str:
    lines = [f"{key}: {_header(message, key)}" for key in ("Subject", "From", "To", "Cc", "Bcc", "Date")]
    return "\n".join(line for line in lines if not line.endswith(": "))


def _is_body(part: MIMEPart) -> bool:
    return not part.is_multipart() and not part.get_filename() and bool(str(part.get_payload()).strip())


def _header(message: MIMEPart, key: str) -> str:
    try:
        return " ".join(str(message.get(key, "")).split())
    except Exception:
        return ""


def _body(part: MIMEPart, room: Room, read_inside: ReadInside) -> Read | None:
    """Return the text of a body; None if it is empty."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data:
        return None
    with contextlib.suppress(LookupError):
        data = data.decode(part.get_content_charset() or "utf-8", "replace").encode()
    return read_inside("body.html" if part.get_content_type() == "text/html" else "body.txt", data, room.deeper())


def _twin(part: MIMEPart, pieces: Pieces, room: Room, read_inside: ReadInside) -> None:
    """Add of an HTML body what its twin in plain text does not say, and what hides in it."""
    try:
        body = _body(part, room, read_inside)
    except Unreadable as error:
        pieces.unread.append(f"its HTML body: {error}")
        return
    if body is None:
        return
    shown_to = min((one.start for one in body.parts if one.unseen), default=len(body.text))
    known = pieces.words() if shown_to < _COMPARED else ""
    lines = body.text[:shown_to].split("\n")
    pieces.add("\n".join(line for line in lines if " ".join(line.strip("#|- ").split()) not in known), "HTML body")
    for one in body.parts:
        if one.unseen:
            pieces.aside(body.text[one.start : one.end], one.where)
    pieces.notes.extend(body.notes)


def _part(part: MIMEPart, kind: str, pieces: Pieces, room: Room, read_inside: ReadInside) -> None:
    if part.is_multipart():
        return
    name = part.get_filename() or ""
    if not name and kind in ("text/plain", "text/html"):
        try:
            if body := _body(part, room, read_inside):
                pieces.include("", body)
        except Unreadable as error:
            pieces.unread.append(f"its body: {error}")
        return
    data = part.get_payload(decode=True)
    if isinstance(data, bytes) and data:
        attach(name or kind, data, pieces, room, read_inside)


def attach(name: str, data: bytes, pieces: Pieces, room: Room, read_inside: ReadInside) -> None:
    """Add an attachment under a line that names it; what cannot be read is only named."""
    head, place = f"Attachment: {shown(name)}", f"attachment `{shown(name)}`"
    try:
        room.file()
        pieces.include(name, read_inside(name, data, room.deeper()), place, head)
    except Unreadable as error:
        pieces.unread.append(f"{place}: {error}")
        pieces.add(head)
