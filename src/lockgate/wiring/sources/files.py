"""Connectors of folders."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from lockgate.adapters.files import FilesConnector, names
from lockgate.errors import Invalid
from lockgate.ports import Connector, Directory, Item
from lockgate.storage.threads import Threads
from lockgate.wiring.sources.common import TargetOptions, rules

if TYPE_CHECKING:
    from lockgate.config import Settings
    from lockgate.config.settings import Collection


def connector(
    one: Collection, path: Path, settings: Settings, directory: Directory, threads: Threads
) -> Connector:
    """Return the connector of a collection in a folder; `threads` look at its rights."""
    return FilesConnector(
        one.name,
        path,
        one.name,
        directory=directory,
        rights=cast(Literal["posix", "manifest"], one.rights),
        above_root=one.above,
        rules=rules(one),
        integrity=one.integrity,
        max_bytes=one.max_bytes,
        taxonomy=settings.labels.taxonomy,
        threads=threads,
    )


def target(text: str, options: TargetOptions) -> Connector:
    """Open a folder, or a single file of one, of this machine.

    Within a collection of the configuration, its rights and rules count.
    """
    given = Path(text.removeprefix("file://")).expanduser()
    place = Path(os.path.realpath(given))
    whole = _is_folder(place, names.encode(str(given)))
    folder = place if whole else place.parent
    prefix = "" if whole else names.encode(place.name)
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


def _is_folder(place: Path, shown: str) -> bool:
    """Tell a folder from a file. What is neither (a pipe, a device) holds nothing and would look clean."""
    try:
        mode = place.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Invalid(f"there is nothing at `{shown}`", remedy="Check the path.") from error
    except OSError as error:
        raise Invalid(
            f"`{shown[:200]}` cannot be looked at: {error.strerror}", remedy="Check the path, and its rights."
        ) from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise Invalid(f"`{shown}` is neither a file nor a folder", remedy="Copy what it gives into a file.")
    return stat.S_ISDIR(mode)


def _in_collection(place: Path, settings: Settings, directory: Directory) -> Connector | None:
    for one in settings.collections:
        if one.path is None:
            continue
        root = Path(os.path.realpath(one.path))
        if place.is_relative_to(root):
            source = connector(one, one.path, settings, directory, Threads("rights", 1))
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
