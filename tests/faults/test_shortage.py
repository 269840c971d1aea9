"""What runs short or goes away for a while, under load (WP-26): it goes on, or says so, and loses nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from faults import disk
from faults.harness import Gateway, kinds, whole
from faults.load import QUESTIONS, SECRET, check, flowing, flows, load, until
from lockgate.audit.record import Kind

pytestmark = pytest.mark.slow


def defects(folder: Path) -> int:
    """Return how many defects the gateway has logged: what runs short is none."""
    return len(re.findall(r"\bdefect: ", (folder / "child.log").read_text()))


@pytest.mark.parametrize("fault", ["no memory", "little memory", "no handles"])
def test_what_runs_short_is_told_so_and_all_that_flows_is_recorded(
    running: Gateway, folder: Path, fault: str
) -> None:
    before = defects(folder)
    with load(running) as seen:
        until(seen, 0, flowing)
        running.fault(fault)
        broken = time.monotonic()
        time.sleep(1.5)
        running.fault("enough again")
        healed = time.monotonic()
        until(seen, healed, flowing, 30)
    told = Counter(got.status for _, who, asked, got in seen.got if broken <= asked < healed)
    assert set(told) <= {0, 200, 503}, told  # 0: no answer at all
    assert fault != "no memory" or told.total() - told[200] >= 6, told
    check(folder, seen)
    whole(folder)
    assert defects(folder) == before


def test_without_a_handle_left_nothing_of_the_source_flows(running: Gateway, folder: Path) -> None:
    """Nothing can be opened: no connection, no file of the source, whose rights nobody knows then."""
    before = defects(folder)
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=10)

    def ask() -> tuple[int, str, str]:
        head = {"Authorization": f"Bearer {running.tokens['hr']}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/retrieve", json.dumps({"query": QUESTIONS[0]}), head)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers["lockgate-request-id"]

    with closing(connection):
        assert SECRET in ask()[1]
        running.fault("not one handle")
        told = [ask() for _ in range(5)]
        running.fault("enough again")
        assert {status for status, _, _ in told} <= {200, 503}, told
        for status, text, id in told:  # a source that cannot be asked gives nothing
            assert status == 503 or json.loads(text)["data"] == [], text
            assert status == 503 or Kind.DECISION in kinds(folder, id)
        status, text, id = ask()
        assert (status, SECRET in text, Kind.DECISION in kinds(folder, id)) == (200, True, True)
    assert running.send("/v1/retrieve", {"query": QUESTIONS[1]}, "staff").status == 200
    assert defects(folder) == before


def test_a_database_that_cannot_be_read(running: Gateway, folder: Path) -> None:
    """What it has in memory it may answer; what it must read fails in words."""
    if not disk.breakable():
        pytest.skip("the SQLite of this Python does not let its calls be replaced")
    with load(running) as seen:
        until(seen, 0, flowing)
        running.fault("reads fail")
        broken = time.monotonic()
        until(seen, broken, lambda found: len(found) >= 12)
        answers = [
            got.request_id for door, who, _, got in seen.got if (door, who, got.status) == ("chat", "hr", 200)
        ]
        proofs = [running.send(f"/v1/answers/{id}/proof", None, "hr", method="GET") for id in answers]
        assert {one.status for one in proofs} <= {200, 503}
        assert [one for one in proofs if one.status == 503 and "audit log" in one.raw]
        running.fault("disk mended")
        until(seen, time.monotonic(), flowing)
        proofs = [running.send(f"/v1/answers/{id}/proof", None, "hr", method="GET") for id in answers]
        assert {one.status for one in proofs} == {200}
    check(folder, seen)
    whole(folder)


def test_a_provider_that_is_down(running: Gateway, folder: Path) -> None:
    """Its keys are good for an hour; then nobody gets in, and is told why; and all is well when it is back."""
    with load(running) as seen:
        until(seen, 0, flowing)
        running.fault("issuer down")
        running.fault("half an hour later")
        until(seen, time.monotonic(), flowing)
        running.fault("two hours later")
        closed = time.monotonic()
        until(seen, closed, lambda found: len(found) >= 12)
        during = seen.since(closed)
        running.fault("issuer back")
        running.fault("two hours and a minute later")
        until(seen, time.monotonic(), flowing)
        running.fault("clock right")
        until(seen, time.monotonic(), flowing)
    assert not [got for door, got in during if flows(got, door)]
    assert {got.status for _, got in during} == {503}
    assert all("cannot be had" in got.raw for _, got in during)
    check(folder, seen)


def synced(running: Gateway) -> None:
    """Sync, and wait for the end."""
    running.fault("sync begins")
    while running.ask("sync ended") != "done":
        time.sleep(0.05)


def readers_of(pid: int) -> set[int]:
    """Return the processes that read documents for a gateway."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"extraction.worker" in (stat.parent / "cmdline").read_bytes():
                found.add(int(stat.parent.name))
        except (OSError, IndexError):
            continue
    return found


def test_readers_that_are_killed_while_documents_come_in(running: Gateway, folder: Path) -> None:
    """No sync fails, nothing half-read is shown, and the next sync has read what the killed ones had in hand."""
    names = [f"handbook/note-{number}.md" for number in range(12)]
    for number, name in enumerate(names):
        (folder / "share" / name).write_text(f"# Note\n\nThe beacon zephyr{number} is lit at dusk.\n")
    killed: set[int] = set()
    with load(running) as seen:
        until(seen, 0, flowing)
        running.fault("sync begins")
        while running.ask("sync ended") != "done":
            for pid in readers_of(running.process.pid) - killed if len(killed) < 5 else ():
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        until(seen, time.monotonic(), flowing)
        synced(running)
    assert len(killed) == 5
    for number in range(len(names)):
        got = running.send("/v1/retrieve", {"query": f"beacon zephyr{number}"}, "staff")
        assert f"zephyr{number} is lit at dusk" in got.raw, number
    check(folder, seen)
    whole(folder)


def test_a_folder_that_cannot_be_entered(running: Gateway, folder: Path) -> None:
    """Closed at once, and through syncs; open again with the first sync that can enter."""
    shut = folder / "share" / "hr"

    def shows(found: list) -> bool:
        return any(SECRET in got.raw for _, got in found)

    with load(running) as seen:
        until(seen, 0, shows)
        shut.chmod(0)
        try:
            closed = time.monotonic()
            until(seen, closed, lambda found: len(found) >= 12)
            synced(running)
            until(seen, closed, lambda found: len(found) >= 30)
            assert not shows(seen.since(closed))
        finally:
            shut.chmod(0o755)
        synced(running)
        until(seen, time.monotonic(), shows)
    check(folder, seen)
