"""MailboxConnector: the messages of the mailboxes in a folder, each a document with the rights of its mailbox."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Final, Protocol

from lockgate.adapters.mailbox import messages
from lockgate.adapters.mailbox.messages import Message
from lockgate.content.label_rules import LabelRule
from lockgate.errors import NotFound, TooLarge
from lockgate.labels.label import Integrity
from lockgate.labels.readers import Readers
from lockgate.ports import Item
from lockgate.ports.items import Rights, Shelf, nobody
from lockgate.storage.threads import Threads

_KEPT: Final = 8
"""Mailboxes of which it is remembered where their messages are."""
_MOST: Final = 500_000
"""Messages of an mbox, and of all that are remembered, at most: each takes about half a kilobyte of memory."""
_FOLDERS: Final = ("cur", "new")


class Folder(Protocol):
    """The files that mailboxes are in, with their rights."""

    name: str

    def items(self) -> AsyncIterator[Item]: ...
    async def stat(self, id: str, /) -> Item | None: ...
    def opened(self, id: str, /) -> AbstractContextManager[BinaryIO]: ...
    def names(self, id: str, /) -> list[str]: ...
    def close(self) -> None: ...


class MailboxConnector:
    """Implements `ports.Connector` over files of mail: mbox, and maildir (a folder with `cur` and `new`).

    An item is a message, named by its Message-ID and a digest of all that reading it does not change; the same
    message twice in a mailbox is one item. What is in it, attachments too, is for the extractor. Whoever sent it
    wrote it, so it is always untrusted. A change of rights is seen by the next walk, and by `stat` at once.

    Args:
        name: of the connector, in records and ids.
        folder: the files; it is closed with this.
        collection: what its documents belong to.
        owners: whose each mailbox is, by its path; that decides who reads. Without it, rights of the files do.
        rules: labels stated in the configuration, matched against `mailbox/name of the message`.
        max_bytes: larger messages are not read.
        only: one file of the folder; empty for all.

    """

    def __init__(
        self,
        name: str,
        folder: Folder,
        collection: str,
        *,
        owners: Mapping[str, frozenset[str]] | None = None,
        rules: Sequence[LabelRule] = (),
        max_bytes: int = 50_000_000,
        only: str = "",
    ) -> None:
        self.name = name
        self._folder = folder
        self._shelf = Shelf(name, collection, tuple(rules))
        self._owners = owners
        self._max_bytes = max_bytes
        self._only = only
        self._threads = Threads(f"mail-{name}", 4)
        self._boxes: OrderedDict[str, tuple[str, dict[str, Message]]] = OrderedDict()
        self._single: dict[str, Message] = {}

    async def items(self) -> AsyncIterator[Item]:
        """Yield every message, by the order of the bytes of the paths of files, and in a file as they stand.

        Raises:
            Unavailable: the folder cannot be opened; nothing is known then, and nothing may be taken as deleted.

        """
        seen: tuple[str, set[str]] = ("", set())  # of one maildir: its messages are files beside each other
        async for file in self._files():
            box, inside = _maildir(file.id)
            if inside == "tmp":
                continue
            if seen[0] != box:
                seen = (box, set())
            if file.problem:
                yield self._closed(file, file.problem)
            elif inside:
                found = await self._one(file.id)
                if found is not None and found.key not in seen[1]:
                    seen[1].add(found.key)
                    yield self._item(box, file, found)
            else:
                known = await self._known(file)
                if isinstance(known, str):
                    yield self._closed(file, known)
                    continue
                for message in known.values():
                    yield self._item(file.id, file, message)

    async def stat(self, id: str, /) -> Item | None:
        """Return the message as it is at this moment; None if it is gone."""
        whole = await self._folder.stat(id)
        if whole is not None:
            return await self._unread(whole)
        found = await self._find(id)
        return None if found is None else self._item(*found)

    async def fetch(self, id: str, /) -> bytes:
        """Return the bytes of a message.

        Raises:
            NotFound: it is gone.
            TooLarge: over the connector's limit.
            Unavailable: the system refuses.

        """
        found = await self._find(id)
        if found is None:
            raise NotFound("it is gone")
        box, file, message = found
        return await self._threads.run(self._read, file.id, message, quoted=box == file.id)

    def close(self) -> None:
        """End the threads."""
        self._threads.close()
        self._folder.close()

    async def _files(self) -> AsyncIterator[Item]:
        if not self._only:
            async for file in self._folder.items():
                yield file
        elif (one := await self._folder.stat(self._only)) is not None:
            yield one

    async def _unread(self, file: Item) -> Item | None:
        """Return the item that stands for a file of which no message can be read; None for any other."""
        inside = _maildir(file.id)[1]
        if inside == "tmp" or (self._only and file.id != self._only):
            return None
        if file.problem:
            return self._closed(file, file.problem)
        known = "" if inside else await self._known(file)
        return self._closed(file, known) if known and isinstance(known, str) else None

    async def _find(self, id: str) -> tuple[str, Item, Message] | None:
        """Return the mailbox of a message, the file where it is now, and its place there."""
        box, _, key = id.rpartition("/")
        if not messages.KEY.fullmatch(key) or (self._only and box != self._only):
            return None
        file = await self._folder.stat(box) if box else None
        if file is not None:
            known = "" if file.problem or _maildir(box)[1] else await self._known(file)
            return (box, file, known[key]) if not isinstance(known, str) and key in known else None
        before = f"{box}/" if box else ""
        for inside in _FOLDERS:
            for name in await self._threads.run(self._folder.names, before + inside):
                one = await self._one(f"{before}{inside}/{name}")
                if one is not None and one.key == key:
                    file = await self._folder.stat(f"{before}{inside}/{name}")
                    return (box, file, one) if file is not None and not file.problem else None
        return None

    async def _known(self, file: Item) -> dict[str, Message] | str:
        """Return where the messages of an mbox are, by their names, or why they are not read."""
        kept = self._boxes.get(file.id)
        if kept is None or kept[0] != file.revision:
            found = await self._threads.run(self._listed, file.id)
            if isinstance(found, str):
                return found
            kept = self._boxes[file.id] = (file.revision, found)
        self._boxes.move_to_end(file.id)
        while len(self._boxes) > _KEPT or (len(self._boxes) > 1 and self._remembered() > _MOST):
            self._boxes.popitem(last=False)
        return kept[1]

    def _remembered(self) -> int:
        return sum(len(known) for _, known in self._boxes.values())

    async def _one(self, id: str) -> Message | None:
        """Return what the message of a file is named. Such files are never written again, but renamed."""
        base = id.rpartition("/")[2].partition(":")[0]
        known = f"{_maildir(id)[0]}/{base}"
        if known not in self._single:
            try:
                self._single[known] = await self._threads.run(self._alone, id)
            except NotFound:
                return None
        return self._single[known]

    def _listed(self, id: str) -> dict[str, Message] | str:
        found: dict[str, Message] = {}
        try:
            with self._folder.opened(id) as stream:
                if not messages.is_mbox(stream):
                    return "it is no mailbox"
                stream.seek(0)
                for message in messages.in_mbox(stream):
                    found.setdefault(message.key, message)
                    if len(found) > _MOST:
                        return f"it has more than {_MOST} messages"
        except NotFound:
            return {}
        return found

    def _alone(self, id: str) -> Message:
        with self._folder.opened(id) as stream:
            return messages.alone(stream)

    def _read(self, id: str, message: Message, *, quoted: bool) -> bytes:
        if message.end - message.start > self._max_bytes:
            raise TooLarge(f"it has more than {self._max_bytes} bytes")
        with self._folder.opened(id) as stream:
            stream.seek(message.start)
            data = stream.read(message.end - message.start)
            # The file may have been written anew since it was looked at.
            if messages.revision(data) != message.revision:
                raise NotFound("it is gone")
        return messages.unquoted(data) if quoted else data

    def _item(self, box: str, file: Item, message: Message) -> Item:
        id = f"{box}/{message.key}" if box else message.key
        size = message.end - message.start
        return self._shelf.item(id, id, message.revision, size, self._rights(box, file), file.modified)

    def _rights(self, box: str, file: Item) -> Rights:
        if self._owners is None:
            return Rights(file.readers, file.owners, Integrity.UNTRUSTED, notes=file.notes, reach=file.reach)
        who = self._owners.get(box)
        if not who:
            return nobody("nobody is named as the owner of this mailbox")
        return Rights(Readers.any_of(*who), who, Integrity.UNTRUSTED)

    def _closed(self, file: Item, why: str) -> Item:
        return self._shelf.item(file.id, file.id, file.revision, file.size, nobody(why), file.modified)


def _maildir(id: str) -> tuple[str, str]:
    """Return the maildir of a file, and the folder of it that the file is in; empty for other files."""
    above, _, _ = id.rpartition("/")
    box, _, inside = above.rpartition("/")
    return (box, inside) if inside in (*_FOLDERS, "tmp") else (id, "")
