"""S3Connector: a bucket, or what is below a prefix of it, as a source of documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from lockgate.adapters.s3.acl import Acl
from lockgate.adapters.s3.rights import Bucket, Names, rights
from lockgate.adapters.s3.store import LANES, Entry, Store
from lockgate.content.escapes import escape, unescape
from lockgate.content.label_rules import LabelRule
from lockgate.errors import NotFound
from lockgate.labels.label import Integrity
from lockgate.ports import Item
from lockgate.ports.items import Shelf
from lockgate.storage.threads import Threads

_LONGEST: Final = 1024
"""Bytes of a key."""


class S3Connector:
    """Implements `ports.Connector` over S3-compatible storage.

    Items are named by their keys. Objects that only mark a folder (empty, with a name that ends in a slash) are no
    documents. A change of rights is seen by the next walk, and by `stat` at once.

    Args:
        name: of the connector, in records and ids.
        store: the bucket.
        collection: what its documents belong to.
        names: of principals, see `rights.Names`.
        rules: labels stated in the configuration; the last that matches a key wins.
        integrity: how far its documents may steer an action, at most.
        max_bytes: larger objects are not read.

    """

    def __init__(
        self,
        name: str,
        store: Store,
        collection: str,
        *,
        names: Names,
        rules: Sequence[LabelRule] = (),
        integrity: Integrity = Integrity.INTERNAL,
        max_bytes: int = 50_000_000,
    ) -> None:
        self.name = name
        self._store = store
        self._shelf = Shelf(name, collection, tuple(rules))
        self._names = names
        self._integrity = integrity
        self._max_bytes = max_bytes
        self._threads = Threads(f"s3-{name}", LANES)

    async def items(self) -> AsyncIterator[Item]:
        """Yield every object as it is now, in the order of the bytes of the keys.

        Raises:
            Unavailable: the bucket cannot be listed; nothing is known then, and nothing may be taken as deleted.

        """
        pages = self._store.pages()
        while (page := await self._threads.run(next, pages, None)) is not None:
            bucket = await self._threads.run(self._store.bucket)
            entries = [entry for entry in page if not _marker(entry)]
            found = await asyncio.gather(*(self._acl(bucket, entry) for entry in entries))
            for entry, acl in zip(entries, found, strict=True):
                if acl is not None or bucket.enforced:
                    yield self._item(bucket, entry, acl)

    async def stat(self, id: str, /) -> Item | None:
        """Return the object as it is at this moment; None if it is gone or is no document."""
        key = self._key(id)
        if key is None:
            return None
        bucket, entry = await asyncio.gather(
            self._threads.run(self._store.bucket), self._threads.run(self._store.find, key)
        )
        if entry is None or _marker(entry):
            return None
        acl = await self._acl(bucket, entry)
        return None if acl is None and not bucket.enforced else self._item(bucket, entry, acl)

    async def fetch(self, id: str, /) -> bytes:
        """Return the bytes of an object, all of one version.

        Raises:
            NotFound: it is gone.
            TooLarge: over the connector's limit.
            Unavailable: the store refuses or breaks off, or the object changes all the time.

        """
        key = self._key(id)
        if key is None:
            raise NotFound("no such item")
        return await self._threads.run(self._store.whole, key, self._max_bytes)

    def close(self) -> None:
        """Let go of connections."""
        self._threads.close()
        self._store.close()

    def _key(self, id: str) -> str | None:
        """Return the key that an id names; None where it can be none of ours."""
        raw = unescape(id)
        if not raw or len(raw) > _LONGEST:
            return None
        try:
            key = raw.decode()
        except UnicodeDecodeError:
            return None
        return key if "\0" not in key and key.startswith(self._store.place.prefix) else None

    async def _acl(self, bucket: Bucket, entry: Entry) -> Acl | str | None:
        return None if bucket.enforced else await self._threads.run(self._store.acl, entry.key)

    def _item(self, bucket: Bucket, entry: Entry, acl: Acl | str | None) -> Item:
        found = rights(bucket, entry.key, acl, self._names, self._integrity)
        return self._shelf.item(escape(entry.key), entry.key, entry.revision, entry.size, found, entry.modified)


def _marker(entry: Entry) -> bool:
    return entry.size == 0 and entry.key.endswith("/")
