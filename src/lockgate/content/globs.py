"""Globs over paths: `*`, `?` and `[...]` within one component, `**` as a whole component for any number of them.

Matching takes time proportional to pattern times path, whatever an attacker names a file: components are compiled
with atomic groups (`fnmatch.translate`), and `**` backtracks over one position only. Names are compared in Unicode
normal form C, so that a decomposed name cannot slip past a rule.
"""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from lockgate.errors import Invalid

_LIMIT: Final = 1000


class Name:
    """A path below the root, split and normalized once for many globs."""

    __slots__ = ("_folded", "_normal", "exact")

    def __init__(self, path: str) -> None:
        self._normal = unicodedata.normalize("NFC", path)
        self.exact = self._normal.split("/")
        self._folded: list[str] | None = None

    @property
    def folded(self) -> list[str]:
        """Return the parts without case."""
        if self._folded is None:
            self._folded = self._normal.casefold().split("/")
        return self._folded


class Glob:
    """One pattern, such as `hr/**` or `**/*.pdf`. Case counts; `matches_folded` tells what ignoring it gives."""

    __slots__ = ("_exact", "_folded", "pattern")

    def __init__(self, pattern: str) -> None:
        """Compile.

        Raises:
            Invalid: it is empty, absolute, climbs, or uses `**` as a part of a component.

        """
        parts = pattern.split("/")
        if not pattern or len(pattern) > _LIMIT or "\0" in pattern or "\\" in pattern:
            raise Invalid("a pattern must be a relative path of 1 to 1000 characters without backslash")
        if any(part in ("", ".", "..") for part in parts):
            raise Invalid(
                f"the pattern `{pattern}` must be relative, without `..`; a folder is written `folder/**`"
            )
        if any("**" in part and part != "**" for part in parts):
            raise Invalid(f"in the pattern `{pattern}`, `**` must stand alone between slashes")
        self.pattern = pattern
        normal = [unicodedata.normalize("NFC", part) for part in parts]
        self._exact = [None if p == "**" else re.compile(fnmatch.translate(p)) for p in normal]
        self._folded = [None if p == "**" else re.compile(fnmatch.translate(p.casefold())) for p in normal]

    def matches(self, name: Name) -> bool:
        """Tell whether a path below the root matches."""
        return _match(self._exact, name.exact)

    def matches_folded(self, name: Name) -> bool:
        """Tell whether it would match if case were ignored."""
        return _match(self._folded, name.folded)


class Globs:
    """Many patterns at once, for many paths: `any(Glob(one).matches(Name(path)) for one in patterns)`, but faster.

    Most patterns are `**/name`, which is about the last part of a path alone, or `**/name/**`, about any part. All
    of one form are one regular expression, and a folder is looked at once for all that is in it.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        globs = [Glob(pattern) for pattern in patterns]
        forms = [[part if part == "**" else "x" for part in glob.pattern.split("/")] for glob in globs]
        about = list(zip(globs, forms, strict=True))
        self._last = _union([glob for glob, form in about if form == ["**", "x"]])
        self._any = _union([glob for glob, form in about if form == ["**", "x", "**"]])
        self._rest = [glob for glob, form in about if form not in (["**", "x"], ["**", "x", "**"])]
        self._folder = lru_cache(maxsize=1024)(lambda folder: any(map(self._any.match, folder.split("/"))))

    def matches(self, path: str) -> bool:
        """Tell whether any of them matches a path below the root."""
        normal = path if path.isascii() else unicodedata.normalize("NFC", path)
        folder, _, last = normal.rpartition("/")
        if self._last.match(last) or self._any.match(last) or self._folder(folder):
            return True
        return bool(self._rest) and any(glob.matches(Name(normal)) for glob in self._rest)


def _union(globs: Sequence[Glob]) -> re.Pattern[str]:
    """Return what matches a part that the one part with a name of any of these matches; of none, nothing."""
    parts = [
        unicodedata.normalize("NFC", part) for glob in globs for part in glob.pattern.split("/") if part != "**"
    ]
    return re.compile("|".join(map(fnmatch.translate, parts)) or r"(?!)")


def _match(pattern: list[re.Pattern[str] | None], parts: list[str]) -> bool:
    at = seen = 0
    star, resume = -1, 0
    while seen < len(parts):
        if at < len(pattern) and (part := pattern[at]) is None:
            star, resume = at, seen
            at += 1
        elif at < len(pattern) and part is not None and part.match(parts[seen]):
            at, seen = at + 1, seen + 1
        elif star >= 0:
            resume += 1
            at, seen = star + 1, resume
        else:
            return False
    return all(part is None for part in pattern[at:])
