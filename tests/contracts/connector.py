"""The contract of `ports.Connector`: every source subclasses `ConnectorContract` and says how to arrange things.

Every item has readers; rights that are not understood are nobody's; a deletion and a revocation are seen by the
next walk and by `stat` at once; what `stat` says is what the walk says; bytes come whole.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockgate.errors import NotFound
from lockgate.ports import Connector, Item

HR, STAFF = "group:hr", "group:staff"


class ConnectorContract:
    """Items are named `folder/name.txt`. Rights are given per item; None makes them impossible to understand."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Any:
        """Return where the items of one test are: a folder, a bucket, a schema."""
        return tmp_path

    @pytest.fixture(autouse=True)
    def closing(self) -> Iterator[None]:
        self.sources: list[Connector] = []
        yield
        for source in self.sources:
            source.close()

    def named(self, place: Any, id: str) -> str:
        """Return how the source names the item `id`."""
        return id

    def held(self, data: bytes) -> bytes:
        """Return the bytes of an item into which `data` was written."""
        return data

    def opened(self, place: Any) -> Connector:
        self.sources.append(self.open(place))
        return self.sources[-1]

    @abstractmethod
    def open(self, place: Any) -> Connector: ...
    @abstractmethod
    def write(self, place: Any, id: str, data: bytes) -> None: ...
    @abstractmethod
    def allow(self, place: Any, id: str, reader: str | None) -> None: ...
    @abstractmethod
    def delete(self, place: Any, id: str) -> None: ...

    def test_every_item_has_readers_a_revision_and_the_connectors_name(self, place: Any) -> None:
        for id in ("b/2.txt", "b/1.txt", "a/9.txt"):
            self.write(place, id, id.encode())
            self.allow(place, id, HR)
        source = self.opened(place)
        found = walk(source)
        ids = {self.named(place, id): id for id in ("a/9.txt", "b/1.txt", "b/2.txt")}
        assert [item.id for item in found] == list(ids) == [i.id for i in walk(source)]
        for item in found:
            assert item.readers.permits({HR})
            assert not item.readers.permits({STAFF})
            assert item.revision
            assert not item.problem
            assert item.connector == source.name
            assert asyncio.run(source.stat(item.id)) == item
            assert asyncio.run(source.fetch(item.id)) == self.held(ids[item.id].encode())

    def test_rights_that_are_not_understood_are_nobodys(self, place: Any) -> None:
        self.write(place, "a/1.txt", b"x")
        self.allow(place, "a/1.txt", None)
        (item,) = walk(self.opened(place))
        assert item.readers.is_nobody
        assert item.problem

    def test_a_deletion_is_seen(self, place: Any) -> None:
        self.write(place, "a/1.txt", b"x")
        self.allow(place, "a/1.txt", HR)
        source = self.opened(place)
        assert walk(source)
        self.delete(place, "a/1.txt")
        assert asyncio.run(source.stat(self.named(place, "a/1.txt"))) is None
        assert not walk(source)
        with pytest.raises(NotFound):
            asyncio.run(source.fetch(self.named(place, "a/1.txt")))

    def test_a_revocation_is_seen_and_keeps_the_revision(self, place: Any) -> None:
        self.write(place, "a/1.txt", b"x")
        self.allow(place, "a/1.txt", STAFF)
        source = self.opened(place)
        (before,) = walk(source)
        self.allow(place, "a/1.txt", HR)
        now = asyncio.run(source.stat(self.named(place, "a/1.txt")))
        assert [now] == walk(source)
        assert now is not None
        assert not now.readers.permits({STAFF})
        assert now.revision == before.revision

    def test_a_change_of_content_changes_the_revision(self, place: Any) -> None:
        self.write(place, "a/1.txt", b"x")
        self.allow(place, "a/1.txt", HR)
        source = self.opened(place)
        (before,) = walk(source)
        self.write(place, "a/1.txt", b"longer")
        (after,) = walk(source)
        assert after.revision != before.revision

    @pytest.mark.parametrize("id", ["", "..", "../x", "/etc/passwd", "a/../../x", "\0", "a\ud800", "a/absent.txt"])
    def test_what_is_no_item_is_not_there(self, place: Any, id: str) -> None:
        self.write(place, "a/1.txt", b"x")
        source = self.opened(place)
        assert asyncio.run(source.stat(id)) is None
        with pytest.raises(NotFound):
            asyncio.run(source.fetch(id))


def walk(source: Connector) -> list[Item]:
    """Return every item of a source."""

    async def collect() -> list[Item]:
        return [item async for item in source.items()]

    return asyncio.run(collect())
