"""One OpenAI-compatible server: where it is, its connections, its deadlines, and what its refusals mean.

Error texts of the upstream are read to tell what happened, and are never passed on. Redirects are not followed:
the key would travel with them.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import aiohttp

from lockgate.errors import Invalid, LockgateError, Unavailable
from lockgate.policy.addresses import complaint, is_local

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
                raise misconfigured("the API key of an upstream cannot be read") from error
            except UnicodeDecodeError:  # it holds the bytes
                raise misconfigured("the API key of an upstream is empty or malformed") from None
        elif self._key_env:
            key = self._environ.get(self._key_env, "").strip()
        else:
            return self._url, ""
        if not key or not key.isascii() or not key.isprintable():
            raise misconfigured("the API key of an upstream is empty or malformed")
        return self._url, key


class Connection:
    """The connections to one upstream. `keep` them for further requests; llama.cpp promises to and does not."""

    def __init__(self, endpoint: Endpoint, limits: Limits, *, keep: bool = True) -> None:
        self._endpoint, self._limits, self._keep = endpoint, limits, keep
        self._session: aiohttp.ClientSession | None = None
        self._url, self._local = "", False

    async def close(self) -> None:
        """Close the connections; running requests end in `Unavailable`."""
        session, self._session = self._session, None  # first: what begins while it closes opens one anew
        if session is not None:
            await session.close()

    async def post(self, path: str, body: bytes, clock: Deadlines, patience: float) -> aiohttp.ClientResponse:
        """Return the response to a request below the base URL, as soon as its head is there; the caller closes it.

        Raises:
            Unavailable: the upstream cannot be reached, or not in time.

        """
        url, key = await self._endpoint.locate()
        if url != self._url:
            self._url, self._local = url, is_local(url)
        try:
            return await clock.wait(self._post(f"{url}{path}", key, body), patience)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable("the upstream cannot be reached", code="upstream_unavailable") from error

    async def _post(self, address: str, key: str, body: bytes) -> aiohttp.ClientResponse:
        session = self._open()
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",
        }
        if key:
            headers["Authorization"] = f"Bearer {key}"
        seen = _Reused()
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

    def _socket(self, found: aiohttp.AddrInfoType) -> socket.socket:
        """Return a socket for an address that a name has led to now.

        Raises:
            OSError: nothing is sent there.

        """
        family, kind, protocol, _, address = found
        if why := complaint(str(address[0]), local=self._local):
            raise OSError(why)
        return socket.socket(family, kind, protocol)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_reuseconn.append(_note_reuse)
            # None is used longer than servers keep one by default (uvicorn: 5 s).
            kept: dict[str, Any] = {"keepalive_timeout": 4.0} if self._keep else {"force_close": True}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._limits.connections, socket_factory=self._socket, **kept
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                trace_configs=[trace],
            )
        return self._session


class _Reused:
    """Whether a request went over a connection that was used before."""

    reused = False


async def _note_reuse(_: object, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.reused = True


class Deadlines:
    """One deadline for the whole request, and one for each wait."""

    def __init__(self, limits: Limits) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + limits.total

    @property
    def over(self) -> bool:
        """Tell whether the time for the whole request is over."""
        return self._loop.time() >= self._end

    async def wait(self, what: Awaitable[T], seconds: float) -> T:
        try:
            async with asyncio.timeout(max(0.0, min(seconds, self._end - self._loop.time()))):
                return await what
        except TimeoutError as error:
            raise Unavailable("the upstream did not answer in time", code="upstream_timeout") from error


async def refusal(response: aiohttp.ClientResponse, clock: Deadlines) -> LockgateError:
    """Turn a status that is not 200 into an error of ours; the upstream's words are looked at, not repeated."""
    status = response.status
    if status in {401, 403}:
        return misconfigured(f"the upstream refused its API key ({status})")
    if status == 404 or 300 <= status < 400:
        return misconfigured(f"the upstream has no such address or model ({status})")
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


def misconfigured(what: str) -> Unavailable:
    """Return the error for what only an administrator can mend."""
    return Unavailable(
        what, code="upstream_misconfigured", remedy="an administrator must check this model's address and key"
    )


async def arrived(response: aiohttp.ClientResponse, clock: Deadlines, patience: float) -> bytes:
    """Return what has come of a body, or comes next; nothing at its end.

    Raises:
        Unavailable: nothing comes in time, or the time for the whole request is over.

    """
    content = response.content
    if content.exception() is None and not clock.over:
        # What is there needs no timer.
        if chunk := content.read_nowait():
            return chunk
        if content.at_eof():
            return b""
    return await clock.wait(content.readany(), patience)


async def everything(response: aiohttp.ClientResponse, clock: Deadlines, limits: Limits) -> bytes:
    """Return the body of a whole answer.

    Raises:
        Unavailable: it is too long, or late.

    """
    data = bytearray()
    while chunk := await arrived(response, clock, limits.total):
        data += chunk
        if len(data) > limits.response_bytes:
            raise Unavailable("the upstream sent more than the limit", code="upstream_too_long")
    return bytes(data)
