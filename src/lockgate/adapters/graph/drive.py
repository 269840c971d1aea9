"""A drive as its listing of changes tells it: which files there are, where, and whose permissions are in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from lockgate.errors import Unavailable

_DEPTH: Final = 400
CHANGED: Final = "@microsoft.graph.sharedChanged"
SELECT: Final = (
    "id,name,size,cTag,eTag,parentReference,file,folder,package,remoteItem,root,deleted,malware,"
    "lastModifiedDateTime"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A `driveItem`. `problem` says why a file has no content to read."""

    id: str
    parent: str
    name: str
    folder: bool
    size: int
    revision: str
    modified: datetime | None
    problem: str = ""


@dataclass(slots=True)
class Drive:
    """What is known of a drive. `link` is where its next changes are; empty before the first listing."""

    id: str
    label: str
    link: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    root: str = ""

    def copy(self) -> Drive:
        """Return one to which changes can be applied, and that can be thrown away."""
        return Drive(self.id, self.label, self.link, dict(self.entries), self.root)

    def apply(self, raw: Any, doubtful: set[str]) -> None:
        """Take one item of a listing of changes; the last one of an id counts.

        `doubtful` gets ids whose permissions may have changed: for folders, with all that is below.

        Raises:
            Unavailable: it is malformed.

        """
        if not isinstance(raw, Mapping) or not isinstance(raw.get("id"), str) or not raw["id"]:
            raise Unavailable("microsoft graph: an item of its listing is malformed")
        id = raw["id"]
        if "root" in raw:
            self.root = id
        if raw.get("deleted") is not None:
            self.entries.pop(id, None)
            return
        before, now = self.entries.get(id), entry(raw)
        self.entries[id] = now
        moved = before is None or (before.parent, before.name) != (now.parent, now.name)
        # A folder is listed whenever something in it has changed. Only these are changes of its own.
        if not now.folder or moved or str(raw.get(CHANGED)).lower() == "true":
            doubtful.add(id)

    def files(self) -> Iterator[tuple[str, Entry, tuple[str, ...]]]:
        """Yield path, file, and ids of it and its folders. What hangs on no root is not there any more."""
        for one in self.entries.values():
            if not one.folder and (found := self._chain(one)) is not None:
                path, ids = found
                yield path, one, ids

    def _chain(self, one: Entry) -> tuple[str, tuple[str, ...]] | None:
        names, ids = [one.name], [one.id]
        while one.parent != self.root:
            above = self.entries.get(one.parent)
            if above is None or len(ids) > _DEPTH:
                return None
            one = above
            names.append(one.name)
            ids.append(one.id)
        return "/".join(reversed(names)), (*ids, self.root)


def entry(raw: Mapping[str, Any]) -> Entry:
    """Read a `driveItem`.

    Raises:
        Unavailable: it is malformed.

    """
    parent = raw.get("parentReference")
    above = parent.get("id", "") if isinstance(parent, Mapping) else ""
    name, size = raw.get("name"), raw.get("size", 0)
    if not isinstance(name, str) or not isinstance(above, str) or not isinstance(size, int):
        raise Unavailable("microsoft graph: an item of its listing is malformed")
    if "root" not in raw and (name in ("", ".", "..") or "/" in name or "\0" in name):
        raise Unavailable("microsoft graph: the name of an item is none")
    tag = raw.get("cTag") or raw.get("eTag") or ""
    problem = ""
    if "remoteItem" in raw:
        problem = "it is a shortcut to another drive"
    elif "package" in raw:
        problem = "it is a notebook or another package, which has no content of its own"
    elif "malware" in raw:
        problem = "it is held back as malware"
    folder = not problem and ("folder" in raw or "root" in raw)
    return Entry(raw["id"], above, name, folder, size, str(tag), _time(raw.get("lastModifiedDateTime")), problem)


def _time(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
