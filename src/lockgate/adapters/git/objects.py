"""Objects of a repository, read with bounds: how large one becomes is known before any of it is unpacked.

dulwich checks that an object has the size that it states; what it may state is checked here, for it and for
everything that it is a delta against (https://git-scm.com/docs/pack-format).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lockgate.errors import LockgateError, NotFound, TooLarge, Unavailable

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore
    from dulwich.pack import Pack

LARGEST: Final = 64 << 20
"""Bytes of a commit or tree, and of what any object may be a delta against."""
_DEEPEST: Final = 4096
"""Deltas in a row; Git writes 4095 at most, and 50 as a rule."""
_COPIED: Final = 64
"""How many times the limit may be written on the way from the first base to the object."""
_KINDS: Final = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
_OFFSET: Final = 6
_REFERENCE: Final = 7
_PARTS: Final = 1 << 14


def opened(path: Path, limit: int) -> DiskObjectStore:
    """Open the objects of a repository; loose ones up to `limit` bytes.

    Raises:
        Unavailable: dulwich is not installed.

    """
    try:
        from dulwich.object_store import DiskObjectStore
    except ImportError as error:
        raise Unavailable("the package `dulwich` is not installed", remedy="Install `lockgate[git]`.") from error
    store = DiskObjectStore(path, loose_object_size_limit=max(limit, LARGEST))
    store._alternates = []  # objects of other places are not this repository's, and may be anywhere
    store._use_midx = False  # it would be asked without the bounds that follow
    return store


def raw(store: DiskObjectStore, sha: str, limit: int) -> tuple[int, bytes]:
    """Return the kind of an object, as Git numbers them, and its bytes.

    Raises:
        NotFound: it is gone.
        TooLarge: it has more than `limit` bytes.
        Unavailable: it is damaged, or made of more than is read for an object.

    """
    from dulwich.objects import ObjectID, hex_to_sha

    name = ObjectID(sha.encode("ascii"))
    binary = hex_to_sha(name)
    damage = ""
    try:
        try:
            kind, data = store._lookup_in_packs(lambda pack: _packed(pack, binary, limit))
        except KeyError:
            loose = store._get_loose_object(name)
            if loose is None:
                raise NotFound("it is gone") from None
            kind, data = loose.type_num, loose.as_raw_string()
    except LockgateError:
        raise
    except Exception as error:  # zlib, struct, checksums, assertions
        damage = type(error).__name__
    if damage:  # not in the handler: the error's frames hold on to the pack, which then could not be closed
        raise Unavailable(f"an object is damaged: {damage}")
    if len(data) > limit:
        raise TooLarge(f"it has more than {limit} bytes")
    data = bytes(data)
    found = hashlib.sha1(b"%s %d\0" % (_KINDS.get(kind, b"?"), len(data)), usedforsecurity=False)
    found.update(data)
    if found.hexdigest() != sha:
        raise Unavailable("an object is damaged: it is not the one that its name says")
    return kind, data


def _packed(pack: Pack, sha: Any, limit: int) -> tuple[int, bytes]:
    """Return an object of a pack. Raises KeyError where it is in another one."""
    _bounded(pack.data._buffer(), pack.index.object_offset(sha), pack.index.object_offset, limit)
    found: tuple[int, bytes] = pack.get_raw(sha)
    return found


def _bounded(data: Any, offset: int | None, find: Callable[[Any], int | None], limit: int) -> None:
    """See that an object and all that it is a delta against can be unpacked within bounds."""
    if not offset:  # no object is at 0: there stands the header
        raise KeyError(offset)
    left = _COPIED * max(limit, LARGEST)
    largest = limit
    for _ in range(_DEEPEST):
        if not 0 < offset < len(data):
            raise Unavailable("an object is damaged: it lies outside of its pack")
        first, kind, size, at = _header(data, offset)
        if kind not in (_OFFSET, _REFERENCE):
            if size > largest:
                raise TooLarge(f"it, or what it is a delta against, has more than {largest} bytes")
            return
        if kind == _OFFSET:
            back, at = _distance(data, at)
            offset = first - back
        else:
            base = find(bytes(data[at : at + 20]))
            if not base:
                raise Unavailable("an object is damaged: what it is a delta against is in another pack")
            offset, at = base, at + 20
        made = _made(data, at)
        left -= size + made
        if max(size, made) > largest or left < 0:
            raise TooLarge(f"it, or what it is a delta against, has more than {largest} bytes")
        largest = max(limit, LARGEST)
    raise Unavailable("an object is damaged: too many deltas in a row")


def _header(data: Any, offset: int) -> tuple[int, int, int, int]:
    """Return offset, kind, size and where the header of an entry ends."""
    byte, at, shift = data[offset], offset + 1, 4
    kind, size = byte >> 4 & 7, byte & 15
    while byte & 128:
        byte = data[at]
        size |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if shift > 63:
            raise Unavailable("an object is damaged: its size has too many digits")
    return offset, kind, size, at


def _distance(data: Any, at: int) -> tuple[int, int]:
    """Return how far before an entry the one is that it is a delta against, and where that ends."""
    byte, at = data[at], at + 1
    back = byte & 127
    for _ in range(9):
        if not byte & 128:
            if back == 0:
                raise Unavailable("an object is damaged: it is a delta against itself")
            return back, at
        byte, at = data[at], at + 1
        back = (back + 1 << 7) + (byte & 127)
    raise Unavailable("an object is damaged: an offset has too many digits")


def _made(data: Any, at: int) -> int:
    """Return the size of what a delta makes: the second number in it."""
    inner = zlib.decompressobj().decompress(bytes(data[at : at + _PARTS]), 24)
    numbers, value, shift = [0, 0], 0, 0
    found = 0
    for byte in inner:
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            numbers[found], value, shift = value, 0, 0
            found += 1
            if found == 2:
                return max(numbers)
    raise Unavailable("an object is damaged: a delta without sizes")
