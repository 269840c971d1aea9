"""Backups: consistent while the gateway writes, verified, and a restored Lockgate answers identically."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from e2e.lab import FILES, Lab, in_thread, opened, plant, talking
from journeys.places import Words
from lockgate.adapters import acceptances, sealed
from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit.record import Kind, Record
from lockgate.cli.main import main
from lockgate.config import load as load_settings
from lockgate.content.document import document_id
from lockgate.errors import Conflict, Invalid, LockgateError
from lockgate.policy.acceptance import Acceptance
from lockgate.wiring import backup

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = b"correct horse battery staple"
QUESTION = {"query": "Up to what value may I accept gifts from suppliers?"}
GIFTS = document_id("brightwater", "handbook/gifts.md")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    folder = tmp_path / "live"
    folder.mkdir()
    plant(folder, FILES)
    with in_thread(lambda: opened(folder, Words())) as made:
        yield made


async def answers(lab: Lab) -> list[object]:
    """Return what everybody is shown, without what differs between any two requests."""
    found: list[object] = []
    async with talking(lab.url, lab.token) as client:
        for who in ("staff", "hr", "owner"):
            reply = await client.send("POST", "/v1/retrieve", who, QUESTION)
            found.append([reply.status, reply.body["data"], reply.body["label"]])
            listed = await client.send("GET", "/v1/reviews", who)
            found.append([(one["item"], one["label"], one["version"]) for one in listed.body["data"]])
    return found


async def test_a_backup_of_a_running_gateway_restores_to_one_that_answers_identically(
    lab: Lab, tmp_path: Path
) -> None:
    before = await answers(lab)
    stop = asyncio.Event()

    async def write() -> int:
        count = 0
        while not stop.is_set():
            await lab.lockgate.audit.append([Record(Kind.ADMINISTRATION, NOW, f"busy{count}")])
            count += 1
        return count

    busy = asyncio.run_coroutine_threadsafe(write(), lab.loop)
    told = await asyncio.to_thread(backup.backup, lab.lockgate.settings, tmp_path / "vault", SECRET, NOW)
    lab.loop.call_soon_threadsafe(stop.set)
    assert busy.result(30) > 0
    assert (told["documents"], told["keys"]) == (5, True)
    modes = {path.stat().st_mode & 0o077 for path in ((tmp_path / "vault"), *(tmp_path / "vault").rglob("*"))}
    assert modes == {0}
    disk = b"".join(path.read_bytes() for path in (tmp_path / "vault").rglob("*") if path.is_file())
    master = (lab.folder / "state" / "keys" / "master.key").read_bytes().split()[2]
    assert master not in disk
    assert b"61,387" not in disk

    restored = backup.restore(tmp_path / "vault", tmp_path / "again", SECRET, None)
    assert restored["forgotten"] == 0
    assert (tmp_path / "again" / "lockgate.toml").read_bytes() == (lab.folder / "lockgate.toml").read_bytes()
    reader = AuditReader.open(tmp_path / "again" / "state" / "audit.db")
    assert reader.size() == told["records"]
    reader.close()
    with in_thread(lambda: opened(tmp_path / "again", Words(), share=lab.share)) as second:
        assert await answers(second) == before


def test_what_models_and_front_ends_need_comes_along(lab: Lab, tmp_path: Path) -> None:
    """Without them a restored gateway has fewer models, and nobody comes in through a front end."""
    state, config = lab.folder / "state", lab.folder / "lockgate.toml"
    until = NOW + timedelta(days=30)
    acceptances.accept(state, "own", Acceptance("user:ann", "small", NOW, until, "0" * 64))
    (lab.folder / "keys-of-chat.jwks").write_text('{"keys": []}')
    front = '[[applications]]\nid = "chat"\nkind = "front_end"\nmay_act_for_users = true\n'
    config.write_text(f'{config.read_text()}\n{front}user_keys = "keys-of-chat.jwks"\n')
    backup.backup(load_settings(config), tmp_path / "vault", SECRET, NOW)
    backup.restore(tmp_path / "vault", tmp_path / "again", SECRET, None)
    assert acceptances.load(tmp_path / "again" / "state").keys() == {"own"}
    assert (tmp_path / "again" / "keys-of-chat.jwks").read_text() == '{"keys": []}'


async def test_what_was_forgotten_does_not_come_back_with_an_older_backup(lab: Lab, tmp_path: Path) -> None:
    backup.backup(lab.lockgate.settings, tmp_path / "vault", SECRET, NOW)
    async with talking(lab.url, lab.token) as client:
        done = await client.send("POST", f"/v1/documents/{GIFTS}/forget", "owner", {})
        assert done.body["proven"], done.text
        assert done.body["backups"] == [{"made": NOW.isoformat(), "keys": True}]
    told = backup.restore(tmp_path / "vault", tmp_path / "old", SECRET, None)
    assert told["forgotten"] == 0, "an old backup by itself knows nothing of it, as forget says"
    live = lab.folder / "state" / "audit.db"
    told = backup.restore(tmp_path / "vault", tmp_path / "new", SECRET, None, (live,))
    assert told["forgotten"] == 1
    with in_thread(lambda: opened(tmp_path / "new", Words(), share=lab.share)) as second:
        assert second.lockgate.index.document(GIFTS) is None
        assert second.lockgate.index.forgotten(GIFTS)
        assert not second.lockgate.index.damaged
    backup.backup(lab.lockgate.settings, tmp_path / "later", SECRET, NOW)
    backup.restore(tmp_path / "later", tmp_path / "third", SECRET, None)
    with in_thread(lambda: opened(tmp_path / "third", Words(), share=lab.share)) as third:
        assert third.lockgate.index.document(GIFTS) is None


def test_without_its_keys_a_backup_opens_with_the_right_ones_only(lab: Lab, tmp_path: Path) -> None:
    told = backup.backup(lab.lockgate.settings, tmp_path / "vault", None, NOW)
    assert not told["keys"]
    assert not (tmp_path / "vault" / "keys.sealed").exists()
    with pytest.raises(Invalid, match="has no keys"):
        backup.restore(tmp_path / "vault", tmp_path / "x", None, None)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(LockgateError):
        backup.restore(tmp_path / "vault", tmp_path / "x", None, other)
    assert not (tmp_path / "x").exists()
    backup.restore(tmp_path / "vault", tmp_path / "x", None, lab.folder / "state" / "keys")


def test_damage_is_noticed_and_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    backup.backup(lab.lockgate.settings, vault, SECRET, NOW)
    for name in ("state/audit.db", "state/index/index.sqlite", "keys.sealed", "settings/lockgate.toml"):
        whole = (vault / name).read_bytes()
        (vault / name).write_bytes(whole[: len(whole) // 2] + b"\x00" + whole[len(whole) // 2 + 1 :] + b"x")
        with pytest.raises(Invalid, match="damaged"):
            backup.restore(vault, tmp_path / "x", SECRET, None)
        (vault / name).write_bytes(whole)
    (vault / "more").write_text("x")
    with pytest.raises(Invalid, match="damaged"):
        backup.restore(vault, tmp_path / "x", SECRET, None)
    (vault / "more").unlink()
    manifest = json.loads((vault / "manifest.json").read_text())
    for change in ({"records": 1}, {"data": "../elsewhere"}, {"format": "other"}, {"files": {}}):
        (vault / "manifest.json").write_text(json.dumps(manifest | change))
        with pytest.raises(Invalid):
            backup.restore(vault, tmp_path / "x", SECRET, None)
    (vault / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Invalid, match="another passphrase"):
        backup.restore(vault, tmp_path / "x", b"another passphrase", None)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["live", "vault"]
    backup.restore(vault, tmp_path / "x", SECRET, None)


def test_a_state_that_does_not_verify_is_not_backed_up(lab: Lab, tmp_path: Path) -> None:
    with closing(sqlite3.connect(lab.folder / "state" / "index" / "index.sqlite")) as db:
        db.execute("update index_documents set held = 1 - held where id = ?", [GIFTS])
        db.commit()
    with pytest.raises(LockgateError):
        backup.backup(lab.lockgate.settings, tmp_path / "vault", SECRET, NOW)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["live"]


def test_nothing_is_written_over(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    with pytest.raises(Conflict):
        backup.backup(lab.lockgate.settings, tmp_path / "full", SECRET, NOW)
    backup.backup(lab.lockgate.settings, tmp_path / "vault", SECRET, NOW)
    with pytest.raises(Conflict):
        backup.restore(tmp_path / "vault", tmp_path / "full", SECRET, None)
    assert (tmp_path / "full" / "mine").read_text() == "mine"


def test_the_commands(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, word = str(lab.folder / "lockgate.toml"), tmp_path / "pass"
    word.write_bytes(SECRET + b"\n")
    os.chmod(word, 0o644)
    given = ["--with-keys", "--passphrase-file", str(word)]
    assert main(["backup", str(tmp_path / "v"), "--config", config, *given]) == 2
    assert "chmod 600" in capsys.readouterr().err
    os.chmod(word, 0o600)
    assert main(["backup", str(tmp_path / "v"), "--config", config, "--with-keys"]) == 2
    assert main(["backup", str(tmp_path / "v"), "--config", config, *given]) == 0
    assert main(["restore", str(tmp_path / "v"), str(tmp_path / "r"), "--passphrase-file", str(word)]) == 0
    assert "verified: " in capsys.readouterr().out
    assert main(["db", "status", "--config", str(tmp_path / "r" / "lockgate.toml")]) == 0


@pytest.mark.parametrize("change", [0, 20, 40, -1])
def test_sealed_files_open_with_their_passphrase_only(change: int) -> None:
    data = sealed.seal({"a": b"\0\xff", "b": b""}, SECRET)
    assert sealed.unseal(data, SECRET) == {"a": b"\0\xff", "b": b""}
    broken = bytearray(data)
    broken[change] ^= 1
    for attempt, secret in ((bytes(broken), SECRET), (data, SECRET + b"x"), (data[:30], SECRET), (b"", SECRET)):
        with pytest.raises(Invalid):
            sealed.unseal(attempt, secret)
