"""What can be scanned: from the text that a person types to the connector that reads it.

To add a source, write its adapter for `ports.Connector` and one line in `SCHEMES`. Opening must be cheap and must
not wait for the source: each process of a scan opens its targets for itself. The name of the connector is what
reports and the state of a scan show, so it never holds a password; two targets of one name are taken for the same
source.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from lockgate.adapters.directory_none import NoDirectory
from lockgate.adapters.files import FilesConnector, names
from lockgate.errors import Invalid
from lockgate.ports import Connector, Directory, Item
from lockgate.storage.threads import Threads

if TYPE_CHECKING:  # to load it takes as long as to walk a thousand files
    from lockgate.config import Settings

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """What every target may need to know.

    Attributes:
        directory: maps accounts and groups of sources to people; none is needed only to fetch.
        settings: of a configured Lockgate, whose rules and rights then count; None without one.
        max_bytes: larger items are not read.
        rows: about how many rows of a table to read, where a table is no document; 0 for all.

    """

    directory: Directory
    settings: Settings | None = None
    max_bytes: int = 50_000_000
    rows: int = 0


FETCHING: Final = NoDirectory()
"""The directory of those who only fetch."""

Opener: TypeAlias = Callable[[str, TargetOptions], Connector]


def open_target(text: str, options: TargetOptions) -> Connector:
    """Return the connector of what a person calls `text`: a path, or an address with a scheme.

    Raises:
        Invalid: there is no such scheme, or nothing at this path.

    """
    scheme = _SCHEME.match(text)
    name = scheme[1].lower() if scheme else ""
    opener = SCHEMES.get(name)
    if opener is None:
        known = ", ".join(f"`{one}://`" for one in sorted(SCHEMES) if one)
        raise Invalid(
            f"targets that begin with `{name}://` are unknown", remedy=f"Give a path, or one of: {known}."
        )
    return opener(text, options)


def path(text: str, options: TargetOptions) -> Connector:
    """Open a folder, or a single file of one, of this machine.

    Within a collection of the configuration, its rights and rules count.
    """
    given = Path(text.removeprefix("file://")).expanduser()
    place = Path(os.path.realpath(given))
    if not place.exists():
        raise Invalid(f"there is nothing at `{names.encode(str(given))}`", remedy="Check the path.")
    folder = place if place.is_dir() else place.parent
    prefix = "" if place.is_dir() else names.encode(place.name)
    if options.settings and (found := _in_collection(place, options.settings, options.directory)):
        return found
    source = FilesConnector(
        names.encode(str(folder)),
        folder,
        "",
        directory=options.directory,
        max_bytes=options.max_bytes,
    )
    return Part(source, prefix, whole=False) if prefix else source


def _in_collection(place: Path, settings: Settings, directory: Directory) -> Connector | None:
    from lockgate.wiring import documents  # here: a scan without a configuration needs nothing of it

    for one in settings.collections:
        if one.path is None:
            continue
        root = Path(os.path.realpath(one.path))
        if place.is_relative_to(root):
            source = documents.connectors(settings, directory, Threads("rights", 1), only=one.name)[one.name]
            below = names.encode(str(place.relative_to(root))) if place != root else ""
            return Part(source, below, whole=place.is_dir()) if below else source
    return None


class Part:
    """A part of a source: one item, or with `whole` everything below a folder of it."""

    def __init__(self, source: Connector, id: str, *, whole: bool) -> None:
        self.name = source.name
        self.part = id + "/" if whole else id
        self._source = source

    async def items(self) -> AsyncIterator[Item]:
        """Yield what belongs to the part."""
        if not self.part.endswith("/"):
            item = await self._source.stat(self.part)
            if item is not None:
                yield item
            return
        async for item in self._source.items():
            if item.id.startswith(self.part):
                yield item

    async def stat(self, id: str, /) -> Item | None:
        """Return an item of the source as it is now."""
        return await self._source.stat(id)

    async def fetch(self, id: str, /) -> bytes:
        """Return the bytes of an item of the source."""
        return await self._source.fetch(id)

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def _later(module: str, name: str) -> Opener:
    """Return an opener of a module of this package, which is loaded when something is opened."""

    def opener(text: str, options: TargetOptions) -> Connector:
        found: Opener = getattr(import_module(f"lockgate.wiring.{module}"), name)
        return found(text, options)

    return opener


SCHEMES: Final[Mapping[str, Opener]] = {
    "": path,
    "file": path,
    "s3": _later("sources", "s3_target"),
    "postgres": _later("sources", "postgres_target"),
    "postgresql": _later("sources", "postgres_target"),
    "mbox": _later("mailboxes", "mailbox_target"),
    "maildir": _later("mailboxes", "mailbox_target"),
    "graph": _later("graph", "graph_target"),
    "git": _later("git", "git_target"),
    "collection": _later("sources", "collection_target"),
}
"""Scheme to what opens it; "" is a path. What needs a library of its own is loaded when it is asked for."""
