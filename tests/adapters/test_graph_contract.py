"""The connector of Microsoft Graph keeps the contract of connectors, against a server of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.graph import Tenant, running, to
from contracts.connector import HR, ConnectorContract
from lockgate.ports import Connector


class TestGraph(ConnectorContract):
    """Rights by permissions of the items themselves."""

    @pytest.fixture
    def place(self) -> Iterator[Tenant]:
        with running() as tenant:
            yield tenant

    def open(self, place: Tenant) -> Connector:
        return place.connector()

    def named(self, place: Tenant, id: str) -> str:
        return f"Documents/{id}"

    def write(self, place: Tenant, id: str, data: bytes) -> None:
        place.put(id, data)

    def delete(self, place: Tenant, id: str) -> None:
        place.delete(id)

    def allow(self, place: Tenant, id: str, reader: str | None) -> None:
        group = "g-hr" if reader == HR else "g-staff"
        place.share(id, "malformed" if reader is None else [to("group", group)])


class TestInherited(TestGraph):
    """Rights by permissions of the folder above."""

    def allow(self, place: Tenant, id: str, reader: str | None) -> None:
        if reader is None:
            super().allow(place, id, reader)
        else:
            super().allow(place, id.rpartition("/")[0], reader)
