"""Read `[collections.git]`: a Git repository of this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lockgate.config.table import Table
from lockgate.config.words import readers
from lockgate.labels.readers import Readers

_BRANCH: Final = re.compile(
    r"(?!.*(\.\.|//|@\{|/\.|\.lock(/|$)))[^\x00-\x20~^:?*\[\\\x7f/.-][^\x00-\x20~^:?*\[\\\x7f]*"
)


@dataclass(frozen=True, slots=True)
class GitSettings:
    """`[collections.git]`: a repository (`path`: bare, or the folder that has `.git`), and who may read it.

    Without `readers` the rights of its files decide. `above` as for folders.
    """

    path: Path
    branch: str = ""
    history: bool = False
    above: bool = True
    readers: Readers | None = None
    owners: frozenset[str] = frozenset()


def git(table: Table) -> GitSettings:
    """Return the settings of a repository.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    path = table.path("path")
    if path is None or not path.is_dir():
        raise table.fail("path", "is missing or is no folder", "Name a folder that has `.git`, or a bare one.")
    branch = table.get("branch", str, "")
    if branch and (not _BRANCH.fullmatch(branch) or branch.endswith(("/", "."))):
        raise table.fail("branch", "is no name of a branch", "Write it as `git branch` does: `main`.")
    declared = readers(table, "readers")
    if declared is None and "readers" in table.values:
        raise table.fail("readers", "names nobody", 'Name people or groups, `["group:dev"]`, or take it out.')
    owners = frozenset(table.principals("owners"))
    if owners and declared is None:
        raise table.fail("owners", "counts only beside `readers`", "Add `readers`, or take it out.")
    made = GitSettings(
        path=path,
        branch=branch,
        history=table.get("history", bool, False),
        above=table.get("above", bool, True),
        readers=declared,
        owners=owners,
    )
    table.done()
    return made
