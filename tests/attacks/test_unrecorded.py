"""Nothing that names documents leaves without a durable record."""

from __future__ import annotations

import pytest

from attacks.http import chat, send, tool
from e2e.lab import Lab
from e2e.upstream import Upstream

pytestmark = pytest.mark.slow
ROUTES = [
    ("POST", "/v1/chat/completions", chat("Up to what value may I accept gifts?")),
    ("POST", "/v1/retrieve", {"query": "gifts"}),
    ("POST", "/v1/discover", {"query": "gifts"}),
    ("POST", "/mcp", tool("search", query="gifts")),
    ("POST", "/mcp", tool("fetch", id="d_000000000000000000000000")),
    ("GET", "/v1/reviews", None),
    ("GET", "/v1/exposure", None),
    ("GET", "/v1/exposure/findable/owner", None),
    ("GET", "/v1/documents/d_000000000000000000000000", None),
    ("GET", "/v1/reviews/d_000000000000000000000000", None),
    ("GET", "/v1/reviews/d_000000000000000000000000/passages/0", None),
    ("POST", "/v1/reviews", {"document": "d_000000000000000000000000", "version": "x"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_every_route_that_speaks_of_documents_leaves_a_record(
    pair: tuple[Lab, Upstream], method: str, path: str, body: object
) -> None:
    """One's own exposure was listed without one."""
    lab, _ = pair
    reply = send(lab.url, method, path, body, token=lab.token("owner"))
    assert reply.status in (200, 404)
    assert lab.lockgate.log.by_request(reply.headers["lockgate-request-id"]), path
