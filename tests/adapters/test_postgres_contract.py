"""The PostgreSQL connector keeps the contract of connectors, against a real server."""

from __future__ import annotations

import pytest

from adapters.postgres import Server, quoted
from contracts.connector import ConnectorContract
from lockgate.ports import Connector

pytestmark = pytest.mark.needs_postgres


class TestTables(ConnectorContract):
    """An item `folder/name` is a table of one row in a schema."""

    server: Server
    of = "ON"

    @pytest.fixture
    def place(self, postgres: Server) -> str:
        self.server = postgres
        return postgres.database()

    def open(self, place: str) -> Connector:
        return self.server.connector(place)

    def named(self, place: str, id: str) -> str:
        return f"{place}/{id.replace('.', '%2E')}.0-128.csv"

    def held(self, data: bytes) -> bytes:
        return b"x\n" + data + b"\n"

    def write(self, place: str, id: str, data: bytes) -> None:
        schema, table = id.split("/")
        self.server.run(
            place,
            f"CREATE SCHEMA IF NOT EXISTS {schema}",
            f"GRANT USAGE ON SCHEMA {schema} TO PUBLIC",
            f"CREATE TABLE IF NOT EXISTS {quoted(schema, table)} (x text)",
            f"DELETE FROM {quoted(schema, table)}",
            f"INSERT INTO {quoted(schema, table)} VALUES ('{data.decode()}')",
        )

    def delete(self, place: str, id: str) -> None:
        self.server.run(place, f"DROP TABLE {quoted(*id.split('/'))}")

    def allow(self, place: str, id: str, reader: str | None) -> None:
        table = quoted(*id.split("/"))
        self.server.run(place, f"REVOKE ALL ON {table} FROM hr, staff")
        if reader is None:
            self.server.run(
                place,
                f"GRANT SELECT ON {table} TO staff",
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
                f"CREATE POLICY p ON {table} USING (x = current_user)",
            )
        else:
            self.server.run(place, f"GRANT SELECT ON {table} TO {reader.removeprefix('group:')}")


class TestColumns(TestTables):
    """The same with grants on the one column."""

    def allow(self, place: str, id: str, reader: str | None) -> None:
        if reader is None:
            super().allow(place, id, reader)
            return
        table = quoted(*id.split("/"))
        self.server.run(place, f"REVOKE ALL (x) ON {table} FROM hr, staff")
        self.server.run(place, f"GRANT SELECT (x) ON {table} TO {reader.removeprefix('group:')}")


class TestPartitions(TestTables):
    """The same where the rows lie in a partition, and the grants stand at the partitioned table."""

    def write(self, place: str, id: str, data: bytes) -> None:
        schema, table = id.split("/")
        above = quoted(schema, "all " + table)
        self.server.run(
            place,
            f"CREATE SCHEMA IF NOT EXISTS {schema}",
            f"GRANT USAGE ON SCHEMA {schema} TO PUBLIC",
            f"CREATE TABLE IF NOT EXISTS {above} (x text) PARTITION BY LIST (x)",
            f"CREATE TABLE IF NOT EXISTS {quoted(schema, table)} PARTITION OF {above} DEFAULT",
            f"DELETE FROM {quoted(schema, table)}",
            f"INSERT INTO {quoted(schema, table)} VALUES ('{data.decode()}')",
        )

    def allow(self, place: str, id: str, reader: str | None) -> None:
        schema, table = id.split("/")
        super().allow(place, f"{schema}/all {table}", reader)
