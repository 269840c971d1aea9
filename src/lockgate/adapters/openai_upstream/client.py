"""Any OpenAI-compatible server as a `ports.Model`, streamed or whole. Whatever it sends is untrusted input.

Only text comes through. Tool calls, audio, refusals and reasoning are dropped and named in `Piece.dropped`; a
stream that stalls, is cut, floods or is malformed ends in `Unavailable`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

import aiohttp

from lockgate.adapters.openai_upstream.answer import Answer, malformed
from lockgate.adapters.openai_upstream.connection import (
    Connection,
    Deadlines,
    Endpoint,
    Limits,
    arrived,
    everything,
    refusal,
)
from lockgate.adapters.openai_upstream.request import request_body
from lockgate.content.fence import boundary_of
from lockgate.content.sse import EventParser
from lockgate.errors import LockgateError, Unavailable
from lockgate.ports import Piece, Prompt

_LINGER: Final = 0.02
"""Seconds that a finished stream gets to end its body, so that its connection can be kept."""


class OpenAiUpstream:
    """`ports.Model` over `POST {base}/chat/completions`.

    `keep` connections for further requests; llama.cpp promises to keep them and does not.
    """

    def __init__(
        self,
        model: str,
        endpoint: Endpoint,
        *,
        limits: Limits | None = None,
        ask_usage: bool = True,
        keep: bool = True,
    ) -> None:
        self._model, self._ask_usage = model, ask_usage
        self._limits = limits or Limits()
        self._connection = Connection(endpoint, self._limits, keep=keep)

    async def close(self) -> None:
        """Close the connections; running requests end in `Unavailable`."""
        await self._connection.close()

    async def generate(self, prompt: Prompt, /) -> AsyncGenerator[Piece, None]:
        """See `ports.Model`. Closing the iterator closes the connection, which is how an upstream is stopped."""
        said = [message.content.value for message in prompt.messages]
        found = [(p.number, p.title, p.text.value) for p in prompt.passages]
        boundary = boundary_of(prompt.instructions, said, found)
        body = request_body(self._model, prompt, boundary, ask_usage=self._ask_usage)
        clock = Deadlines(self._limits)
        # The head of a whole answer comes with its end.
        patience = self._limits.total if prompt.whole else self._limits.first_byte
        response = await self._connection.post("/chat/completions", body, clock, patience)
        try:
            if response.status != 200:
                raise await refusal(response, clock)
            kind = response.headers.get("Content-Type", "")
            if "text/event-stream" in kind:
                stream = _Stream(response, clock, self._limits)
                while (text := await stream.more()) is not None:
                    if text:
                        yield Piece(text)
                yield await stream.last()
            elif prompt.whole:
                yield await self._whole(response, clock)
            else:
                raise malformed("it did not stream")
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable("the upstream broke off", code="upstream_cut") from error
        finally:
            response.close()  # where everything was read, the connection was given back before

    async def _whole(self, response: aiohttp.ClientResponse, clock: Deadlines) -> Piece:
        data = await everything(response, clock, self._limits)
        answer = Answer(self._limits.output_chars, "message")
        text = answer.take(bytes(data))
        return replace(answer.last(), text=text)


class _Stream:
    """What an upstream streams, as its text comes."""

    def __init__(self, response: aiohttp.ClientResponse, clock: Deadlines, limits: Limits) -> None:
        self._response, self._clock, self._limits = response, clock, limits
        self._parser, self._answer = EventParser(limits.event_bytes), Answer(limits.output_chars)
        self._received, self._patience = 0, limits.first_byte

    async def more(self) -> str | None:
        """Return the text of what has come by now, which may be empty; None at the end."""
        if self._answer.done:
            return None
        chunk = await arrived(self._response, self._clock, self._patience)
        self._patience = self._limits.between_chunks
        if not chunk:
            return None
        self._received += len(chunk)
        if self._received > self._limits.response_bytes:
            raise Unavailable("the upstream sent more than the limit", code="upstream_too_long")
        try:
            events = self._parser.feed(chunk)
        except LockgateError as error:
            raise malformed(str(error)) from error
        # What comes together goes on together: every piece costs its reader a look and a durable write.
        return "".join(map(self._answer.take, events))

    async def last(self) -> Piece:
        """Return the closing piece, once the body has ended or lingered."""
        last = self._answer.last()
        with contextlib.suppress(LockgateError):  # the end of the body is mostly there by now
            await arrived(self._response, self._clock, _LINGER)
        return last
