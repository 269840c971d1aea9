"""Compound files ([MS-CFB]): mails of Outlook, Office 97, encrypted Office. Runs in the worker."""

from __future__ import annotations

import io
import struct
from typing import Final

import olefile

from lockgate.adapters.extraction import convert, mail, office, rtf
from lockgate.adapters.extraction.pieces import Pieces, Read, ReadInside, Room
from lockgate.adapters.extraction.texts import ENCRYPTED, Unreadable

_STREAM: Final = 100_000_000
_STREAMS: Final = 20_000
_OLD: Final = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
}
_HEADERS: Final = (
    ("0C1A", "From"),
    ("5D01", "From"),
    ("0C1F", "From"),
    ("0E04", "To"),
    ("0E03", "Cc"),
    ("0E02", "Bcc"),
)
_RTF_START: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the window of compressed RTF begins with ([MS-OXRTFCP] 2.1.2.1)."""
_RATIO: Final = 20


class _File:
    """Streams by their paths, each read once at most as far as there is room."""

    def __init__(self, data: bytes, room: Room) -> None:
        try:
            self._ole = olefile.OleFileIO(io.BytesIO(data))
            self.paths = ["/".join(path) for path in self._ole.listdir()]
        except Exception as error:  # olefile raises many things on broken files
            raise Unreadable("it is broken") from error
        if len(self.paths) > _STREAMS:
            raise Unreadable(f"it has more than {_STREAMS} streams")
        self._known = {path.lower(): path for path in self.paths}
        self._size = len(data)
        self._room = room

    def __contains__(self, path: str) -> bool:
        return path.lower() in self._known

    def stream(self, path: str) -> bytes:
        """Return a stream; nothing where there is none, or where it is broken."""
        found = self._known.get(path.lower())
        if found is None:
            return b""
        try:
            if self._ole.get_size(found) > min(self._size, _STREAM):
                return b""
            data = self._ole.openstream(found).read()
        except Exception:
            return b""
        self._room.unpack(len(data), self._size)
        return bytes(data)


def read(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return what a compound file says, by the streams that it has.

    Raises:
        Unreadable: it is broken, encrypted, or of no known kind.

    """
    file = _File(data, room)
    if "EncryptedPackage" in file or "EncryptionInfo" in file:
        raise Unreadable(ENCRYPTED)
    if "__properties_version1.0" in file:
        return _message(file, "", room, read_inside)
    for stream, mime in _OLD.items():
        if stream in file:
            return _old(file, stream, mime, data, room, read_inside)
    pieces = Pieces()
    for path in file.paths:
        last = path.rpartition("/")[2]
        if last == "\x01Ole10Native":
            office.embed(*_native(file.stream(path)), pieces, room, read_inside)
        elif last in ("Package", "CONTENTS"):
            office.embed(last, file.stream(path), pieces, room, read_inside)
    if not pieces.length and not pieces.unread:
        raise Unreadable("its format is unknown")
    return pieces.read()


def _old(file: _File, stream: str, mime: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    head = file.stream(stream)[:600]
    if stream == "WordDocument" and len(head) > 11 and head[11] & 1:
        raise Unreadable(ENCRYPTED)
    if stream in ("Workbook", "Book") and b"\x2f\x00" in head[::1] and _filepass(head):
        raise Unreadable(ENCRYPTED)
    text, title = convert.converted(data, mime)
    pieces = Pieces(title)
    pieces.add(text)
    for path in file.paths:
        if path.rpartition("/")[2] == "\x01Ole10Native":
            office.embed(*_native(file.stream(path)), pieces, room, read_inside)
    pieces.aside(_summary(file), "document metadata")
    return pieces.read()


def _filepass(head: bytes) -> bool:
    """Tell whether one of the first records of a workbook says that it is encrypted ([MS-XLS] 2.4.117)."""
    at = 0
    while at + 4 <= len(head):
        kind, length = struct.unpack_from("<HH", head, at)
        if kind == 0x2F:
            return True
        at += 4 + length
    return False


def _summary(file: _File) -> str:
    """Return the strings of the two streams of properties, whatever they are called ([MS-OLEPS])."""
    lines: list[str] = []
    for path in ("\x05SummaryInformation", "\x05DocumentSummaryInformation"):
        data = file.stream(path)
        at = 0
        while (at := data.find(b"\x1e\x00\x00\x00", at)) >= 0 and len(lines) < 200:
            length = int.from_bytes(data[at + 4 : at + 8], "little")
            if 1 < length <= min(2000, len(data) - at - 8):
                said = data[at + 8 : at + 8 + length].split(b"\0")[0]
                lines.append(_ansi(said))
            at += 4
    return "\n".join(dict.fromkeys(lines))


def _native(data: bytes) -> tuple[str, bytes]:
    """Return name and bytes of a packaged file ([MS-OLEDS] 2.3.6)."""
    label, _, rest = data[6:].partition(b"\0")
    _, _, rest = rest.partition(b"\0")
    rest = rest[4:]
    (length,) = struct.unpack("<I", rest[:4].ljust(4, b"\0"))
    _, rest = rest[4 : 4 + length], rest[4 + length :]
    (size,) = struct.unpack("<I", rest[:4].ljust(4, b"\0"))
    return _ansi(label) or "object", rest[4 : 4 + size]


# ------------------------------------------------------------------ mails of Outlook ([MS-OXMSG])


def _message(file: _File, below: str, room: Room, read_inside: ReadInside) -> Read:
    pieces = Pieces(_string(file, below, "0037"))
    lines = {"Subject": pieces.title}
    for tag, key in _HEADERS:
        lines[key] = " ".join(filter(None, dict.fromkeys((lines.get(key, ""), _string(file, below, tag)))))
    pieces.add("\n".join(f"{key}: {' '.join(value.split())}" for key, value in lines.items() if value))
    _body(file, below, pieces, room, read_inside)
    known = {path[len(below) :].partition("/")[0] for path in file.paths if path.startswith(below)}
    people = [
        " ".join(filter(None, (_string(file, f"{below}{one}/", tag) for tag in ("3001", "39FE"))))
        for one in sorted(known)
        if one.startswith("__recip_version1.0")
    ]
    pieces.add("\n".join(one for one in people if one and not pieces.says(one)), "recipients")
    for one in sorted(known):
        if one.startswith("__attach_version1.0"):
            _attached(file, f"{below}{one}/", pieces, room, read_inside)
    headers = _string(file, below, "007D")
    for key, value in mail.LABELS.findall(headers + "; " + _named(file, below, "msip_labels")):
        pieces.marks.append((key, value.strip()))
    return pieces.read()


def _body(file: _File, below: str, pieces: Pieces, room: Room, read_inside: ReadInside) -> None:
    if text := _string(file, below, "1000"):
        pieces.add(text)
        return
    html = file.stream(f"{below}__substg1.0_10130102") or _string(file, below, "1013").encode()
    try:
        if html:
            pieces.include("", read_inside("body.html", html, room.deeper()))
        elif packed := file.stream(f"{below}__substg1.0_10090102"):
            unpacked = _uncompressed(packed)
            room.unpack(len(unpacked), len(packed))
            pieces.include("", rtf.read("body.rtf", unpacked, room.deeper(), read_inside))
    except Unreadable as error:
        pieces.unread.append(f"its body: {error}")


def _attached(file: _File, below: str, pieces: Pieces, room: Room, read_inside: ReadInside) -> None:
    name = (
        _string(file, below, "3707")
        or _string(file, below, "3704")
        or _string(file, below, "3001")
        or "attachment"
    )
    inner = f"{below}__substg1.0_3701000D/"
    if any(path.startswith(inner) for path in file.paths):
        try:
            room.file()
            found = _message(file, inner, room.deeper(), read_inside)
            pieces.include(name, found, f"attachment `{name}`", f"Attachment: {name}")
        except Unreadable as error:
            pieces.unread.append(f"attachment `{name}`: {error}")
    elif data := file.stream(f"{below}__substg1.0_37010102"):
        mail.attach(name, data, pieces, room, read_inside)


def _string(file: _File, below: str, tag: str) -> str:
    wide = file.stream(f"{below}__substg1.0_{tag}001F")
    return (
        wide.decode("utf-16-le", "replace") if wide else _ansi(file.stream(f"{below}__substg1.0_{tag}001E"))
    ).strip("\0")


def _ansi(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _named(file: _File, below: str, name: str) -> str:
    """Return a property that has a name instead of a number ([MS-OXMSG] 2.2.3)."""
    entries, strings = (file.stream(f"__nameid_version1.0/__substg1.0_{tag}0102") for tag in ("0003", "0004"))
    for at in range(0, len(entries) - 7, 8):
        offset, kind, index = struct.unpack_from("<IHH", entries, at)
        length = int.from_bytes(strings[offset : offset + 4], "little")
        said = strings[offset + 4 : offset + 4 + min(length, 500)].decode("utf-16-le", "replace")
        if kind & 1 and said.lower() == name:
            return _string(file, below, f"{0x8000 + index:04X}")
    return ""


def _uncompressed(data: bytes) -> bytes:
    """Return compressed RTF as it was ([MS-OXRTFCP] 2.2)."""
    if len(data) < 16:
        return b""
    size, kind = struct.unpack_from("<I4s", data, 4)
    if kind == b"MELA":
        return data[16:]
    if kind != b"LZFu" or size > _RATIO * len(data):
        raise Unreadable("its body is broken")
    window = bytearray(4096)
    window[: len(_RTF_START)] = _RTF_START
    at, end, out = 16, len(_RTF_START), bytearray()
    while at < len(data) and len(out) < size:
        control = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data):
                break
            if not control >> bit & 1:
                taken = data[at : at + 1]
                at += 1
            else:
                pair = int.from_bytes(data[at : at + 2], "big")
                at += 2
                offset, length = pair >> 4, (pair & 15) + 2
                if offset == end:
                    return bytes(out)
                taken = b""
                for step in range(length):
                    byte = window[(offset + step) % 4096]
                    window[(end + step) % 4096] = byte
                    taken += bytes((byte,))
                end = (end + length) % 4096
                out += taken
                continue
            window[end] = taken[0]
            end = (end + 1) % 4096
            out += taken
    return bytes(out)
