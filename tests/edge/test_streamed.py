"""An answer ends with its response: also where the reader hung up before the first frame, or takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from lockgate.edge.answering import Streamed
from lockgate.ports import Piece


@pytest.mark.parametrize("version", ["2.3", "2.4"])
@pytest.mark.parametrize("frames_sent", [0, 1, 2])
async def test_who_hangs_up_ends_the_answer_at_once(version: str, frames_sent: int) -> None:
    ended: list[str] = []

    async def pieces() -> AsyncGenerator[Piece]:
        try:
            for number in range(5):
                yield Piece(text=str(number))
        finally:
            await asyncio.sleep(0)  # the record of the end is written, which takes a while
            ended.append("recorded")

    answer = pieces()
    await anext(answer)

    async def frames() -> AsyncGenerator[bytes]:
        async with aclosing(answer):
            yield b"0"
            async for piece in answer:
                yield piece.text.encode()

    sent: list[Any] = []
    gone = asyncio.Event()

    async def send(message: Any) -> None:
        if len(sent) > frames_sent:
            gone.set()
            if version == "2.4":
                raise OSError
            await asyncio.sleep(60)  # the reader takes nothing
        sent.append(message)

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    streamed = frames()  # held here, so that no garbage collector can end it
    with suppress(ClientDisconnect):
        await Streamed(streamed, answer, {})({"type": "http", "asgi": {"spec_version": version}}, receive, send)
    assert ended == ["recorded"]
