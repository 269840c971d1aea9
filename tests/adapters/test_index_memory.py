"""The embedded index: the contract, and what is special about it: keys, crashes, tampering, other processes."""

from __future__ import annotations

from pathlib import Path

from contracts.index import IndexContract
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.ports import Index


class TestMemoryIndex(IndexContract):
    __test__ = True

    async def open(self, folder: Path) -> Index:
        return await MemoryIndex.open(folder / "index", FileKeys.open(folder / "keys" / "master"))

    async def close(self, index: Index) -> None:
        assert isinstance(index, MemoryIndex)
        await index.close()
