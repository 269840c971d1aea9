"""Who asks is looked at when the body is there, and not only when it begins: it may take its time on purpose."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from attacks.http import send, tool
from e2e.lab import Lab
from e2e.upstream import Upstream
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.audit.record import Kind, Receipt, Record

pytestmark = pytest.mark.slow
ASKED = [
    ("/v1/retrieve", {"query": "gifts"}),
    ("/v1/discover", {"query": "gifts"}),
    ("/v1/reviews", {"document": "d_000000000000000000000000", "version": "x"}),
    ("/v1/embeddings", {"model": "cheap", "input": "gifts"}),
    ("/v1/chat/completions", {"model": "cheap", "messages": [{"role": "user", "content": "Hi"}]}),
    ("/mcp", tool("search", query="gifts")),
    ("/access/v1/evaluation", {"subject": {"type": "user", "id": "hr"}, "action": {"name": "read"},
                               "resource": {"type": "document", "id": "x"}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), ASKED, ids=[path for path, _ in ASKED])
def test_a_token_that_ends_while_the_body_drips_in_opens_nothing(
    pair: tuple[Lab, Upstream], path: str, body: object
) -> None:
    """For as long as a body may take, a token that had ended still found passages."""
    lab, _ = pair
    data, place, was = json.dumps(body).encode(), urlsplit(lab.url), lab.clock.moved
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {lab.token('owner')}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((place.hostname, place.port or 0), 10) as line:
        line.sendall(head.encode() + data[:-1])
        line.settimeout(0.5)
        with pytest.raises(TimeoutError):
            line.recv(1)
        lab.clock.moved = was + timedelta(days=1)
        try:
            line.settimeout(10)
            line.sendall(data[-1:])
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        finally:
            lab.clock.moved = was
    assert answer.startswith(b"HTTP/1.1 401 "), answer[:200]


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/retrieve", {"query": "gifts"}), ("/mcp", tool("search", query="gifts"))]
)
def test_a_session_that_ends_while_the_log_is_slow_is_shown_no_passages(
    pair: tuple[Lab, Upstream], monkeypatch: pytest.MonkeyPatch, path: str, body: object
) -> None:
    """A busy disk keeps passages waiting between the decision and their release."""
    lab, _ = pair
    real, was = AuditLog.append, lab.clock.moved

    async def slow(log: AuditLog, some: Sequence[Record], /) -> Receipt:
        receipt = await real(log, some)
        if any(one.kind is Kind.RETRIEVAL for one in some):
            lab.clock.moved = was + timedelta(days=1)
        return receipt

    monkeypatch.setattr(AuditLog, "append", slow)
    try:
        reply = send(lab.url, "POST", path, body, token=lab.token("owner"))
    finally:
        lab.clock.moved = was
    assert "35 EUR" not in reply.text
    assert "withdrawn" in reply.text or "has expired" in reply.text
