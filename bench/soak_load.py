"""The load of the soak: everybody at every door, and a checker of each byte that comes back."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench.soak_world import COLLECTION, PEOPLE, Doc, World

SECRET: Final = re.compile(r"\bzq[a-z]{10}\b")
DOCUMENT: Final = re.compile(r"\bd_[0-9a-f]{24}\b")
OPENINGS: Final = ("About", "Status of", "News of")
"""Short: five words in a row that an answer has repeated would give every later question that answer's label."""
SETTLED: Final = 12.0
"""Seconds that a right must have stood before it is held against the gateway that something was not found."""
APIS: Final = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "completions": "/v1/completions",
}
DOORS: Final = (
    *[(name, 3 if name == "chat" else 1) for name in APIS],
    *[(f"{name} streamed", 4 if name == "chat" else 1) for name in APIS],
    *[("retrieve", 3), ("mcp search", 2), ("mcp fetch", 2), ("authzen", 2), ("document", 2), ("models", 1)],
    *[("hangs up", 2), ("expired", 1), ("talks on", 2)],
)


@dataclass(frozen=True)
class Asked:
    """An exchange whose records must stand in the log."""

    request_id: str
    door: str
    status: int
    time: float


@dataclass
class Tally:
    """What was seen: everything that the verdict rests on."""

    requests: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    beyond: int = 0
    checked: int = 0
    found: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def violate(self, what: str) -> None:
        self.violations.append(what)


def _ask(api: str, model: str, text: str, stream: bool) -> dict[str, Any]:
    match api:
        case "chat":
            body: dict[str, Any] = {"messages": [{"role": "user", "content": text}]}
        case "responses":
            body = {"input": [{"role": "user", "content": text}]}
        case "messages":
            body = {"max_tokens": 1024, "messages": [{"role": "user", "content": text}]}
        case _:
            body = {"prompt": text}
    return {"model": model, **body} | ({"stream": True} if stream else {})


def _delta(event: Any) -> str:
    """Return the text of one event of any API's stream."""
    if not isinstance(event, dict):
        return ""
    if choices := event.get("choices"):
        return str(choices[0].get("delta", {}).get("content") or choices[0].get("text") or "")
    delta = event.get("delta")
    if isinstance(delta, dict):
        return str(delta.get("text") or "")
    return delta if isinstance(delta, str) else ""


@dataclass
class Load:
    """Asks, reads and checks. `mint` returns a token of a person for so many seconds."""

    url: str
    world: World
    rng: random.Random
    session: aiohttp.ClientSession
    mint: Callable[[str, float], str]
    service: str
    grace: float
    tally: Tally = field(default_factory=Tally)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    lags: list[tuple[float, float]] = field(default_factory=list)
    running: int = 0

    # ------------------------------------------------------------------ the checker

    def slack(self, at: float) -> float:
        """Return what the machine itself was late by around that time: our loop, a durable write, `/healthz`."""
        return max((lag for when, lag in self.lags if when > at - 5), default=0.0)

    def late_by(self, lag: float) -> None:
        """Note what the machine was late by just now."""
        now = time.monotonic()
        self.lags = [one for one in self.lags if one[0] > now - 10] + [(now, lag)]

    def check(self, who: str, door: str, text: str, start: float, own: frozenset[str] = frozenset()) -> set[str]:
        """Check what has just arrived; `own` is what the person sent. Returns the secrets in it."""
        now = time.monotonic()
        seen = set(SECRET.findall(text)) - own
        docs = {s: self.world.secrets.get(s) for s in seen}
        docs |= {i: self.world.by_id.get(i) for i in set(DOCUMENT.findall(text)) - own}
        for name, doc in docs.items():
            self.tally.checked += 1
            if doc is None:
                self.tally.violate(f"{door}: `{name}` is of no document of this world")
            elif not self.world.ever(who, doc, now, now):
                late = self.world.since(who, doc, now)
                slack = self.grace + self.slack(now)
                self.tally.beyond += late > self.grace
                self.tally.late.append(min(late, 999.0))
                if late > slack:
                    took, when = now - start, f"{datetime.now(UTC):%H:%M:%S.%f}"
                    self.tally.violate(
                        f"{door}: {who} was shown {doc.item} {late:.2f} s after the right ended "
                        f"(allowed {slack:.2f}; the request began {took:.2f} s ago; {when})"
                    )
        return seen

    def expect(self, who: str, doc: Doc, door: str, seen: bool, start: float) -> None:
        """Count whether somebody found what they could read for long."""
        if self.world.always(who, doc, start - SETTLED, time.monotonic()):
            self.tally.found += seen
            if not seen:
                self.tally.missed[door] += 1
                self.tally.misses = [*self.tally.misses[-49:], f"{door}: {who} did not find {doc.item}"]

    def done(self, door: str, start: float, response: aiohttp.ClientResponse) -> None:
        status = response.status
        name = response.headers.get("lockgate-request-id", "")
        self.tally.requests[f"{door} {status}"] += 1
        if status >= 500 and status != 503 and status != 502 and status != 504:
            self.tally.violate(f"{door}: status {status}")
        if name:
            self.tally.asked.append(Asked(name, door, status, time.monotonic()))
        elif status != 404:
            self.tally.violate(f"{door}: status {status} without a request id")

    def timed(self, door: str, start: float) -> None:
        self.tally.times.setdefault(door, []).append((time.monotonic() - start) * 1000)

    # ------------------------------------------------------------------ asking

    def token(self, who: str) -> str:
        """Return a token that lives some seconds; a used one is taken until it is nearly over."""
        held, until = self.tokens.get(who, ("", 0.0))
        now = time.monotonic()
        if until < now + 1:
            life = self.rng.uniform(10, 90)
            held, until = self.mint(who, life), now + life
            self.tokens[who] = held, until
        return held

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(who)}", "anthropic-version": "2023-06-01"}

    async def one(self) -> None:
        """Do one thing at a door, as somebody, about a document."""
        names, weights = zip(*DOORS, strict=True)
        door = self.rng.choices(names, weights)[0]
        who = self.rng.choice(PEOPLE)
        doc = self.rng.choice(list(self.world.docs.values()))
        self.running += 1
        try:
            await self._door(door, who, doc)
        except (aiohttp.ClientError, ConnectionError) as error:
            self.tally.requests[f"{door} {type(error).__name__}"] += 1
        except TimeoutError:
            self.tally.violate(f"{door}: no answer within a minute")
        finally:
            self.running -= 1

    async def _door(self, door: str, who: str, doc: Doc) -> None:
        # None of the words of documents but the name: a question that quotes one has its label.
        text = f"{self.rng.choice(OPENINGS)} {doc.topic}?"
        api, _, streamed = door.partition(" ")
        if api in APIS:
            model = self.rng.choice(("quotes", "first", "second"))
            if streamed:
                await self._stream(door, api, who, doc, _ask(api, model, text, True))
            else:
                await self._plain(door, "POST", APIS[api], who, doc, _ask(api, model, text, False))
            return
        match door:
            case "retrieve":
                await self._plain(door, "POST", "/v1/retrieve", who, doc, {"query": text})
            case "mcp search" | "mcp fetch":
                tool = door.removeprefix("mcp ")
                call = {"name": tool, "arguments": {"query": text} if tool == "search" else {"id": doc.id}}
                message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
                await self._plain(door, "POST", "/mcp", who, doc, message)
            case "document":
                await self._plain(door, "GET", f"/v1/documents/{doc.id}", who, doc, None)
            case "models":
                await self._plain(door, "GET", "/v1/models", who, doc, None)
            case "authzen":
                await self._authzen(who, doc)
            case "expired":
                await self._expired(who)
            case "talks on":
                await self._talk(who, doc, text)
            case _:
                await self._stream("hangs up", "chat", who, doc, _ask("chat", "first", text, True), hang_up=True)

    async def _plain(
        self, door: str, method: str, path: str, who: str, doc: Doc, body: Any, own: frozenset[str] = frozenset()
    ) -> str:
        start = time.monotonic()
        off = body is not None and body.get("model") == "second" and not self._ever_on(start)
        async with self.session.request(
            method, self.url + path, json=body, headers=self._headers(who)
        ) as response:
            text = await response.text(errors="replace")
        refused = path == "/mcp" and '"isError":false' not in text
        self.done(f"{door} refused" if refused else door, start, response)
        if response.status != 200 or refused:
            # An id that was asked for may stand in the refusal; nothing else of a document may.
            self.check(who, door, text, start, own | {doc.id})
            return ""
        self.timed(door, start)
        if off and not self.world.second.now:
            self.tally.violate(f"{door}: answered by a model that is switched off")
        seen = self.check(who, door, text, start, own)
        model = body.get("model") if body else ""
        if door != "models" and model in (None, "", "first") and not own:
            self.expect(who, doc, door, doc.secret in seen, start)
        return text

    def _ever_on(self, now: float) -> bool:
        line = self.world.second
        first = now - self.grace - self.slack(now)
        return any(line.at(t) for t in [first, now, *line.between(first, now)])

    async def _stream(self, door: str, api: str, who: str, doc: Doc, body: Any, *, hang_up: bool = False) -> None:
        start, said, raw = time.monotonic(), "", b""
        seen: set[str] = set()
        headers, until = self._headers(who), self.tokens[who][1]
        async with self.session.post(self.url + APIS[api], json=body, headers=headers) as response:
            self.done(door, start, response)
            first = True
            async for chunk in response.content.iter_any():
                if first and response.status == 200:
                    self.timed(door, start)
                    first = False
                raw += chunk
                *lines, raw = raw.split(b"\n")
                new = "".join(_delta(_parsed(line)) for line in lines if line.startswith(b"data: {"))
                known = max(0, len(said) - 40)
                said += new
                now = time.monotonic()
                if new and not new.startswith("[") and now > until + self.grace + self.slack(now):
                    self.tally.violate(f"{door}: went on {now - until:.2f} s after the token had expired")
                seen |= self.check(who, door, said[known:] if new else "", start, frozenset(seen))
                self.check(who, door, chunk.decode(errors="replace"), start, frozenset(seen))
                if hang_up and said:
                    response.close()
                    return

    async def _talk(self, who: str, doc: Doc, text: str) -> None:
        """Ask, and go on with what came back as history."""
        body = _ask("chat", "quotes", text, False)
        answer = await self._plain("talks on", "POST", APIS["chat"], who, doc, body)
        if not answer:
            return
        said = json.loads(answer)["choices"][0]["message"]["content"] or "Nothing."
        own = frozenset(SECRET.findall(said)) | {"history"}
        body["messages"] += [{"role": "assistant", "content": said}, {"role": "user", "content": "And the plan?"}]
        await self._plain("talks on", "POST", APIS["chat"], who, doc, body, own)

    async def _authzen(self, who: str, doc: Doc) -> None:
        start = time.monotonic()
        body = {
            "subject": {"type": "user", "id": who},
            "action": {"name": "read"},
            "resource": {"type": "document", "id": f"{COLLECTION}/{doc.item}"},
            "context": {"use": self.rng.choice(("open", "ai"))},
        }
        headers = {"Authorization": f"Bearer {self.service}"}
        async with self.session.post(self.url + "/access/v1/evaluation", json=body, headers=headers) as response:
            told = await response.json()
        self.done("authzen", start, response)
        if response.status != 200:
            return
        self.timed("authzen", start)
        now = time.monotonic()
        if told.get("decision") is True and not self.world.ever(who, doc, now - self.grace - self.slack(now), now):
            self.tally.violate(f"authzen: permits {who} to read {doc.item}")
        self.expect(who, doc, "authzen", told.get("decision") is True, start)

    async def _expired(self, who: str) -> None:
        start = time.monotonic()
        headers = {"Authorization": f"Bearer {self.mint(who, -self.rng.uniform(1.5, 30))}"}
        path = self.rng.choice(("/v1/retrieve", "/mcp", "/v1/chat/completions"))
        async with self.session.post(self.url + path, json={}, headers=headers) as response:
            await response.read()
        self.done("expired", start, response)
        if response.status != 401:
            self.tally.violate(f"expired: an expired token got status {response.status} at {path}")

    async def forget(self, doc: Doc) -> bool:
        """Have a document forgotten by its owner."""
        start = time.monotonic()
        url, headers = f"{self.url}/v1/documents/{doc.id}/forget", self._headers("owner")
        async with self.session.post(url, json={}, headers=headers) as response:
            told = await response.json()
        self.done("forget", start, response)
        if response.status == 200 and not told["proven"]:
            self.tally.violate(f"forget: {doc.item} is not proven to be gone: {json.dumps(told['remains'])[:200]}")
        return response.status == 200


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line[6:])
    except ValueError:
        return None


async def beat(load: Load, folder: Path, every: float = 0.2) -> None:
    """Keep what the machine costs by itself: the lag of our own loop, a durable write, and `/healthz`."""
    turn = 0
    while True:
        before = time.monotonic()
        await asyncio.sleep(every)
        load.late_by(time.monotonic() - before - every)
        turn += 1
        if turn % 5 == 0:
            start = time.monotonic()
            await asyncio.to_thread(_durable, folder / "beat")
            load.late_by(time.monotonic() - start)
            start = time.monotonic()
            try:
                async with load.session.get(load.url + "/healthz") as response:
                    await response.read()
                load.timed("healthz", start)
                load.late_by(time.monotonic() - start)
            except aiohttp.ClientError:
                load.tally.violate("healthz: no answer")


def _durable(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"x")
        file.flush()
        os.fsync(file.fileno())
