"""Keys that follow each other: the first public key verifies the whole log, and no forged succession does."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from audit.samples import SIGNER, THIEF, opened, request, running
from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.audit import checkpoint, handover, merkle, ocsf, proof
from lockgate.audit.checkpoint import Checkpoint, Signer, sign_note
from lockgate.audit.entry import Lookup
from lockgate.audit.handover import Chain, Handover
from lockgate.audit.record import Kind, Record
from lockgate.audit.verify import Report
from lockgate.errors import Invalid, Unavailable
from lockgate.storage import audit as store
from lockgate.storage.driver import transaction
from support import NOW


def key(seed: int) -> Signer:
    return Signer(SIGNER.name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


SECOND, THIRD = key(2), key(3)
FIRST_SWITCH, SECOND_SWITCH, SIZE = 50, 101, 152
Sign = Callable[[int], Sequence[Signer]]


def in_force(size: int) -> Sequence[Signer]:
    """Return who signs a checkpoint of this size in the log of these tests."""
    keys = (SIGNER, SECOND, THIRD)
    at = (size > FIRST_SWITCH) + (size > SECOND_SWITCH)
    return (keys[at - 1], keys[at]) if size in (FIRST_SWITCH + 1, SECOND_SWITCH + 1) else (keys[at],)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 152 records whose key was replaced at 50 and at 101."""
    path = tmp_path_factory.mktemp("log") / "audit.db"

    @running
    async def fill() -> None:
        async with opened(path) as log:
            for part, new in enumerate((SECOND, THIRD, None)):
                for number in range(10):
                    await log.append(request(part * 10 + number))
                if new:
                    await log.rotate(new, NOW, f"rotate-{part}", "operator")

    fill()
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "audit.db"
    copy.write_bytes(original.read_bytes())
    return copy


def check(path: Path, signer: Signer = SIGNER, kept: str | None = None) -> Report:
    reader = AuditReader.open(path)
    try:
        return reader.verify(signer.verifier, kept)
    finally:
        reader.close()


def note_at(path: Path, size: int) -> str:
    reader = AuditReader.open(path)
    try:
        return reader.checkpoint_of(size)
    finally:
        reader.close()


def events(path: Path) -> list[bytes]:
    with sqlite3.connect(path) as db:
        found = [event for (event,) in db.execute("SELECT event FROM audit_event ORDER BY idx")]
    db.close()
    return found


def rewrite(path: Path, records: Sequence[bytes], sign: Sign, sizes: Sequence[int] | None = None) -> None:
    """What the strongest attacker does: a whole file with other records, signed with every key that he has."""
    db = sqlite3.connect(path)
    old = [n for (n,) in db.execute("SELECT size FROM audit_checkpoint")]
    for table in ("audit_event", "audit_node", "audit_checkpoint"):
        db.execute(f"DELETE FROM {table}")
    _, made = merkle.Tree().append([merkle.leaf_hash(one) for one in records])
    for index, one in enumerate(records):
        found = Lookup.of(ocsf.orjson.loads(one))
        db.execute(
            "INSERT INTO audit_event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (index, *found, merkle.leaf_hash(one), one),
        )
    stored = [one for one in made if one[0] % store.TILE == 0]
    db.executemany("INSERT INTO audit_node (level, idx, hash) VALUES (?, ?, ?)", stored)
    for size in sorted({*(n for n in sizes or old if n <= len(records)), len(records)}):
        root = merkle.Tree().append([merkle.leaf_hash(one) for one in records[:size]])[0].root
        db.execute(
            "INSERT INTO audit_checkpoint VALUES (?, ?)",
            (size, Checkpoint(SIGNER.name, size, root).sign(*sign(size))),
        )
    db.commit()
    db.close()


def placed(record: Record, index: int) -> bytes:
    return ocsf.encode(ocsf.event(record, "0.1.0"), index)


def moved(record: bytes, index: int) -> bytes:
    """Return the same record at another place."""
    return ocsf.encode(ocsf.orjson.loads(record), index)


@pytest.mark.parametrize("trusted", [SIGNER, SECOND, THIRD], ids=["first", "second", "newest"])
def test_any_key_of_the_log_verifies_all_of_it(path: Path, trusted: Signer) -> None:
    report = check(path, trusted)
    assert report.ok, report.faults
    assert report.size == SIZE
    assert any("replaced 2 times, last by record 101" in note for note in report.notes)
    assert any("another log from there" in note for note in report.notes) is (trusted is not THIRD)
    for size in (25, FIRST_SWITCH + 1, 76, SECOND_SWITCH + 1, SIZE):
        assert check(path, trusted, note_at(path, size)).ok
    assert not check(path, THIEF).ok


def test_the_checkpoint_at_a_switch_is_signed_by_both(path: Path) -> None:
    note = note_at(path, FIRST_SWITCH + 1)
    assert checkpoint.verify(note, SIGNER.verifier) == checkpoint.verify(note, SECOND.verifier)
    with pytest.raises(Invalid):
        checkpoint.verify(note_at(path, FIRST_SWITCH + 6), SIGNER.verifier)
    with pytest.raises(Invalid):
        checkpoint.verify(note_at(path, FIRST_SWITCH), SECOND.verifier)


def test_the_attacker_of_these_tests_can_rewrite_exactly(path: Path) -> None:
    before = check(path).root
    rewrite(path, events(path), in_force)
    assert check(path).ok
    assert check(path).root == before


def test_a_rotation_that_the_old_key_has_not_signed_is_named(path: Path) -> None:
    """Forged by somebody with a key of his own and the file: same name, other key."""
    records = events(path)
    for old in (THIEF, key(9)):
        forged = Handover(FIRST_SWITCH, SIGNER.verifier, THIEF.verifier)
        note = sign_note(forged.body, old, THIEF)
        record = replace(
            handover.record(FIRST_SWITCH, SIGNER, THIEF, NOW, "rotate-0"), facts=(("handover", note),)
        )
        new = [*records[:FIRST_SWITCH], placed(record, FIRST_SWITCH), *records[FIRST_SWITCH + 1 : SECOND_SWITCH]]
        rewrite(path, new, lambda size: (SIGNER,) if size <= FIRST_SWITCH else (THIEF,))
        report = check(path)
        assert report.first_bad == FIRST_SWITCH
        assert "hand over" in report.faults[0].what


def test_a_rotation_from_another_key_than_the_one_before_is_named(path: Path) -> None:
    """The thief hands over from his own key to his next one, all well signed."""
    records = events(path)
    record = handover.record(SECOND_SWITCH, THIEF, key(9), NOW, "rotate-1")
    new = [*records[:SECOND_SWITCH], placed(record, SECOND_SWITCH), *records[SECOND_SWITCH + 1 :]]
    rewrite(path, new, lambda size: in_force(size) if size <= SECOND_SWITCH else (THIEF, key(9)))
    assert check(path).first_bad == SECOND_SWITCH


def test_a_handover_of_another_place_or_log_is_named(path: Path) -> None:
    records = events(path)
    elsewhere = Signer("elsewhere.example/audit", SIGNER.key)
    for record in (
        handover.record(FIRST_SWITCH + 5, SIGNER, SECOND, NOW, "rotate-0"),
        handover.record(FIRST_SWITCH, elsewhere, replace(SECOND, name=elsewhere.name), NOW, "rotate-0"),
    ):
        new = [*records[:FIRST_SWITCH], placed(record, FIRST_SWITCH), *records[FIRST_SWITCH + 1 :]]
        rewrite(path, new, in_force)
        assert check(path).first_bad == FIRST_SWITCH


def test_going_back_to_a_key_that_was_replaced_is_named(path: Path) -> None:
    records = events(path)
    record = handover.record(SECOND_SWITCH, SECOND, SIGNER, NOW, "rotate-1")
    new = [*records[:SECOND_SWITCH], placed(record, SECOND_SWITCH), *records[SECOND_SWITCH + 1 :]]
    rewrite(path, new, lambda size: in_force(size) if size <= SECOND_SWITCH else (SECOND, SIGNER))
    assert "goes back" in check(path).faults[0].what


def test_a_log_without_the_record_of_its_rotation_does_not_verify(path: Path) -> None:
    records = events(path)
    rest = [moved(one, FIRST_SWITCH + at) for at, one in enumerate(records[FIRST_SWITCH + 1 : SECOND_SWITCH])]
    rewrite(path, [*records[:FIRST_SWITCH], *rest], lambda size: (SIGNER,) if size <= FIRST_SWITCH else (SECOND,))
    assert "not signed by this key" in check(path).faults[0].what
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM audit_event WHERE idx = 50")
    db.close()
    assert check(path).first_bad == FIRST_SWITCH


def test_the_old_key_used_after_the_switch_shows(path: Path) -> None:
    rewrite(path, events(path), lambda size: (SIGNER,) if size == SIZE else in_force(size))
    assert f"checkpoint of size {SIZE} does not hold" in check(path).faults[0].what
    rewrite(path, events(path), lambda size: (SIGNER,) if size == 81 else in_force(size))
    assert "checkpoint of size 81 does not hold" in check(path).faults[0].what
    for one in (SIGNER, SECOND):
        rewrite(path, events(path), lambda size, one=one: (one,) if size == FIRST_SWITCH + 1 else in_force(size))
        assert f"checkpoint of size {FIRST_SWITCH + 1} does not hold" in check(path).faults[0].what


def test_the_new_key_used_before_the_switch_shows(path: Path) -> None:
    rewrite(path, events(path), lambda size: (THIRD,) if size == 81 else in_force(size))
    assert not check(path).ok


def test_a_rollback_to_before_the_switch_shows_to_the_newest_key_and_against_a_checkpoint(path: Path) -> None:
    """Cut back and written on with the old key, which was stolen before it was destroyed."""
    newest, kept = note_at(path, SIZE), note_at(path, 25)
    records = events(path)[:FIRST_SWITCH]
    more = [placed(one, FIRST_SWITCH + at) for at, one in enumerate(request(900))]
    rewrite(path, [*records, *more], lambda _: (SIGNER,))
    alone = check(path)
    assert alone.ok
    assert any("cut back" in note for note in alone.notes)
    assert check(path, kept=kept).ok, "that checkpoint is older than the theft: it cannot tell"
    assert not check(path, THIRD).ok
    report = check(path, kept=newest)
    assert not report.ok
    assert "gone" in report.faults[0].what


def test_of_two_forks_the_kept_checkpoint_and_the_newest_key_know_the_right_one(path: Path) -> None:
    """The thief of the first key hands over to a key of his own; alone, his fork is as good as the true log."""
    kept, true = note_at(path, SIZE), note_at(path, FIRST_SWITCH + 6)
    records = events(path)[:FIRST_SWITCH]
    own = placed(handover.record(FIRST_SWITCH, SIGNER, THIEF, NOW, "rotate-x"), FIRST_SWITCH)
    more = [placed(one, FIRST_SWITCH + 1 + at) for at, one in enumerate(request(900))]
    rewrite(path, [*records, own, *more], lambda n: (SIGNER, THIEF) if n == 51 else (SIGNER if n < 51 else THIEF,))
    assert check(path).ok
    assert any("another log from there" in note for note in check(path).notes)
    assert not check(path, THIRD).ok
    for note in (kept, true):
        assert not check(path, kept=note).ok
    fork, genuine = AuditReader.open(path), kept
    path_, keys = fork.consistency_proof(51), tuple(fork.handovers())
    with pytest.raises(Invalid):
        proof.check(proof.Consistency(path_, note_at(path, 51), genuine, keys), SIGNER.verifier)
    fork.close()


def test_proofs_over_rotations_need_one_key_whichever(path: Path) -> None:
    reader = AuditReader.open(path)
    for index in (3, FIRST_SWITCH, 60, SECOND_SWITCH, SIZE - 1):
        made = proof.parse(reader.prove([index])[0].render())
        for trusted in (SIGNER, SECOND, THIRD):
            assert len(proof.check(made, trusted.verifier).keys) == 3
        with pytest.raises(Invalid, match="no handover leads"):
            proof.check(made, THIEF.verifier)
        with pytest.raises(Invalid):
            proof.check(replace(made, handovers=made.handovers[:1]), SIGNER.verifier)
        with pytest.raises(Invalid):
            proof.check(replace(made, handovers=made.handovers[::-1]), SIGNER.verifier)
        assert proof.check(replace(made, handovers=()), THIRD.verifier)
    for size in (25, FIRST_SWITCH + 1, 76, SECOND_SWITCH + 1):
        made = proof.parse(reader.prove_consistency(reader.checkpoint_of(size)).render())
        for trusted in (SIGNER, SECOND, THIRD):
            assert proof.check(made, trusted.verifier).old.size == size
    early = reader.prove_consistency(reader.checkpoint_of(25), reader.checkpoint_of(45))
    assert early.handovers == ()
    assert proof.check(early, SIGNER.verifier)
    reader.close()


def test_a_handover_is_no_checkpoint_and_a_checkpoint_no_handover(path: Path) -> None:
    reader = AuditReader.open(path)
    with pytest.raises(Invalid):
        checkpoint.parse(reader.handovers()[0])
    with pytest.raises(Invalid):
        Handover.parse(reader.checkpoint())
    one = Handover.parse(reader.handovers()[0])
    with pytest.raises(Invalid):
        Chain.of([one, one], SIGNER.verifier)
    with pytest.raises(Invalid):
        Handover.parse(sign_note(Handover(3, SIGNER.verifier, SIGNER.verifier).body, SIGNER))
    reader.close()


# ------------------------------------------------------------------ the writer


@running
async def test_writers_at_once_land_on_either_side_of_the_switch(tmp_path: Path) -> None:
    async with opened(tmp_path / "audit.db") as log:
        work = [log.append(request(i)) for i in range(40)]
        work.insert(20, log.rotate(SECOND, NOW, "rotate-1"))
        receipts = await asyncio.gather(*work)
        assert sorted(r.first for r in receipts)[-1] < 201
        assert log.verifier == SECOND.verifier
    assert check(tmp_path / "audit.db").ok


@running
async def test_nothing_but_a_rotation_is_recorded_as_one(tmp_path: Path) -> None:
    async with opened(tmp_path / "audit.db") as log:
        with pytest.raises(Invalid):
            await log.append([Record(Kind.ADMINISTRATION, NOW, "r", action=handover.ACTION)])
        with pytest.raises(Invalid, match="another log"):
            await log.rotate(Signer("elsewhere", SECOND.key), NOW, "rotate-1")
        await log.append(request(1))


@running
async def test_an_old_key_alone_does_not_continue_a_log_that_was_handed_over(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    async with opened(path) as log:
        await log.rotate(SECOND, NOW, "rotate-1")
    with pytest.raises(Unavailable, match="handed over"):
        AuditLog.open(path, SIGNER)
    for upcoming in (SECOND, None):
        log = AuditLog.open(path, SIGNER if upcoming else SECOND, upcoming=upcoming)
        assert log.verifier == SECOND.verifier
        await log.append(request(5 if upcoming else 6))
        await log.close()
    with pytest.raises(Unavailable, match="not signed by this key"):
        AuditLog.open(path, SIGNER)
    assert check(path).ok


@running
async def test_a_key_that_was_prepared_and_not_handed_over_to_does_not_sign(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    async with opened(path) as log:
        await log.append(request(0))
    log = AuditLog.open(path, SIGNER, upcoming=SECOND)
    assert log.verifier == SIGNER.verifier
    await log.close()


@pytest.mark.parametrize("durable", [True, False])
@running
async def test_after_a_commit_that_failed_the_disk_says_which_key_is_in_force(
    tmp_path: Path, durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def fails(connection: Connection) -> Iterator[None]:
        if durable:
            with transaction(connection):
                yield
        else:
            yield
        raise OSError(5, "Input/output error")

    path = tmp_path / "audit.db"
    async with opened(path) as log:
        await log.append(request(0))
        with monkeypatch.context() as broken:
            broken.setattr("lockgate.adapters.audit_sqlite.transaction", fails)
            with pytest.raises(Unavailable):
                await log.rotate(SECOND, NOW, "rotate-1")
        await log.append(request(1))
        assert log.verifier == (SECOND if durable else SIGNER).verifier
        await log.rotate(SECOND, NOW, "rotate-1")
        await log.append(request(2))
        assert log.verifier == SECOND.verifier
    report = check(path)
    assert report.ok, report.faults
    assert report.size == 16


@pytest.mark.parametrize("trusted", [SIGNER, SECOND], ids=["first", "newest"])
def test_a_key_that_was_replaced_proves_no_other_beginning(trusted: Signer) -> None:
    """A stolen first key signed a forged log up to the switch; the true handover made the newest vouch for it."""
    switch = Handover(50, SIGNER.verifier, SECOND.verifier)
    true = sign_note(switch.body, SIGNER, SECOND)
    forged = placed(request(7)[0], 0)
    leaf = merkle.leaf_hash(forged)
    small = Checkpoint(SIGNER.name, 1, leaf).sign(SIGNER)
    one = proof.Inclusion(0, (), small, forged, leaf, (true,))
    other = merkle.leaf_hash(placed(request(8)[0], 1))
    grown = Checkpoint(SIGNER.name, 2, merkle.node_hash(leaf, other)).sign(SIGNER)
    two = proof.Consistency((other,), small, grown, (true,))
    for made in (one, two):
        with pytest.raises(Invalid, match="older than the last handover"):
            proof.check(proof.parse(made.render()), trusted.verifier)
