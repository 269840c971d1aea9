"""MCP over standard input and output, for assistants on the desktop: a bridge to a gateway's `/mcp`.

One message a line, both ways (2026-07-28 and before, basic/transports, "stdio"). Each request is sent on by itself
with a token of the person; the bridge decides nothing and knows no tool. What stops it from being forwarded comes
back as an MCP error that says what to do.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, BinaryIO, Final

import aiohttp
import orjson

from lockgate.content.mcp import INTERNAL_ERROR, INVALID_REQUEST, PARSE_ERROR, error, headers
from lockgate.errors import Invalid, LockgateError, Unauthenticated, Unavailable

_LONGEST: Final = 4_000_000
"""The longest line, in bytes; a gateway's own limit is lower."""
_MOST: Final = 64
"""Requests under way at a time."""
_TIMEOUT: Final = aiohttp.ClientTimeout(total=600, sock_connect=5)
_SIGN_IN: Final = "run `lockgate login`"


async def lines(source: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the lines of a blocking stream. One that is too long comes cut, without its end.

    The thread is a daemon: a program that is told to stop must not wait for somebody to type.
    """
    loop, arrived = asyncio.get_running_loop(), asyncio.Queue[bytes]()

    def read() -> None:
        while True:
            line = rest = source.readline(_LONGEST + 1)
            while len(rest) > _LONGEST and not rest.endswith(b"\n"):
                rest = source.readline(_LONGEST + 1)
            try:
                loop.call_soon_threadsafe(arrived.put_nowait, line)
            except RuntimeError:  # the loop has ended
                return
            if not line:
                return

    threading.Thread(target=read, name="standard input", daemon=True).start()
    while line := await arrived.get():
        yield line


class Bridge:
    """Forwards messages to one gateway.

    Args:
        session: to send with.
        url: the gateway's address.
        token: returns a token that is good now; asked again for each request.
        write: takes one line to the assistant, without its end.

    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: Callable[[], Awaitable[str]],
        write: Callable[[bytes], None],
    ) -> None:
        self._session = session
        self._url = url + "/mcp"
        self._token = token
        self._write = write
        self._negotiated = ""
        self._running: dict[str | int, asyncio.Task[None]] = {}
        self._one = asyncio.Lock()

    async def run(self, source: AsyncIterator[bytes]) -> None:
        """Forward until the assistant ends its side; what is under way is still answered."""
        try:
            async for line in source:
                if line.strip():
                    self._take(line)
            await asyncio.gather(*self._running.values(), return_exceptions=True)
        finally:
            for task in self._running.values():
                task.cancel()

    def _take(self, line: bytes) -> None:
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError:
            self._say(error(None, PARSE_ERROR, "the line is not valid JSON, or too long"))
            return
        if not isinstance(message, dict):
            self._say(error(None, INVALID_REQUEST, "a line must be one JSON-RPC message; no batch"))
        elif "id" not in message:
            self._notified(message)
        elif "method" in message:
            self._begin(message, line)

    def _notified(self, message: dict[str, Any]) -> None:
        """Take a notification: cancel what is to be cancelled. The gateway has no use for any other."""
        params = message.get("params")
        if message.get("method") == "notifications/cancelled" and isinstance(params, dict):
            id = params.get("requestId")
            task = self._running.get(id) if isinstance(id, str | int) else None
            if task is not None:
                task.cancel()

    def _begin(self, message: dict[str, Any], line: bytes) -> None:
        id = message["id"]
        if isinstance(id, bool) or not isinstance(id, str | int):
            self._say(error(None, INVALID_REQUEST, "`id` must be a number or text"))
        elif id in self._running or len(self._running) >= _MOST:
            self._say(error(id, INVALID_REQUEST, "this id is in use, or too many requests are under way"))
        else:
            task = asyncio.create_task(self._forward(id, message, line))
            self._running[id] = task
            task.add_done_callback(lambda _: self._running.pop(id, None))

    async def _forward(self, id: str | int, message: dict[str, Any], line: bytes) -> None:
        try:
            answer = await self._asked(message, line)
            result = answer.get("result")
            if message["method"] == "initialize" and isinstance(result, dict):
                self._negotiated = str(result.get("protocolVersion", ""))
            answer["id"] = id
        except LockgateError as failed:
            words = f"{failed}; {failed.remedy}" if failed.remedy else str(failed)
            answer = error(id, INTERNAL_ERROR, words, {"code": failed.code, "remedy": failed.remedy})
        self._say(answer)

    async def _asked(self, message: dict[str, Any], line: bytes) -> dict[str, Any]:
        """Return what the gateway answers.

        Raises:
            LockgateError: there is no token, no gateway, or no answer that is one of MCP.

        """
        async with self._one:  # a login is renewed once, and not by each request that notices
            token = await self._token()
        sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        sent |= {"Accept": "application/json, text/event-stream"} | headers(message, self._negotiated)
        try:
            async with self._session.post(
                self._url, data=line, headers=sent, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                status, data = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as failed:
            raise Unavailable(
                f"no gateway answers at {self._url} ({type(failed).__name__})",
                remedy="start it, or name another with `--url`",
            ) from failed
        try:
            answer = orjson.loads(data)
        except orjson.JSONDecodeError:
            answer = None
        if isinstance(answer, dict) and answer.get("jsonrpc") == "2.0":
            return answer
        raise _refusal(status, answer if isinstance(answer, dict) else {})

    def _say(self, answer: dict[str, Any]) -> None:
        self._write(orjson.dumps(answer))


def _refusal(status: int, stated: dict[str, Any]) -> LockgateError:
    """Return the error of a problem document, or of whatever answered instead of a gateway."""
    words = str(stated.get("detail") or f"the gateway answered with status {status}")
    code, remedy = str(stated.get("code", "error")), str(stated.get("remedy", ""))
    if status == 401:
        return Unauthenticated(words, code=code, remedy=_SIGN_IN)
    if status == 404 and not stated.get("remedy"):
        remedy = "this gateway has no MCP server, or `--url` names something else"
    return Invalid(words, code=code, remedy=remedy)
