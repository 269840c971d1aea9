"""Attacks on the real file: whoever edits the log is found, and the record is named."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.samples import SIGNER, THIEF, request, running, write
from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit import merkle
from lockgate.audit.checkpoint import Checkpoint, Signer
from lockgate.audit.entry import Lookup
from lockgate.audit.record import Kind
from lockgate.audit.verify import Report
from lockgate.storage import audit as store

REQUESTS = 64
SIZE = REQUESTS * 5
Attack = Callable[[sqlite3.Connection], object]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 320 records in 64 commits, which reaches into the stored levels of the tree."""
    path = tmp_path_factory.mktemp("log") / "audit.sqlite"
    running(write)(path, [request(i) for i in range(REQUESTS)])
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "audit.sqlite"
    copy.write_bytes(original.read_bytes())
    return copy


def check(path: Path, kept: str | None = None, signer: Signer = SIGNER) -> Report:
    reader = AuditReader.open(path)
    try:
        return reader.verify(signer.verifier, kept)
    finally:
        reader.close()


def attack(path: Path, *steps: str | tuple[str, tuple[object, ...]] | Attack) -> None:
    db = sqlite3.connect(path)
    for step in steps:
        if callable(step):
            step(db)
        elif isinstance(step, str):
            db.executescript(step)
        else:
            db.execute(*step)
    db.commit()
    db.close()


def kept_now(path: Path) -> str:
    reader = AuditReader.open(path)
    try:
        return reader.checkpoint()
    finally:
        reader.close()


def rebuild(db: sqlite3.Connection, signer: Signer, *, history: bool) -> None:
    """What the strongest attacker does: make everything consistent again, and sign it with `signer`."""
    rows = db.execute("SELECT idx, event FROM audit_event ORDER BY idx").fetchall()
    leaves = []
    for index, event in rows:
        leaves.append(merkle.leaf_hash(event))
        look = Lookup.of(orjson.loads(event))._asdict()
        db.execute(
            "UPDATE audit_event SET leaf=?, request_id=?, kind=?, subject=?, time=? WHERE idx=?",
            (leaves[-1], look["request_id"], look["kind"], look["subject"], look["time"], index),
        )
    _, made = merkle.Tree().append(leaves)
    db.execute("DELETE FROM audit_node")
    stored = [one for one in made if one[0] % store.TILE == 0]
    db.executemany("INSERT INTO audit_node (level, idx, hash) VALUES (?, ?, ?)", stored)
    sizes = [n for (n,) in db.execute("SELECT size FROM audit_checkpoint") if n <= len(leaves)] if history else []
    db.execute("DELETE FROM audit_checkpoint")
    for size in {*sizes, len(leaves)}:
        note = Checkpoint(signer.name, size, merkle.Tree().append(leaves[:size])[0].root).sign(signer)
        db.execute("INSERT INTO audit_checkpoint VALUES (?, ?)", (size, note))


def reworded(event: bytes) -> bytes:
    return event.replace(b"user:ann", b"user:bob")


def edit(index: int) -> Attack:
    def run(db: sqlite3.Connection) -> None:
        (event,) = db.execute("SELECT event FROM audit_event WHERE idx=?", (index,)).fetchone()
        db.execute("UPDATE audit_event SET event=? WHERE idx=?", (reworded(event), index))

    return run


def test_an_untouched_log_verifies_and_says_what_it_cannot_tell(path: Path) -> None:
    report = check(path)
    assert report.ok
    assert report.size == SIZE
    assert any("cannot be excluded" in note for note in report.notes)
    kept = check(path, kept_now(path))
    assert kept.ok
    assert not any("cannot be excluded" in note for note in kept.notes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(index=st.integers(0, SIZE - 1), where=st.floats(0, 1), bit=st.integers(0, 7))
def test_one_flipped_bit_in_any_record_names_it(path: Path, index: int, where: float, bit: int) -> None:
    db = sqlite3.connect(path)
    (event,) = db.execute("SELECT event FROM audit_event WHERE idx=?", (index,)).fetchone()
    at = min(int(where * len(event)), len(event) - 1)
    flipped = event[:at] + bytes([event[at] ^ (1 << bit)]) + event[at + 1 :]
    with db:
        db.execute("UPDATE audit_event SET event=? WHERE idx=?", (flipped, index))
    assert check(path).first_bad == index
    with db:
        db.execute("UPDATE audit_event SET event=? WHERE idx=?", (event, index))
    db.close()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1), by=st.integers(1, 255))
def test_a_flipped_byte_anywhere_in_the_file_never_passes_as_another_log(
    original: Path, path: Path, where: float, by: int
) -> None:
    data = bytearray(original.read_bytes())
    at = min(int(where * len(data)), len(data) - 1)
    data[at] ^= by
    path.write_bytes(data)
    report = check(path)
    # Unused space and statistics of the file are nobody's record; what is read must be what was signed.
    assert not report.ok or (report.size, report.root) == (SIZE, check(original).root)


@pytest.mark.parametrize("index", [0, 7, 255, 256, SIZE - 1])
def test_a_deleted_record_is_named(path: Path, index: int) -> None:
    attack(path, ("DELETE FROM audit_event WHERE idx=?", (index,)))
    assert check(path).first_bad == index


@pytest.mark.parametrize("index", [0, 7, 254])
def test_a_record_that_is_deleted_and_closed_over_is_named(path: Path, index: int) -> None:
    attack(
        path,
        ("DELETE FROM audit_event WHERE idx=?", (index,)),
        f"UPDATE audit_event SET idx = -idx WHERE idx > {index}",
        "UPDATE audit_event SET idx = -idx - 1 WHERE idx < 0",
    )
    assert check(path).first_bad == index


def test_an_inserted_record_is_named(path: Path) -> None:
    attack(
        path,
        "UPDATE audit_event SET idx = -idx WHERE idx >= 10; UPDATE audit_event SET idx = -idx + 1 WHERE idx < 0",
        "INSERT INTO audit_event SELECT 10, time, request_id, kind, subject, effect, sensitivity, leaf, event "
        "FROM audit_event WHERE idx = 3",
    )
    assert check(path).first_bad == 10


def test_swapped_records_are_named(path: Path) -> None:
    attack(path, "UPDATE audit_event SET idx = CASE idx WHEN 12 THEN -1 ELSE idx END WHERE idx = 12")
    attack(path, "UPDATE audit_event SET idx = 12 WHERE idx = 40; UPDATE audit_event SET idx = 40 WHERE idx = -1")
    assert check(path).first_bad == 12


def test_a_cut_tail_is_named(path: Path) -> None:
    attack(path, f"DELETE FROM audit_event WHERE idx >= {SIZE - 3}")
    assert check(path).first_bad == SIZE - 3


def test_a_tail_cut_with_its_checkpoints_shows_against_the_kept_one(path: Path) -> None:
    kept = kept_now(path)
    attack(path, "DELETE FROM audit_event WHERE idx >= 300; DELETE FROM audit_checkpoint WHERE size > 300")
    alone = check(path)
    assert alone.ok
    assert any("tail was cut" in note for note in alone.notes)
    assert check(path, kept).first_bad == 300


def test_a_record_added_behind_the_last_checkpoint_is_named(path: Path) -> None:
    attack(path, "DELETE FROM audit_checkpoint WHERE size > 300")
    assert check(path).first_bad == 300


def test_an_edit_with_its_hash_shows_in_the_commit_it_belongs_to(path: Path) -> None:
    def with_leaf(db: sqlite3.Connection) -> None:
        (event,) = db.execute("SELECT event FROM audit_event WHERE idx=42").fetchone()
        fields = (reworded(event), merkle.leaf_hash(reworded(event)))
        db.execute("UPDATE audit_event SET event=?, leaf=?, subject='user:bob' WHERE idx=42", fields)

    attack(path, with_leaf)
    [fault] = check(path).faults
    assert (fault.first, fault.last) == (40, 44)


def test_an_edit_signed_again_with_an_own_key_shows(path: Path) -> None:
    attack(path, edit(42), lambda db: rebuild(db, THIEF, history=True))
    assert not check(path).ok
    assert check(path, signer=THIEF).ok, "the attack was not complete, so the test shows nothing"
    attack(path, lambda db: rebuild(db, THIEF, history=False))
    [fault] = check(path).faults
    assert "not signed by this key" in fault.what


def test_an_edit_signed_again_with_the_stolen_key_shows_against_the_kept_checkpoint(path: Path) -> None:
    kept = kept_now(path)
    attack(path, edit(42), lambda db: rebuild(db, SIGNER, history=True))
    alone = check(path)
    assert alone.ok
    assert any("rewrote" in note for note in alone.notes)
    assert not check(path, kept).ok


def test_an_edit_behind_the_kept_checkpoint_is_what_the_notes_speak_of(path: Path) -> None:
    reader = AuditReader.open(path)
    old = list(reader.checkpoints())[2]
    reader.close()
    attack(path, edit(42), lambda db: rebuild(db, SIGNER, history=True))
    report = check(path, old)
    assert report.ok
    assert any("from record 10 on" in note for note in report.notes)


def test_a_kept_checkpoint_of_another_key_does_not_pass(path: Path) -> None:
    forged = Checkpoint(SIGNER.name, 5, bytes(32)).sign(THIEF)
    assert not check(path, forged).ok


@pytest.mark.parametrize(
    "step",
    [
        "UPDATE audit_node SET hash = zeroblob(32)",
        "INSERT INTO audit_node (level, idx, hash) VALUES (8, 9, zeroblob(32))",
        "UPDATE audit_checkpoint SET note = replace(note, '5', '6') WHERE size = 25",
        "UPDATE audit_checkpoint SET note = x'00' WHERE size = 25",
        "UPDATE audit_checkpoint SET note = 'x'",
        "DELETE FROM audit_checkpoint",
        "DELETE FROM audit_checkpoint; DELETE FROM audit_event; DELETE FROM audit_node",
        "UPDATE audit_event SET event = NULL WHERE idx = 3",
        "UPDATE audit_event SET event = 'text' WHERE idx = 3",
        "UPDATE audit_event SET leaf = 7 WHERE idx = 3",
        "UPDATE audit_event SET subject = 'user:eve' WHERE idx = 3",
        "UPDATE audit_event SET request_id = 'req-9' WHERE idx = 3",
        "UPDATE audit_event SET time = time - 1 WHERE idx = 3",
        "UPDATE audit_event SET sensitivity = 0 WHERE idx = 3",
        "DROP TABLE audit_node",
        "DROP TABLE audit_event",
    ],
)
def test_editing_what_stands_beside_the_records_shows(path: Path, step: str) -> None:
    schema = "PRAGMA writable_schema=1; UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', ''); "
    attack(path, schema)
    assert check(path).ok
    attack(path, step)
    assert not check(path).ok


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ((Kind.DECISION,), "no decision record"),
        ((Kind.RETRIEVAL,), "no retrieval record"),
        ((Kind.RETRIEVAL, Kind.MODEL_CALL), "no retrieval or model call record"),
    ],
)
def test_an_answer_without_its_other_records_is_named(tmp_path: Path, lost: tuple[Kind, ...], named: str) -> None:
    """A gateway that was changed to keep silent leaves a log that is intact and incomplete."""
    path = tmp_path / "audit.sqlite"
    silent = [r for r in request(1) if r.kind not in lost]
    running(write)(path, [request(0), silent, request(2)])
    [fault] = check(path).faults
    assert named in fault.what
    assert "`req-1`" in fault.what
    assert fault.first == 5 + [r.kind for r in silent].index(Kind.ANSWER)


@pytest.mark.parametrize(
    "change", [{"subject": "user:bob"}, {"on_behalf_of": "user:bob"}, {"effect": "deny"}], ids=lambda one: min(one)
)
def test_records_of_another_or_of_a_refusal_do_not_make_an_answer_complete(
    tmp_path: Path, change: dict[str, str]
) -> None:
    path = tmp_path / "audit.sqlite"
    foreign = [replace(r, **change) if r.kind is Kind.DECISION else r for r in request(1)]
    running(write)(path, [request(0), foreign])
    [fault] = check(path).faults
    assert "`req-1`" in fault.what
    assert "no decision record" in fault.what


def test_a_second_answer_under_the_records_of_the_first_is_named(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    running(write)(path, [request(0), [r for r in request(0) if r.kind is Kind.ANSWER]])
    [fault] = check(path).faults
    assert "twice" in fault.what
    assert fault.first == 5


@pytest.mark.parametrize("old", [b"{", b'"kind":'])
def test_an_event_that_readers_may_understand_in_two_ways_is_named(path: Path, old: bytes) -> None:
    """Signed again by the holder of the key: one reader takes the first of two equal names, another the last."""

    def twice(db: sqlite3.Connection) -> None:
        (event,) = db.execute("SELECT event FROM audit_event WHERE idx=7").fetchone()
        new = {b"{": b'{"time":1,', b'"kind":': b'"kind":"outcome","kind":'}[old]
        db.execute("UPDATE audit_event SET event=? WHERE idx=7", (event.replace(old, new, 1),))

    attack(path, twice, lambda db: rebuild(db, SIGNER, history=True))
    report = check(path)
    assert report.first_bad == 7
    assert "one form" in report.faults[0].what


def test_the_attacker_of_these_tests_can_rebuild_exactly(original: Path, path: Path) -> None:
    """Otherwise the attacks above would be found for the wrong reason."""
    attack(path, lambda db: rebuild(db, SIGNER, history=True))
    assert check(path).root == check(original).root
    assert hashlib.sha256(kept_now(path).encode()).digest() == hashlib.sha256(kept_now(original).encode()).digest()
