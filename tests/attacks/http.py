"""One HTTP request as bytes on a socket, as an attacker sends it."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def steady(self) -> tuple[int, dict[str, str], Any]:
        """Return all of it but ids of the request and the time."""
        kept = {k: v for k, v in self.headers.items() if k not in {"date", "lockgate-request-id"}}
        return self.status, kept, _steady(self.json)


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _steady(v) for k, v in value.items() if k not in {"id", "created", "request_id"}}
    return [_steady(one) for one in value] if isinstance(value, list) else value


def send(
    url: str,
    method: str,
    path: str,
    body: object = None,
    *,
    token: str = "",
    headers: dict[str, str] | None = None,
) -> Reply:
    """Send one request; a body of bytes goes as it is, any other as JSON."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    sent = {"Content-Type": "application/json"} if body is not None else {}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    try:
        connection.request(method, path, data, sent | (headers or {}))
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)
    finally:
        connection.close()


def chat(text: str, model: str = "assistant", **more: object) -> dict[str, object]:
    """Return the body of one question."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def tool(name: str, **arguments: object) -> dict[str, object]:
    """Return the body of one call of an MCP tool, as a client of an older revision sends it."""
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
