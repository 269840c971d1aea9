"""FilesConnector: a folder as a source of documents, with the rights that its files have now."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import stat
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, Literal

from lockgate.adapters.files import manifest, names, tree
from lockgate.adapters.files.judges import Judge, ManifestJudge, PosixJudge
from lockgate.content.globs import Globs
from lockgate.content.label_rules import LabelRule
from lockgate.errors import Invalid, NotFound
from lockgate.labels.label import Integrity
from lockgate.labels.wire import STANDARD, Taxonomy
from lockgate.ports import Directory, Item
from lockgate.ports.items import Shelf, nobody
from lockgate.storage.threads import Threads

EXCLUDED: Final = ("**/.git/**", "**/.svn/**", "**/~$*", "**/.DS_Store", "**/Thumbs.db", "**/.~lock.*")
"""What is never a document: version control, lock files of editors, caches of file managers."""
_BATCH: Final = 256


class FilesConnector:
    """Implements `ports.Connector` over a folder of this host.

    Rights come from the file system (`posix`) or from an access manifest at the root (`manifest`). A change of
    rights is seen by the next walk, and by `stat` at once. A file that was changed and given back its old size
    and time of modification keeps its revision: its old text stays until a full ingest.

    Args:
        name: of the connector, in records and ids.
        root: the folder.
        collection: what its documents belong to.
        directory: maps accounts and groups of the host.
        rights: where rights come from.
        rules: labels stated in the configuration; the last that matches wins.
        above_root: whether search permission on the directories above the root counts, as it does for the
            accounts of this host. Off for a mounted share, whose mount point says nothing about its users.
        integrity: how far its documents may steer an action, at most.
        max_bytes: larger files are not read.
        excluded: globs of what is no document.
        taxonomy: the organization's names of the levels.
        threads: where rights are looked up, apart from what reads and walks.

    """

    def __init__(
        self,
        name: str,
        root: Path,
        collection: str,
        *,
        directory: Directory,
        rights: Literal["posix", "manifest"] = "posix",
        rules: Sequence[LabelRule] = (),
        above_root: bool = True,
        integrity: Integrity = Integrity.INTERNAL,
        max_bytes: int = 50_000_000,
        excluded: Sequence[str] = EXCLUDED,
        taxonomy: Taxonomy = STANDARD,
        threads: Threads | None = None,
    ) -> None:
        self.name = name
        self._root = root
        self._shelf = Shelf(name, collection, tuple(rules))
        self._directory = directory
        self._posix = rights == "posix"
        self._above_root = above_root
        self._integrity = integrity
        self._max_bytes = max_bytes
        self._excluded = Globs(excluded)
        self._taxonomy = taxonomy
        self._threads = threads or Threads("source", 4)
        self._manifest: tuple[tuple[int, ...], manifest.Manifest | str] | None = None

    async def items(self) -> AsyncIterator[Item]:
        """Yield every file as it is now, in the order of the bytes of the paths.

        Raises:
            Unavailable: the root cannot be opened; nothing is known then, and nothing may be taken as deleted.

        """
        found = self._walk()
        try:
            while batch := await asyncio.to_thread(lambda: list(itertools.islice(found, _BATCH))):
                for item in batch:
                    yield item
        finally:
            with contextlib.suppress(ValueError):  # a cancelled step still runs; its end closes the walk
                found.close()

    async def stat(self, id: str, /) -> Item | None:
        """Return the file as it is at this moment; None if it is gone or is no document."""
        return await self._threads.run(self._stat, id)

    async def fetch(self, id: str, /) -> bytes:
        """Return the bytes of a file.

        Raises:
            NotFound: it is gone.
            TooLarge: over the connector's limit.
            Unavailable: the system refuses.

        """
        return await asyncio.to_thread(self._fetch, id)

    @contextlib.contextmanager
    def opened(self, id: str, /) -> Iterator[BinaryIO]:
        """Open a file, to read it in parts. Blocks.

        Raises:
            NotFound: it is gone.
            Unavailable: the system refuses.

        """
        root = tree.open_root(self._root)
        try:
            with tree.opened(root, names.decode(id)) as stream:
                yield stream
        finally:
            os.close(root)

    def names(self, id: str, /) -> list[str]:
        """Return the ids of what is in a folder, without those of the folder; none if there is no such. Blocks."""
        root = tree.open_root(self._root)
        try:
            return [names.encode(name) for name in tree.names(root, names.decode(id))]
        except NotFound:
            return []
        finally:
            os.close(root)

    def close(self) -> None:
        """Do nothing: folders are opened for each step."""

    def _walk(self) -> Generator[Item, None, None]:
        root = tree.open_root(self._root)
        try:
            judge = self._judge(root)
            for entry in tree.walk(root, self._top(), rights=self._posix):
                if self._is_document(entry.path):
                    yield self._item(entry, judge)
        finally:
            os.close(root)

    def _stat(self, id: str) -> Item | None:
        try:
            parts = names.decode(id)
        except NotFound:
            return None
        root = tree.open_root(self._root)
        try:
            entry = tree.find(root, self._top(), parts, rights=self._posix)
            if entry is None or not self._is_document(entry.path):
                return None
            return self._item(entry, self._judge(root))
        finally:
            os.close(root)

    def _fetch(self, id: str) -> bytes:
        root = tree.open_root(self._root)
        try:
            return tree.read(root, names.decode(id), self._max_bytes)
        finally:
            os.close(root)

    def _top(self) -> tree.Chain:
        return tree.above(self._root) if self._posix and self._above_root else ()

    def _is_document(self, path: str) -> bool:
        return path != manifest.MANIFEST and not self._excluded.matches(path)

    def _judge(self, root: int) -> Judge:
        if self._posix:
            return PosixJudge(self._directory, self._integrity)
        return ManifestJudge(self._load(root), self._integrity)

    def _load(self, root: int) -> manifest.Manifest | str:
        """Return the manifest, or why there is none; parsed again only when the file has changed."""
        try:
            with tree.regular(root, manifest.MANIFEST) as (stream, status):
                if _open_to_all(os.fstat(root), status):
                    return f"{manifest.MANIFEST}: anyone on the host may change or replace it; remove that right"
                key = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
                known = self._manifest  # once: another thread may put that of another file in its place
                if known is None or known[0] != key:
                    data = stream.read(manifest.LIMIT + 1)
                    known = self._manifest = key, _parse(data, self._taxonomy)
                return known[1]
        except FileNotFoundError:
            return f"{manifest.MANIFEST}: there is none at the root of the share"
        except (OSError, Invalid) as error:
            return f"{manifest.MANIFEST}: {tree.why(error)}"

    def _item(self, entry: tree.Entry, judge: Judge) -> Item:
        if entry.path.rpartition("/")[2] == manifest.MANIFEST:
            entry = replace(entry, problem="only the manifest at the root of the share counts")
        rights = nobody(entry.problem) if entry.problem else judge.rights(entry)
        id = names.encode(entry.path)
        return self._shelf.item(id, entry.path, entry.revision, entry.size, rights, entry.modified)


def _open_to_all(folder: os.stat_result, file: os.stat_result) -> bool:
    """Tell whether any account may write a file, or put another one in its place.

    Whoever may write into the folder may replace its files, unless the folder is sticky; and there, whoever came
    first owns the name.
    """
    if file.st_mode & stat.S_IWOTH:
        return True
    mine = file.st_uid in (0, folder.st_uid, os.geteuid())
    return bool(folder.st_mode & stat.S_IWOTH) and not (folder.st_mode & stat.S_ISVTX and mine)


def _parse(data: bytes, taxonomy: Taxonomy) -> manifest.Manifest | str:
    if len(data) > manifest.LIMIT:
        return f"{manifest.MANIFEST}: it is larger than {manifest.LIMIT} bytes"
    try:
        return manifest.parse(data, taxonomy)
    except Invalid as error:
        return str(error)
