"""A writer of compound files ([MS-CFB] version 3): storages and streams, and a mail of Outlook made of them."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping

END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
SECTOR, SMALL = 512, 4096
Tree = Mapping[str, "bytes | Tree"]


def write(tree: Tree) -> bytes:
    """Write a file. Streams are padded to 4096 bytes of sectors, so that none is small."""
    entries: list[list[int | bytes | str]] = [["Root Entry", 5, FREE, END, 0]]
    sectors: list[bytes] = []
    chains: list[int] = []

    def store(data: bytes) -> int:
        if not data:
            return END
        first = len(sectors)
        for at in range(0, len(data), SECTOR):
            sectors.append(data[at : at + SECTOR].ljust(SECTOR, b"\0"))
            chains.append(len(sectors))
        chains[-1] = END
        return first

    links: dict[int, int] = {}

    def put(below: Tree, parent: int) -> None:
        ids = []
        for name, body in below.items():
            ids.append(len(entries))
            if isinstance(body, bytes):
                fill = b"\n" if b"\n" in body and body.isascii() and b"\0" not in body else b"\0"
                stored = body.ljust(SMALL, fill) if 0 < len(body) < SMALL else body
                entries.append([name, 2, FREE, store(stored), len(stored)])
            else:
                entries.append([name, 1, FREE, 0, 0])
                put(body, ids[-1])
        links.update(itertools.pairwise(ids))  # a tree that is a list: readers walk it all the same
        entries[parent][2] = ids[0] if ids else FREE

    put(tree, 0)
    directory = b"".join(_entry(entry, links.get(at, FREE)) for at, entry in enumerate(entries))
    first = store(directory.ljust(-(-len(directory) // SECTOR) * SECTOR, b"\0"))
    tables = 1
    while tables * 128 < len(sectors) + tables:
        tables += 1
    start = len(sectors)
    chains += [FAT] * tables
    table = b"".join(struct.pack("<I", one) for one in chains).ljust(tables * SECTOR, b"\xff")
    difat = [start + at for at in range(tables)] + [FREE] * (109 - tables)
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, first, 0, SMALL, END, 0, END, 0)
    return head + b"".join(struct.pack("<I", one) for one in difat) + b"".join(sectors) + table


def _entry(entry: list[int | bytes | str], right: int) -> bytes:
    name, kind, child, start, size = entry
    wide = str(name).encode("utf-16-le") + b"\0\0"
    return wide.ljust(64, b"\0") + struct.pack(
        "<HBBIII16xI16xIQ", len(wide), kind, 1, FREE, right, child, 0, start, size
    )


def wide(text: str) -> bytes:
    return text.encode("utf-16-le").ljust(SMALL, b"\0")


def mail(subject: str, body: str, attached: Mapping[str, bytes | Tree]) -> Tree:
    """Return the tree of a mail; what is attached is bytes, or the tree of another mail."""
    tree: dict[str, bytes | Tree] = {
        "__properties_version1.0": bytes(32),
        "__substg1.0_0037001F": wide(subject),
        "__substg1.0_1000001F": wide(body),
        "__substg1.0_0C1A001F": wide("Ann"),
        "__substg1.0_0E04001F": wide("Bo"),
        "__substg1.0_007D001F": wide(
            "X-A: b\r\nmsip_labels: MSIP_Label_1-2_Name=Secret; MSIP_Label_1-2_Enabled=True\r\n"
        ),
        "__recip_version1.0_#00000000": {
            "__substg1.0_3001001F": wide("Bo"),
            "__substg1.0_39FE001F": wide("bo@x.test"),
        },
    }
    for at, (name, data) in enumerate(attached.items()):
        key = "__substg1.0_37010102" if isinstance(data, bytes) else "__substg1.0_3701000D"
        tree[f"__attach_version1.0_#{at:08X}"] = {"__substg1.0_3707001F": wide(name), key: data}
    return tree
