"""The PostgreSQL connector against a real server: pages, odd names, traps, and what must never be told."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from adapters.postgres import Server, quoted
from contracts.connector import walk
from lockgate.adapters.postgres import PostgresConnector, Sessions
from lockgate.adapters.postgres.names import MOST, Page, decode, encode, group, of_table, table
from lockgate.content.globs import Glob
from lockgate.content.label_rules import LabelRule
from lockgate.errors import LockgateError, NotFound, TooLarge, Unavailable
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers
from lockgate.ports import Item

pytestmark = pytest.mark.needs_postgres
NAME = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
Opens = Callable[..., PostgresConnector]


@pytest.fixture
def name(postgres: Server) -> Iterator[str]:
    """Return a database of this test."""
    made = postgres.database()
    yield made
    postgres.run("postgres", f"DROP DATABASE {made} WITH (FORCE)")


@pytest.fixture
def opened(postgres: Server, name: str) -> Iterator[Opens]:
    with contextlib.ExitStack() as stack:

        def make(**given: Any) -> PostgresConnector:
            source = postgres.connector(name, **given)
            stack.callback(source.close)
            return source

        yield make


def rows(source: PostgresConnector, item: Item) -> list[list[str]]:
    """Return the rows of an item, without the names of its columns."""
    return list(csv.reader(io.StringIO(asyncio.run(source.fetch(item.id)).decode())))[1:]


class TestPages:
    def test_a_large_table_is_many_items_and_loses_no_row(
        self, postgres: Server, name: str, opened: Opens
    ) -> None:
        postgres.run(
            name,
            "CREATE TABLE t AS SELECT n AS id, repeat(md5(n::text), 8) FROM generate_series(1, 12000) AS n",
            "DELETE FROM t WHERE id % 7 = 0",
            "DELETE FROM t WHERE id < 5000",
        )
        source = opened()
        found = walk(source)
        assert len(found) > 1
        assert [one.id for one in found] == [one.id for one in walk(source)]
        seen = sorted(int(row[0]) for item in found for row in rows(source, item))
        assert seen == [n for n in range(5000, 12001) if n % 7]
        assert all(0 < item.size < 2_000_000 for item in found)
        assert asyncio.run(source.stat(f"{name}/public/t.0-128.csv")) is None  # no rows are left there

    def test_a_change_of_a_row_changes_its_page_alone(self, postgres: Server, name: str, opened: Opens) -> None:
        text = "SELECT n AS id, repeat('x', 500) AS text FROM generate_series(1, 5000) AS n"
        postgres.run(name, f"CREATE TABLE t WITH (fillfactor = 50) AS {text}")
        source = opened()
        before = {one.id: one.revision for one in walk(source)}
        assert len(before) > 3
        postgres.run(name, "UPDATE t SET text = 'y' WHERE id = 2500")
        after = {one.id: one.revision for one in walk(source)}
        assert sum(before[id] != after[id] for id in before) == 1
        postgres.run(name, "VACUUM FREEZE t", "ANALYZE t")
        assert {one.id: one.revision for one in walk(source)} == after

    @pytest.mark.parametrize(
        "change",
        [
            "ALTER TABLE t ADD COLUMN c text DEFAULT 'secret'",
            "ALTER TABLE t DROP COLUMN b",
            "ALTER TABLE t RENAME COLUMN b TO c",
            "TRUNCATE t; INSERT INTO t VALUES ('1', '2')",
            "BEGIN; DELETE FROM t; INSERT INTO t VALUES ('1', '2'); COMMIT",
            "UPDATE t SET a = 'z'",
            "INSERT INTO t VALUES ('3', '4')",
        ],
    )
    def test_what_changes_the_text_changes_the_revision(
        self, postgres: Server, name: str, opened: Opens, change: str
    ) -> None:
        postgres.run(name, "CREATE TABLE t (a text, b text)", "INSERT INTO t VALUES ('1', '2')")
        source = opened()
        (before,) = walk(source)
        postgres.run(name, *change.split("; ")) if "BEGIN" not in change else postgres.run(name, change)
        (after,) = walk(source)
        assert before.revision != after.revision

    def test_a_sample_is_spread_over_the_table(self, postgres: Server, name: str, opened: Opens) -> None:
        text = "CREATE TABLE t AS SELECT n AS id, repeat(md5(n::text), 20) FROM generate_series(1, 20000) AS n"
        postgres.run(name, text)
        for analyzed in (False, True):
            if analyzed:
                postgres.run(name, "ANALYZE t")
            every, some = walk(opened()), walk(opened(sample=4_000))
            assert {one.id for one in some} < {one.id for one in every}
            assert 1 + analyzed <= len(some) <= len(every) // 2
            assert all("one page in" in one.notes[-1] for one in some)

    def test_long_values_make_small_pages(self, postgres: Server, name: str, opened: Opens) -> None:
        text = "CREATE TABLE t (id int, text text)"
        postgres.run(
            name,
            text,
            "ALTER TABLE t ALTER text SET STORAGE EXTERNAL",
            "INSERT INTO t SELECT n, repeat('x', 40000) FROM generate_series(1, 600) AS n",
        )
        source = opened()
        found = walk(source)
        assert len(found) > 3
        assert max(one.size for one in found) < 12_000_000
        assert sum(len(rows(source, one)) for one in found) == 600

    def test_a_page_over_the_limit_is_refused_before_it_is_read(
        self, postgres: Server, name: str, opened: Opens
    ) -> None:
        postgres.run(name, "CREATE TABLE t AS SELECT repeat('a', 50000000) AS bomb")  # 600 KB as it is stored
        source = opened(max_bytes=1_000_000)
        (item,) = walk(source)
        assert item.size < 1_000_000
        with pytest.raises(TooLarge):
            asyncio.run(source.fetch(item.id))

    def test_values_of_all_kinds(self, postgres: Server, name: str, opened: Opens) -> None:
        postgres.run(
            name,
            "CREATE TYPE mood AS ENUM ('sad', 'glad')",
            "CREATE TYPE pair AS (a int, b text)",
            "CREATE DOMAIN code AS text CHECK (value <> '')",
            "CREATE TABLE t (i int, n numeric, d timestamptz, j jsonb, a text[], u uuid, m mood, p pair, c code, "
            "b bytea, e text, x text)",
            "INSERT INTO t VALUES (1, 1.50, '2026-01-02 03:04+00', '{\"k\": 1}', '{x,\"y z\"}', "
            "'00000000-0000-0000-0000-000000000001', 'glad', (7, 'q'), 'c', '\\x00ff', NULL, 'l1\nl2,\"q\"')",
        )
        source = opened()
        (item,) = walk(source)
        (row,) = rows(source, item)
        assert row[:5] == ["1", "1.50", "2026-01-02 03:04:00+00", '{"k": 1}', '{x,"y z"}']
        assert row[6:] == ["glad", "(7,q)", "c", "2", "", 'l1\nl2,"q"']
        assert any("`b` holds bytes" in note for note in item.notes)


class TestNames:
    NAMES = (
        "Upper Case",
        'quo"te',
        "semi; DROP TABLE x; --",
        "per%cent %s %(x)s",
        "br{}ace",
        "a/b.c(d),e",
        "..",
        "new\nline",
        "tab\t",
        "\x1b[31m",
        "‮tset",
        "ünï",
        "🙂",
        "n" * 63,
        "%2E",
        "$1",
        "'",
        "\\",
    )

    def test_every_table_comes_back_as_itself(self, postgres: Server, name: str, opened: Opens) -> None:
        for one in self.NAMES:
            postgres.run(
                name,
                f"CREATE SCHEMA {quoted(one)}",
                f"CREATE TABLE {quoted(one, one)} ({quoted(one)} text, other text)",
            )
            with postgres.connect(name) as connection:
                into = sql.SQL("INSERT INTO {} VALUES ({}, 'y')").format(
                    sql.Identifier(one, one), sql.Literal(one)
                )
                connection.execute(into)
        source = opened()
        found = walk(source)
        assert len(found) == len(self.NAMES) == len({one.id for one in found})
        assert {rows(source, one)[0][0] for one in found} == set(self.NAMES)
        for one in found:
            assert one.id.isprintable()
            assert asyncio.run(source.stat(one.id)) == one

    def test_only_the_schemas_that_are_named(self, postgres: Server, name: str, opened: Opens) -> None:
        postgres.run(
            name, "CREATE SCHEMA a", "CREATE TABLE a.t AS SELECT 1 AS x", "CREATE TABLE t AS SELECT 1 AS x"
        )
        source = opened(schemas=["a"])
        assert [one.id for one in walk(source)] == [f"{name}/a/t.0-128.csv"]
        for id in (f"{name}/public/t.0-128.csv", f"{name}/pg_catalog/pg_authid.0-128.csv", "other/a/t.0-128.csv"):
            assert asyncio.run(source.stat(id)) is None
            with pytest.raises(NotFound):
                asyncio.run(source.fetch(id))

    def test_the_catalogs_are_no_documents(self, name: str, opened: Opens) -> None:
        source = opened()
        assert walk(source) == []
        for id in (f"{name}/pg_catalog/pg_authid.0-128.csv", f"{name}/information_schema/tables.0-128.csv"):
            assert asyncio.run(source.stat(id)) is None

    def test_rules_of_the_configuration_name_tables(self, postgres: Server, name: str, opened: Opens) -> None:
        postgres.run(name, "CREATE TABLE pay AS SELECT 1 AS x", "CREATE TABLE other AS SELECT 1 AS x")
        rule = LabelRule((Glob("*/public/pay"),), Sensitivity.RESTRICTED, Readers.everyone())
        other, pay = walk(opened(rules=[rule]))
        assert pay.declared is not None
        assert other.declared is None

    @given(st.lists(NAME, min_size=3, max_size=3), st.integers(0, 7), st.integers(0, 1000))
    def test_ids_are_one_to_one(self, parts: list[str], width: int, at: int) -> None:
        wide = 2**width
        page = Page(parts[0], parts[1], parts[2], group(parts), wide * at, wide * (at + 1))
        assert decode(encode(page)) == page
        assert decode(encode(replace(page, columns=""))) == replace(page, columns="")
        assert table(of_table(*parts)) == tuple(parts)
        assert wide <= MOST

    @given(st.text() | st.from_regex(r"[a-z%/.(),0-9A-F]{0,30}\.[0-9]{1,4}-[0-9]{1,4}\.csv"))
    def test_what_is_no_id_is_refused(self, id: str) -> None:
        page = decode(id)
        assert page is None or encode(page) == id


class TestTraps:
    """What lies in a database and runs when somebody looks. The role of these tests may do anything."""

    def test_nothing_of_others_is_executed(self, postgres: Server, name: str, opened: Opens) -> None:
        sprung = "RAISE EXCEPTION 'sprung'"
        trap = f"AS $$ BEGIN {sprung}; END $$ LANGUAGE plpgsql"
        postgres.run(
            name,
            "CREATE TABLE t (a text, b varchar, c int)",
            "INSERT INTO t VALUES ('1', '2', 3)",
            # functions, operators and casts in the way of names that are used
            f"CREATE FUNCTION public.octet_length(text) RETURNS int {trap}",
            f"CREATE FUNCTION public.octet_length(varchar) RETURNS int {trap}",
            f"CREATE FUNCTION public.pg_column_size(text) RETURNS int {trap}",
            f"CREATE FUNCTION public.pg_column_size(int) RETURNS int {trap}",
            f"CREATE FUNCTION public.hashtextextended(text, int) RETURNS bigint {trap}",
            f"CREATE FUNCTION public.has_column_privilege(oid, oid, smallint, text) RETURNS bool {trap}",
            f"CREATE FUNCTION public.plus(int, int) RETURNS int {trap}",
            "CREATE OPERATOR public.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = public.plus)",
            "CREATE TABLE public.pg_class (oid int)",
            "CREATE TABLE public.pg_roles (oid int)",
            # a view, a policy, a default, a generated column, a rule, a type with a cast of its own
            f"CREATE FUNCTION boom() RETURNS text {trap}",
            f"CREATE FUNCTION peek(text) RETURNS bool {trap}",
            "CREATE VIEW v AS SELECT boom() AS x",
            "CREATE POLICY p ON t USING (peek(a))",
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE t ALTER a SET DEFAULT boom()",
            "CREATE TYPE own AS (x text)",
            f"CREATE FUNCTION cast_own(own) RETURNS text {trap}",
            "CREATE CAST (own AS text) WITH FUNCTION cast_own(own)",
            "CREATE TABLE u (o own)",
            "INSERT INTO u VALUES (ROW('x'))",
            "CREATE FUNCTION check_domain(text) RETURNS bool AS $$ BEGIN RETURN true; END $$ LANGUAGE plpgsql",
            "CREATE DOMAIN dom AS text CHECK (check_domain(value))",
            "CREATE TABLE w (d dom)",
            "INSERT INTO w VALUES ('x')",
            f"CREATE OR REPLACE FUNCTION check_domain(text) RETURNS bool {trap}",
            f"ALTER DATABASE {name} SET search_path = public, pg_catalog",
        )
        source = opened()
        found = walk(source)
        assert [one.id.split("/")[2].partition(".")[0] for one in found] == ["t", "u", "w"]
        assert [rows(source, one) for one in found] == [[["1", "2", "3"]], [["(x)"]], [["x"]]]

    def test_nothing_is_written(self, postgres: Server, name: str) -> None:
        postgres.run(name, "CREATE SEQUENCE s")
        sessions = Sessions(postgres.access(name))
        try:
            for statement in ("CREATE TABLE public.t (x int)", "SELECT nextval('public.s')", "DROP SCHEMA public"):
                with pytest.raises(LockgateError):
                    sessions.run(lambda cursor, text=statement: cursor.execute(text))
        finally:
            sessions.close()

    def test_a_table_of_another_server_is_not_opened(self, postgres: Server, name: str, opened: Opens) -> None:
        postgres.run(
            name,
            "CREATE FOREIGN DATA WRAPPER dummy",
            "CREATE SERVER far FOREIGN DATA WRAPPER dummy",
            "CREATE FOREIGN TABLE f (x int) SERVER far",
        )
        source = opened()
        (item,) = walk(source)
        assert item.readers.is_nobody
        assert "another server" in item.problem
        assert asyncio.run(source.stat(item.id)) == item
        with pytest.raises(NotFound):
            asyncio.run(source.fetch(item.id))

    def test_a_locked_table_ends_the_walk_in_time(self, postgres: Server, name: str, opened: Opens) -> None:
        postgres.run(name, "CREATE TABLE t AS SELECT 1 AS x")
        source = opened(seconds=0.3)
        with postgres.connect(name) as other:
            other.autocommit = False
            other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(Unavailable, match="too long, or is locked"):
                walk(source)
        assert len(walk(source)) == 1


class TestConnections:
    def test_a_connection_that_the_server_ended_is_made_anew(
        self, postgres: Server, name: str, opened: Opens
    ) -> None:
        postgres.run(name, "CREATE TABLE t AS SELECT 1 AS x")
        source = opened()
        (item,) = walk(source)
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lockgate'"
        postgres.run(name, ended)
        assert asyncio.run(source.stat(item.id)) == item

    def test_no_transaction_stays_open(self, postgres: Server, name: str, opened: Opens) -> None:
        postgres.run(name, "CREATE TABLE t AS SELECT 1 AS x")
        source = opened()
        walk(source)
        with postgres.connect(name) as other:
            query = "SELECT state FROM pg_stat_activity WHERE application_name = 'lockgate' AND datname = %s"
            assert {row[0] for row in other.execute(query, [name])} == {"idle"}
            source.close()

    def test_errors_quote_nothing(self, postgres: Server, name: str) -> None:
        sessions = Sessions(postgres.access(name))
        try:
            for statement in ("SELECT 'canary'::int", "SELECT canary", "SELECT 1/0 AS canary", "canary"):
                with pytest.raises(Unavailable) as caught:
                    sessions.run(lambda cursor, text=statement: cursor.execute(text))
                assert "canary" not in f"{caught.value}{caught.value.remedy}{caught.value.__cause__}"
        finally:
            sessions.close()

    @pytest.mark.parametrize("given", [{"port": 1}, {"user": "canary-nobody"}, {"database": "canary-none"}])
    def test_what_cannot_be_reached(self, postgres: Server, given: dict[str, Any]) -> None:
        sessions = Sessions(replace(postgres.access("postgres"), password="canary-password", **given))
        with pytest.raises(Unavailable) as caught:
            sessions.run(lambda cursor: None)
        assert "canary-password" not in f"{caught.value}{caught.value.remedy}{sessions.access!r}"

    def test_encrypted_and_with_a_password(self, postgres: Server, tmp_path: Any) -> None:
        postgres.run("postgres", "CREATE ROLE locked LOGIN PASSWORD 'right'")
        secret = tmp_path / "password"
        secret.write_text("right\n")
        there = replace(postgres.access("postgres", user="locked"), host="127.0.0.1", password_file=secret)

        def reached(**given: Any) -> bool:
            sessions = Sessions(replace(there, **given))
            try:
                sessions.run(lambda cursor: cursor.execute("SELECT 1"))
                return True
            except Unavailable:
                return False
            finally:
                sessions.close()

        try:
            assert reached(tls="verify-full", tls_ca=postgres.ca)
            assert reached(tls="require")
            assert not reached(tls="verify-full")  # nobody vouches for this certificate
            assert not reached(tls="verify-full", tls_ca=postgres.ca, host="localhost")  # it is for another name
            assert not reached(tls="disable")
            assert not reached(tls="require", password="wrong")
        finally:
            postgres.run("postgres", "DROP ROLE locked")

    def test_without_the_package_it_is_said_what_to_install(
        self, opened: Opens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = opened()
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(Unavailable) as caught:
            walk(source)
        assert "lockgate[postgres]" in caught.value.remedy
