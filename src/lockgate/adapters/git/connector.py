"""GitConnector: a repository with its history as a source of documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from lockgate.adapters.git import history, objects, refs
from lockgate.adapters.git.history import Blob
from lockgate.content.label_rules import LabelRule
from lockgate.errors import NotFound, Unavailable
from lockgate.labels.label import Integrity
from lockgate.labels.readers import Readers
from lockgate.ports import Item
from lockgate.ports.items import Rights, Shelf, nobody
from lockgate.storage.threads import Threads

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore

_REFS: Final = ("HEAD", "packed-refs", "refs/")


class Folder(Protocol):
    """The files of the repository (`.git`, or a bare one), with their rights."""

    def items(self) -> AsyncIterator[Item]: ...
    def opened(self, id: str, /) -> AbstractContextManager[BinaryIO]: ...
    def close(self) -> None: ...


class GitConnector:
    """Implements `ports.Connector` over a repository on disk.

    With its history, an item is a blob that a branch, a tag or HEAD reaches now, in any commit, once, named by the
    path where it was first seen and its id; with a branch, one that this branch reaches. Without the history it is
    a file of the branch, named by its path. What has not changed between two commits keeps its revision. Who may
    read all files of the repository may read it, unless readers are declared.

    Args:
        name: of the connector, in records and ids.
        folder: the files; it is closed with this.
        root: where they are.
        collection: what its documents belong to.
        max_bytes: larger blobs are not read.
        branch: the only one that counts; empty for the one of HEAD, and with the history for all.
        history: whether earlier commits count.
        readers: who may read; without it, rights of the files decide.
        owners: whose it is, where readers are declared.
        rules: labels stated in the configuration, matched against paths.
        integrity: how far its documents may steer an action, at most.

    """

    def __init__(
        self,
        name: str,
        folder: Folder,
        root: Path,
        collection: str,
        *,
        max_bytes: int = 50_000_000,
        branch: str = "",
        history: bool = True,
        readers: Readers | None = None,
        owners: frozenset[str] = frozenset(),
        rules: Sequence[LabelRule] = (),
        integrity: Integrity = Integrity.UNTRUSTED,
    ) -> None:
        self.name = name
        self._folder = folder
        self._root = root
        self._shelf = Shelf(name, collection, tuple(rules))
        self._max_bytes = max_bytes
        self._branch = branch
        self._history = history
        self._declared = None if readers is None else Rights(readers, owners, integrity)
        self._integrity = integrity
        self._threads = Threads(f"git-{name}", 1)
        self._store: DiskObjectStore | None = None
        self._known: tuple[frozenset[str], dict[str, Blob]] | None = None

    async def items(self) -> AsyncIterator[Item]:
        """Yield every blob, in the order of the bytes of the paths.

        Raises:
            Unavailable: it is no repository, has no such branch, or parts of it are links.

        """
        rights, found = await self._look(await self._seen())
        for id in sorted(found, key=str.encode):
            yield self._item(found[id], rights)

    async def stat(self, id: str, /) -> Item | None:
        """Return the blob as it is at this moment; None if no ref reaches it any more."""
        rights, found = await self._now()
        return self._item(found[id], rights) if id in found else None

    async def fetch(self, id: str, /) -> bytes:
        """Return the bytes of a blob.

        Raises:
            NotFound: it is gone.
            TooLarge: over the connector's limit.
            Unavailable: it is damaged, or lies elsewhere (Git LFS).

        """
        _, found = await self._now()
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

    async def _now(self) -> tuple[Rights, dict[str, Blob]]:
        """Return rights and blobs. Where readers are declared and one branch counts, no file is asked."""
        if self._declared is not None and not self._all:
            return await self._look((self._declared, []))
        return await self._look(await self._seen())

    @property
    def _all(self) -> bool:
        """Tell whether every ref counts."""
        return self._history and not self._branch

    async def _seen(self) -> tuple[Rights, list[str]]:
        """Return the rights on the repository, and the files of its refs."""
        found = list[str]()
        joined: Rights | None = None
        async for file in self._folder.items():
            if not file.id.startswith((*_REFS, "objects/")):
                continue
            if "symbolic link" in file.problem:
                raise Unavailable("the repository has symbolic links in it, which are not followed")
            if file.id.startswith(_REFS):
                found.append(file.id)
            joined = _joined(joined, file, self._integrity)
        if joined is None or "HEAD" not in found:
            raise Unavailable("it is no Git repository", remedy="Name the folder that has `.git`, or a bare one.")
        return self._declared or joined, found

    async def _look(self, seen: tuple[Rights, list[str]]) -> tuple[Rights, dict[str, Blob]]:
        """Return the rights, and the blobs as the refs are now."""
        rights, files = seen
        tips = await self._threads.run(self._tips, files)
        if self._known is None or self._known[0] != tips:
            self._known = tips, await self._threads.run(self._blobs, tips)
        return rights, self._known[1]

    def _tips(self, files: list[str]) -> frozenset[str]:
        if self._all:
            return refs.tips(self._folder, files)
        return frozenset({refs.tip(self._folder, self._branch)})

    def _opened(self) -> DiskObjectStore:
        if self._store is None:
            self._store = objects.opened(self._root / "objects", self._max_bytes)
        return self._store

    def _blobs(self, tips: frozenset[str]) -> dict[str, Blob]:
        if self._history:
            return history.blobs(self._opened(), sorted(tips))
        (tip,) = tips
        return history.files(self._opened(), tip)

    def _read(self, sha: str) -> bytes:
        return history.content(self._opened(), sha, self._max_bytes)

    def _item(self, blob: Blob, rights: Rights) -> Item:
        found = nobody(blob.problem) if blob.problem else rights
        found = replace(found, notes=(*found.notes, *blob.notes))
        return self._shelf.item(blob.id, blob.path, blob.sha, 0, found)


def _joined(before: Rights | None, file: Item, integrity: Integrity) -> Rights:
    """Return the rights of those who may read one more file, too."""
    if before is not None and before.problem:
        return before
    if file.problem:
        return nobody(f"a file of the repository: {file.problem}")
    if before is None:
        return Rights(file.readers, file.owners, integrity, notes=file.notes)
    notes = tuple(dict.fromkeys((*before.notes, *file.notes)))
    return replace(
        before, readers=before.readers.join(file.readers), owners=before.owners & file.owners, notes=notes
    )
