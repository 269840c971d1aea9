"""ZIP files that may be hostile: opened only if their directory is what it seems. Runs in the worker."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from typing import Final

from lockgate.adapters.extraction.pieces import Room
from lockgate.adapters.extraction.texts import Unreadable

BROKEN: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    NotImplementedError,
)
"""What the standard library raises on broken archives. `RuntimeError` is an encrypted part."""
ENTRIES: Final = 50_000
"""Entries of directories; the standard library makes an object of each before anybody can count them."""
_HEADER: Final = 30


def opened(data: bytes) -> zipfile.ZipFile:
    """Return an archive whose files do not overlap.

    Raises:
        Unreadable: it is broken, or made to unpack to more than it is.

    """
    if data.count(b"PK\x01\x02") > ENTRIES:
        raise Unreadable(f"it holds more than {ENTRIES} files")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except BROKEN as error:
        raise Unreadable("it is broken") from error
    end = 0
    for part in sorted(archive.infolist(), key=lambda one: one.header_offset):
        if part.header_offset < end:
            archive.close()
            raise Unreadable("files in it overlap, which is how bombs are made")
        end = (
            part.header_offset + _HEADER + len(part.orig_filename.encode("utf-8", "replace")) + part.compress_size
        )
    return archive


def unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, room: Room) -> bytes:
    """Return what a part unpacks to, never more than it states.

    Raises:
        Unreadable: it would be too much.

    """
    room.unpack(part.file_size, part.compress_size)
    with archive.open(part) as stream:
        return stream.read(part.file_size)
