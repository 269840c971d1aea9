"""Requests to Microsoft Graph: paged, throttled, tried again; and downloads by addresses that need no token.

The token goes to the configured host only: a listing that goes on elsewhere is refused, redirects are not
followed, and contents come from hosts of a list, without it. Of an error, its code is told and nothing else.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import aiohttp
import orjson

from lockgate.adapters.graph.tokens import Credentials, Tokens
from lockgate.errors import LockgateError, NotFound, TooLarge, Unavailable
from lockgate.ports import Clock

T = TypeVar("T")
LANES: Final = 16
"""Requests at a time."""
RESYNC: Final = "resync"
"""The code of what is raised where a token of a listing is too old (410)."""
REFUSED: Final = "refused"
MALFORMED: Final = "malformed"
_TRIES: Final = 7
_LONGEST: Final = 300.0
"""Seconds that one request waits in all because it is asked to."""
_ANSWER: Final = 64 << 20
_EMPTY: Final = 1_000
"""Empty pages of a listing in a row."""
_BLOCK: Final = 1 << 18
_CODE: Final = re.compile(r"[A-Za-z0-9_.]{1,60}")
_AGAIN: Final = {408, 429, 500, 502, 503, 504, 509}
DOWNLOADS: Final = (
    ".sharepoint.com",
    ".sharepoint.us",
    ".sharepoint-mil.us",
    ".sharepoint.cn",
    ".svc.ms",
    ".microsoftpersonalcontent.com",
)
"""Ends of the names of hosts that contents come from."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the services are. National clouds have their own.

    `downloads` are ends of names of hosts; one that does not begin with a dot is a whole name with its port, and
    may be spoken to in clear.
    """

    graph: str = "https://graph.microsoft.com/v1.0"
    login: str = "https://login.microsoftonline.com"
    downloads: tuple[str, ...] = DOWNLOADS


class Client:
    """The connections. Serves the event loop that first asks.

    Args:
        place: where the services are.
        credentials: who asks.
        clock: for assertions, and for times until which to wait.
        sleep: waits.
        ticks: seconds, on a clock that nobody sets.

    """

    def __init__(
        self,
        place: Place,
        credentials: Credentials,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place = place
        self._clock = clock
        self._sleep = sleep
        parts = urlsplit(place.graph)
        self._base = (parts.scheme, parts.netloc, parts.path.rstrip("/") + "/")
        self._tokens = Tokens(credentials, place.login, f"{parts.scheme}://{parts.netloc}/.default", clock, ticks)
        self._session: aiohttp.ClientSession | None = None

    async def pages(self, path: str, *, prefer: str = "") -> AsyncIterator[dict[str, Any]]:
        """Yield the pages of a listing. `path` is below the base, or an address that an answer named.

        Raises:
            NotFound: there is no such thing.
            Unavailable: the listing is not complete. With `code` `RESYNC` it has to begin anew.

        """
        url, seen, empty = path, set[int](), 0
        while url:
            if hash(url) in seen or empty > _EMPTY:
                raise Unavailable("microsoft graph: its listing does not go on")
            seen.add(hash(url))  # a number for each page: an address may be long
            page = await self.ask(url, prefer=prefer)
            if not isinstance(page.get("value"), list):
                raise Unavailable("microsoft graph: its listing is malformed", code=MALFORMED)
            empty = 0 if page["value"] else empty + 1
            yield page
            url = page.get("@odata.nextLink", "")
            if not isinstance(url, str):
                raise Unavailable("microsoft graph: its listing is malformed", code=MALFORMED)

    async def ask(self, path: str, *, method: str = "GET", prefer: str = "") -> dict[str, Any]:
        """Return the object that is answered.

        Raises:
            NotFound: there is no such thing.
            Unavailable: it failed. With `code` `REFUSED` the service does not want to, with `RESYNC` it wants a
                listing to begin anew.

        """

        async def read(answer: aiohttp.ClientResponse) -> dict[str, Any]:
            if answer.status not in (200, 201):
                raise await _refusal(answer)
            data = bytearray()
            async for block in answer.content.iter_chunked(_BLOCK):
                data += block
                if len(data) > _ANSWER:
                    raise Unavailable("microsoft graph: an answer is too large")
            try:
                found = orjson.loads(data)
            except orjson.JSONDecodeError:
                raise Unavailable("microsoft graph: an answer is malformed", code="again") from None
            if not isinstance(found, dict):
                raise Unavailable("microsoft graph: an answer is malformed")
            return found

        headers = {"Accept": "application/json"} | ({"Prefer": prefer} if prefer else {})
        return await self._tried(method, self._address(path), read, headers=headers)

    async def content(self, path: str, limit: int) -> bytes:
        """Return the bytes that are at a path.

        Raises:
            NotFound: it is gone.
            TooLarge: it has more than `limit` bytes.
            Unavailable: it failed, or the content is at a host that none is taken from.

        """

        async def where(answer: aiohttp.ClientResponse) -> str | bytes:
            if answer.status in (301, 302, 303, 307, 308):
                return answer.headers.get("Location", "")
            if answer.status == 200:
                return await _bytes(answer, limit)
            raise await _refusal(answer)

        async def read(answer: aiohttp.ClientResponse) -> bytes:
            if answer.status != 200:
                raise await _refusal(answer)
            return await _bytes(answer, limit)

        found = await self._tried("GET", self._address(path), where, headers={})
        if isinstance(found, bytes):
            return found
        self._check_download(found)
        return await self._tried("GET", found, read, headers={}, token=False)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _address(self, path: str) -> str:
        """Return the address of a path. One that is whole has to be of the configured host. Raises Unavailable."""
        if "://" not in path:
            return f"{self._base[0]}://{self._base[1]}{self._base[2]}{path.lstrip('/')}"
        try:
            parts = urlsplit(path)
        except ValueError:
            raise Unavailable("microsoft graph: an address that it names is malformed") from None
        if (parts.scheme, parts.netloc) != self._base[:2] or not parts.path.startswith(self._base[2]):
            raise Unavailable("microsoft graph: it names an address of another host, which is not followed")
        return path

    def _check_download(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Unavailable("microsoft graph: an address that it names is malformed") from None
        host = (parts.hostname or "").rstrip(".")
        for one in self._place.downloads:
            if one.startswith("."):
                if (
                    parts.scheme == "https"
                    and host.endswith(one)
                    and port in (None, 443)
                    and "@" not in parts.netloc
                ):
                    return
            elif parts.scheme in ("http", "https") and parts.netloc == one:
                return
        raise Unavailable(
            "microsoft graph: content is at a host that none is taken from",
            remedy="If it is one of your tenant's, add it to `download_hosts`.",
        )

    async def _tried(
        self,
        method: str,
        url: str,
        read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
        *,
        headers: dict[str, str],
        token: bool = True,
    ) -> T:
        """Make a request, and again where that may help: throttled, failed, broken off, token refused (once)."""
        waited, renewed = 0.0, False
        for again in range(_TRIES):
            asked: float | None = None
            try:
                session = self._opened()
                sent = await self._tokens.get(session) if token else ""
                more = {"Authorization": f"Bearer {sent}"} if token else {}
                body = b"" if method == "POST" else None
                async with session.request(
                    method, url, headers=headers | more, data=body, allow_redirects=False
                ) as answer:
                    if answer.status == 401 and token and not renewed:
                        renewed = True
                        self._tokens.drop(sent)
                        continue
                    if answer.status not in _AGAIN:
                        return await read(answer)
                    failed: LockgateError = await _refusal(answer)
                    asked = _after(answer.headers.get("Retry-After", ""), self._clock.now())
            except Unavailable as error:
                if error.code != "again":
                    raise
                failed = error
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                failed = Unavailable(f"microsoft graph: it cannot be asked: {type(error).__name__}")
            pause = min(2.0**again, 60.0) if asked is None else asked
            waited += pause
            if again == _TRIES - 1 or waited > _LONGEST:
                break
            await self._sleep(pause)
        raise Unavailable(str(failed))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=600, sock_connect=10, sock_read=60),
                connector=aiohttp.TCPConnector(limit=LANES),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _bytes(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    data = bytearray()
    async for block in answer.content.iter_chunked(_BLOCK):
        data += block
        if len(data) > limit:
            raise TooLarge(f"it has more than {limit} bytes")
    return bytes(data)


async def _refusal(answer: aiohttp.ClientResponse) -> LockgateError:
    """Return what an answer that is no success means."""
    try:
        body = orjson.loads(await answer.content.read(65_536))
        code = str(body["error"]["code"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        code = ""
    shown = code if _CODE.fullmatch(code) else f"status {answer.status}"
    if answer.status == 404:
        return NotFound("it is gone")
    if answer.status == 410:
        return Unavailable("microsoft graph: a listing has to begin anew", code=RESYNC)
    denied = answer.status in (400, 401, 402, 403, 405, 406, 409, 415, 422, 423)
    return Unavailable(
        f"microsoft graph: it answers {shown}",
        code=REFUSED if denied else None,
        remedy="Check what the application is permitted to do." if answer.status in (401, 403) else "",
    )


def _after(text: str, now: datetime) -> float | None:
    """Return how many seconds to wait (RFC 9110 section 10.2.3); None where that is not said."""
    if text.isascii() and text.isdigit() and len(text) < 7:
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None
