"""A new signing key: while serving, beside a running gateway, and after a kill at every step."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from audit.samples import request
from audit.test_sink import ENV
from lockgate.adapters import audit_key
from lockgate.adapters.audit_export import read_public_key
from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.clock import SystemClock
from lockgate.audit.verify import Report
from lockgate.cli.main import main
from lockgate.config import Settings, load
from lockgate.errors import Unavailable
from lockgate.storage.threads import Looks
from lockgate.wiring import signing
from lockgate.wiring.signing import Signing


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The smallest configuration, with a log of five records."""
    (tmp_path / "lockgate.toml").write_text('data = "data"\n')
    found = load(tmp_path / "lockgate.toml")
    asyncio.run(put(found, 0))
    return found


async def put(settings: Settings, number: int) -> None:
    log = signing.open_log(settings)
    await log.append(request(number))
    await log.close()


def check(settings: Settings) -> Report:
    """Verify with the first public key, which stays beside the private one."""
    reader = AuditReader.open(settings.data / "audit.db")
    try:
        return reader.verify(read_public_key(settings.data / "keys" / "audit.pem.pub"))
    finally:
        reader.close()


def names(settings: Settings) -> list[str]:
    return sorted(one.name for one in (settings.data / "keys").iterdir())


def test_the_command_rotates_where_nothing_runs(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(settings.file)
    old = (settings.data / "keys" / "audit.pem").read_bytes()
    for number in range(1, 4):
        assert main(["audit", "rotate-key", "--config", config]) == 0
        vkey = capsys.readouterr().out.splitlines()[-1]
        assert main(["audit", "public-key", "--newest", "--config", config]) == 0
        assert capsys.readouterr().out.strip() == vkey
        asyncio.run(put(settings, number))
    assert main(["audit", "public-key", "--config", config]) == 0
    assert capsys.readouterr().out.strip() != vkey
    assert main(["audit", "verify", "--config", config]) == 0
    assert "replaced 3 times" in capsys.readouterr().out
    assert names(settings) == ["audit.pem", "audit.pem.pub"]
    assert (settings.data / "keys" / "audit.pem").read_bytes() != old
    assert (settings.data / "keys" / "audit.pem").stat().st_mode & 0o777 == 0o600
    reader = AuditReader.open(settings.data / "audit.db")
    [record, *_] = [one.record for one in reader.search(subject="system:audit-key")]
    assert dict(record.facts)["requested_by"]
    reader.close()


def test_a_running_gateway_rotates_when_it_is_asked_and_loses_no_record(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        log = signing.open_log(settings)
        reader = AuditReader.open(log.path)
        watcher = asyncio.create_task(Signing(settings, log, reader, SystemClock()).watch(Looks()))
        before = log.verifier
        command = ["audit", "rotate-key", "--config", str(settings.file)]
        asked = asyncio.create_task(asyncio.to_thread(main, command))
        number = 1
        while not asked.done():
            await log.append(request(number))
            number += 1
            await asyncio.sleep(0.01)
        assert await asked == 0
        await log.append(request(number))
        assert log.verifier != before
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        reader.close()
        await log.close()
        assert check(settings).size == (number + 1) * 5 + 1

    asyncio.run(run())
    assert check(settings).ok
    assert names(settings) == ["audit.pem", "audit.pem.pub"]
    assert "it is asked to rotate" in capsys.readouterr().err


def test_a_gateway_that_does_not_answer_is_not_asked_any_more(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    log = signing.open_log(settings)
    assert main(["audit", "rotate-key", "--config", str(settings.file), "--wait", "0"]) != 0
    assert "has not made a new key" in capsys.readouterr().err
    assert not signing.waits(settings.data)
    asyncio.run(log.close())


def test_a_request_is_carried_out_once(settings: Settings) -> None:
    """Killed after the rotation and before the request was taken away, the next start finds it again."""

    async def run() -> None:
        log = signing.open_log(settings)
        reader = AuditReader.open(log.path)
        keys = Signing(settings, log, reader, SystemClock())
        assert await keys.rotate("rotate-1", "operator")
        first = log.verifier
        assert not await keys.rotate("rotate-1", "operator")
        assert log.verifier is first or log.verifier.vkey == first.vkey
        assert names(settings) == ["audit.pem", "audit.pem.pub"]
        reader.close()
        await log.close()

    asyncio.run(run())


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\n", b"rotate-" + b"x" * 5000, b"../../etc a\x1b[31mb\n"])
def test_whatever_a_request_says_it_is_a_request(settings: Settings, text: bytes) -> None:
    (settings.data / "keys" / "audit.pem.rotate").write_bytes(text)
    asked = signing._asked(settings.data)
    assert asked
    assert asked[0].startswith("rotate-")
    assert all(len(one) <= 100 and one.isprintable() for one in asked)


def test_a_key_that_is_lost_is_not_replaced_by_a_new_one_unseen(settings: Settings) -> None:
    """The procedure for that is in the guide: a new log, and the old one kept with a checkpoint."""
    for one in (settings.data / "keys").iterdir():
        one.unlink()
    with pytest.raises(Unavailable, match="not signed by this key"):
        signing.open_log(settings)
    (settings.data / "audit.db").rename(settings.data.parent / "before.db")
    (settings.data / "audit.db-wal").unlink(missing_ok=True)
    asyncio.run(put(settings, 1))
    assert check(settings).ok


def test_the_old_key_is_overwritten_before_its_file_goes(tmp_path: Path) -> None:
    path = tmp_path / "audit.pem"
    audit_key.load_or_create(path, "log")
    audit_key.prepare(path, "log")
    seen = tmp_path / "seen"
    seen.hardlink_to(path)
    audit_key.promote(path)
    assert not seen.read_bytes().strip(b"\0")
    new = path.read_bytes()
    (tmp_path / "audit.pem.replaced").hardlink_to(path)  # killed right after that step, and the new file gone
    audit_key.promote(path)
    assert path.read_bytes() == new


STEPS = """
import asyncio, os, sys
from pathlib import Path
from lockgate.adapters.clock import SystemClock
from lockgate.config import load
from lockgate.wiring import signing

left = int(sys.argv[2])

def dies(event, args):
    global left
    if event in ("os.link", "os.rename", "os.remove") or (event == "open" and "audit.pem" in str(args[0])):
        left -= 1
        if left < 0:
            os._exit(9)

settings = load(Path(sys.argv[1]))
sys.addaudithook(dies)
asyncio.run(signing.rotate_here(settings, SystemClock(), "operator"))
"""


def test_a_kill_at_every_step_leaves_one_key_and_a_log_that_verifies(settings: Settings) -> None:
    killed, number = 0, 1
    while True:
        command = [sys.executable, "-c", STEPS, str(settings.file), str(killed)]
        done = subprocess.run(command, env=ENV, capture_output=True, text=True)
        asyncio.run(put(settings, number))
        report = check(settings)
        assert report.ok, (killed, report.faults)
        assert "audit.pem.replaced" not in names(settings)
        number += 1
        if done.returncode == 0:
            break
        assert done.returncode == 9, done.stderr
        killed += 1
    assert killed > 6
    assert names(settings) == ["audit.pem", "audit.pem.pub"]
    asyncio.run(signing.rotate_here(settings, SystemClock(), "operator"))
    assert check(settings).ok
