"""Any OpenAI-compatible server as a `ports.Model`. Whatever it sends is untrusted input.

Only text comes through. Tool calls, audio, refusals and reasoning are dropped and named in `Piece.dropped`; a
stream that stalls, is cut, floods or is malformed ends in `Unavailable`. Error texts of the upstream are read to
tell what happened, and are never passed on. Redirects are not followed: the key would travel with them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

import aiohttp
import orjson

from lockgate.content.extractive import NOTHING_FOUND
from lockgate.content.fence import boundary_of, fence, neutralize, rules
from lockgate.content.sse import EventParser
from lockgate.errors import Invalid, LockgateError, Unavailable
from lockgate.ports import Piece, Prompt, Usage

T = TypeVar("T")

RESERVED: Final = frozenset(
    {"model", "messages", "stream", "stream_options", "n", "tools", "tool_choice", "functions", "function_call"}
    | {"parallel_tool_calls", "modalities", "audio", "store", "metadata", "web_search_options", "prediction"}
)
"""Parameters that this adapter sets itself or never sends, whatever the configuration lists."""

_FINISH: Final = {"stop": "stop", "length": "length", "content_filter": "content_filter"} | {
    "tool_calls": "stop",  # the calls are dropped, and a client must not wait for them
    "function_call": "stop",
}
_UNASKED: Final = (
    "tool_calls",
    "function_call",
    "audio",
    "refusal",
    "reasoning_content",
    "reasoning",
    "annotations",
)
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
    """`ports.Model` over `POST {base}/chat/completions`, streaming."""

    def __init__(
        self, model: str, endpoint: Endpoint, *, limits: Limits | None = None, ask_usage: bool = True
    ) -> None:
        self._model, self._endpoint, self._ask_usage = model, endpoint, ask_usage
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
        try:
            response = await clock.wait(self._post(url, key, body), self._limits.first_byte)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable("the upstream cannot be reached", code="upstream_unavailable") from error
        try:
            if response.status != 200:
                raise await _refusal(response, clock)
            if "text/event-stream" not in response.headers.get("Content-Type", ""):
                raise _malformed("it did not stream")
            async with aclosing(self._pieces(response, clock)) as pieces:
                async for piece in pieces:
                    yield piece
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable("the upstream broke off", code="upstream_cut") from error
        finally:
            response.close()

    async def _post(self, url: str, key: str, body: bytes) -> aiohttp.ClientResponse:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # None is used twice: llama.cpp promises to keep them and does not; a POST is not retried.
                connector=aiohttp.TCPConnector(limit=self._limits.connections, force_close=True),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
        }
        if key:
            headers["Authorization"] = f"Bearer {key}"
        return await self._session.post(
            f"{url}/chat/completions", data=body, headers=headers, allow_redirects=False
        )

    async def _pieces(self, response: aiohttp.ClientResponse, clock: _Deadlines) -> AsyncGenerator[Piece, None]:
        parser, answer = EventParser(self._limits.event_bytes), _Answer(self._limits.output_chars)
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
                raise _malformed(str(error)) from error
            # What comes together goes on together: every piece costs its reader a look and a durable write.
            if text := "".join(map(answer.take, events)):
                yield Piece(text)
        yield answer.last()


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


class _Answer:
    """Folds the events of one answer. Everything is checked: each value may be of any type."""

    def __init__(self, limit: int) -> None:
        self.done = False
        self._left = limit
        self._finish = ""
        self._usage: Usage | None = None
        self._dropped: set[str] = set()

    def take(self, event: str) -> str:
        """Return what there is to pass on of one event."""
        if self.done:
            return ""
        if event.strip() == "[DONE]":
            self.done = True
            return ""
        try:
            chunk = orjson.loads(event)
        except orjson.JSONDecodeError as error:
            raise _malformed("an event is not JSON") from error
        if not isinstance(chunk, dict):
            raise _malformed("an event is not an object")
        if chunk.get("error"):
            raise Unavailable("the upstream reported an error in its stream")
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))
        choices = chunk.get("choices") or []
        if not isinstance(choices, list):
            raise _malformed("`choices` is not a list")
        text = "".join(self._choice(choice) for choice in choices)
        self._left -= len(text)
        if self._left < 0:
            raise Unavailable("the upstream wrote more than the limit", code="upstream_too_long")
        return text

    def _choice(self, choice: object) -> str:
        if not isinstance(choice, dict):
            raise _malformed("a choice is not an object")
        if choice.get("index", 0) != 0:
            self._dropped.add("choices")
            return ""
        delta = choice.get("delta") or {}
        text = delta.get("content") if isinstance(delta, dict) else None
        if not isinstance(delta, dict) or not isinstance(text, str | None):
            raise _malformed("a delta is not text")
        self._dropped.update(name for name in _UNASKED if delta.get(name))
        if text and self._finish:
            raise _malformed("text after the end")
        if (reason := choice.get("finish_reason")) is not None:
            if not isinstance(reason, str) or reason not in _FINISH:
                raise Unavailable("the upstream ended for a reason that is not known")
            self._finish = _FINISH[reason]
        return text or ""

    def last(self) -> Piece:
        """Return the closing piece.

        Raises:
            Unavailable: the stream was cut before the answer ended.

        """
        if not self._finish:
            raise Unavailable("the upstream broke off in the middle of its answer", code="upstream_cut")
        return Piece(finish=self._finish, usage=self._usage, dropped=tuple(sorted(self._dropped)))


def request_body(model: str, prompt: Prompt, boundary: str, *, ask_usage: bool) -> bytes:
    """Return the JSON body. Passages are fenced by `boundary`; template tokens are broken everywhere.

    Only the operator's instructions become a system message beside passages. A `system` message of the client has
    the integrity of its user, so it is then shown as theirs; without instructions it passes as it came.

    Raises:
        Invalid: a parameter is one that this adapter sets itself.

    """
    if clash := RESERVED & {name for name, _ in prompt.params}:
        raise Invalid(f"the parameter `{min(clash)}` cannot be passed to an upstream")
    system = [prompt.instructions] if prompt.instructions else []
    if prompt.grounded or prompt.passages:
        system.append(rules(boundary, NOTHING_FOUND))
    messages = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    for message in prompt.messages:
        text = neutralize(message.content.value)
        if message.role == "system" and system:
            messages.append({"role": "user", "content": f"(from the user's application)\n{text}"})
        else:
            messages.append({"role": message.role, "content": text})
    if prompt.passages:
        data = fence([(p.number, p.title, p.text.value) for p in prompt.passages], boundary)
        if messages[-1]["role"] != "user":
            messages.append({"role": "user", "content": ""})
        messages[-1] = {"role": "user", "content": f"{data}\n\n{messages[-1]['content']}"}
    body: dict[str, object] = dict(prompt.params) | {"model": model, "messages": _merged(messages), "stream": True}
    if ask_usage:
        body["stream_options"] = {"include_usage": True}
    return orjson.dumps(body)


def _merged(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Join neighbors of one role (many chat templates insist on alternation), and make text encodable."""
    merged: list[dict[str, str]] = []
    for message in messages:
        text = message["content"].encode("utf-8", "replace").decode("utf-8")
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1]["content"] += f"\n\n{text}"
        else:
            merged.append({"role": message["role"], "content": text})
    return merged


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


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else 0


def _malformed(what: str) -> Unavailable:
    return Unavailable(f"the upstream's answer is malformed: {what}", code="upstream_malformed")


def _misconfigured(what: str) -> Unavailable:
    return Unavailable(
        what, code="upstream_misconfigured", remedy="an administrator must check this model's address and key"
    )
