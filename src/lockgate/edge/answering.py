"""The door of every API that answers a question, plain or streamed. What differs between APIs is a codec."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from lockgate.content.extractive import NOTHING_FOUND
from lockgate.edge.api import Handler
from lockgate.edge.body import Limits, credential, json_object, purpose
from lockgate.edge.codecs.model import Codec, Encoder, Ended, Failed, Started, Text
from lockgate.edge.drain import Drain
from lockgate.edge.problems import as_lockgate_error, shaped
from lockgate.edge.render import citations, lockgate_object, new_request_id, own_headers
from lockgate.edge.scopes import admit
from lockgate.journeys.chat import Chat, Ready
from lockgate.journeys.release import Release
from lockgate.labels.wire import Taxonomy, header
from lockgate.policy.model import Scope
from lockgate.ports import Piece, Usage

_SSE: Final = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


@dataclass(slots=True)
class _Answer:
    """An answer as it adds up."""

    texts: list[str] = field(default_factory=list)
    finish: str = "stop"
    usage: Usage | None = None
    cited: set[int] = field(default_factory=set)
    withdrawn: bool = False

    def add(self, piece: Piece) -> None:
        self.texts.append(piece.text)
        self.finish = piece.finish or self.finish
        self.usage = piece.usage or self.usage
        self.cited.update(piece.cited)
        self.withdrawn = self.withdrawn or piece.withdrawn

    def ended(self, ready: Ready, taxonomy: Taxonomy) -> Ended:
        text = "".join(self.texts)
        abstained = text == NOTHING_FOUND
        silent = abstained or self.withdrawn
        cited = [] if silent else citations(ready, text, frozenset(self.cited), taxonomy)
        extension: dict[str, Any] = lockgate_object(
            ready, cited, abstained=abstained, withdrawn=self.withdrawn, taxonomy=taxonomy
        )
        return Ended(text, self.finish, self.usage or Usage(), extension)


class Streamed(StreamingResponse):
    """Frames of an answer, which ends with the response, whatever became of the reader.

    Who hangs up leaves the frames where they were, or before their first. Nobody but the garbage collector would
    end the answer then, some time later, and after a shutdown there would be no log left to say so.
    """

    def __init__(
        self, frames: AsyncGenerator[bytes], pieces: AsyncGenerator[Piece], headers: Mapping[str, str]
    ) -> None:
        super().__init__(frames, headers=headers)
        self._frames, self._pieces = frames, pieces
        self._sent = self._left = False

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Send the frames, as long as there is a reader."""
        sending = asyncio.current_task()
        reader = asyncio.create_task(_hung_up(receive))

        def stop(_: object) -> None:
            if not self._sent and sending is not None:
                self._left = True
                sending.cancel()

        reader.add_done_callback(stop)
        try:
            await self.stream_response(send)
        except asyncio.CancelledError:
            if not self._left or (sending is not None and sending.uncancel()):
                raise
        except OSError as error:
            raise ClientDisconnect from error
        finally:
            self._sent = True
            reader.cancel()
            await self._frames.aclose()
            await self._pieces.aclose()  # frames that never began close nothing


@dataclass(frozen=True, slots=True)
class Answering:
    """Makes the handler of a codec's route."""

    chat: Chat
    release: Release
    limits: Limits
    taxonomy: Taxonomy
    drain: Drain = field(default_factory=Drain)

    def handler(self, codec: Codec) -> Handler:
        """Return the handler of the route that speaks this codec."""

        async def handle(request: Request) -> Response:
            request_id = new_request_id()
            try:
                async with self.drain.answering():
                    response = await self._answer(request, codec, request_id)
            except Exception as error:
                shown = as_lockgate_error(error)
                response = shaped(shown, request_id, codec.problem(shown))
            if codec.id_header:
                response.headers[codec.id_header] = request_id
            return response

        return handle

    async def _answer(self, request: Request, codec: Codec, request_id: str) -> Response:
        shown = credential(request, codec.key_header)
        # Nothing of a body is read for a stranger, who could hold a place with it for a long time. Who it is
        # will be asked again once it is there: that may take as long.
        await admit(self.chat, shown, request_id, Scope.CHAT)
        body = await json_object(request, self.limits)
        parsed = codec.parse(body, self.limits, request.headers)
        ask = replace(parsed.ask, purpose=purpose(request))
        ready = await self.chat.prepare(shown, ask, request_id)
        headers = own_headers(request_id) | {"Lockgate-Label": header(ready.label, self.taxonomy)}
        started = Started(request_id, ready.route.id, int(ready.context.now.timestamp()))
        pieces = self.release.answer(ready, whole=not parsed.stream)
        # The first piece is awaited here: an upstream that fails at once is a plain error, and from now on the
        # answer's end is recorded whatever happens to the connection.
        first = await anext(pieces)
        if parsed.stream:
            frames = self._stream(ready, parsed.shape.encoder(), started, first, pieces)
            return Streamed(frames, pieces, headers | _SSE)
        answer = _Answer()
        answer.add(first)
        async with aclosing(pieces):
            async for piece in pieces:
                answer.add(piece)
        whole = parsed.shape.whole(started, answer.ended(ready, self.taxonomy))
        return Response(orjson.dumps(whole), 200, headers, "application/json")

    async def _stream(
        self, ready: Ready, encoder: Encoder, started: Started, first: Piece, pieces: AsyncGenerator[Piece]
    ) -> AsyncGenerator[bytes]:
        answer = _Answer()
        try:
            async with self.drain.answering(), aclosing(pieces):
                answer.add(first)
                yield encoder.encode(started) + encoder.encode(Text(first.text))
                async for piece in pieces:
                    answer.add(piece)
                    if piece.text:
                        yield encoder.encode(Text(piece.text))
            yield encoder.encode(answer.ended(ready, self.taxonomy))
        except Exception as error:
            yield encoder.encode(Failed(as_lockgate_error(error)))


async def _hung_up(receive: Receive) -> None:
    """Return when the reader has hung up, or has everything."""
    while (await receive())["type"] != "http.disconnect":
        pass
