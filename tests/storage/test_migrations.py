"""Upgrades keep data: version 0.1.0 is recognized, a crash leaves the old one, a newer one is refused."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from contracts.index import doc, label, put
from lockgate.adapters import audit_key, state_folder
from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.audit.record import Kind, Record
from lockgate.errors import Conflict, Unavailable
from lockgate.labels import PUBLIC
from lockgate.storage import migrate, schema
from lockgate.storage.schema import AUDIT, HISTORY, INDEX, LAYOUTS, Layout
from storage import layout_0_1_0
from support import NOW, person

ANN = person("ann", "hr")
MARK = b"m" * 12
SRC = Path(__file__).resolve().parents[2] / "src"
STEP = """
from alembic import op
import sqlalchemy as sa
revision = "{revision}"
down_revision = "{down}"
def upgrade():
    {body}
"""


def dump(path: Path, layout: Layout) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table of a layout, whatever columns came later."""
    with closing(sqlite3.connect(path)) as db:
        return {
            name: sorted(db.execute(f"select {', '.join(table.columns.keys())} from {name}").fetchall())
            for name, table in layout.metadata.tables.items()
            if db.execute("select 1 from sqlite_master where name = ?", [name]).fetchone()
        }


async def fill(state: Path) -> None:
    """Write something into each database with the stores of today."""
    signer = audit_key.load_or_create(state / "keys" / "audit.pem", "test")
    log = AuditLog.open(state / "audit.db", signer)
    await log.append([Record(Kind.ADMINISTRATION, NOW, f"r{number}") for number in range(20)])
    await log.close()
    history = SqliteHistory.open(state / "history.db")
    await history.remember(ANN, [MARK], PUBLIC, NOW)
    history.close()
    index = await MemoryIndex.open(state / "index", FileKeys.open(state / "keys" / "master.key"))
    await put(index, doc("a", label("group:hr")), "what it says")
    await index.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    state_folder.ready(folder)
    asyncio.run(fill(folder))
    return folder


def age(state: Path) -> dict[str, dict[str, list[tuple[object, ...]]]]:
    """Turn the databases into those of version 0.1.0, by the schema that was recorded then; return their rows."""
    rows = {}
    for layout in LAYOUTS:
        path = state / layout.file
        rows[layout.name] = dump(path, layout)
        path.unlink()
        with closing(sqlite3.connect(path)) as db:
            db.executescript(layout_0_1_0.ALL[layout.name])
            for table, content in rows[layout.name].items():
                have = [row[1] for row in db.execute(f"pragma table_info({table})")]
                if have:
                    names = list(layout.metadata.tables[table].columns.keys())
                    kept = [[row[names.index(one)] for one in have] for row in content]
                    db.executemany(
                        f"insert into {table} ({','.join(have)}) values ({','.join('?' * len(have))})", kept
                    )
            if layout is HISTORY:  # each mark had a row of its own
                old = [(who, mark, one, at) for _, who, one, at, mark in rows["history"]["history_pieces"]]
                db.executemany("insert into history_marks values (?, ?, ?, ?)", old)
            if layout is INDEX:
                db.execute("update index_meta set value = '1' where name = 'schema'")
            db.commit()
    return rows


async def check(state: Path) -> None:
    """Everything that `fill` wrote is there, through the stores of today."""
    signer = audit_key.load_or_create(state / "keys" / "audit.pem", "test")
    log = AuditLog.open(state / "audit.db", signer)
    await log.append([Record(Kind.ADMINISTRATION, NOW, "after")])
    await log.close()
    reader = AuditReader.open(state / "audit.db")
    report = reader.verify(signer.verifier)
    reader.close()
    assert (report.ok, report.size) == (True, 21)
    history = SqliteHistory.open(state / "history.db")
    assert await history.recall(ANN, [MARK]) == {MARK: PUBLIC}
    history.close()
    index = await MemoryIndex.open(state / "index", FileKeys.open(state / "keys" / "master.key"))
    assert [chunk.text for one in index.documents() for chunk in await index.chunks(one.id)] == ["what it says"]
    assert not index.damaged
    await index.close()


def test_the_databases_of_0_1_0_are_recognized_and_keep_everything(state: Path) -> None:
    before = age(state)
    assert {one.state for one in state_folder.status(state)} == {"older"}
    done = state_folder.ready(state)
    assert [one.name for one in done] == ["audit", "history", "index"]
    assert {one.state for one in state_folder.status(state)} == {"current"}
    for layout in (AUDIT, HISTORY):
        assert dump(state / layout.file, layout) == before[layout.name]
    asyncio.run(check(state))
    assert state_folder.ready(state) == (), "nothing is left to do"


def test_a_store_refuses_what_was_not_upgraded(state: Path) -> None:
    age(state)
    with pytest.raises(Unavailable, match="layout") as caught:
        SqliteHistory.open(state / "history.db")
    assert "lockgate db upgrade" in caught.value.remedy


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.name)
def test_a_new_database_is_what_all_migrations_make(tmp_path: Path, layout: Layout) -> None:
    """The tables in code, and the migrations in their order, are two ways to the same place."""
    assert migrate.known(layout)[0] == schema.BASELINE
    assert migrate.known(layout)[-1] == layout.head
    old = tmp_path / layout.file
    old.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(old)) as db:
        db.executescript(layout_0_1_0.ALL[layout.name])
        if layout is INDEX:
            db.execute("insert into index_meta values ('schema', '1'), ('change', '0')")
        db.commit()
    state_folder.upgrade(tmp_path, [layout])
    engine = sa.create_engine(f"sqlite:///{old}")
    with engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), layout.metadata) == []
    engine.dispose()


def more(layout: Layout, folder: Path, *bodies: str) -> Layout:
    """Return the layout with further migrations, as a later version would have them."""
    folder.mkdir()
    for path in layout.folder.glob("r0*.py"):
        (folder / path.name).write_text(path.read_text())
    last = int(layout.head)
    for number, body in enumerate(bodies, last + 1):
        step = STEP.format(revision=f"{number:04}", down=f"{number - 1:04}", body=body)
        (folder / f"r{number:04}_later.py").write_text(step)
    return replace(layout, head=f"{last + len(bodies):04}", folder=folder)


ADD = 'op.add_column("history_shown", sa.Column("more", sa.Integer, server_default="7"))'


def test_an_upgrade_copies_first_and_keeps_data(state: Path, tmp_path: Path) -> None:
    before = dump(state / "history.db", HISTORY)
    (done,) = state_folder.ready(state, [more(HISTORY, tmp_path / "later", ADD)])
    assert len(done.ran) == 1
    assert done.copy is not None
    assert done.copy.stat().st_mode & 0o777 == 0o600
    assert dump(done.copy, HISTORY) == dump(state / "history.db", HISTORY) == before
    with closing(sqlite3.connect(state / "history.db")) as db:
        assert db.execute("select more from history_shown").fetchall() == [(7,)]


def test_what_a_newer_version_made_is_refused_and_untouched(state: Path, tmp_path: Path) -> None:
    state_folder.ready(state, [more(HISTORY, tmp_path / "later", ADD)])
    before = (state / "history.db").read_bytes()
    for attempt in (lambda: state_folder.ready(state), lambda: SqliteHistory.open(state / "history.db")):
        with pytest.raises(Unavailable):
            attempt()
    with pytest.raises(Unavailable, match="made by a newer Lockgate") as caught:
        state_folder.ready(state)
    assert caught.value.code == "newer_state"
    assert [one.state for one in state_folder.status(state)] == ["current", "newer", "current"]
    assert (state / "history.db").read_bytes() == before


def test_a_step_that_fails_leaves_the_old_database(state: Path, tmp_path: Path) -> None:
    later = more(HISTORY, tmp_path / "later", ADD, 'op.execute("insert into history_labels values (1, 2)")')
    before = dump(state / "history.db", HISTORY)
    with pytest.raises(Unavailable, match="cannot be upgraded"):
        state_folder.ready(state, [later])
    assert dump(state / "history.db", HISTORY) == before
    assert state_folder.status(state, [HISTORY])[0].state == "current", "the first step was taken back too"


def test_kill_9_in_the_middle_of_an_upgrade_leaves_the_old_database(state: Path, tmp_path: Path) -> None:
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    more(HISTORY, tmp_path / "later", ADD, kill)
    before = dump(state / "history.db", HISTORY)
    code = (
        "import sys; from dataclasses import replace; from pathlib import Path\n"
        "from lockgate.adapters import state_folder; from lockgate.storage.schema import HISTORY\n"
        "later = replace(HISTORY, head=sys.argv[3], folder=Path(sys.argv[2]))\n"
        "state_folder.ready(Path(sys.argv[1]), [later])"
    )
    head = f"{int(HISTORY.head) + 2:04}"
    told = [sys.executable, "-c", code, str(state), str(tmp_path / "later"), head]
    assert subprocess.run(told, env={"PYTHONPATH": str(SRC)}, check=False).returncode == -signal.SIGKILL
    assert dump(state / "history.db", HISTORY) == before
    assert state_folder.status(state, [HISTORY])[0].state == "current"
    asyncio.run(check(state))


FORGERIES = {
    "an event": "op.execute(\"update audit_event set event = x'00' where idx = 3\")",
    "a leaf": "op.execute(\"update audit_event set leaf = x'00' where idx = 3\")",
    "no event": 'op.execute("delete from audit_event where idx = 3")',
    "another event": 'op.execute("insert or replace into audit_event select * from audit_event where idx = 3")',
    "a checkpoint": "op.execute(\"update audit_checkpoint set note = ''\")",
    "no table": 'op.drop_table("audit_event")',
    "a batch": (
        'with op.batch_alter_table("audit_event", recreate="always") as batch:\n'
        '        batch.add_column(sa.Column("more", sa.Integer))'
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_migration_can_touch_what_was_recorded(state: Path, tmp_path: Path, forgery: str) -> None:
    later = more(AUDIT, tmp_path / "later", FORGERIES[forgery])
    before = dump(state / "audit.db", AUDIT)
    with pytest.raises(Unavailable, match=r"cannot be upgraded: (not authorized|access to)"):
        state_folder.ready(state, [later])
    assert dump(state / "audit.db", AUDIT) == before


def test_what_can_be_searched_may_be_changed_by_a_migration(state: Path, tmp_path: Path) -> None:
    """The wall above is not blind: columns beside the events are not part of what is signed."""
    body = (
        'op.add_column("audit_event", sa.Column("day", sa.Integer)); op.execute("update audit_event set day = 1")'
    )
    state_folder.ready(state, [more(AUDIT, tmp_path / "later", body)])
    with closing(sqlite3.connect(state / "audit.db")) as db:
        assert db.execute("select distinct day from audit_event").fetchall() == [(1,)]


def test_an_upgrade_waits_for_nobody_who_works_on_the_folder(state: Path) -> None:
    age(state)
    with state_folder.locked(state), pytest.raises(Conflict):
        state_folder.ready(state)


@pytest.mark.parametrize("damage", [b"no database at all, but long enough to be one" * 40, None])
def test_what_is_no_database_of_ours_is_refused(state: Path, damage: bytes | None) -> None:
    path = state / "history.db"
    path.unlink()
    if damage is None:
        with closing(sqlite3.connect(path)) as db:
            db.execute("create table invoices (id integer)")
    else:
        path.write_bytes(damage)
    before = path.read_bytes()
    with pytest.raises(Unavailable):
        state_folder.ready(state)
    assert path.read_bytes() == before
    assert state_folder.status(state, [HISTORY])[0].state == "unreadable"


def modules_after(state: Path, what: Sequence[str]) -> list[str]:
    code = (
        "import sys; from pathlib import Path; from lockgate.adapters import state_folder\n"
        f"state_folder.ready(Path(sys.argv[1])); print([m for m in {list(what)} if m in sys.modules])"
    )
    told = [sys.executable, "-c", code, str(state)]
    done = subprocess.run(told, env={"PYTHONPATH": str(SRC)}, check=True, capture_output=True, text=True)
    return list(eval(done.stdout))


def test_opening_a_current_folder_imports_no_alembic(state: Path) -> None:
    assert modules_after(state, ["alembic"]) == []
    age(state)
    assert modules_after(state, ["alembic"]) == ["alembic"], "the probe can see it"


def test_the_migrations_are_part_of_what_is_installed() -> None:
    """They are packages, so that setuptools finds them, and no file of theirs is left out."""
    for layout in LAYOUTS:
        assert (layout.folder / "__init__.py").is_file()
        assert (layout.folder.parent / "__init__.py").is_file()
        assert {path.suffix for path in layout.folder.iterdir() if path.is_file()} == {".py"}


def test_files_are_closed_to_other_accounts_whatever_the_umask(tmp_path: Path) -> None:
    code = (
        "import os, sys, asyncio; os.umask(0); from pathlib import Path\n"
        "from lockgate.adapters import state_folder; from storage.test_migrations import fill\n"
        "state_folder.ready(Path(sys.argv[1])); asyncio.run(fill(Path(sys.argv[1])))"
    )
    paths = f"{SRC}:{SRC.parent / 'tests'}"
    folder = tmp_path / "state"
    subprocess.run([sys.executable, "-c", code, str(folder)], env={"PYTHONPATH": paths}, check=True)
    modes = {path.relative_to(folder): path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    assert len(modes) > 6
    public = {Path("keys/audit.pem.pub")}
    loose = {path for path, mode in modes.items() if mode & 0o077} - public
    assert not loose
    (folder / "history.db").chmod(0o644)
    folder.chmod(0o755)
    assert state_folder.ready(folder) == ()
    assert (folder / "history.db").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_layout_knows_its_tables_whatever_else_is_loaded() -> None:
    """Only what is imported is made in a new database: alone, a layout must know what it knows in a gateway."""
    program = (
        "from lockgate.storage import schema; print(*(t for one in schema.LAYOUTS for t in one.metadata.tables))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert {"index_reviews", "index_measures", "index_judgements"} <= set(told.split())
    assert set(told.split()) == {table for one in LAYOUTS for table in one.metadata.tables}
