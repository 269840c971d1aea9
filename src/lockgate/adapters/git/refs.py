"""Branches and tags of a repository, and which commits they name now."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import BinaryIO, Final, Protocol

from lockgate.content.escapes import escape
from lockgate.errors import NotFound, Unavailable

_SHA: Final = re.compile(r"[0-9a-f]{40}")
_PACKED: Final = re.compile(r"^\^?([0-9a-f]{40})\b", re.MULTILINE)
_LARGEST: Final = 64 << 20
_STEPS: Final = 5
_BRANCHES: Final = "refs/heads/"


class Files(Protocol):
    """The files of a repository."""

    def opened(self, id: str, /) -> AbstractContextManager[BinaryIO]: ...


def tips(folder: Files, refs: Iterable[str]) -> frozenset[str]:
    """Return what the files of refs, and the one of packed refs, name. Blocks."""
    found: set[str] = set()
    for ref in refs:
        text = _text(folder, ref)
        if ref == "packed-refs":
            found.update(_PACKED.findall(text))
        elif _SHA.fullmatch(text.strip()):
            found.add(text.strip())
    return frozenset(found)


def tip(folder: Files, branch: str) -> str:
    """Return the commit of a branch; of the one that HEAD names, if it is empty. Blocks.

    Raises:
        Unavailable: there is no such branch. Nothing may be taken as deleted then.

    """
    ref = _BRANCHES + branch if branch else "HEAD"
    for _ in range(_STEPS):
        text = _text(folder, escape(ref)).strip() or _packed(folder, ref)
        if _SHA.fullmatch(text):
            return text
        before, ref = ref, text.removeprefix("ref:").strip()
        if not text.startswith("ref:") or not ref.startswith("refs/") or ".." in ref:
            raise Unavailable(f"there is no branch `{escape(before.removeprefix(_BRANCHES))}`, or it is damaged")
    raise Unavailable("the branch is one name for another, too many times")


def _packed(folder: Files, ref: str) -> str:
    for line in _text(folder, "packed-refs").splitlines():
        sha, _, name = line.partition(" ")
        if name == ref:
            return sha
    return ""


def _text(folder: Files, id: str) -> str:
    try:
        with folder.opened(id) as stream:
            return stream.read(_LARGEST).decode("utf-8", "surrogateescape")
    except NotFound:
        return ""
