"""Any OpenAI-compatible server as a `ports.Model`, streamed or whole. Whatever it sends is untrusted input.

Only text comes through. Tool calls, audio, refusals and reasoning are dropped and named in `Piece.dropped`; a
stream that stalls, is cut, floods or is malformed ends in `Unavailable`. Error texts of the upstream are read to
tell what happened, and are never passed on. Redirects are not followed: the key would travel with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import aiohttp

from lockgate.adapters.openai_upstream.answer import Answer, malformed
from lockgate.adapters.openai_upstream.request import request_body
from lockgate.content.fence import boundary_of
from lockgate.content.sse import EventParser
from lockgate.errors import Invalid, LockgateError, Unavailable
from lockgate.ports import Piece, Prompt

T = TypeVar("T")

_TOO_LONG: Final = (
    "context_length",
    "context length",
    "context size",
    "context_size",
    "context window",
    "maximum context",
)
_ERROR_BYTES: Final = 65_536
_LINGER: Final = 0.02
"""Seconds that a finished stream gets to end its body, so that its connection can be kept."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request to an upstream. Times in seconds, sizes in bytes or characters as named."""

    connect: float = 5.0
    first_byte: float = 60.0
    between_chunks: float = 30.0
    total: float = 600.0
    output_chars: int = 262_144
    response_bytes: int = 32 << 20
    event_bytes: int = 1 << 20
    connections: int = 64


class Endpoint(Protocol):
    """Where the upstream is now, and with which key."""

    async def locate(self) -> tuple[str, str]:
        """Return the base URL (it ends before `/chat/completions`) and the API key, which may be empty."""
        ...


class Configured:
    """An endpoint from the configuration. The key is read anew for each request, so that it can be rotated.

    Args:
        base_url: such as `https://api.example.com/v1`. Plain http only to this machine, unless `plain_http`.
        key_file: file that holds the key.
        key_env: name of the environment variable that holds the key.
        plain_http: accept a key and prompts crossing the network in clear.

    """

    def __init__(
        self,
        base_url: str,
        *,
        key_file: Path | None = None,
        key_env: str = "",
        plain_http: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        url = urlsplit(base_url)
        if url.scheme not in {"http", "https"} or not url.hostname or url.username or url.query or url.fragment:
            raise Invalid(
                "the base URL of an upstream must be like `https://host/v1`, without user, query or fragment"
            )
        local = url.hostname in {"localhost", "127.0.0.1", "::1"}
        if url.scheme == "http" and not (local or plain_http):
            raise Invalid(
                f"the upstream at `{url.hostname}` would be spoken to in clear",
                remedy="use https, or set `plain_http = true` for it if the network between is trusted",
            )
        self._url = base_url.rstrip("/")
        self._key_file, self._key_env, self._environ = key_file, key_env, environ

    async def locate(self) -> tuple[str, str]:
        """See `Endpoint`.

        Raises:
            Unavailable: the key is configured, but is not there.

        """
        if self._key_file is not None:
            try:
                key = (await asyncio.to_thread(self._key_file.read_text, "utf-8")).strip()
            except OSError as error:  # the path is for the log, and not for whoever asked
                raise _misconfigured("the API key of an upstream cannot be read") from error
            except UnicodeDecodeError:  # it holds the bytes
                raise _misconfigured("the API key of an upstream is empty or malformed") from None
        elif self._key_env:
            key = self._environ.get(self._key_env, "").strip()
        else:
            return self._url, ""
        if not key or not key.isascii() or not key.isprintable():
            raise _misconfigured("the API key of an upstream is empty or malformed")
        return self._url, key


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
        self._model, self._endpoint, self._ask_usage, self._keep = model, endpoint, ask_usage, keep
        self._limits = limits or Limits()
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections; running requests end in `Unavailable`."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def generate(self, prompt: Prompt, /) -> AsyncGenerator[Piece, None]:
        """See `ports.Model`. Closing the iterator closes the connection, which is how an upstream is stopped."""
        url, key = await self._endpoint.locate()
        said = [message.content.value for message in prompt.messages]
        found = [(p.number, p.title, p.text.value) for p in prompt.passages]
        boundary = boundary_of(prompt.instructions, said, found)
        body = request_body(self._model, prompt, boundary, ask_usage=self._ask_usage)
        clock = _Deadlines(self._limits)
        # The head of a whole answer comes with its end.
        patience = self._limits.total if prompt.whole else self._limits.first_byte
        try:
            response = await clock.wait(self._post(url, key, body), patience)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable("the upstream cannot be reached", code="upstream_unavailable") from error
        try:
            if response.status != 200:
                raise await _refusal(response, clock)
            kind = response.headers.get("Content-Type", "")
            if "text/event-stream" in kind:
                made = self._pieces(response, clock)
            elif prompt.whole:
                made = self._whole(response, clock)
            else:
                raise malformed("it did not stream")
            async with aclosing(made) as pieces:
                async for piece in pieces:
                    yield piece
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable("the upstream broke off", code="upstream_cut") from error
        finally:
            response.close()  # where everything was read, the connection was given back before

    async def _post(self, url: str, key: str, body: bytes) -> aiohttp.ClientResponse:
        session = self._open()
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",
        }
        if key:
            headers["Authorization"] = f"Bearer {key}"
        seen = _Reused()
        address = f"{url}/chat/completions"
        while True:
            try:
                return await session.post(
                    address, data=body, headers=headers, allow_redirects=False, trace_request_ctx=seen
                )
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                # A server may close a kept connection just when it is used again. Nothing else is retried.
                if not seen.reused:
                    raise
                seen.reused = False

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_reuseconn.append(_note_reuse)
            # None is used longer than servers keep one by default (uvicorn: 5 s).
            kept: dict[str, Any] = {"keepalive_timeout": 4.0} if self._keep else {"force_close": True}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._limits.connections, **kept),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                trace_configs=[trace],
            )
        return self._session

    async def _whole(self, response: aiohttp.ClientResponse, clock: _Deadlines) -> AsyncGenerator[Piece, None]:
        data = bytearray()
        while chunk := await clock.wait(response.content.readany(), self._limits.total):
            data += chunk
            if len(data) > self._limits.response_bytes:
                raise Unavailable("the upstream sent more than the limit", code="upstream_too_long")
        answer = Answer(self._limits.output_chars, "message")
        if text := answer.take(bytes(data)):
            yield Piece(text)
        yield answer.last()

    async def _pieces(self, response: aiohttp.ClientResponse, clock: _Deadlines) -> AsyncGenerator[Piece, None]:
        parser, answer = EventParser(self._limits.event_bytes), Answer(self._limits.output_chars)
        received, patience = 0, self._limits.first_byte
        while not answer.done:
            chunk = await clock.wait(response.content.readany(), patience)
            patience = self._limits.between_chunks
            if not chunk:
                break
            received += len(chunk)
            if received > self._limits.response_bytes:
                raise Unavailable("the upstream sent more than the limit", code="upstream_too_long")
            try:
                events = parser.feed(chunk)
            except LockgateError as error:
                raise malformed(str(error)) from error
            # What comes together goes on together: every piece costs its reader a look and a durable write.
            if text := "".join(map(answer.take, events)):
                yield Piece(text)
        last = answer.last()
        with contextlib.suppress(LockgateError):  # the end of the body is mostly there by now
            await clock.wait(response.content.readany(), _LINGER)
        yield last


class _Reused:
    """Whether a request went over a connection that was used before."""

    reused = False


async def _note_reuse(_: object, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.reused = True


class _Deadlines:
    """One deadline for the whole request, and one for each wait."""

    def __init__(self, limits: Limits) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + limits.total

    async def wait(self, what: Awaitable[T], seconds: float) -> T:
        try:
            async with asyncio.timeout(max(0.0, min(seconds, self._end - self._loop.time()))):
                return await what
        except TimeoutError as error:
            raise Unavailable("the upstream did not answer in time", code="upstream_timeout") from error


async def _refusal(response: aiohttp.ClientResponse, clock: _Deadlines) -> LockgateError:
    """Turn a status that is not 200 into an error of ours; the upstream's words are looked at, not repeated."""
    status = response.status
    if status in {401, 403}:
        return _misconfigured(f"the upstream refused its API key ({status})")
    if status == 404 or 300 <= status < 400:
        return _misconfigured(f"the upstream has no such address or model ({status})")
    if status == 429:
        return Unavailable(
            "the upstream is busy", code="upstream_busy", remedy="Try again later, or choose another model."
        )
    if status in {400, 413, 422}:
        text = bytearray()
        while len(text) < _ERROR_BYTES and (chunk := await clock.wait(response.content.readany(), 10.0)):
            text += chunk
        words = text[:_ERROR_BYTES].decode("utf-8", "replace").lower()
        if status == 413 or any(sign in words for sign in _TOO_LONG):
            return Invalid(
                "the conversation and its passages are too long for this model",
                code="context_length_exceeded",
                remedy="start a new conversation, or ask a model with a longer context",
            )
    return Unavailable(f"the upstream answered with status {status}")


def _misconfigured(what: str) -> Unavailable:
    return Unavailable(
        what, code="upstream_misconfigured", remedy="an administrator must check this model's address and key"
    )
