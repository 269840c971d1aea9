"""Load on a gateway through several doors, and what must hold for everything that came, whatever failed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge.apis import APIS
from faults.harness import Gateway, Got, kinds, said
from lockgate.audit.record import Kind

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
