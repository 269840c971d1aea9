"""Who may read a table: what the connector says, held against what PostgreSQL lets roles do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from adapters.postgres import ROLES, Server, names, quoted
from contracts.connector import walk
from lockgate.adapters.postgres.names import decode
from lockgate.labels.readers import Readers
from lockgate.ports import Item

pytestmark = pytest.mark.needs_postgres


class Database:
    """One database with one table `s.t` of two columns, of which `hr` is told about by grants."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name = server.database()
        self.run(
            "CREATE SCHEMA s",
            "GRANT USAGE ON SCHEMA s TO PUBLIC",
            "CREATE TABLE s.t (a text, b text)",
            "INSERT INTO s.t VALUES ('1', 'x'), ('2', 'y')",
        )

    def run(self, *statements: str) -> None:
        self.server.run(self.name, *statements)

    def items(self, **given: Any) -> dict[str, Item]:
        """Return the items by table and columns."""
        source = self.server.connector(self.name, **given)
        try:
            return {one.id.removeprefix(f"{self.name}/s/").partition(".")[0]: one for one in walk(source)}
        finally:
            source.close()

    @property
    def t(self) -> Item:
        return self.items()["t"]


@pytest.fixture
def database(postgres: Server) -> Iterator[Database]:
    made = Database(postgres)
    yield made
    postgres.run(
        "postgres",
        f"DROP DATABASE {made.name} WITH (FORCE)",
        *(f"ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS INHERIT" for role in ROLES),
        *(f"REVOKE {group} FROM {member}" for group in ROLES for member in ROLES if group != member),
        *(f"REVOKE pg_read_all_data FROM {role}" for role in ROLES),
    )


def who(item: Item) -> set[str]:
    return {one for clause in item.readers.clauses for one in clause}


def reach(item: Item) -> set[str]:
    return {one for clause in (item.reach or item.readers).clauses for one in clause}


class TestGrants:
    def test_nobody_without_a_grant(self, database: Database) -> None:
        assert database.t.readers.is_nobody
        assert not database.t.problem

    def test_a_grant_to_a_group_is_its_members_too(self, database: Database) -> None:
        database.run("GRANT hr TO staff", "GRANT staff TO ann", "GRANT SELECT ON s.t TO hr")
        assert who(database.t) == {"group:hr", "group:staff", "user:ann"}

    def test_who_would_have_to_become_another_role_is_only_within_reach(self, database: Database) -> None:
        database.run("GRANT hr TO ann", "ALTER ROLE ann NOINHERIT", "GRANT SELECT ON s.t TO hr")
        assert who(database.t) == {"group:hr"}
        assert reach(database.t) == {"group:hr", "user:ann"}

    def test_public_is_every_role_and_never_everyone(self, database: Database) -> None:
        database.run("GRANT SELECT ON s.t TO PUBLIC")
        assert who(database.t) == {"group:PUBLIC", "group:hr", "group:staff", "user:ann", "user:bob"}
        assert not database.t.readers.is_everyone

    @pytest.mark.parametrize(
        "statements",
        [
            ["REVOKE USAGE ON SCHEMA s FROM PUBLIC"],
            ["REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"],
            ["REVOKE SELECT ON s.t FROM hr"],
            ["REVOKE SELECT ON s.t FROM hr", "GRANT INSERT, UPDATE, DELETE, REFERENCES ON s.t TO hr"],
        ],
    )
    def test_what_is_missing_on_the_way_counts(self, database: Database, statements: list[str]) -> None:
        database.run("GRANT SELECT ON s.t TO hr")
        assert who(database.t) == {"group:hr"}
        database.run(*(one.format(name=database.name) for one in statements))
        assert database.t.readers.is_nobody

    @pytest.mark.parametrize(
        "how", ["ALTER ROLE ann SUPERUSER", "GRANT pg_read_all_data TO ann", "ALTER TABLE s.t OWNER TO ann"]
    )
    def test_who_may_read_everything_may_read_this(self, database: Database, how: str) -> None:
        database.run(how)
        assert who(database.t) == {"user:ann"}

    def test_the_owner_owns(self, database: Database) -> None:
        database.run("ALTER TABLE s.t OWNER TO ann")
        assert database.t.owners == {"user:ann"}

    def test_default_privileges_count_for_tables_that_come(self, database: Database) -> None:
        database.run(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO hr",
            "CREATE TABLE s.later AS SELECT 1 AS x",
        )
        found = database.items()
        assert who(found["later"]) == {"group:hr"}
        assert found["t"].readers.is_nobody

    def test_roles_that_stand_for_nobody_are_told(self, database: Database) -> None:
        database.run("CREATE ROLE stranger LOGIN", "GRANT SELECT ON s.t TO stranger")
        try:
            assert any("does not name" in note for note in database.t.notes)
        finally:
            database.run("DROP OWNED BY stranger", "DROP ROLE stranger")

    def test_a_role_that_is_called_like_all_roles_is_not_them(self, database: Database) -> None:
        database.run('CREATE ROLE "PUBLIC" LOGIN', 'GRANT SELECT ON s.t TO "PUBLIC"')
        try:
            assert database.t.readers.is_nobody
        finally:
            database.run('DROP OWNED BY "PUBLIC"', 'DROP ROLE "PUBLIC"')

    def test_columns_with_readers_of_their_own_are_items_of_their_own(self, database: Database) -> None:
        database.run("GRANT SELECT ON s.t TO hr", "GRANT SELECT (a) ON s.t TO staff")
        found = database.items()
        assert {name: who(item) for name, item in found.items()} == {
            "t(a)": {"group:hr", "group:staff"},
            "t(b)": {"group:hr"},
        }

    def test_children_are_read_through_their_parent(self, database: Database) -> None:
        database.run("CREATE TABLE s.child (c text) INHERITS (s.t)", "INSERT INTO s.child VALUES ('3', 'z', 'w')")
        database.run("GRANT SELECT (a) ON s.t TO hr", "GRANT SELECT (c) ON s.child TO staff")
        found = database.items()
        assert who(found["child(a)"]) == {"group:hr"}
        assert who(found["child(c)"]) == {"group:staff"}
        assert found["child(b)"].readers.is_nobody


class TestViews:
    def test_a_view_widens_the_reach_and_not_the_readers(self, database: Database) -> None:
        database.run(
            "CREATE VIEW s.v AS SELECT a FROM s.t",
            "CREATE VIEW s.w AS SELECT a FROM s.v",
            "GRANT SELECT ON s.w TO hr",
        )
        item = database.t
        assert item.readers.is_nobody
        assert reach(item) == {"group:hr"}
        assert any("`s.w`" in note for note in item.notes)

    def test_a_view_with_the_rights_of_who_asks_widens_nothing(self, database: Database) -> None:
        database.run(
            "CREATE VIEW s.v WITH (security_invoker = on) AS SELECT a FROM s.t", "GRANT SELECT ON s.v TO hr"
        )
        assert database.t.reach is None

    def test_a_materialized_view_is_a_document(self, database: Database) -> None:
        database.run("CREATE MATERIALIZED VIEW s.m AS SELECT a FROM s.t", "GRANT SELECT ON s.m TO hr")
        found = database.items()
        assert who(found["m"]) == {"group:hr"}
        assert found["t"].readers.is_nobody
        assert reach(found["t"]) == {"group:hr"}


ALL = "CREATE POLICY p ON s.t USING (true)"


class TestRowSecurity:
    SECURED = ("GRANT SELECT ON s.t TO hr, ann", "ALTER TABLE s.t ENABLE ROW LEVEL SECURITY")

    def test_without_a_policy_nobody_reads_a_row(self, database: Database) -> None:
        database.run(*self.SECURED)
        item = database.t
        assert item.readers.is_nobody
        assert item.problem
        assert reach(item) == {"group:hr", "user:ann"}

    @pytest.mark.parametrize(
        ("policies", "readers"),
        [
            (["CREATE POLICY p ON s.t TO hr USING (true)"], {"group:hr"}),
            (["CREATE POLICY p ON s.t USING (true)"], {"group:hr", "user:ann"}),
            (["CREATE POLICY p ON s.t FOR SELECT TO hr USING (true)"], {"group:hr"}),
            (["CREATE POLICY p ON s.t FOR UPDATE TO hr USING (true)"], set()),
            (["CREATE POLICY p ON s.t TO hr USING (a = current_user)"], set()),
            (["CREATE POLICY p ON s.t TO hr USING (1 = 1)"], set()),
            ([ALL, "CREATE POLICY r ON s.t AS RESTRICTIVE TO ann USING (b = 'x')"], {"group:hr"}),
            ([ALL, "CREATE POLICY r ON s.t AS RESTRICTIVE USING (true)"], {"group:hr", "user:ann"}),
            (["CREATE POLICY r ON s.t AS RESTRICTIVE USING (true)"], set()),
            (["CREATE POLICY p ON s.t TO staff USING (true)", "GRANT staff TO ann"], {"user:ann"}),
        ],
    )  # fmt: skip
    def test_policies(self, database: Database, policies: list[str], readers: set[str]) -> None:
        database.run(*self.SECURED, *policies)
        assert who(database.t) == readers
        assert bool(database.t.problem) == (not readers)

    def test_who_is_exempt(self, database: Database) -> None:
        database.run(*self.SECURED, "ALTER TABLE s.t OWNER TO hr", "ALTER ROLE ann BYPASSRLS")
        assert who(database.t) == {"group:hr", "user:ann"}
        database.run("ALTER TABLE s.t FORCE ROW LEVEL SECURITY")
        assert who(database.t) == {"user:ann"}

    def test_all_roles_read_only_what_no_role_is_kept_from(self, database: Database) -> None:
        database.run("GRANT SELECT ON s.t TO PUBLIC", *self.SECURED, "CREATE POLICY p ON s.t USING (true)")
        assert "group:PUBLIC" in who(database.t)
        database.run("CREATE POLICY r ON s.t AS RESTRICTIVE TO bob USING (false)")
        assert "group:PUBLIC" not in who(database.t)
        assert "user:bob" not in who(database.t)
        assert "user:ann" in who(database.t)

    def test_a_role_of_ours_that_sees_a_part_reads_nothing(self, database: Database) -> None:
        """Half a table taken for the whole would be labeled by its half."""
        database.run(*self.SECURED, "CREATE POLICY p ON s.t TO ann USING (a = '1')")
        (item,) = database.items(user="ann").values()
        assert item.problem
        assert item.readers.is_nobody
        assert item.id == f"{database.name}/s/t"
        source = database.server.connector(database.name, user="ann")
        try:
            import asyncio

            assert asyncio.run(source.stat(item.id)) == item
            assert asyncio.run(source.stat(f"{database.name}/s/t.0-128.csv")) is None
        finally:
            source.close()


MESS = (
    "GRANT {group} TO {role}",
    "ALTER ROLE {role} NOINHERIT",
    "GRANT SELECT ON s.{table} TO {role}",
    "GRANT SELECT ({column}) ON s.{table} TO {role}",
    "GRANT SELECT ON s.{table} TO PUBLIC",
    "REVOKE USAGE ON SCHEMA s FROM PUBLIC",
    "GRANT USAGE ON SCHEMA s TO {role}",
    "ALTER TABLE s.{table} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE s.{table} FORCE ROW LEVEL SECURITY",
    "CREATE POLICY p{n} ON s.{table} TO {role} USING (true)",
    "CREATE POLICY p{n} ON s.{table} TO {role} USING (a = '1')",
    "CREATE POLICY p{n} ON s.{table} AS RESTRICTIVE TO {role} USING (a = '1')",
    "CREATE POLICY p{n} ON s.{table} AS RESTRICTIVE TO {role} USING (true)",
    "ALTER TABLE s.{table} OWNER TO {role}",
    "ALTER ROLE {role} BYPASSRLS",
    "CREATE VIEW s.v{n} AS SELECT {column} FROM s.{table}",
    "GRANT SELECT ON s.v1, s.v2, s.v3, s.v4, s.v5, s.v6, s.v7, s.v8 TO {role}",
)


@pytest.mark.parametrize("seed", range(8))
def test_what_postgresql_refuses_is_denied(database: Database, seed: int) -> None:
    """In a mess of grants, whoever is let in can read every row of every column of the item."""
    chance = random.Random(seed)
    database.run(
        "CREATE TABLE s.p (a text, b text) PARTITION BY LIST (a)", "CREATE TABLE s.q PARTITION OF s.p DEFAULT"
    )
    database.run("INSERT INTO s.p VALUES ('1', 'x'), ('2', 'y')")
    if seed % 2:  # else row security seldom meets somebody whom it could keep out
        database.run(*(f"GRANT SELECT ON s.{one} TO hr, ann, bob" for one in "tpq"))
        database.run(*(f"ALTER TABLE s.{one} ENABLE ROW LEVEL SECURITY" for one in "tpq"))
    for n in range(24):
        values = {"table": chance.choice("tpq"), "column": chance.choice("ab"), "n": n}
        statement = chance.choice(MESS).format(role=chance.choice(ROLES), group=chance.choice(ROLES), **values)
        try:
            database.run(statement)
        except psycopg.Error:  # a circle of roles, or a view that is not there
            continue
    granted = refused = 0
    for item in database.items().values():
        page = decode(item.id)
        assert page is not None
        columns = page.columns.split(",") if page.columns else ["a", "b"]
        for role in ROLES:
            through = ["t"] if page.table == "t" else ["p", "q"]
            may = any(reads(database, role, one, columns) for one in through)
            says = bool(names(role) & who(item))
            assert may or not says, f"{role} is let in to {item.id}"
            granted += says
            refused += not may
            if may:
                assert names(role) <= reach(item)
    print(f"seed {seed}: {granted} granted, {refused} refused by the server")


def reads(database: Database, role: str, table: str, columns: list[str]) -> bool:
    """Tell whether a role reads every row of these columns, through this table."""
    with database.server.connect(database.name, user="postgres") as connection:
        connection.execute(f"SET ROLE {role}")
        listed = ", ".join(quoted(one) for one in columns)
        try:
            return len(connection.execute(f"SELECT {listed} FROM s.{table}").fetchall()) == 2
        except psycopg.Error:
            return False


def test_readers_are_one_clause(database: Database) -> None:
    database.run("GRANT SELECT ON s.t TO hr, ann")
    assert database.t.readers == Readers.any_of("group:hr", "user:ann")
