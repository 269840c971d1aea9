"""Connectors of Git repositories."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.adapters.files import FilesConnector, names
from lockgate.adapters.git import GitConnector
from lockgate.errors import Invalid
from lockgate.ports import Connector

if TYPE_CHECKING:
    from lockgate.wiring.targets import TargetOptions


def git_target(text: str, options: TargetOptions) -> Connector:
    """Open `git:///path`: a repository on this machine, bare or with a working tree, with its history.

    Raises:
        Invalid: there is none.

    """
    given = Path(text.partition("://")[2]).expanduser()
    place = Path(os.path.realpath(given))
    inside = place / ".git"
    root = inside if inside.is_dir() and not inside.is_symlink() else place
    if not (root / "HEAD").is_file():
        raise Invalid(f"there is no Git repository at `{names.encode(str(given))}`", remedy="Check the path.")
    where = "git://" + names.encode(str(place))
    folder = FilesConnector(where, root, "", directory=options.directory, excluded=())
    return GitConnector(where, folder, root, "", max_bytes=options.max_bytes)
