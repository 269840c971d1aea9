"""The model server of the soak: it says what it was sent, slowly, and fails in every way now and then."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web

FAILURES = ("refuses", "cuts", "garbage", "stalls", "empty")


def _said(body: dict[str, Any]) -> str:
    """Return everything that was sent: the worst that a model can do with a prompt."""
    return "\n".join(str(message.get("content") or "") for message in body["messages"]) + "\nThat is all. "


class Upstream:
    """Behaves at random; `failing` is the share of answers that go wrong."""

    def __init__(self, rng: random.Random, failing: float = 0.04) -> None:
        self.rng, self.failing, self.port = rng, failing, 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        how = self.rng.choice(FAILURES) if self.rng.random() < self.failing else ""
        if how == "refuses":
            return web.json_response({"error": {"message": "overloaded"}}, status=self.rng.choice((429, 500, 503)))
        text = "" if how == "empty" else _said(body)
        if not body.get("stream"):
            if how:
                return web.Response(body=b"\xff\x00{", content_type="application/json")
            message = {"role": "assistant", "content": text}
            usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response({"id": "1", "model": "m", "choices": [choice], "usage": usage})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        with suppress(ConnectionError):
            await self._stream(request, response, text, how)
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse, text: str, how: str) -> None:
        # One in six goes on for some seconds, so that rights are taken away in its middle.
        pause = self.rng.uniform(0.05, 0.3) if self.rng.random() < 1 / 6 else 0.0
        size = self.rng.choice((40, 120, 400))
        parts = [text[at : at + size] for at in range(0, len(text), size)]
        for number, part in enumerate(parts):
            if how and number == len(parts) // 2:
                if how == "garbage":
                    await response.write(b"data: {nonsense\xff\n\n")
                elif how == "stalls":
                    await asyncio.sleep(6)
                if request.transport is not None:
                    request.transport.abort()
                return
            await self._event(response, {"choices": [{"index": 0, "delta": {"content": part}}]})
            if pause:
                await asyncio.sleep(pause)
        await self._event(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        await response.write(b"data: [DONE]\n\n")

    @staticmethod
    async def _event(response: web.StreamResponse, value: Any) -> None:
        await response.write(b"data: " + json.dumps(value).encode() + b"\n\n")


@asynccontextmanager
async def serving(rng: random.Random) -> AsyncIterator[Upstream]:
    """Serve on a free port of this machine."""
    made = Upstream(rng)
    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/v1/chat/completions", made.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()
