"""GraphConnector: the files of SharePoint sites and of OneDrive as a source of documents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from urllib.parse import quote, unquote

from lockgate.adapters.graph.client import LANES, MALFORMED, REFUSED, RESYNC, Client
from lockgate.adapters.graph.drive import SELECT, Drive, Entry, entry
from lockgate.adapters.graph.loop import Loop
from lockgate.adapters.graph.permissions import Names, rights
from lockgate.content.escapes import escape, unescape
from lockgate.content.label_rules import LabelRule
from lockgate.errors import NotFound, TooLarge, Unavailable
from lockgate.labels.label import Integrity, Label, Sensitivity
from lockgate.ports import Clock, Item
from lockgate.ports.items import Rights, Shelf, nobody

_PREFER: Final = (
    "deltashowremovedasdeleted, deltatraversepermissiongaps, deltashowsharingchanges, hierarchicalsharing"
)
"""See "Best practices for discovering files and detecting changes at scale"."""
_BATCH: Final = 64
_OLD: Final = 3600.0
"""Seconds after which permissions are asked again, should a change of them not have been listed."""
_LABELED: Final = (".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".xlsb", ".pptx", ".pptm", ".potx", ".pdf")
"""Files that can have sensitivity labels. To ask for them costs the tenant money."""


@dataclass(frozen=True, slots=True)
class Root:
    """What is read: a site (`contoso.sharepoint.com/sites/legal`), what a user has, or one drive."""

    kind: Literal["site", "user", "drive"]
    name: str


@dataclass(slots=True)
class _Known:
    """What a walk remembers of a drive: permissions by item and when they were asked, and labels by revision."""

    drive: Drive
    permissions: dict[str, tuple[float, list[Any] | str]] = field(default_factory=dict)
    labels: dict[str, tuple[str, list[Any] | str]] = field(default_factory=dict)


class GraphConnector:
    """Implements `ports.Connector` over Microsoft Graph v1.0.

    Items are named by drive and path. The first walk lists all, later ones what has changed, and asks for the
    permissions of what is new, moved or shared otherwise. `stat` asks for everything.

    Args:
        name: of the connector, in records and ids.
        client: the service; it is closed with this.
        root: what is read.
        collection: what its documents belong to.
        names: of users and groups, see `permissions.Names`.
        clock: decides what has expired.
        labels: level by the id of a sensitivity label. Without any, none are asked for.
        rules: labels stated in the configuration, matched against `drive/path`.
        integrity: how far its documents may steer an action, at most.
        max_bytes: larger files are not read.
        ticks: seconds, on a clock that nobody sets.

    """

    def __init__(
        self,
        name: str,
        client: Client,
        root: Root,
        collection: str,
        *,
        names: Names,
        clock: Clock,
        labels: Mapping[str, Sensitivity] | None = None,
        rules: Sequence[LabelRule] = (),
        integrity: Integrity = Integrity.INTERNAL,
        max_bytes: int = 50_000_000,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._client = client
        self._root = root
        self._shelf = Shelf(name, collection, tuple(rules))
        self._names = names
        self._clock = clock
        self._labels = {id.lower(): level for id, level in (labels or {}).items()}
        self._integrity = integrity
        self._max_bytes = max_bytes
        self._ticks = ticks
        self._loop = Loop(f"graph-{name}")
        self._drives: dict[str, _Known] = {}

    async def items(self) -> AsyncIterator[Item]:
        """Yield every file as it is now, in the order of the bytes of drives and paths.

        Raises:
            Unavailable: something cannot be listed; nothing may be taken as deleted then.

        """
        for label in sorted(await self._loop.run(self._find_drives()), key=str.encode):
            known = self._drives[label]
            files = await self._loop.run(self._listed(known))
            for at in range(0, len(files), _BATCH):
                for item in await self._loop.run(self._made(known, files[at : at + _BATCH])):
                    yield item

    async def stat(self, id: str, /) -> Item | None:
        """Return the file as it is at this moment; None if it is gone."""
        return await self._loop.run(self._stat(id))

    async def fetch(self, id: str, /) -> bytes:
        """Return the bytes of a file.

        Raises:
            NotFound: it is gone.
            TooLarge: over the connector's limit.
            Unavailable: the service refuses or breaks off.

        """
        return await self._loop.run(self._fetch(id))

    def close(self) -> None:
        """Let go of connections."""
        self._loop.close(self._client.close())

    async def _find_drives(self) -> list[str]:
        """Return the labels of the drives there are; forget the others."""
        found = await self._raw_drives()
        times: dict[str, int] = {}
        for one in found:
            if not isinstance(one, Mapping) or not isinstance(one.get("id"), str):
                raise Unavailable("microsoft graph: a drive is malformed")
            times[_label(one)] = times.get(_label(one), 0) + 1
        labels = {}
        for one in found:
            label = _label(one)
            labels[label if times[label] == 1 else f"{label} ({one['id']})"] = str(one["id"])
        kept = {label: known for label, known in self._drives.items() if labels.get(label) == known.drive.id}
        self._drives = {label: kept.get(label) or _Known(Drive(id, label)) for label, id in labels.items()}
        return list(labels)

    async def _raw_drives(self) -> list[Any]:
        kind, name = self._root.kind, self._root.name
        try:
            if kind == "drive":
                return [await self._client.ask(f"drives/{quote(name, safe='!')}?$select=id,name")]
            if kind == "site":
                host, _, path = name.partition("/")
                where = f"sites/{quote(host)}" + (f":/{quote(path)}" if path else "")
                site = (await self._client.ask(f"{where}?$select=id")).get("id")
                if not isinstance(site, str):
                    raise Unavailable("microsoft graph: a site is malformed")
                listing = f"sites/{quote(site, safe=',')}/drives?$select=id,name"
            else:
                listing = f"users/{quote(name, safe='@')}/drives?$select=id,name"
            return [one async for page in self._client.pages(listing) for one in page["value"]]
        except NotFound as error:
            raise Unavailable(
                f"there is no such {kind} in the tenant, or Lockgate may not see it",
                remedy="Check the name, and what the application is permitted to do.",
            ) from error

    async def _listed(self, known: _Known) -> list[tuple[str, Entry]]:
        """Bring a drive up to date; return its files, in order."""
        try:
            drive, doubtful = await self._changed(known.drive)
        except Unavailable as error:
            if error.code != RESYNC:
                raise
            known.permissions.clear()
            drive, doubtful = await self._changed(Drive(known.drive.id, known.drive.label))
        files, old = [], self._ticks() - _OLD
        for path, one, chain in drive.files():
            asked = known.permissions.get(one.id)
            if asked is not None and (asked[0] < old or not doubtful.isdisjoint(chain)):
                del known.permissions[one.id]
            files.append((path, one))
        known.drive = drive
        gone = [id for id in known.permissions if id not in drive.entries]
        for id in gone:
            del known.permissions[id]
            known.labels.pop(id, None)
        return sorted(files, key=lambda file: file[0].encode("utf-8", "surrogatepass"))

    async def _changed(self, before: Drive) -> tuple[Drive, set[str]]:
        """Return a drive with its changes, and the ids that `Drive.apply` doubts."""
        drive, doubtful = before.copy(), set[str]()
        top = "/".join(("drives", quote(drive.id, safe="!"), "root", "delta"))
        start = drive.link or f"{top}?$select={SELECT}"
        try:
            async for page in self._client.pages(start, prefer=_PREFER):
                for raw in page["value"]:
                    drive.apply(raw, doubtful)
                drive.link = page.get("@odata.deltaLink", "")
        except NotFound as error:
            raise Unavailable("microsoft graph: a drive is gone while it is listed") from error
        if not drive.link or not isinstance(drive.link, str):
            raise Unavailable("microsoft graph: a listing ends without saying where the next changes are")
        return drive, doubtful

    async def _made(self, known: _Known, files: Sequence[tuple[str, Entry]]) -> list[Item]:
        lanes = asyncio.Semaphore(LANES)

        async def one(path: str, file: Entry) -> Item | None:
            async with lanes:
                if file.id not in known.permissions:
                    asked = await self._permissions(known.drive.id, file.id)
                    if asked is None:
                        return None
                    known.permissions[file.id] = self._ticks(), asked
                labels = known.labels.get(file.id)
                if labels is None or labels[0] != file.revision:
                    labels = known.labels[file.id] = file.revision, await self._asked_labels(known.drive.id, file)
            return self._item(known.drive.label, path, file, known.permissions[file.id][1], labels[1])

        found = await asyncio.gather(*(one(path, file) for path, file in files))
        return [item for item in found if item is not None]

    async def _stat(self, id: str) -> Item | None:
        found = await self._find(id)
        if found is None:
            return None
        drive, path, file = found
        asked = await self._permissions(drive.id, file.id)
        if asked is None:
            return None
        return self._item(drive.label, path, file, asked, await self._asked_labels(drive.id, file))

    async def _fetch(self, id: str) -> bytes:
        found = await self._find(id)
        if found is None or found[2].problem:
            raise NotFound("it is gone, or has no content")
        drive, _, file = found
        if file.size > self._max_bytes:
            raise TooLarge(f"it has more than {self._max_bytes} bytes")
        return await self._client.content(_address(drive.id, file.id) + "/content", self._max_bytes)

    async def _find(self, id: str) -> tuple[Drive, str, Entry] | None:
        """Return the file that an id names, as it is now."""
        raw = unescape(id)
        try:
            label, *parts = raw.decode().split("/") if raw else [""]
        except UnicodeDecodeError:
            return None
        if not parts or any(part in ("", ".", "..") or "\0" in part for part in parts):
            return None
        if label not in self._drives:
            await self._find_drives()
        if label not in self._drives:
            return None
        drive, path = self._drives[label].drive, "/".join(parts)
        where = f"drives/{quote(drive.id, safe='!')}/root:/{quote(path)}:?$select={SELECT}"
        try:
            answer = await self._client.ask(where)
        except NotFound:
            return None
        except Unavailable as error:
            if error.code == REFUSED and "invalidRequest" in str(error):
                return None  # no item can have such a name
            raise
        if not isinstance(answer.get("id"), str):
            raise Unavailable("microsoft graph: an item is malformed")
        file = entry(answer)
        # Names are looked up whatever their case is there; an id has one.
        above = str((answer.get("parentReference") or {}).get("path", "")).partition("root:")[2].strip("/")
        same = file.name == parts[-1] and unquote(above) == "/".join(parts[:-1])
        return (drive, path, file) if same and not file.folder else None

    async def _permissions(self, drive: str, id: str) -> list[Any] | str | None:
        """Return the permissions of an item, or why they cannot be read; None if the item is gone."""
        found: list[Any] = []
        try:
            async for page in self._client.pages(_address(drive, id) + "/permissions"):
                found += page["value"]
        except NotFound:
            return None
        except Unavailable as error:
            if error.code not in (REFUSED, MALFORMED):
                raise
            return f"its permissions cannot be read: {error}"
        return found

    async def _asked_labels(self, drive: str, file: Entry) -> list[Any] | str:
        """Return the sensitivity labels of a file, or why they cannot be read."""
        if not self._labels or file.problem or not file.name.lower().endswith(_LABELED):
            return []
        try:
            answer = await self._client.ask(_address(drive, file.id) + "/extractSensitivityLabels", method="POST")
        except NotFound:
            return []
        except Unavailable as error:
            if error.code != REFUSED:
                raise
            return f"its sensitivity label cannot be read: {error}"
        found = answer.get("labels", [])
        return found if isinstance(found, list) else "its sensitivity label is malformed"

    def _item(
        self, label: str, path: str, file: Entry, permissions: list[Any] | str, labels: list[Any] | str
    ) -> Item:
        if isinstance(permissions, str):
            found = nobody(permissions)
        elif file.problem:
            found = nobody(file.problem)
        else:
            found = self._declared(rights(permissions, self._names, self._clock.now(), self._integrity), labels)
        whole = f"{label}/{path}"
        return self._shelf.item(escape(whole), whole, file.revision, file.size, found, file.modified)

    def _declared(self, found: Rights, labels: list[Any] | str) -> Rights:
        """Return rights with the label that the file has there. One that is not in the table declares nothing."""
        if not labels or found.problem:
            return found
        if isinstance(labels, str):
            return replace(found, notes=(*found.notes, labels))
        levels = [
            self._labels.get(str(one.get("sensitivityLabelId", "")).lower()) if isinstance(one, Mapping) else None
            for one in labels
        ]
        known = [level for level in levels if level is not None]
        if len(known) < len(levels):
            return replace(found, notes=(*found.notes, "it has a sensitivity label that the table does not name"))
        return replace(found, declared=Label(max(known), found.readers, found.integrity, owners=found.owners))


def _address(drive: str, id: str) -> str:
    return f"drives/{quote(drive, safe='!')}/items/{quote(id, safe='!')}"


def _label(drive: Mapping[str, Any]) -> str:
    name = drive.get("name")
    return name.replace("/", "_") if isinstance(name, str) and name else str(drive["id"])
