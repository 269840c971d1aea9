"""A client of Lockgate as any application is one: HTTP, a bearer token, and nothing else.

The story and the usefulness bench see Lockgate through this, so that they judge what a user gets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import aiohttp

from lockgate.labels.label import Label
from lockgate.labels.wire import parse

Tokens: TypeAlias = Callable[[str], Awaitable[str]]
"""Returns a valid token of a person; the empty string sends no credential at all."""
_VOLATILE: Final = frozenset({"id", "created", "request_id", "system_fingerprint"})
_DOCUMENT: Final = re.compile(r"\bd_[0-9a-f]{24}\b")
_TIMEOUT: Final = aiohttp.ClientTimeout(total=180)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers (lower case) and the JSON body, or the text where it is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]
    text: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether it was answered."""
        return self.status == 200

    @property
    def content(self) -> str:
        """Return the answer's text; empty if there is none."""
        for choice in self.body.get("choices", ()):
            return str(choice.get("message", {}).get("content") or "")
        return ""

    @property
    def lockgate(self) -> dict[str, Any]:
        """Return the `lockgate` object of the body."""
        value = self.body.get("lockgate")
        return value if isinstance(value, dict) else {}

    @property
    def label(self) -> Label:
        """Return the answer's label.

        Raises:
            Invalid: there is none, or it is malformed.

        """
        return parse(self.lockgate.get("label"))

    @property
    def cited(self) -> tuple[str, ...]:
        """Return ids of the cited documents, in order."""
        return tuple(str(one.get("document")) for one in self.lockgate.get("citations", ()))

    @property
    def abstained(self) -> bool:
        """Tell whether the answerer found nothing."""
        return self.lockgate.get("abstained") is True

    @property
    def model(self) -> str:
        """Return which model has answered, after any rerouting."""
        return str(self.lockgate.get("model", ""))

    @property
    def error(self) -> dict[str, Any]:
        """Return the OpenAI-shaped error, or the fields of a problem document (RFC 9457)."""
        value = self.body.get("error")
        return value if isinstance(value, dict) else self.body

    @property
    def code(self) -> str:
        """Return the error's stable code."""
        return str(self.error.get("code") or self.error.get("details", {}).get("error_code", ""))

    def stable(self) -> bytes:
        """Return what must not differ between two corpora: all of it but ids of the request and the time."""
        return json.dumps([self.status, _steady(self.body)], sort_keys=True, ensure_ascii=False).encode()


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _steady(one) for key, one in value.items() if key not in _VOLATILE}
    return [_steady(one) for one in value] if isinstance(value, list) else value


def documents_in(value: Any) -> frozenset[str]:
    """Return every document id that stands anywhere in a JSON value, also inside of texts such as audit events."""
    return frozenset(_DOCUMENT.findall(json.dumps(value)))


@dataclass(slots=True)
class Client:
    """Talks to one Lockgate for many people."""

    session: aiohttp.ClientSession
    base_url: str
    token: Tokens

    async def send(
        self,
        method: str,
        path: str,
        person: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request as a person, or with the given token."""
        bearer = await self.token(person) if token is None else token
        headers = {**(headers or {}), **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        url = self.base_url.rstrip("/") + path
        async with self.session.request(method, url, json=body, headers=headers, timeout=_TIMEOUT) as response:
            text = await response.text(errors="replace")  # a document may be any bytes
            found = {name.lower(): value for name, value in response.headers.items()}
            try:
                value = json.loads(text)
            except ValueError:
                value = {}
            return Reply(response.status, found, value if isinstance(value, dict) else {"data": value}, text)

    async def ask(
        self,
        person: str,
        question: str | Sequence[Mapping[str, str]],
        model: str = "assistant",
        *,
        token: str | None = None,
        params: Mapping[str, object] | None = None,
    ) -> Reply:
        """Ask one question, or go on with a conversation."""
        messages = [{"role": "user", "content": question}] if isinstance(question, str) else list(question)
        body = {"model": model, "messages": messages, **(params or {})}
        return await self.send("POST", "/v1/chat/completions", person, body, token=token)

    async def stream(self, person: str, question: str, model: str = "assistant") -> str:
        """Ask with `stream` and return the text that the deltas make; empty unless the stream was closed well."""
        body = {"model": model, "messages": [{"role": "user", "content": question}], "stream": True}
        headers = {"Authorization": f"Bearer {await self.token(person)}"}
        url = self.base_url.rstrip("/") + "/v1/chat/completions"
        async with self.session.post(url, json=body, headers=headers, timeout=_TIMEOUT) as response:
            raw = await response.text()
        events = [line.removeprefix("data:").strip() for line in raw.splitlines() if line.startswith("data:")]
        if not events or events[-1] != "[DONE]":
            return ""
        deltas = [
            choice.get("delta", {}).get("content") or ""
            for event in events[:-1]
            for choice in json.loads(event).get("choices", ())
        ]
        return "".join(deltas)

    async def retrieve(self, person: str, query: str) -> Reply:
        """Fetch labeled passages without an answer."""
        return await self.send("POST", "/v1/retrieve", person, {"query": query})

    async def open(self, person: str, document: str) -> Reply:
        """Open a document itself."""
        return await self.send("GET", f"/v1/documents/{document}", person)

    async def proof(self, person: str, reply: Reply) -> Reply:
        """Fetch the lineage and audit proof of an answer."""
        return await self.send("GET", f"/v1/answers/{reply.lockgate.get('request_id', '')}/proof", person)
