"""The SQLite log: durable before the receipt, all or nothing, one writer, closed when it cannot write."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from audit.samples import SIGNER, THIEF, opened, request, running, write
from lockgate.adapters.audit_key import load_or_create
from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.audit import checkpoint, merkle
from lockgate.audit.record import Kind, Record
from lockgate.errors import Conflict, Invalid, NotFound, Unavailable
from lockgate.labels import Sensitivity
from lockgate.storage.driver import transaction
from support import NOW

ENV = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.sqlite"


def reading(path: Path) -> AuditReader:
    return AuditReader.open(path)


@running
async def test_what_is_appended_is_read_back_in_order_and_verifies(path: Path) -> None:
    async with opened(path) as log:
        first = await log.append(request(0))
        second = await log.append(request(1))
        assert (first.first, first.size) == (0, 5)
        assert (second.first, second.size) == (5, 10)
        reader = reading(path)
        assert [e.record for e in reader.by_request("req-1")] == request(1)
        assert [e.index for e in reader.by_request("req-1")] == [5, 6, 7, 8, 9]
        assert reader.size() == 10
        assert reader.verify(SIGNER.verifier).ok
        reader.close()


@running
async def test_callers_at_once_share_commits_and_each_batch_stays_together(path: Path) -> None:
    async with opened(path) as log:
        receipts = await asyncio.gather(*(log.append(request(i)) for i in range(60)))
        assert sorted(r.first for r in receipts) == list(range(0, 300, 5))
    reader = reading(path)
    for number, receipt in enumerate(receipts):
        found = reader.by_request(f"req-{number}")
        assert [e.index for e in found] == list(range(receipt.first, receipt.first + 5))
    assert len(list(reader.checkpoints())) < 61
    assert reader.verify(SIGNER.verifier).ok
    reader.close()


@running
async def test_the_tree_goes_on_after_a_restart_and_proofs_hold(path: Path) -> None:
    for start in range(0, 90, 30):
        await write(path, [request(i) for i in range(start, start + 30)])
    reader = reading(path)
    note = checkpoint.verify(reader.checkpoint(), SIGNER.verifier)
    assert note.size == 450
    for index in (0, 1, 255, 256, 257, 449):
        leaf = merkle.leaf_hash(reader.get(index).event)
        proof = reader.inclusion_proof(index)
        assert merkle.verify_inclusion(leaf, index, note.size, proof, note.root)
    for text in list(reader.checkpoints())[1::20]:
        old = checkpoint.parse(text)
        proof = reader.consistency_proof(old.size)
        assert merkle.verify_consistency(old.size, note.size, old.root, note.root, proof)
    with pytest.raises(Invalid):
        reader.inclusion_proof(0, 451)
    with pytest.raises(NotFound):
        reader.get(450)
    reader.close()


@running
async def test_search_finds_by_subject_kind_effect_and_label(path: Path) -> None:
    odd = Record(Kind.DECISION, NOW, "req-x", subject="user:bob", effect="deny")
    await write(path, [request(0), [odd], request(1)])
    reader = reading(path)
    assert [e.index for e in reader.search(subject="user:bob")] == [5]
    assert [e.index for e in reader.search(kind=Kind.ANSWER)] == [9, 3]
    assert [e.index for e in reader.search(kind=Kind.ANSWER, before=9)] == [3]
    assert [e.index for e in reader.search(effect="deny")] == [5]
    assert len(reader.search(at_least=Sensitivity.CONFIDENTIAL)) == 8
    assert reader.search(at_least=Sensitivity.RESTRICTED) == []
    assert [e.index for e in reader.search(limit=2)] == [10, 9]
    reader.close()


@running
async def test_a_bad_record_is_refused_and_nothing_of_its_batch_is_written(path: Path) -> None:
    async with opened(path) as log:
        bad = Record(Kind.ANSWER, NOW, "r", facts=(("n", float("nan")),))
        with pytest.raises(Invalid):
            await log.append([*request(0), bad])
        with pytest.raises(Invalid):
            await log.append([])
        assert (await log.append(request(1))).first == 0


@running
async def test_a_second_writer_is_refused_and_the_first_goes_on(path: Path) -> None:
    async with opened(path) as log:
        with pytest.raises(Conflict, match="another Lockgate is writing"):
            AuditLog.open(path, SIGNER)
        code = f"""
from pathlib import Path
from audit.samples import SIGNER
from lockgate.adapters.audit_sqlite import AuditLog
AuditLog.open(Path({str(path)!r}), SIGNER)
"""
        other = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], env=ENV, capture_output=True)
        assert b"Conflict" in other.stderr
        await log.append(request(0))
    async with opened(path) as log:
        assert (await log.append(request(1))).first == 5


@running
async def test_close_writes_what_waits_and_then_refuses(path: Path) -> None:
    log = AuditLog.open(path, SIGNER)
    waiting = [asyncio.create_task(log.append(request(i))) for i in range(20)]
    await asyncio.sleep(0)
    await log.close()
    assert len([await w for w in waiting]) == 20
    await log.close()
    with pytest.raises(Unavailable):
        await log.append(request(99))
    reader = reading(path)
    assert reader.size() == 100
    reader.close()


@running
async def test_a_caller_that_goes_away_is_recorded_all_the_same(path: Path) -> None:
    async with opened(path) as log:
        task = asyncio.create_task(log.append(request(0)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await log.append(request(1))).first == 5


@running
async def test_a_locked_file_answers_unavailable_and_later_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(path) as log:
        await log.append(request(0))
        monkeypatch.setattr("lockgate.adapters.audit_sqlite._WAIT", 0.2)
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            await log.append(request(1))
        other.rollback()
        other.close()
        monkeypatch.setattr("lockgate.adapters.audit_sqlite._WAIT", 10.0)
        await log.append(request(2))
    reader = reading(path)
    assert reader.verify(SIGNER.verifier).ok
    reader.close()


@running
async def test_a_table_that_refuses_writes_answers_everybody_unavailable_and_nothing_is_half_written(
    path: Path,
) -> None:
    async with opened(path) as log:
        await log.append(request(0))
        other = sqlite3.connect(path)
        other.execute("CREATE TRIGGER no BEFORE INSERT ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'no'); END")
        other.commit()
        got = await asyncio.gather(*(log.append(request(i)) for i in range(1, 9)), return_exceptions=True)
        assert all(isinstance(g, Unavailable) for g in got)
        assert len({id(g) for g in got}) == 8
        assert other.execute("SELECT count(*) FROM audit_event").fetchone() == (5,)
        other.execute("DROP TRIGGER no")
        other.commit()
        other.close()
        assert (await log.append(request(9))).first == 5
    reader = reading(path)
    assert reader.verify(SIGNER.verifier).ok
    reader.close()


@running
async def test_a_commit_that_fails_after_it_became_durable_is_not_acknowledged_and_not_overwritten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def durable_then_fails(connection: Connection) -> Iterator[None]:
        with transaction(connection):
            yield
        raise OSError(5, "Input/output error")

    async with opened(path) as log:
        await log.append(request(0))
        with monkeypatch.context() as broken:
            broken.setattr("lockgate.adapters.audit_sqlite.transaction", durable_then_fails)
            with pytest.raises(Unavailable, match="Input/output error"):
                await log.append(request(1))
        assert (await log.append(request(2))).first == 10
    reader = reading(path)
    assert reader.verify(SIGNER.verifier).ok
    reader.close()


def test_a_folder_that_cannot_be_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        AuditLog.open(tmp_path / "file" / "audit.sqlite", SIGNER)
    with pytest.raises(NotFound):
        AuditReader.open(tmp_path / "none")


def test_a_file_that_is_no_database_is_unavailable(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(Unavailable):
        AuditLog.open(path, SIGNER)
    reader = reading(path)
    assert not reader.verify(SIGNER.verifier).ok
    reader.close()


@running
async def test_a_log_that_is_not_what_was_signed_last_is_not_continued(path: Path) -> None:
    await write(path, [request(0), request(1)])
    db = sqlite3.connect(path)
    db.execute("DELETE FROM audit_event WHERE idx = 9")
    db.commit()
    db.close()
    with pytest.raises(Unavailable, match="not what was signed last"):
        AuditLog.open(path, SIGNER)


@running
async def test_another_key_does_not_continue_a_log(path: Path) -> None:
    await write(path, [request(0)])
    with pytest.raises(Unavailable, match="not signed by this key"):
        AuditLog.open(path, THIEF)


@running
async def test_the_files_are_for_their_owner_only(path: Path) -> None:
    await write(path, [request(0)])
    assert path.stat().st_mode & 0o077 == 0


def test_the_key_is_made_once_private_and_found_again(tmp_path: Path) -> None:
    place = tmp_path / "keys" / "audit.key"
    signer = load_or_create(place, "example.org/audit")
    assert place.stat().st_mode & 0o777 == 0o600
    assert load_or_create(place, "example.org/audit").verifier == signer.verifier
    assert (tmp_path / "keys" / "audit.key.pub").read_text().strip() == signer.verifier.vkey
    assert sorted(p.name for p in place.parent.iterdir()) == ["audit.key", "audit.key.pub"]


def test_a_key_that_others_may_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "audit.key"
    load_or_create(place, "log")
    place.chmod(0o640)
    with pytest.raises(Invalid, match="others"):
        load_or_create(place, "log")
    place.chmod(0o600)
    place.write_text("not a key")
    with pytest.raises(Invalid) as caught:
        load_or_create(place, "log")
    assert "not a key" not in str(caught.value)


WRITER = """
import asyncio, sys
from pathlib import Path
from audit.samples import opened, request

async def one(log, n):
    receipt = await log.append(request(n))
    print(n, receipt.first, flush=True)

async def main():
    async with opened(Path(sys.argv[1])) as log:
        n = int(sys.argv[2])  # no two processes answer the same request: verification would name it
        while True:
            await asyncio.gather(*(one(log, n + i) for i in range(8)))
            n += 8

asyncio.run(main())
"""


def test_kill_9_in_the_middle_loses_nothing_that_was_acknowledged(path: Path) -> None:
    acknowledged: dict[int, int] = {}
    for start, delay in ((0, 0.05), (100_000, 0.11), (200_000, 0.2)):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(start)], env=ENV, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout
        first = child.stdout.readline()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        lines = [first, *child.stdout.read().splitlines(keepends=True)]
        child.stdout.close()
        child.wait()
        acknowledged |= {int(at): int(n) for n, at in (x.split() for x in lines if x.endswith("\n") and x.strip())}
        reader = reading(path)
        assert reader.verify(SIGNER.verifier).ok
        assert reader.size() % 5 == 0
        for at, number in random.sample(sorted(acknowledged.items()), min(40, len(acknowledged))):
            assert [reader.get(at + i).record for i in range(5)] == request(number)
        reader.close()
    assert len(acknowledged) > 20


FULL = """
import asyncio, sys
from pathlib import Path
from audit.samples import SIGNER, opened, request
from lockgate.adapters.audit_reader import AuditReader
from lockgate.errors import Unavailable

async def main():
    folder = Path(sys.argv[1])
    path, ballast = folder / "audit.sqlite", folder / "ballast"
    ballast.write_bytes(bytes(200_000))
    good = failed = 0
    async with opened(path) as log:
        for number in range(400):
            try:
                await log.append(request(number))
                good += 1
                assert not failed, "went on although the disk is full"
            except Unavailable as error:
                assert "full" in str(error), error
                failed += 1
        assert good and failed, (good, failed)
        ballast.unlink()
        receipt = await log.append(request(1000))
        assert receipt.first == good * 5, (receipt, good)
    reader = AuditReader.open(path)
    assert reader.verify(SIGNER.verifier).ok, reader.verify(SIGNER.verifier)
    assert reader.size() == good * 5 + 5
    reader.close()
    print("ok", good, failed)

asyncio.run(main())
"""


@pytest.mark.needs_root
def test_a_full_disk_answers_unavailable_writes_nothing_half_and_recovers(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, FULL]
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ok")
