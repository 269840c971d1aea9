"""Every blob that a repository's refs reach, once, with where it was first seen. Nothing of it is executed.

Objects are read by dulwich's object store alone: no configuration, no hooks, no alternates, no working tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lockgate.content.escapes import escape
from lockgate.errors import NotFound, TooLarge, Unavailable

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore

_LARGEST: Final = 64 << 20
"""Bytes of a commit or tree."""
_DEPTH: Final = 200
_LINK, _MODULE, _FOLDER = 0o120000, 0o160000, 0o040000
_POINTER: Final = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob: its id, the path and commit where it was first seen, what to tell, and why it cannot be read."""

    sha: str
    path: str
    commit: str
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def id(self) -> str:
        """Return the id of the item."""
        return f"{escape(self.path)}@{self.sha}"


def opened(path: Path, limit: int) -> DiskObjectStore:
    """Open the objects of a repository.

    Raises:
        Unavailable: dulwich is not installed.

    """
    try:
        from dulwich.object_store import DiskObjectStore
    except ImportError as error:
        raise Unavailable("the package `dulwich` is not installed", remedy="Install `lockgate[git]`.") from error
    store = DiskObjectStore(path, loose_object_size_limit=max(limit, _LARGEST))
    store._alternates = []  # objects of other places are not this repository's, and may be anywhere
    return store


def blobs(store: DiskObjectStore, tips: Iterable[str]) -> dict[str, Blob]:
    """Return every blob that the tips reach, by the ids of their items, oldest commits first."""
    found: dict[str, Blob] = {}
    walk = _Walk(store)
    commits = walk.commits(tips)
    for commit, tree, note in commits:
        walk.tree(tree, "", commit, note, 0)
    for blob in walk.blobs.values():
        found[blob.id] = blob
    return found


def content(store: DiskObjectStore, sha: str, limit: int) -> bytes:
    """Return the bytes of a blob.

    Raises:
        NotFound: it is gone.
        TooLarge: it has more than `limit` bytes.
        Unavailable: it is damaged.

    """
    kind, data = _raw(store, sha)
    if kind != 3:
        raise NotFound("it is no blob")
    if len(data) > limit:
        raise TooLarge(f"it has more than {limit} bytes")
    return data


def is_pointer(data: bytes) -> bool:
    """Tell whether a blob only says where its content is (Git LFS)."""
    return data.startswith(_POINTER) and len(data) < 1024


class _Walk:
    def __init__(self, store: DiskObjectStore) -> None:
        self._store = store
        self._trees: set[str] = set()
        self.blobs: dict[str, Blob] = {}

    def commits(self, tips: Iterable[str]) -> list[tuple[str, str, str]]:
        """Return commit, tree and note of every commit, oldest first by what they say of themselves."""
        todo, seen, found = list(tips), set[str](), list[tuple[int, str, str, str]]()
        while todo:
            sha = todo.pop()
            if sha in seen:
                continue
            seen.add(sha)
            one = self._object(sha)
            if one is None:
                self._broken(sha, "an object of the history is not in the repository, or is damaged")
                continue
            kind = one.type_name
            if kind == b"tag":
                todo.append(one.object[1].decode("ascii"))
            elif kind == b"commit":
                todo += [parent.decode("ascii") for parent in one.parents]
                who = escape(one.author.decode("utf-8", "replace"))[:200]
                note = f"first in commit {sha[:12]} by {who}"
                found.append((one.commit_time, sha, one.tree.decode("ascii"), note))
            elif kind == b"tree":
                found.append((0, sha, sha, "in a tree that a ref names"))
            else:
                self.blobs.setdefault(sha, Blob(sha, "", "", ("a ref names it",)))
        return [(sha, tree, note) for _, sha, tree, note in sorted(found)]

    def tree(self, sha: str, above: str, commit: str, note: str, depth: int) -> None:
        """Take what is in a tree. Each is looked at once, so that a tree of trees costs what it holds."""
        if sha in self._trees:
            return
        self._trees.add(sha)
        one = self._object(sha)
        if one is None or one.type_name != b"tree" or depth > _DEPTH:
            self._broken(sha, "a folder of the history cannot be read")
            return
        for entry in one.items():
            path = f"{above}{entry.path.decode('utf-8', 'surrogateescape')}"
            inner = entry.sha.decode("ascii")
            kind = entry.mode & 0o170000
            if kind == _FOLDER:
                self.tree(inner, f"{path}/", commit, note, depth + 1)
            elif kind == _MODULE:
                problem = "it is a submodule, which is another repository"
                self.blobs.setdefault(inner, Blob(inner, path, commit, (note,), problem))
            else:
                notes = (note, "it is a symbolic link, which is not followed") if kind == _LINK else (note,)
                self.blobs.setdefault(inner, Blob(inner, path, commit, notes))

    def _broken(self, sha: str, why: str) -> None:
        self.blobs.setdefault(sha, Blob(sha, "", "", (), why))

    def _object(self, sha: str) -> Any:
        """Return an object, parsed; None if it is not there or is malformed."""
        from dulwich.objects import ObjectID, ShaFile

        try:
            kind, data = _raw(self._store, sha)
            made: Any = ShaFile.from_raw_string(kind, data, ObjectID(sha.encode("ascii")))
            if made.type_name == b"commit":
                _ = made.parents, made.tree.decode("ascii"), made.author, made.commit_time
            elif made.type_name == b"tree":
                _ = made.items()
            elif made.type_name == b"tag":
                _ = made.object[1].decode("ascii")
            return made
        except Exception:  # the parser raises many things on what is malformed
            return None


def _raw(store: DiskObjectStore, sha: str) -> tuple[int, bytes]:
    from dulwich.objects import ObjectID

    try:
        kind, data = store.get_raw(ObjectID(sha.encode("ascii")))
    except KeyError:
        raise NotFound("it is gone") from None
    except Exception as error:  # zlib, struct, checksums, assertions
        raise Unavailable(f"an object is damaged: {type(error).__name__}") from None
    return kind, bytes(data)
