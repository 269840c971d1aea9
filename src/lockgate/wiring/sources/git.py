"""Connectors of Git repositories."""

from __future__ import annotations

import os
from pathlib import Path

from lockgate.adapters.files import FilesConnector, names
from lockgate.adapters.git import GitConnector
from lockgate.config.git import GitSettings
from lockgate.config.settings import Collection
from lockgate.errors import Invalid
from lockgate.ports import Connector, Directory
from lockgate.wiring.sources.common import TargetOptions, rules


def connector(one: Collection, source: GitSettings, directory: Directory) -> Connector:
    """Return the connector of a collection that is a repository."""
    root = _root(source.path)
    folder = FilesConnector(
        one.name,
        root,
        one.name,
        directory=directory,
        above_root=source.above,
        integrity=one.integrity,
        excluded=(),
    )
    return GitConnector(
        one.name,
        folder,
        root,
        one.name,
        max_bytes=one.max_bytes,
        branch=source.branch,
        history=source.history,
        readers=source.readers,
        owners=source.owners,
        rules=rules(one),
        integrity=one.integrity,
    )


def target(text: str, options: TargetOptions) -> Connector:
    """Open `git:///path`: a repository on this machine, bare or with a working tree, with its history.

    Raises:
        Invalid: there is none.

    """
    given = Path(text.partition("://")[2]).expanduser()
    place = Path(os.path.realpath(given))
    root = _root(place)
    if not (root / "HEAD").is_file():
        raise Invalid(f"there is no Git repository at `{names.encode(str(given))}`", remedy="Check the path.")
    where = "git://" + names.encode(str(place))
    folder = FilesConnector(where, root, "", directory=options.directory, excluded=())
    return GitConnector(where, folder, root, "", max_bytes=options.max_bytes)


def _root(path: Path) -> Path:
    """Return where the files of a repository are: in `.git` of a folder, or in a bare one."""
    inside = path / ".git"
    return inside if inside.is_dir() and not inside.is_symlink() else path
