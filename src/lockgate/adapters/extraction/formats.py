"""Every format that can be read, by the ending of the name. Runs in the worker.

Text formats and the structure of e-mail come from the standard library, HTML and Office from kreuzberg, PDF from
PDFium. All tables come out as lines `| a | b |`, all headings as `# ...`, whatever the format.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import html
import io
import re
import zipfile
from collections.abc import Callable
from email.message import MIMEPart
from typing import Final

import kreuzberg

from lockgate.adapters.extraction import markdown, pdf, records, texts
from lockgate.adapters.extraction.texts import Unreadable

Read = tuple[str, str, tuple[str, ...]]
"""Text, title, notes."""

OFFICE: Final = "application/vnd.openxmlformats-officedocument."
UNPACKED: Final = 200_000_000
"""Bytes that an Office file may have when unpacked, and no part of it more than 200 times its packed size."""
RATIO: Final = 200
_DEPTH: Final = 3
_CONFIG: Final = kreuzberg.ExtractionConfig(
    use_cache=False,
    enable_quality_processing=False,
    output_format="markdown",
)
_FRONT: Final = re.compile(r"\A---\n.*?\n\n(?=\S)", re.DOTALL)
_BLANK: Final = re.compile(r"\n{3,}")

# kreuzberg 4.10.4 drops character references in .docx: "R&D" comes out as "RD" (xberg-io/xberg#1242). They are
# carried through it as noncharacters, which no text holds.
_HIDDEN: Final = {"&": "\ufdd0", "<": "\ufdd1", ">": "\ufdd2", '"': "\ufdd3", "'": "\ufdd4"}
_SHOWN: Final = str.maketrans({hidden: shown for shown, hidden in _HIDDEN.items()})
_TAB: Final = re.compile(rb"<w:tab ?/>")  # dropped as well, so that "a<tab>b" comes out as "ab"
_BOX: Final = re.compile(rb"(</?w:txbxContent(?: [^<>]*)?>|</?mc:Fallback(?: [^<>]*)?>|</w:p>)")
_BESIDE: Final = re.compile(r"/(header|footer|comment)s?\d{0,5}\.xml$")
_PARAGRAPH: Final = re.compile(rb"</(?:w:p|comment)>")
_TEXT: Final = re.compile(rb"<(?:w:)?t(?: [^<>]{0,200})?>([^<]*)</(?:w:)?t>")
# The standard library takes time with the square of such a header's length, each of many times that it is asked.
_LONG: Final = re.compile(
    rb"^content-(?:type|disposition|transfer-encoding):(?:[^\r\n]|\r?\n[ \t]|\r(?!\n)){2000}",
    re.IGNORECASE | re.MULTILINE,
)
_REFERENCE: Final = re.compile(rb"&(amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});")


def read(name: str, data: bytes, depth: int = 0) -> Read:
    """Return text, title and notes of a document.

    Raises:
        Unreadable: it cannot be read.

    """
    reader = _READERS.get(name.rpartition(".")[2].lower()) if "." in name else None
    if reader is None:
        raise Unreadable("its format is unknown")
    text, title, notes = reader(data, depth)
    text = _BLANK.sub("\n\n", texts.clean(text)).strip()
    return text, " ".join(texts.clean(title).split())[:300], notes


def _plain(data: bytes, depth: int) -> Read:
    text, notes = texts.decode(data)
    return text, "", notes


def _markdown(data: bytes, depth: int) -> Read:
    text, notes = texts.decode(data)
    text = markdown.RULE.sub("", markdown.ESCAPED.sub(r"\1", texts.clean(text)))
    title = re.match(r"\s*# +(.+)", text)
    return text, title[1].strip() if title else "", notes


def _csv(data: bytes, depth: int) -> Read:
    text, notes = texts.decode(data)
    return records.separated(texts.clean(text)), "", notes


def _json(data: bytes, depth: int) -> Read:
    text, notes = texts.decode(data)
    body, title = records.fields(text)
    return body, title, notes


def _html(data: bytes, depth: int) -> Read:
    charset = re.search(rb"<meta[^>]{1,200}charset=[\"']?([A-Za-z0-9_-]{1,40})", data[:4096])
    notes: tuple[str, ...] = ()
    try:
        text = data.decode(charset[1].decode() if charset else "utf-8")
    except (UnicodeDecodeError, LookupError):
        text, notes = texts.decode(data)
    body, title = _kreuzberg(text.encode(), "text/html")
    return body, title, notes


def _office(kind: str) -> Callable[[bytes, int], Read]:
    def read_office(data: bytes, depth: int) -> Read:
        packed, beside = _repacked(data)
        text, title = _kreuzberg(packed, OFFICE + kind)
        text = "\n\n".join([*beside.head, text.translate(_SHOWN), *beside.foot])
        return text, title.translate(_SHOWN), ()

    return read_office


def _pdf(data: bytes, depth: int) -> Read:
    return pdf.read(data)


def _kreuzberg(data: bytes, mime: str) -> tuple[str, str]:
    try:
        result = kreuzberg.extract_bytes_sync(data, mime, config=_CONFIG)
    except (kreuzberg.KreuzbergError, ValueError, RuntimeError, OSError) as error:
        protected = re.search(r"password|encrypt", str(error), re.IGNORECASE)
        raise Unreadable("it is protected by a password" if protected else "it is broken") from error
    title = result.metadata.get("title")
    return markdown.plain(_FRONT.sub("", texts.clean(result.content))), title if isinstance(title, str) else ""


def _repacked(data: bytes) -> tuple[bytes, _Beside]:
    """Return an Office file that unpacks to bounded size, its references hidden from a reader that drops them.

    With it comes what that reader leaves out: running heads and feet, and comments.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("it is protected by a password, or in the format of Office 97")
    out, total, beside = io.BytesIO(), 0, _Beside()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as open_:
            for part in packed.infolist():
                total += part.file_size
                if total > UNPACKED or part.file_size > max(1_000_000, RATIO * part.compress_size):
                    raise Unreadable("it unpacks to more than is allowed")
                if not part.filename.endswith((".xml", ".rels")):
                    continue  # images, fonts, macros: no text
                with packed.open(part) as stream:
                    body = stream.read(part.file_size + 1)
                if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body:
                    raise Unreadable("it declares entities of its own, which are not followed")
                if part.filename.startswith("word/") and part.filename.endswith(".xml"):
                    beside.add(part.filename, body)
                    body = _TAB.sub(b'<w:t xml:space="preserve"> </w:t>', _REFERENCE.sub(_hidden, body))
                    body = _unboxed(body)
                elif part.filename.startswith("xl/comments"):
                    beside.add(part.filename, body)
                open_.writestr(part.filename, body)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable("it is broken") from error
    except RuntimeError as error:  # what zipfile raises for an encrypted part
        raise Unreadable("it is protected by a password") from error
    return out.getvalue(), beside


def _unboxed(body: bytes) -> bytes:
    """Return a part with the text of boxes behind the paragraph that they are drawn in.

    Where they are, kreuzberg reads the box and drops the paragraph. Word writes each box twice; the copy for old
    readers goes.
    """
    if b"<w:txbxContent" not in body:
        return body
    out: list[bytes] = []
    boxed: list[bytes] = []
    inside = old = 0
    for piece in _BOX.split(body):
        if piece.startswith((b"<mc:Fallback", b"</mc:Fallback")):
            old += 1 if piece[1:2] == b"m" else -1
        elif old > 0:
            continue
        elif piece.startswith((b"<w:txbxContent", b"</w:txbxContent")):
            inside += 1 if piece[1:2] == b"w" else -1
        elif inside > 0:
            boxed.append(piece)
        else:
            out.append(piece)
            if piece == b"</w:p>":
                out.extend(boxed)
                boxed.clear()
    return b"".join(out)


class _Beside:
    """Text that stands beside the body of an Office file: heads before it, feet and comments after it."""

    def __init__(self) -> None:
        self.head: list[str] = []
        self.foot: list[str] = []

    def add(self, name: str, body: bytes) -> None:
        found = _BESIDE.search(name)
        if found is None:
            return
        place = self.head if found[1] == "header" else self.foot
        label = "Comment: " if found[1] == "comment" else ""
        for paragraph in _PARAGRAPH.split(body):
            text = html.unescape(b"".join(_TEXT.findall(paragraph)).decode("utf-8", "replace")).strip()
            if text and label + text not in place:
                place.append(label + text)


def _hidden(found: re.Match[bytes]) -> bytes:
    text = html.unescape(found[0].decode())
    return _HIDDEN.get(text, text).encode("utf-8", "replace")


def _eml(data: bytes, depth: int) -> Read:
    if depth > _DEPTH:
        raise Unreadable("mails are nested too deep in it")
    if _LONG.search(data):
        raise Unreadable("a header that says what a part of it is has more than 2000 characters")
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        parts, notes = [headers := _headers(message)], list[str]()
        found = list(message.walk())
        # Where a mail says the same in plain text and in HTML, the plain text is read.
        plain = any(part.get_content_type() == "text/plain" and _is_body(part) for part in found)
        for part in found:
            if part.get_content_type() == "message/rfc822":
                parts.extend(_headers(inner) for inner in part.iter_parts())
            elif not (plain and part.get_content_type() == "text/html" and _is_body(part)):
                _part(part, depth, parts, notes)
    except Unreadable:
        raise
    except Exception as error:  # the parser of the standard library raises many things on broken headers
        raise Unreadable("its headers are broken") from error
    if not headers:
        raise Unreadable("it is no e-mail")
    return "\n\n".join(parts), _header(message, "Subject"), tuple(notes)


def _headers(message: MIMEPart) -> str:
    lines = [f"{key}: {_header(message, key)}" for key in ("Subject", "From", "To", "Cc", "Date")]
    return "\n".join(line for line in lines if not line.endswith(": "))


def _is_body(part: MIMEPart) -> bool:
    return not part.is_multipart() and not part.get_filename() and bool(str(part.get_payload()).strip())


def _header(message: MIMEPart, key: str) -> str:
    try:
        return " ".join(str(message.get(key, "")).split())
    except Exception:
        return ""


def _part(part: MIMEPart, depth: int, parts: list[str], notes: list[str]) -> None:
    if part.is_multipart():
        return
    kind, name = part.get_content_type(), part.get_filename() or ""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes) or not data:
        return
    if not name and kind in ("text/plain", "text/html"):
        charset = part.get_content_charset() or "utf-8"
        with contextlib.suppress(LookupError):
            data = data.decode(charset, "replace").encode()
        name_of_body = "body.html" if kind == "text/html" else "body.txt"
        parts.append(read(name_of_body, data, depth + 1)[0])
        return
    shown = " ".join(name.split())[:200] or kind
    try:
        text, _, _ = read(name, data, depth + 1)
    except Unreadable as error:
        notes.append(f"an attachment could not be read: {error}")
        parts.append(f"Attachment: {shown}")
    else:
        parts.append(f"Attachment: {shown}\n\n{text}")


_READERS: Final[dict[str, Callable[[bytes, int], Read]]] = {
    "txt": _plain,
    "text": _plain,
    "log": _plain,
    "md": _markdown,
    "markdown": _markdown,
    "csv": _csv,
    "tsv": _csv,
    "json": _json,
    "jsonl": _json,
    "html": _html,
    "htm": _html,
    "eml": _eml,
    "docx": _office("wordprocessingml.document"),
    "xlsx": _office("spreadsheetml.sheet"),
    "pdf": _pdf,
}
