"""An OpenAI-compatible server that does to the gateway what a test says, and remembers what it was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Behavior = Callable[["Stream"], Awaitable[None]]


@dataclass
class Stream:
    """One response on its way out."""

    request: web.Request
    body: dict[str, Any]
    response: web.StreamResponse

    async def send(self, data: bytes) -> None:
        await self.response.write(data)

    async def event(self, value: Any) -> None:
        await self.send(b"data: " + json.dumps(value).encode() + b"\n\n")

    async def say(self, text: str, **delta: Any) -> None:
        await self.event({"choices": [{"index": 0, "delta": {"content": text, **delta}}]})

    async def end(self, reason: str = "stop", **more: Any) -> None:
        await self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], **more})
        await self.send(b"data: [DONE]\n\n")

    def cut(self) -> None:
        transport = self.request.transport
        if transport is not None:
            transport.abort()


async def good(stream: Stream) -> None:
    await stream.say("All is well. ")
    await stream.end()


async def parrot(stream: Stream) -> None:
    """Say everything that was sent: the worst that a model can do with a prompt."""
    for message in stream.body["messages"]:
        await stream.say(f"{message['content']}\n")
    await stream.end()


async def drip(stream: Stream) -> None:
    """Talk for ten seconds, a sentence every twentieth of a second."""
    for number in range(200):
        await stream.say(f"Sentence number {number} of this answer. ")
        await asyncio.sleep(0.05)
    await stream.end()


@dataclass
class Upstream:
    """The server. `received` holds (name of the model's address, body) in order."""

    port: int = 0
    behave: Behavior = good
    answer: Callable[[], web.Response] | None = None
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def base_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}/v1"

    def texts(self) -> list[tuple[str, str]]:
        """Return each prompt as one text, with the name of the model that it reached."""
        return [(name, "\n".join(m["content"] for m in body["messages"])) for name, body in self.received]

    def reset(self, behave: Behavior = good, answer: Callable[[], web.Response] | None = None) -> None:
        self.behave, self.answer = behave, answer
        self.received.clear()
        self.headers.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.received.append((request.match_info["name"], body))
        self.headers.append(dict(request.headers))
        if self.answer is not None:
            return self.answer()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        with suppress(ConnectionError):
            await self.behave(Stream(request, body, response))
        return response


@asynccontextmanager
async def upstream(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None,
) -> AsyncIterator[Upstream]:
    """Serve on a free port of this machine; `handle` in place of what the behavior says."""
    made = Upstream()
    take = handle or made.handle
    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/{name}/v1/chat/completions", take)
    app.router.add_post("/{name}/v1/embeddings", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()
