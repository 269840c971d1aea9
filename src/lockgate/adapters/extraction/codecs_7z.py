"""Codecs of 7z archives, as far as the standard library has them. Runs in the worker."""

from __future__ import annotations

import bz2
import lzma
import zlib
from dataclasses import dataclass
from typing import Any, Final

from lockgate.adapters.extraction.texts import Unreadable

UNKNOWN: Final = "its compression is unknown"
_BRANCH: Final = {
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x04": lzma.FILTER_X86,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x06": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x07": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x08": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
    b"\x09": lzma.FILTER_SPARC,
}


@dataclass
class Coder:
    """A codec with its properties; it reads the streams from `first` on, `inputs` of them."""

    method: bytes
    properties: bytes
    first: int
    inputs: int


def decoded(coder: Coder, data: bytes, size: int) -> bytes:
    """Return what one codec makes of bytes, never more than `size`. Raises what the standard library does."""
    made = _codec(coder, data, size)
    if len(made) != size:
        raise Unreadable("it is broken")
    return made


def _codec(coder: Coder, data: bytes, size: int) -> bytes:
    method, told = coder.method, coder.properties
    if method in (b"\x00", b""):
        return data[:size]
    if method == b"\x03\x01\x01" and len(told) == 5 and told[0] < 225:
        rest, lc = divmod(told[0], 9)
        pb, lp = divmod(rest, 5)
        return _raw(
            [{"id": lzma.FILTER_LZMA1, "dict_size": _room(size), "lc": lc, "lp": lp, "pb": pb}], data, size
        )
    if method == b"\x21":
        return _raw([{"id": lzma.FILTER_LZMA2, "dict_size": _room(size)}], data, size)
    if method == b"\x04\x01\x08":
        return zlib.decompressobj(-15).decompress(data, size) if size else b""
    if method == b"\x04\x02\x02":
        return bz2.BZ2Decompressor().decompress(data, size)
    if method == b"\x03" and len(told) == 1:
        return _filtered({"id": lzma.FILTER_DELTA, "dist": told[0] + 1}, data, size)
    if method in _BRANCH:
        return _filtered({"id": _BRANCH[method]}, data, size)
    raise Unreadable(UNKNOWN)


def _room(size: int) -> int:
    """Return a dictionary that is enough, whatever is stated: nothing refers back beyond the beginning."""
    return max(4096, size)


def _raw(filters: list[dict[str, Any]], data: bytes, size: int) -> bytes:
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters).decompress(data, size) if size else b""


def _filtered(one: dict[str, Any], data: bytes, size: int) -> bytes:
    """Undo a filter, which the library does in front of a codec only: here one that packs nothing (LZMA2)."""
    out = bytearray()
    for at in range(0, len(data), 1 << 16):
        part = data[at : at + (1 << 16)]
        out += (b"\x02" if at else b"\x01") + (len(part) - 1).to_bytes(2, "big") + part
    chain = [one, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
    return _raw(chain, bytes(out) + b"\0", size)
