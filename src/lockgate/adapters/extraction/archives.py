"""Archives: every file in one is a document of its own, read by its own format. Runs in the worker.

Nothing is unpacked to anywhere: names of members are text, links and devices are listed and not followed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.adapters.extraction import sevenz, zips
from lockgate.adapters.extraction.pieces import Member, Pieces, Read, ReadInside, Room, shown
from lockgate.adapters.extraction.texts import ENCRYPTED, Unreadable

_TAR: Final = slice(257, 262)
_FROM: Final = re.compile(rb"(?:\A|\r?\n\r?\n)From [^\n]*\r?\n")
_LINK: Final = "it is a link, which is not followed"


def read_zip(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return every file of a ZIP.

    Raises:
        Unreadable: it is broken or a bomb, or nothing in it can be read.

    """
    members = _Members(room, read_inside)
    with zips.opened(data) as archive:
        for part in archive.infolist():
            if part.filename.endswith("/"):  # `is_dir` fails on a name that is empty
                continue
            if not members.begin(part.filename):
                break
            if part.flag_bits & 1:
                members.fail(ENCRYPTED)
            elif stat.S_ISLNK(part.external_attr >> 16):
                members.fail(_LINK)
            else:
                _zipped(archive, part, room, members)
        parts = archive.infolist()
        members.say("comments", [archive.comment, *(part.comment for part in parts)])
        members.say("names of folders", [part.filename for part in parts if part.filename.endswith("/")])
    return members.read()


def _zipped(archive: zipfile.ZipFile, part: zipfile.ZipInfo, room: Room, members: _Members) -> None:
    try:
        members.add(zips.unpacked(archive, part, room))
    except Unreadable as error:
        members.fail(str(error))
    except NotImplementedError:
        members.fail("its compression is unknown")
    except zips.BROKEN:
        members.fail("it is broken")
    except RuntimeError:  # what zipfile raises for a part that is encrypted after all
        members.fail(ENCRYPTED)


def read_7z(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return every file of a 7z.

    Raises:
        Unreadable: it is broken or a bomb, or nothing in it can be read.

    """
    members = _Members(room, read_inside)
    archive = sevenz.Archive(data, room)
    number, body, why = -1, b"", ""
    for file in archive.files:
        if not members.begin(file.name):
            break
        if stat.S_ISLNK(file.mode):
            members.fail(_LINK)
            continue
        if file.folder != number and file.folder >= 0:  # one at a time: files of a folder stand behind each other
            number, body, why = file.folder, b"", ""
            try:
                body = archive.unpacked(archive.folders[number])
            except Unreadable as error:
                why = str(error)
        part = body[file.start : file.start + file.size] if file.size else b""
        if why and file.size:
            members.fail(why)
        elif file.digest is not None and zlib.crc32(part) != file.digest:
            members.fail("it is broken")
        else:
            members.add(part)
    return members.read()


def read_tar(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return every file of a tar.

    Raises:
        Unreadable: it is broken, or nothing in it can be read.

    """
    members = _Members(room, read_inside)
    broken = ""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for part in archive:
                if part.isdir():
                    continue
                if not members.begin(part.name):
                    break
                _tarred(archive, part, room, members)
    except (tarfile.TarError, *zips.BROKEN):
        broken = "it is broken"
    if broken:
        members.pieces.unread.append(f"the rest of it: {broken}")
    return members.read(broken)


def _tarred(archive: tarfile.TarFile, part: tarfile.TarInfo, room: Room, members: _Members) -> None:
    if part.issym() or part.islnk():
        members.fail(_LINK)
    elif not part.isfile():
        members.fail("it is no file")
    elif part.issparse() and part.size > room.most(0):
        members.fail("it unpacks to more than is allowed")
    else:
        try:
            room.unpack(part.size, part.size)
            stream = archive.extractfile(part)
            members.add(stream.read(part.size) if stream else b"")
        except Unreadable as error:
            members.fail(str(error))


def read_gz(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return what one file or tar was compressed to by gzip.

    Raises:
        Unreadable: it is broken, too large when unpacked, or cannot be read.

    """
    return _single(name, gzip.GzipFile(fileobj=io.BytesIO(data)), len(data), room, read_inside)


def read_bz2(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return what one file or tar was compressed to by bzip2; errors as `read_gz`."""
    return _single(name, bz2.BZ2File(io.BytesIO(data)), len(data), room, read_inside)


def read_xz(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return what one file or tar was compressed to by xz; errors as `read_gz`."""
    return _single(name, lzma.LZMAFile(io.BytesIO(data)), len(data), room, read_inside)


def _single(
    name: str,
    stream: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile,
    packed: int,
    room: Room,
    read_inside: ReadInside,
) -> Read:
    most = room.most(packed)
    try:
        with stream:
            data = stream.read(most + 1)
    except zips.BROKEN as error:
        raise Unreadable("it is broken") from error
    room.unpack(len(data), packed)
    if data[_TAR] == b"ustar":
        return read_tar(name, data, room.deeper(), read_inside)
    inner = name.rpartition(".")[0] or name
    members = _Members(room, read_inside)
    if members.begin(inner):
        members.add(data)
    return members.read()


def read_mbox(name: str, data: bytes, room: Room, read_inside: ReadInside) -> Read:
    """Return every mail of a mailbox (RFC 4155), by its number.

    Raises:
        Unreadable: nothing in it can be read.

    """
    members = _Members(room, read_inside)
    for number, mail in enumerate(_mails(data), 1):
        if not members.begin(str(number)):
            break
        members.add(mail, "mail.eml")
    return members.read()


def _mails(data: bytes) -> Iterator[bytes]:
    starts = list(_FROM.finditer(data))
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(data)
        yield re.sub(rb"(?m)^>(>*From )", rb"\1", data[start.end() : end])


class _Members:
    """Files of an archive, one after the other."""

    def __init__(self, room: Room, read_inside: ReadInside) -> None:
        self.pieces = Pieces()
        self._room = room
        self._read = read_inside
        self._inside = room.deeper()
        self._path = ""
        self._beside: list[tuple[str, str]] = []

    def begin(self, path: str) -> bool:
        """Begin a file; tell whether there is room for one more."""
        self._path = shown(path)
        try:
            self._room.file()
        except Unreadable as error:
            self.pieces.unread.append(f"the rest of it: {error}")
            return False
        return True

    def add(self, data: bytes, name: str = "") -> None:
        """Read the file."""
        try:
            self._room.go_on()
            read = self._read(name or self._path, data, self._inside)
            if not read.members:
                self._room.say(len(read.text) + len(self._path))
        except Unreadable as error:
            self.fail(str(error))
            return
        self.pieces.add(f"File: {self._path}")
        start, end = self.pieces.include(self._path, read, f"!/{self._path}")
        self.pieces.members.append(Member(self._path, start, end, read.title, "", read.marks))

    def fail(self, why: str) -> None:
        """List the file as one that could not be read."""
        at = self.pieces.length
        self.pieces.members.append(Member(self._path, at, at, "", why, ()))
        self.pieces.unread.append(f"!/{self._path}: {why}")

    def say(self, place: str, lines: Sequence[str | bytes]) -> None:
        """Add what the archive says beside its files."""
        some = [one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in lines]
        self._beside.append((place, "\n".join(filter(None, some))))

    def read(self, broken: str = "") -> Read:
        """Return all of it.

        Raises:
            Unreadable: nothing could be read.

        """
        found = self.pieces.read()
        if found.text or not (self.pieces.unread or broken):
            for place, text in self._beside:
                self.pieces.aside(text, place)
            return self.pieces.read()
        if len(found.members) == 1:
            raise Unreadable(found.members[0].problem)
        raise Unreadable(broken or f"nothing in it could be read: {found.members[0].problem}")
