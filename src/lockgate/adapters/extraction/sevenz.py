"""7z archives: their directory, and what a folder of packed streams unpacks to. Runs in the worker.

Written after the description of the format in the LZMA SDK (7zFormat.txt). Every count is bounded by the bytes
that are there.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lockgate.adapters.extraction.codecs_7z import UNKNOWN, Coder, decoded
from lockgate.adapters.extraction.pieces import Room
from lockgate.adapters.extraction.texts import ENCRYPTED, Unreadable

_BROKEN: Final = "it is broken"
_START: Final = 32
_NESTED: Final = 4
"""Directories that are packed into each other."""
_AES: Final = b"\x06\xf1\x07\x01"


@dataclass(frozen=True)
class File:
    """A file: its name, Unix mode (0 where it has none), and its stretch of what a folder unpacks to."""

    name: str
    mode: int
    folder: int
    start: int
    size: int
    digest: int | None


@dataclass
class Folder:
    """Codecs in a row, and the packed stream that goes into the first."""

    coders: list[Coder]
    bound: dict[int, int]
    packed: list[int]
    sizes: list[int] = field(default_factory=list)
    digest: int | None = None
    at: int = 0
    length: int = 0

    @property
    def size(self) -> int:
        """Return the bytes of what comes out: of the codec that goes into no other."""
        outer = [at for at in range(len(self.coders)) if at not in self.bound.values()]
        if len(outer) != 1:
            raise Unreadable(_BROKEN)
        return self.sizes[outer[0]]


class Archive:
    """A directory of files.

    Raises:
        Unreadable: it is broken, encrypted, or packed in a way that is not known.

    """

    def __init__(self, data: bytes, room: Room) -> None:
        self._data = data
        self._room = room
        self.folders: list[Folder] = []
        self.files: list[File] = []
        try:
            head = self._named(data)
            for _ in range(_NESTED):
                if (kind := head.byte()) != 0x17:
                    break
                folders, _, _ = _streams(head)
                self._place(folders)
                if len(folders) != 1:
                    raise Unreadable(_BROKEN)
                head = _Bytes(self.unpacked(folders[0]))
            else:
                raise Unreadable("it is nested too deep")
            if kind != 0x01:
                raise Unreadable(_BROKEN)
            self._header(head)
        except (IndexError, ValueError, UnicodeDecodeError) as error:
            raise Unreadable(_BROKEN) from error

    def unpacked(self, folder: Folder) -> bytes:
        """Return what a folder unpacks to.

        Raises:
            Unreadable: it is broken, encrypted, unknown, or more than is allowed.

        """
        order = _order(folder)
        for at in order:  # before anything is unpacked, and for every step
            if folder.coders[at].method == _AES:
                raise Unreadable(ENCRYPTED)
            self._room.unpack(folder.sizes[at], folder.length)
        data = self._data[folder.at : folder.at + folder.length]
        try:
            for at in order:
                data = decoded(folder.coders[at], data, folder.sizes[at])
        except (lzma.LZMAError, zlib.error, OSError, EOFError) as error:
            raise Unreadable(_BROKEN) from error
        if folder.digest is not None and zlib.crc32(data) != folder.digest:
            raise Unreadable(_BROKEN)
        return data

    def _named(self, data: bytes) -> _Bytes:
        """Return the directory, or what it is packed in."""
        if len(data) < _START or zlib.crc32(data[12:_START]) != int.from_bytes(data[8:12], "little"):
            raise Unreadable(_BROKEN)
        offset, length = int.from_bytes(data[12:20], "little"), int.from_bytes(data[20:28], "little")
        head = data[_START + offset : _START + offset + length]
        if not length:
            return _Bytes(b"\x01\x00")
        if len(head) != length or zlib.crc32(head) != int.from_bytes(data[28:32], "little"):
            raise Unreadable(_BROKEN)
        return _Bytes(head)

    def _place(self, folders: list[Folder]) -> None:
        if any(folder.at + folder.length > len(self._data) for folder in folders):
            raise Unreadable(_BROKEN)

    def _header(self, head: _Bytes) -> None:
        streams: list[tuple[int, int, int, int | None]] = []
        kind = head.byte()
        if kind == 0x02:
            while head.byte():
                head.take(head.number())
            kind = head.byte()
        if kind == 0x04:
            self.folders, counts, told = _streams(head)
            self._place(self.folders)
            streams = list(_stretches(self.folders, counts, told))
            kind = head.byte()
        if kind == 0x05:
            self.files = _files(head, streams)
        elif kind != 0:
            raise Unreadable(_BROKEN)


class _Bytes:
    """Bytes that are taken from the front. Raises ValueError and IndexError where there are not enough."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise ValueError
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self) -> int:
        """Return a number, whose first byte tells how many follow."""
        first = self.byte()
        value, mask = 0, 0x80
        for shift in range(0, 64, 8):
            if not first & mask:
                return value + ((first & mask - 1) << shift)
            value |= self.byte() << shift
            mask >>= 1
        return value

    def count(self) -> int:
        """Return a number of things, of which each takes at least a bit."""
        found = self.number()
        if found > 8 * len(self.data):
            raise ValueError
        return found

    def bits(self, count: int) -> list[bool]:
        packed = self.take((count + 7) // 8)
        return [bool(packed[at // 8] & 0x80 >> at % 8) for at in range(count)]

    def some(self, count: int) -> list[bool]:
        """Return which of so many things are there; a first byte says that all are."""
        return [True] * count if self.byte() else self.bits(count)

    def digests(self, count: int) -> list[int | None]:
        return [int.from_bytes(self.take(4), "little") if one else None for one in self.some(count)]


def _streams(head: _Bytes) -> tuple[list[Folder], list[int], list[tuple[list[int], list[int | None]]]]:
    """Return folders, how many files are in each, and sizes and digests of these."""
    sizes: list[int] = []
    folders: list[Folder] = []
    begin = 0
    kind = head.byte()
    if kind == 0x06:
        begin, count = head.number() + _START, head.count()
        while kind := head.byte():
            if kind == 0x09:
                sizes = [head.number() for _ in range(count)]
            elif kind == 0x0A:
                head.digests(count)
            else:
                raise ValueError
        kind = head.byte()
    if kind == 0x07:
        folders = _folders(head)
        kind = head.byte()
    _packed(folders, sizes, begin)
    counts = [1] * len(folders)
    told: list[tuple[list[int], list[int | None]]] = [([], [folder.digest]) for folder in folders]
    if kind == 0x08:
        counts, told = _substreams(head, folders)
        kind = head.byte()
    if kind != 0:
        raise ValueError
    return folders, counts, told


def _packed(folders: list[Folder], sizes: list[int], begin: int) -> None:
    """Tell each folder where its packed stream is."""
    stream = 0
    for folder in folders:
        folder.at, folder.length = begin, sizes[stream]
        end = stream + max(len(folder.packed), 1)
        begin += sum(sizes[stream:end])
        stream = end


def _folders(head: _Bytes) -> list[Folder]:
    if head.byte() != 0x0B:
        raise ValueError
    count = head.count()
    if head.byte():
        raise ValueError  # told elsewhere: nobody writes that
    folders = [_folder(head) for _ in range(count)]
    if head.byte() != 0x0C:
        raise ValueError
    for folder in folders:
        folder.sizes = [head.number() for _ in folder.coders]
    while kind := head.byte():
        if kind != 0x0A:
            raise ValueError
        for folder, digest in zip(folders, head.digests(count), strict=True):
            folder.digest = digest
    return folders


def _folder(head: _Bytes) -> Folder:
    coders: list[Coder] = []
    inputs = 0
    count = head.number()
    if not 0 < count <= 32:
        raise ValueError
    for _ in range(count):
        flags = head.byte()
        method = head.take(flags & 15)
        wide, outputs = (head.number(), head.number()) if flags & 0x10 else (1, 1)
        if wide > 32 or outputs != 1 or flags & 0x80:
            raise ValueError
        properties = head.take(head.number()) if flags & 0x20 else b""
        coders.append(Coder(method, properties, inputs, wide))
        inputs += wide
    bound = {}
    for _ in range(count - 1):
        into = head.number()
        bound[into] = head.number()
    free = inputs - len(bound)
    packed = [head.number() for _ in range(free)] if free > 1 else [at for at in range(inputs) if at not in bound]
    return Folder(coders, bound, packed)


def _substreams(head: _Bytes, folders: list[Folder]) -> tuple[list[int], list[tuple[list[int], list[int | None]]]]:
    counts = [1] * len(folders)
    sizes: list[list[int]] = [[] for _ in folders]
    kind = head.byte()
    if kind == 0x0D:
        counts = [head.count() for _ in folders]
        if sum(counts) > 8 * len(head.data):
            raise ValueError
        kind = head.byte()
    if kind == 0x09:
        sizes = [[head.number() for _ in range(max(count - 1, 0))] for count in counts]
        kind = head.byte()
    elif any(count > 1 for count in counts):
        raise ValueError
    # Digests stand here for all but the only file of a folder that has one itself.
    asked = [count for folder, count in zip(folders, counts, strict=True) if count != 1 or folder.digest is None]
    found = iter(head.digests(sum(asked)) if kind == 0x0A else [None] * sum(asked))
    if kind == 0x0A:
        kind = head.byte()
    if kind != 0:
        raise ValueError
    digests: list[list[int | None]] = [
        [folder.digest] if count == 1 and folder.digest is not None else [next(found) for _ in range(count)]
        for folder, count in zip(folders, counts, strict=True)
    ]
    return counts, list(zip(sizes, digests, strict=True))


def _stretches(
    folders: list[Folder], counts: list[int], told: list[tuple[list[int], list[int | None]]]
) -> Iterator[tuple[int, int, int, int | None]]:
    """Yield folder, start, size and digest of each file that has bytes."""
    for number, folder in enumerate(folders):
        sizes, digests = told[number]
        start = 0
        for at in range(counts[number]):
            size = sizes[at] if at < len(sizes) else folder.size - start
            if size < 0 or start + size > folder.size:
                raise ValueError
            yield number, start, size, digests[at]
            start += size


def _files(head: _Bytes, streams: list[tuple[int, int, int, int | None]]) -> list[File]:
    count = head.count()
    names, modes = [""] * count, [0] * count
    empty, files = [False] * count, list[bool]()
    while kind := head.byte():
        inner = _Bytes(head.take(head.number()))
        if kind == 0x0E:
            empty = inner.bits(count)
        elif kind == 0x0F:
            files = inner.bits(sum(empty))
        elif kind == 0x11 and not inner.byte():
            told = inner.take(len(inner.data) - 1).decode("utf-16-le", "replace").split("\0")[:count]
            names = told + [""] * (count - len(told))
        elif kind == 0x15:
            modes = _modes(inner, count)
    return list(_named(names, modes, empty, files, streams))


def _modes(inner: _Bytes, count: int) -> list[int]:
    """Return the Unix modes of files, which stand in the upper half of their attributes."""
    there = inner.some(count)
    if inner.byte():
        raise ValueError
    return [int.from_bytes(inner.take(4), "little") >> 16 if one else 0 for one in there]


def _named(
    names: list[str],
    modes: list[int],
    empty: list[bool],
    files: list[bool],
    streams: list[tuple[int, int, int, int | None]],
) -> Iterator[File]:
    """Yield files; what is empty and no file is a folder."""
    stream, hollow = iter(streams), iter(files)
    for name, mode, none in zip(names, modes, empty, strict=True):
        if not none:
            folder, start, size, digest = next(stream, (-1, 0, 0, None))
            if folder < 0:
                raise ValueError
            yield File(name, mode, folder, start, size, digest)
        elif next(hollow, False):
            yield File(name, mode, -1, 0, 0, None)


def _order(folder: Folder) -> list[int]:
    """Return the codecs in the order in which they unpack. Those of several streams are not known."""
    if any(coder.inputs != 1 for coder in folder.coders) or len(folder.packed) != 1:
        raise Unreadable(UNKNOWN)
    after = {out: into for into, out in folder.bound.items()}
    order, at = [folder.packed[0]], folder.packed[0]
    while at in after and len(order) <= len(folder.coders):
        at = after[at]
        order.append(at)
    if sorted(order) != list(range(len(folder.coders))):
        raise Unreadable(_BROKEN)
    return order
