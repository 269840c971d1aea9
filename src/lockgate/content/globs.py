"""Globs over paths: `*`, `?` and `[...]` within one component, `**` as a whole component for any number of them.

Matching takes time proportional to pattern times path, whatever an attacker names a file: components are compiled
with atomic groups (`fnmatch.translate`), and `**` backtracks over one position only. Names are compared in Unicode
normal form C, so that a decomposed name cannot slip past a rule.
"""

from __future__ import annotations

import fnmatch
import re
import unicodedata
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


def _match(pattern: list[re.Pattern[str] | None], parts: list[str]) -> bool:
    if len(pattern) == 2 and pattern[0] is None and (last := pattern[1]) is not None:
        return last.match(parts[-1]) is not None  # `**/name`: the most frequent forms, without going back
    if len(pattern) == 3 and pattern[0] is None is pattern[2] and (middle := pattern[1]) is not None:
        return any(map(middle.match, parts))  # `**/name/**`
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
