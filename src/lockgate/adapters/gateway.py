"""A client of a running Lockgate, for the command line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from lockgate.errors import AccessDenied, Invalid, LockgateError, NotFound, Unauthenticated, Unavailable

_TIMEOUT: Final = aiohttp.ClientTimeout(total=600, sock_connect=5)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_ERRORS: Final[Mapping[int, type[LockgateError]]] = {
    401: Unauthenticated,
    403: AccessDenied,
    404: NotFound,
    503: Unavailable,
}


class Gateway:
    """Talks to one gateway as one person."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str = "") -> None:
        self._session = session
        self._url = checked(url)
        self._token = token

    async def demo_token(self, person: str, key: str) -> str:
        """Return a token of one of the demonstration's people; only a demonstration gives any, for its page's key.

        Raises:
            AccessDenied: the key is another one's.
            NotFound: it is no demonstration, or has no such person.
            Unavailable: nothing answers there.

        """
        async with self._sent("POST", "/page/token", {"person": person}, {"Lockgate-Demo": key}) as response:
            return str((await response.json(content_type=None))["token"])

    async def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send a request and return the JSON object that comes back.

        Raises:
            LockgateError: as the gateway says.
            Unavailable: nothing answers there.

        """
        async with self._sent(method, path, body) as response:
            value = await response.json(content_type=None)
            if not isinstance(value, dict):
                raise Invalid("the gateway answered with something that is no object")
            return value

    async def events(self, path: str, body: object) -> AsyncIterator[dict[str, Any]]:
        """Send a request and yield the JSON objects of the event stream.

        Raises:
            LockgateError: as the gateway says, before the stream or in it.
            Unavailable: nothing answers there, or the stream broke off.

        """
        async with self._sent("POST", path, body) as response:
            ended = False
            async for line in response.content:
                data = line.decode("utf-8", "replace").strip().removeprefix("data:").strip()
                if data == "[DONE]":
                    ended = True
                elif data:
                    event = json.loads(data)
                    if "error" in event:
                        raise Unavailable(str(event["error"].get("message", "the answer broke off")))
                    yield event
            if not ended:
                raise Unavailable("the answer broke off")

    @asynccontextmanager
    async def _sent(
        self, method: str, path: str, body: object, more: Mapping[str, str] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = dict(more or {})
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            async with self._session.request(
                method, self._url + path, json=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise _refusal(response.status, await response.text())
                yield response
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unavailable(
                f"no Lockgate answers at {self._url} ({type(error).__name__})",
                remedy="Start one with `lockgate serve` or `lockgate demo`, or name another with `--url`.",
            ) from error


def checked(url: str) -> str:
    """Return a gateway's address without a slash at its end.

    Raises:
        Invalid: a token would go there in clear, over a network.

    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Invalid(f"`{url}` is no address of a gateway", remedy="Write it like https://lockgate.example.com")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise Invalid(f"a token would go to `{parts.hostname}` in clear", remedy="Use https.")
    return url.rstrip("/")


def _refusal(status: int, text: str) -> LockgateError:
    """Return the error that a response states, in either shape."""
    try:
        body = json.loads(text)
        stated = body.get("error") or body
        message, code = str(stated.get("message") or stated.get("detail")), str(stated.get("code", "error"))
        remedy = str(stated.get("remedy", ""))
    except (ValueError, AttributeError):
        message, code, remedy = f"the gateway answered with status {status}", "error", ""
    return _ERRORS.get(status, Invalid)(message, code=code, remedy=remedy)
