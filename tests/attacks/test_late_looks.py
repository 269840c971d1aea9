"""A disk that does not answer, or a watcher that died, would leave rights in force that have ended (I5)."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from attacks.http import chat, send
from e2e.lab import DIRECTORY, Lab, in_thread, opened, plant
from journeys.places import Words
from lockgate.journeys.chat import Ask
from lockgate.journeys.conversation import Turn

CLOSED = DIRECTORY.replace("[people.staff]\n", "[people.staff]\nactive = false\n")


@contextmanager
def lab_of(folder: Path, stale: float) -> Iterator[Lab]:
    plant(folder)
    with in_thread(lambda: opened(folder, Words())) as lab:
        lab.lockgate.background.looks.stale = stale
        yield lab


def ask(lab: Lab, path: str = "/v1/chat/completions") -> int:
    body = {"query": "gifts"} if path == "/v1/retrieve" else chat("Which gifts may be accepted?")
    return send(lab.url, "POST", path, body, token=lab.token("staff")).status


def until(lab: Lab, wanted: int, seconds: float = 6.0) -> int:
    """Ask until the status is as wanted, or for so long; return the last one."""
    pause, status = threading.Event(), 0
    for _ in range(int(seconds / 0.1)):
        status = ask(lab)
        if status == wanted:
            break
        pause.wait(0.1)
    return status


@pytest.mark.parametrize("what", ["directory", "policies"])
def test_nobody_comes_in_while_what_was_withdrawn_is_not_known(tmp_path: Path, what: str) -> None:
    """Its disk hangs, and the account is closed meanwhile: the old rights count for so long and no longer."""
    with lab_of(tmp_path, 1.0) as lab:
        assert ask(lab) == 200
        free = threading.Event()
        looking: Any = lab.directory if what == "directory" else lab.lockgate.policies
        name = "refresh" if what == "directory" else "look"
        real = getattr(looking, name)

        def hang() -> Any:
            free.wait(20)
            return real()

        setattr(looking, name, hang)
        (tmp_path / "directory.toml").write_text(CLOSED)
        try:
            assert until(lab, 503) == 503
            assert ask(lab, "/v1/retrieve") == 503
            ready = send(lab.url, "GET", "/readyz")
            assert (ready.status, ready.json["parts"]["changes"]) == (503, "failed")
        finally:
            free.set()
        assert until(lab, 401) == 401, "the disk is back, and the account is closed"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/retrieve"])
def test_a_late_look_is_waited_for(tmp_path: Path, path: str) -> None:
    """A machine that is short of time answers late, and not by rights that have ended."""
    with lab_of(tmp_path, 20.0) as lab, ThreadPoolExecutor(1) as threads:
        assert ask(lab, path) == 200
        free, real = threading.Event(), lab.directory.refresh

        def hang() -> bool:
            free.wait(20)
            return real()

        lab.directory.refresh = hang  # type: ignore[method-assign]  # a disk that is slow
        (tmp_path / "directory.toml").write_text(CLOSED)
        lab.run(asyncio.sleep(1.5))
        asked = threads.submit(ask, lab, path)
        with pytest.raises(TimeoutError):
            asked.result(1.0)
        free.set()
        assert asked.result(10) == 401


def test_the_first_look_that_sees_a_change_does_not_make_old_rights_new(tmp_path: Path) -> None:
    """It only waits for it to keep still. On a machine without time, a person whose account had been closed for
    seconds came in, on a look that had ended just now."""
    with lab_of(tmp_path, 20.0) as lab:
        assert ask(lab) == 200
        looking: Any = lab.directory
        real, pause, slow = looking._look, threading.Event(), [2]

        def look(before: Any) -> Any:
            seen = real(before)
            if (tmp_path / "changed").exists() and slow[0]:
                slow[0] -= 1
                pause.wait(2.5)
            return seen

        looking._look = look
        (tmp_path / "new.toml").write_text(CLOSED)
        (tmp_path / "new.toml").replace(tmp_path / "directory.toml")
        (tmp_path / "changed").touch()
        changed, told = time.monotonic(), [0]
        late = []
        while time.monotonic() - changed < 9.0 and told[-1] != 401:
            told.append(ask(lab))
            if time.monotonic() - changed > 1.75:
                late.append(told[-1])
        assert told[-1] == 401
        assert 200 not in late


@pytest.mark.parametrize("door", ["/v1/retrieve", "/mcp"])
def test_what_was_long_in_making_leaves_for_whom_it_was_made(tmp_path: Path, door: str) -> None:
    """Who asked leaves the group while the passages are looked for."""
    with lab_of(tmp_path, 20.0) as lab, ThreadPoolExecutor(1) as threads:
        embedder: Any = lab.lockgate.chat.retrieve.embedder
        real, began = embedder.embed, threading.Event()

        async def slow(texts: Any) -> Any:
            began.set()
            await asyncio.sleep(3.0)
            return await real(texts)

        embedder.embed = slow
        asked = threads.submit(_send, lab, door)
        assert began.wait(10)
        (tmp_path / "new.toml").write_text(CLOSED)
        (tmp_path / "new.toml").replace(tmp_path / "directory.toml")
        response = asked.result(20)
        assert response.status in (401, 403) or "error" in response.json, response.json


def _send(lab: Lab, door: str) -> Any:
    body: dict[str, Any] = {"query": "gifts"}
    if door == "/mcp":
        call = {"name": "search", "arguments": {"query": "gifts"}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    accept = {"Accept": "application/json, text/event-stream"}
    return send(lab.url, "POST", door, body, token=lab.token("staff"), headers=accept)


def test_a_running_answer_stops(tmp_path: Path) -> None:
    with lab_of(tmp_path, 10.0) as lab:
        looks = lab.lockgate.background.looks
        ready = lab.run(_ready(lab))
        assert lab.run(lab.lockgate.release.standing.lost(ready)) is None
        looks.stale = -1.0
        assert lab.run(lab.lockgate.release.standing.lost(ready)) is not None


async def _ready(lab: Lab) -> Any:
    asked = Ask("assistant", (Turn("user", "Which gifts may be accepted?"),))
    return await lab.lockgate.chat.prepare(lab.token("staff"), asked, "req_late")


def test_a_watcher_that_dies_begins_again(tmp_path: Path) -> None:
    with lab_of(tmp_path, 10.0) as lab:
        assert ask(lab) == 200
        real, died = lab.directory.refresh, threading.Event()

        def die() -> bool:
            if not died.is_set():
                died.set()
                raise MemoryError
            return real()

        lab.directory.refresh = die  # type: ignore[method-assign]  # as if the file had been too much, once
        (tmp_path / "directory.toml").write_text(CLOSED)
        assert until(lab, 401) == 401
        assert died.is_set()


def test_a_pipe_in_place_of_the_directory_stops_no_look(tmp_path: Path) -> None:
    """To open it waits for somebody who writes: nothing would be looked at any more."""
    with lab_of(tmp_path, 10.0) as lab:
        assert ask(lab) == 200
        path = tmp_path / "directory.toml"
        path.unlink()
        os.mkfifo(path)
        lab.run(asyncio.sleep(1.0))
        (tmp_path / "new.toml").write_text(CLOSED)
        (tmp_path / "new.toml").replace(path)
        assert until(lab, 401) == 401
