"""Each part fails in turn under load (WP-26): nothing flows unrecorded, errors are typed, and it recovers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2e.lab import DIRECTORY, plant
from e2e.upstream import Upstream, parrot
from edge.apis import APIS
from faults.harness import Gateway, Got, gateway, kinds, said, whole
from lockgate.audit.record import Kind

pytestmark = pytest.mark.slow
API = {api.name: api for api in APIS}
QUESTIONS = ("What is the base salary of Goran Ilic?", "Up to what value may I accept gifts from suppliers?")
SECRET = "61,387"
PEOPLE = ("hr", "staff", "owner")


@dataclass
class Seen:
    """What the load got: door, who, when it was asked, and what came."""

    got: list[tuple[str, str, float, Got]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def since(self, start: float) -> list[tuple[str, Got]]:
        with self.lock:
            return [(door, got) for door, _, asked, got in self.got if asked >= start]


def _ask(one: Gateway, turn: int, who: str) -> tuple[str, Got]:
    text = QUESTIONS[turn % 2]
    door = ("chat", "chat streamed", "messages streamed", "retrieve", "mcp")[turn % 5]
    if door == "retrieve":
        return door, one.send("/v1/retrieve", {"query": text}, who)
    if door == "mcp":
        call = {"name": "search", "arguments": {"query": text}}
        return door, one.send("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}, who)
    api, _, streamed = door.partition(" ")
    body = API[api].ask("told", [("user", text)]) | ({"stream": True} | API[api].more if streamed else {})
    return door, one.send(API[api].path, body, who, API[api].headers)


@contextmanager
def load(one: Gateway, callers: int = 4) -> Iterator[Seen]:
    """Ask all the time, from several threads, while the block runs."""
    seen, stop = Seen(), threading.Event()

    def caller(number: int) -> None:
        turn = number
        while not stop.is_set():
            who, asked = PEOPLE[turn % 3], time.monotonic()
            door, got = _ask(one, turn, who)
            with seen.lock:
                seen.got.append((door, who, asked, got))
            turn += callers + 1
            time.sleep(0.01)

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("load")
    plant(made)
    return made


@pytest.fixture(scope="module")
def running(server: Upstream, folder: Path) -> Iterator[Gateway]:
    with gateway(folder, server.base_url("parrot")) as one:
        yield one


def flows(got: Got, door: str) -> bool:
    """Tell whether something of documents or of a model came."""
    if got.status != 200 or not got.raw:
        return False
    if door == "mcp":
        return '"isError":false' in got.raw
    if "streamed" in door:
        return bool(said(API[door.split()[0]], got, True).strip())
    return True


def check(folder: Path, seen: Seen) -> None:
    """Assert what must hold for everything that came, whatever failed."""
    for door, who, _, got in seen.got:
        if SECRET in got.raw:
            assert who == "hr", (door, who)
        if got.status >= 400:
            assert "Traceback" not in got.raw
            assert json.loads(got.raw), (door, got.status)
            assert got.status in (401, 403, 429, 500, 503), (door, got.status, got.raw)
        if flows(got, door):
            found = kinds(folder, got.request_id)
            assert Kind.DECISION in found, (door, got)
            if door.split()[0] in API:
                assert found.count(Kind.ANSWER) == 1, (door, got.raw[-300:])
                ended = not got.broken and (
                    "streamed" not in door or "[DONE]" in got.raw or "message_stop" in got.raw
                )
                assert found.count(Kind.OUTCOME) == 1 or not ended, (door, got.raw[-300:])
                assert ended or "error" in got.raw or got.broken, (door, got.raw[-300:])


def until(seen: Seen, start: float, done: Callable[[list[tuple[str, Got]]], bool], seconds: float = 15) -> None:
    """Wait for what is asked from now on."""
    deadline = time.monotonic() + seconds
    while not done(seen.since(start)):
        assert time.monotonic() < deadline, [(d, g.status, g.raw[:200]) for d, g in seen.since(start)][-5:]
        time.sleep(0.05)


def flowing(found: list[tuple[str, Got]]) -> bool:
    return sum(flows(got, door) for door, got in found) >= 6


FAULTS = {
    "disk full": ("enough again", {503}),
    "policies broken": ("policies mended", {403, 500, 503}),
    "clock ahead": ("clock right", {401}),
    "clock behind": ("clock right", {401}),
    "embedder dead": ("embedder back", {503}),
}
"""What closes everything, what heals it, and how it is told."""


@pytest.mark.parametrize("fault", FAULTS)
def test_what_decides_or_records_fails_and_nothing_flows(running: Gateway, folder: Path, fault: str) -> None:
    heal, told = FAULTS[fault]
    with load(running) as seen:
        until(seen, 0, flowing)
        running.fault(fault)
        broken = time.monotonic()
        until(seen, broken, lambda found: len(found) >= 12)
        during = seen.since(broken)
        running.fault(heal)
        until(seen, time.monotonic(), flowing)
    assert not [got for door, got in during if flows(got, door)], fault
    plain = {got.status for door, got in during if door in ("chat", "retrieve")}
    assert plain <= told, plain
    check(folder, seen)
    whole(folder)


@pytest.mark.parametrize("fault", ["no handles", "no memory", "issuer down"])
def test_what_runs_short_goes_on_or_says_so(running: Gateway, folder: Path, fault: str) -> None:
    heal = "issuer back" if fault == "issuer down" else "enough again"
    with load(running) as seen:
        until(seen, 0, flowing)
        running.fault(fault)
        time.sleep(1)
        running.fault(heal)
        until(seen, time.monotonic(), flowing, 30)
    check(folder, seen)
    whole(folder)


def test_a_model_server_that_dies(running: Gateway, folder: Path, server: Upstream) -> None:
    """Cut in the middle of an answer, again and again."""

    async def dies(stream) -> None:
        await stream.say("Gifts are accepted up to 35 EUR per ")
        stream.cut()

    with load(running) as seen:
        until(seen, 0, flowing)
        server.behave = dies
        broken = time.monotonic()
        until(seen, broken, lambda found: sum(d.startswith("chat") for d, _ in found) >= 6)
        server.behave = parrot
        until(seen, time.monotonic(), flowing)
    check(folder, seen)


NONSENSE = {
    "directory.toml": (b"people = [[[", b"\xff\xfe\x00", b""),
    "lockgate.toml": (b"mode = ", b"\x00" * 100, b""),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_a_file_that_binds_is_nonsense_or_gone(running: Gateway, folder: Path, name: str) -> None:
    """What was in force stays in force: nobody gains a right, and what flows is decided and recorded as before."""
    path = folder / name
    held = path.read_bytes()
    with load(running) as seen:
        until(seen, 0, flowing)
        for nonsense in NONSENSE[name]:
            path.write_bytes(nonsense)
            time.sleep(0.7)
        path.unlink()
        time.sleep(0.7)
        gone = time.monotonic()
        until(seen, gone, lambda found: len(found) >= 8)
        path.write_bytes(held)
        until(seen, time.monotonic(), flowing)
    assert held == path.read_bytes()
    assert name != "directory.toml" or held.decode() == DIRECTORY
    check(folder, seen)
