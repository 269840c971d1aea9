"""A hostile or failing database: traps for whoever looks, and what must never be told."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st

from adapters.postgres import Opens, Server, rows
from contracts.connector import walk
from lockgate.adapters.postgres import Access, Sessions
from lockgate.errors import LockgateError, NotFound, Unavailable

pytestmark = pytest.mark.needs_postgres
NAME = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)


class TestTraps:
    """What lies in a database and runs when somebody looks. The role of these tests may do anything."""

    def test_nothing_of_others_is_executed(self, postgres: Server, name: str, opens: Opens) -> None:
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
        source = opens()
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

    def test_a_table_of_another_server_is_not_opens(self, postgres: Server, name: str, opens: Opens) -> None:
        postgres.run(
            name,
            "CREATE FOREIGN DATA WRAPPER dummy",
            "CREATE SERVER far FOREIGN DATA WRAPPER dummy",
            "CREATE FOREIGN TABLE f (x int) SERVER far",
        )
        source = opens()
        (item,) = walk(source)
        assert item.readers.is_nobody
        assert "another server" in item.problem
        assert asyncio.run(source.stat(item.id)) == item
        with pytest.raises(NotFound):
            asyncio.run(source.fetch(item.id))

    def test_a_locked_table_ends_the_walk_in_time(self, postgres: Server, name: str, opens: Opens) -> None:
        postgres.run(name, "CREATE TABLE t AS SELECT 1 AS x")
        source = opens(seconds=0.3)
        with postgres.connect(name) as other:
            other.autocommit = False
            other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(Unavailable, match="too long, or is locked"):
                walk(source)
        assert len(walk(source)) == 1


class TestConnections:
    def test_a_connection_that_the_server_ended_is_made_anew(
        self, postgres: Server, name: str, opens: Opens
    ) -> None:
        postgres.run(name, "CREATE TABLE t AS SELECT 1 AS x")
        source = opens()
        (item,) = walk(source)
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lockgate'"
        postgres.run(name, ended)
        assert asyncio.run(source.stat(item.id)) == item

    def test_no_transaction_stays_open(self, postgres: Server, name: str, opens: Opens) -> None:
        postgres.run(name, "CREATE TABLE t AS SELECT 1 AS x")
        source = opens()
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

    def test_what_the_environment_names_is_verified_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert Access("d").local
        for name, value in (("PGHOST", "db.example.com"), ("PGHOSTADDR", "192.0.2.1"), ("PGSERVICE", "far")):
            with monkeypatch.context() as patch:
                patch.setenv(name, value)
                assert not Access("d").local
                assert Access("d", host="/run/postgresql").local
        assert not Access("d", host="localhost.example.com").local

    def test_without_the_package_it_is_said_what_to_install(
        self, opens: Opens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = opens()
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(Unavailable) as caught:
            walk(source)
        assert "lockgate[postgres]" in caught.value.remedy
