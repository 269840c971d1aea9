"""The PostgreSQL connector against a real server: pages, odd names, traps, and what must never be told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from adapters.postgres import Opens, Server, quoted, rows
from contracts.connector import walk
from lockgate.adapters.postgres.names import MOST, Page, decode, encode, group, of_table, table
from lockgate.content.globs import Glob
from lockgate.content.label_rules import LabelRule
from lockgate.errors import NotFound, TooLarge
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers

pytestmark = pytest.mark.needs_postgres
NAME = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)


class TestPages:
    def test_a_large_table_is_many_items_and_loses_no_row(self, postgres: Server, name: str, opens: Opens) -> None:
        postgres.run(
            name,
            "CREATE TABLE t AS SELECT n AS id, repeat(md5(n::text), 8) FROM generate_series(1, 12000) AS n",
            "DELETE FROM t WHERE id % 7 = 0",
            "DELETE FROM t WHERE id < 5000",
        )
        source = opens()
        found = walk(source)
        assert len(found) > 1
        assert [one.id for one in found] == [one.id for one in walk(source)]
        seen = sorted(int(row[0]) for item in found for row in rows(source, item))
        assert seen == [n for n in range(5000, 12001) if n % 7]
        assert all(0 < item.size < 2_000_000 for item in found)
        assert asyncio.run(source.stat(f"{name}/public/t.0-128.csv")) is None  # no rows are left there

    def test_a_change_of_a_row_changes_its_page_alone(self, postgres: Server, name: str, opens: Opens) -> None:
        text = "SELECT n AS id, repeat('x', 500) AS text FROM generate_series(1, 5000) AS n"
        postgres.run(name, f"CREATE TABLE t WITH (fillfactor = 50) AS {text}")
        source = opens()
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
            "DELETE FROM t; VACUUM t; INSERT INTO t VALUES ('1', '2')",  # another row in the same place
            "INSERT INTO t VALUES ('3', '4')",
        ],
    )
    def test_what_changes_the_text_changes_the_revision(
        self, postgres: Server, name: str, opens: Opens, change: str
    ) -> None:
        postgres.run(name, "CREATE TABLE t (a text, b text)", "INSERT INTO t VALUES ('1', '2')")
        source = opens()
        (before,) = walk(source)
        postgres.run(name, *change.split("; ")) if "BEGIN" not in change else postgres.run(name, change)
        (after,) = walk(source)
        assert before.revision != after.revision

    def test_rows_of_children_are_pages_of_theirs(self, postgres: Server, name: str, opens: Opens) -> None:
        postgres.run(name, "CREATE TABLE a AS SELECT 'mine' AS x", "CREATE TABLE b () INHERITS (a)")
        postgres.run(name, "INSERT INTO b VALUES ('of a child')")
        source = opens()
        assert [rows(source, one) for one in walk(source)] == [[["mine"]], [["of a child"]]]

    def test_a_sample_is_spread_over_the_table(self, postgres: Server, name: str, opens: Opens) -> None:
        text = "CREATE TABLE t AS SELECT n AS id, repeat(md5(n::text), 20) FROM generate_series(1, 20000) AS n"
        postgres.run(name, text)
        for analyzed in (False, True):
            if analyzed:
                postgres.run(name, "ANALYZE t")
            every, some = walk(opens()), walk(opens(sample=4_000))
            assert {one.id for one in some} < {one.id for one in every}
            assert 1 + analyzed <= len(some) <= len(every) // 2
            assert all("one page in" in one.notes[-1] for one in some)

    def test_long_values_make_small_pages(self, postgres: Server, name: str, opens: Opens) -> None:
        text = "CREATE TABLE t (id int, text text)"
        postgres.run(
            name,
            text,
            "ALTER TABLE t ALTER text SET STORAGE EXTERNAL",
            "INSERT INTO t SELECT n, repeat('x', 40000) FROM generate_series(1, 600) AS n",
        )
        source = opens()
        found = walk(source)
        assert len(found) > 3
        assert max(one.size for one in found) < 12_000_000
        assert sum(len(rows(source, one)) for one in found) == 600

    def test_a_page_over_the_limit_is_refused_before_it_is_read(
        self, postgres: Server, name: str, opens: Opens
    ) -> None:
        postgres.run(name, "CREATE TABLE t AS SELECT repeat('a', 50000000) AS bomb")  # 600 KB as it is stored
        source = opens(max_bytes=1_000_000)
        (item,) = walk(source)
        assert item.size < 1_000_000
        with pytest.raises(TooLarge):
            asyncio.run(source.fetch(item.id))

    def test_values_of_all_kinds(self, postgres: Server, name: str, opens: Opens) -> None:
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
        source = opens()
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

    def test_every_table_comes_back_as_itself(self, postgres: Server, name: str, opens: Opens) -> None:
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
        source = opens()
        found = walk(source)
        assert len(found) == len(self.NAMES) == len({one.id for one in found})
        assert {rows(source, one)[0][0] for one in found} == set(self.NAMES)
        for one in found:
            assert one.id.isprintable()
            assert asyncio.run(source.stat(one.id)) == one

    def test_only_the_schemas_that_are_named(self, postgres: Server, name: str, opens: Opens) -> None:
        postgres.run(
            name, "CREATE SCHEMA a", "CREATE TABLE a.t AS SELECT 1 AS x", "CREATE TABLE t AS SELECT 1 AS x"
        )
        source = opens(schemas=["a"])
        assert [one.id for one in walk(source)] == [f"{name}/a/t.0-128.csv"]
        for id in (f"{name}/public/t.0-128.csv", f"{name}/pg_catalog/pg_authid.0-128.csv", "other/a/t.0-128.csv"):
            assert asyncio.run(source.stat(id)) is None
            with pytest.raises(NotFound):
                asyncio.run(source.fetch(id))

    def test_the_catalogs_are_no_documents(self, name: str, opens: Opens) -> None:
        source = opens()
        assert walk(source) == []
        for id in (f"{name}/pg_catalog/pg_authid.0-128.csv", f"{name}/information_schema/tables.0-128.csv"):
            assert asyncio.run(source.stat(id)) is None

    def test_rules_of_the_configuration_name_tables(self, postgres: Server, name: str, opens: Opens) -> None:
        postgres.run(name, "CREATE TABLE pay AS SELECT 1 AS x", "CREATE TABLE other AS SELECT 1 AS x")
        rule = LabelRule((Glob("*/public/pay"),), Sensitivity.RESTRICTED, Readers.everyone())
        other, pay = walk(opens(rules=[rule]))
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
