"""GitConnector: a repository with its history as a source of documents."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from lockgate.adapters.git import history
from lockgate.adapters.git.history import Blob
from lockgate.errors import NotFound, Unavailable
from lockgate.labels.label import Integrity
from lockgate.ports import Item
from lockgate.ports.items import Rights, Shelf, nobody
from lockgate.storage.threads import Threads

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore

_SHA: Final = re.compile(r"[0-9a-f]{40}")
_PACKED: Final = re.compile(r"^\^?([0-9a-f]{40})\b", re.MULTILINE)
_REFS: Final = 64 << 20


class Folder(Protocol):
    """The files of the repository (`.git`, or a bare one), with their rights."""

    def items(self) -> AsyncIterator[Item]: ...
    def opened(self, id: str, /) -> AbstractContextManager[BinaryIO]: ...
    def close(self) -> None: ...


class GitConnector:
    """Implements `ports.Connector` over a repository on disk.

    An item is a blob that a branch, a tag or HEAD reaches now, in any commit of the history, once, named by the
    path where it was first seen and its id. Who may read all files of the repository may read it.

    Args:
        name: of the connector, in records and ids.
        folder: the files; it is closed with this.
        root: where they are.
        collection: what its documents belong to.
        max_bytes: larger blobs are not read.

    """

    def __init__(
        self, name: str, folder: Folder, root: Path, collection: str, *, max_bytes: int = 50_000_000
    ) -> None:
        self.name = name
        self._folder = folder
        self._root = root
        self._shelf = Shelf(name, collection)
        self._max_bytes = max_bytes
        self._threads = Threads(f"git-{name}", 1)
        self._store: DiskObjectStore | None = None
        self._known: tuple[frozenset[str], dict[str, Blob]] | None = None

    async def items(self) -> AsyncIterator[Item]:
        """Yield every blob, in the order of the bytes of the paths.

        Raises:
            Unavailable: it is no repository, or parts of it are links.

        """
        rights, found = await self._look()
        for id in sorted(found, key=str.encode):
            yield self._item(found[id], rights)

    async def stat(self, id: str, /) -> Item | None:
        """Return the blob as it is at this moment; None if no ref reaches it any more."""
        rights, found = await self._look()
        return self._item(found[id], rights) if id in found else None

    async def fetch(self, id: str, /) -> bytes:
        """Return the bytes of a blob.

        Raises:
            NotFound: it is gone.
            TooLarge: over the connector's limit.
            Unavailable: it is damaged, or lies elsewhere (Git LFS).

        """
        _, found = await self._look()
        if id not in found or found[id].problem:
            raise NotFound("it is gone, or has no content")
        data = await self._threads.run(self._read, found[id].sha)
        if history.is_pointer(data):
            raise Unavailable("its content is kept by Git LFS, which is not asked")
        return data

    def close(self) -> None:
        """Let go of the files."""
        self._threads.close()
        if self._store is not None:
            self._store.close()
        self._folder.close()

    async def _look(self) -> tuple[Rights, dict[str, Blob]]:
        """Return the rights on the repository, and its blobs as the refs are now."""
        refs = list[str]()
        joined: Rights | None = None
        async for file in self._folder.items():
            if not file.id.startswith(("HEAD", "packed-refs", "refs/", "objects/")):
                continue
            if "symbolic link" in file.problem:
                raise Unavailable("the repository has symbolic links in it, which are not followed")
            if file.id.startswith(("HEAD", "packed-refs", "refs/")):
                refs.append(file.id)
            joined = _joined(joined, file)
        if joined is None or "HEAD" not in refs:
            raise Unavailable("it is no Git repository", remedy="Name the folder that has `.git`, or a bare one.")
        tips = await self._threads.run(self._tips, refs)
        if self._known is None or self._known[0] != tips:
            self._known = tips, await self._threads.run(self._blobs, tips)
        return joined, self._known[1]

    def _tips(self, refs: list[str]) -> frozenset[str]:
        tips: set[str] = set()
        for ref in refs:
            try:
                with self._folder.opened(ref) as stream:
                    text = stream.read(_REFS).decode("ascii", "replace")
            except NotFound:
                continue
            if ref == "packed-refs":
                tips.update(_PACKED.findall(text))
            elif _SHA.fullmatch(text.strip()):
                tips.add(text.strip())
        return frozenset(tips)

    def _opened(self) -> DiskObjectStore:
        if self._store is None:
            self._store = history.opened(self._root / "objects", self._max_bytes)
        return self._store

    def _blobs(self, tips: frozenset[str]) -> dict[str, Blob]:
        return history.blobs(self._opened(), sorted(tips))

    def _read(self, sha: str) -> bytes:
        return history.content(self._opened(), sha, self._max_bytes)

    def _item(self, blob: Blob, rights: Rights) -> Item:
        found = nobody(blob.problem) if blob.problem else rights
        found = replace(found, notes=(*found.notes, *blob.notes))
        return self._shelf.item(blob.id, blob.path, blob.sha, 0, found)


def _joined(before: Rights | None, file: Item) -> Rights:
    """Return the rights of those who may read one more file, too."""
    if before is not None and before.problem:
        return before
    if file.problem:
        return nobody(f"a file of the repository: {file.problem}")
    if before is None:
        return Rights(file.readers, file.owners, Integrity.UNTRUSTED, notes=file.notes)
    notes = tuple(dict.fromkeys((*before.notes, *file.notes)))
    return replace(
        before, readers=before.readers.join(file.readers), owners=before.owners & file.owners, notes=notes
    )
