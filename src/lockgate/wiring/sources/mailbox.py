"""Connectors of mail on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.adapters.files import FilesConnector, names
from lockgate.adapters.mailbox import MailboxConnector
from lockgate.config.mailbox import MailboxSettings
from lockgate.errors import Invalid
from lockgate.ports import Connector, Directory
from lockgate.wiring.sources.common import TargetOptions, rules

if TYPE_CHECKING:
    from lockgate.config.settings import Collection


def connector(one: Collection, source: MailboxSettings, directory: Directory) -> Connector:
    """Return the connector of a collection of mailboxes."""
    folder = FilesConnector(
        one.name, source.path, one.name, directory=directory, above_root=source.above, max_bytes=one.max_bytes
    )
    owners = {box: frozenset(who) for box, who in source.principals}
    return MailboxConnector(
        one.name, folder, one.name, owners=owners or None, rules=rules(one), max_bytes=one.max_bytes
    )


def target(text: str, options: TargetOptions) -> Connector:
    """Open `mbox:///path` or `maildir:///path`: a file of mail, a maildir, or a folder with any of both.

    A folder that is a collection's has its owners and rules.

    Raises:
        Invalid: there is nothing of that name.

    """
    given = Path(text.partition("://")[2]).expanduser()
    place = Path(os.path.realpath(given))
    if not place.exists():
        raise Invalid(f"there is nothing at `{names.encode(str(given))}`", remedy="Check the path.")
    for one, source in options.collections(MailboxSettings):
        if Path(os.path.realpath(source.path)) == place:
            return connector(one, source, options.directory)
    root = place if place.is_dir() else place.parent
    where = names.encode(str(place))
    folder = FilesConnector(where, root, "", directory=options.directory, max_bytes=options.max_bytes)
    only = "" if place.is_dir() else names.encode(place.name)
    return MailboxConnector(where, folder, "", max_bytes=options.max_bytes, only=only)
