"""Every blob that a repository's refs reach, or the files of one commit. Nothing of it is executed.

Objects are read by dulwich's object store alone: no configuration, no hooks, no alternates, no working tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from lockgate.adapters.git import objects
from lockgate.content.escapes import escape
from lockgate.errors import NotFound, TooLarge, Unavailable

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore

_DEPTH: Final = 200
_FILES: Final = 1_000_000
"""Files of a commit: a tree of trees that are the same can name any number."""
_TAGS: Final = 10
_TREE: Final = 2
_LINK, _MODULE, _FOLDER = 0o120000, 0o160000, 0o040000
_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_ODD: Final = "its name is none that Git would check out"


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob: its id, the path and commit where it was first seen, what to tell, and why it cannot be read.

    `id` is that of its item: the path, in a history with the blob's id behind it.
    """

    sha: str
    path: str
    commit: str
    notes: tuple[str, ...] = ()
    problem: str = ""
    version: bool = True

    @property
    def id(self) -> str:
        """Return the id of the item."""
        return f"{escape(self.path)}@{self.sha}" if self.version else escape(self.path)


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


def files(store: DiskObjectStore, tip: str) -> dict[str, Blob]:
    """Return the files of a commit, by the ids of their items.

    Two things of one name, and names that Git would not check out, are nobody's: rules are looked up by the path.

    Raises:
        Unavailable: a folder is missing or damaged, and nothing may be taken as deleted; or there are too many.

    """
    walk = _Walk(store)
    commit = tip
    for _ in range(_TAGS):
        one = walk.object(commit)
        if one is None or one.type_name != b"tag":
            break
        commit = one.object[1].decode("ascii")
    if one is None or one.type_name != b"commit":
        raise Unavailable("the branch leads to no commit, or to one that is damaged")
    found: dict[str, Blob] = {}
    _files(walk, one.tree.decode("ascii"), "", commit, 0, found)
    return found


def _files(walk: _Walk, sha: str, above: str, commit: str, depth: int, found: dict[str, Blob]) -> None:
    entries = walk.entries(sha) if depth <= _DEPTH else "it lies too deep"
    if isinstance(entries, str):
        if not depth:
            raise Unavailable(f"the commit has no files: {entries}")
        _put(found, Blob(sha, above.rstrip("/"), commit, (), f"a folder that is not read: {entries}", False))
        return
    for name, mode, inner in entries:
        path, kind = above + name, mode & 0o170000
        if name.lower() in ("", ".", "..", ".git") or "/" in name:
            _put(found, Blob(inner, path, commit, (), _ODD, False))
        elif kind == _FOLDER:
            _files(walk, inner, f"{path}/", commit, depth + 1, found)
        elif kind == _MODULE:
            problem = "it is a submodule, which is another repository"
            _put(found, Blob(inner, path, commit, (), problem, False))
        else:
            notes = ("it is a symbolic link, which is not followed",) if kind == _LINK else ()
            _put(found, Blob(inner, path, commit, notes, "", False))


def _put(found: dict[str, Blob], one: Blob) -> None:
    if one.id in found:
        one = replace(one, notes=(), problem="two things have this name")
    elif len(found) >= _FILES:
        raise Unavailable(f"the commit names more than {_FILES} files")
    found[one.id] = one


def content(store: DiskObjectStore, sha: str, limit: int) -> bytes:
    """Return the bytes of a blob.

    Raises:
        NotFound: it is gone.
        TooLarge: it has more than `limit` bytes.
        Unavailable: it is damaged.

    """
    kind, data = objects.raw(store, sha, limit)
    if kind != 3:
        raise NotFound("it is no blob")
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
            one = self.object(sha)
            if one is None:
                self._broken(sha, "an object of the history is not in the repository, or is damaged")
                continue
            kind = one.type_name
            if kind == b"tag":
                todo.append(one.object[1].decode("ascii"))
            elif kind == b"commit":
                todo += [parent.decode("ascii") for parent in one.parents]
                who = escape((one.author or b"nobody").decode("utf-8", "replace"))[:200]
                note = f"first in commit {sha[:12]} by {who}"
                found.append((one.commit_time or 0, sha, one.tree.decode("ascii"), note))
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
        try:
            entries = self.entries(sha) if depth <= _DEPTH else "it lies too deep"
        except Unavailable as error:
            entries = str(error)
        if isinstance(entries, str):
            self._broken(sha, f"a folder of the history cannot be read: {entries}")
            return
        for name, mode, inner in entries:
            path, kind = above + name, mode & 0o170000
            if kind == _FOLDER:
                self.tree(inner, f"{path}/", commit, note, depth + 1)
            elif kind == _MODULE:
                problem = "it is a submodule, which is another repository"
                self.blobs.setdefault(inner, Blob(inner, path, commit, (note,), problem))
            else:
                notes = (note, "it is a symbolic link, which is not followed") if kind == _LINK else (note,)
                self.blobs.setdefault(inner, Blob(inner, path, commit, notes))

    def entries(self, sha: str) -> list[tuple[str, int, str]] | str:
        """Return name, mode and id of what is in a tree, or why it is none that can be read.

        Raises:
            Unavailable: it is not there, or is damaged.

        """
        from dulwich.objects import parse_tree

        try:
            kind, data = objects.raw(self._store, sha, objects.LARGEST)
        except TooLarge:
            return f"it has more than {objects.LARGEST} bytes"
        except NotFound:
            raise Unavailable("a folder is not in the repository") from None
        if kind != _TREE:
            return "it is no folder"
        try:
            found = list(parse_tree(data, 20))
        except Exception:  # the parser raises many things on what is malformed
            return "it is malformed"
        return [(name.decode("utf-8", "surrogateescape"), mode, id.decode("ascii")) for name, mode, id in found]

    def object(self, sha: str) -> Any:
        """Return an object, parsed; None if it is not there or is malformed."""
        try:
            return self._parsed(sha)
        except (NotFound, TooLarge, Unavailable):
            return None

    def _parsed(self, sha: str) -> Any:
        """Return an object, parsed; None if it is malformed."""
        from dulwich.objects import ObjectID, ShaFile

        kind, data = objects.raw(self._store, sha, objects.LARGEST)
        try:
            made: Any = ShaFile.from_raw_string(kind, data, ObjectID(sha.encode("ascii")))
            if made.type_name == b"commit":
                _ = made.parents, made.tree.decode("ascii"), made.author, made.commit_time
            elif made.type_name == b"tag":
                _ = made.object[1].decode("ascii")
            return made
        except Exception:  # the parser raises many things on what is malformed
            return None

    def _broken(self, sha: str, why: str) -> None:
        self.blobs.setdefault(sha, Blob(sha, "", "", (), why))
