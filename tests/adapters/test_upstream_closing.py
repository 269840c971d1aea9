"""A client that is closed while somebody begins: settings change at any moment."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from adapters.test_models_upstream import DONE, ask, chunk, collect, streaming, upstream


async def test_who_begins_while_it_closes_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing takes a while; whoever came in it got a closed session, which is a defect of ours and no outage."""
    closing, go_on = asyncio.Event(), asyncio.Event()
    real = aiohttp.ClientSession.close

    async def slowly(session: aiohttp.ClientSession) -> None:
        await real(session)
        closing.set()
        await go_on.wait()

    handler = streaming(chunk("Yes."), chunk(finish="stop"), DONE)
    async with upstream(handler) as model:
        assert "".join(piece.text for piece in await collect(model, ask())) == "Yes."
        with monkeypatch.context() as patched:
            patched.setattr(aiohttp.ClientSession, "close", slowly)
            task = asyncio.create_task(model.close())
            await closing.wait()
        assert "".join(piece.text for piece in await collect(model, ask())) == "Yes."
        go_on.set()
        await task
