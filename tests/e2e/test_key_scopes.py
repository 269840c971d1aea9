"""A service key opens the routes of its scopes over HTTP and no other, whatever its groups may read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from attacks.http import Reply, chat, send
from e2e.lab import Lab, in_thread, opened, plant, records
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.service_keys import KeyFile, create
from lockgate.policy.model import Scope
from matrix.endpoints import CASES

pytestmark = pytest.mark.slow
FAMILIES: Final = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "chat",
    "/v1/completions": "chat",
    "/v1/messages": "chat",
    "/v1/models": "chat",
    "/v1/embeddings": "chat",
    "/v1/retrieve": "retrieve",
    "/v1/discover": "retrieve",
    "/mcp": "retrieve",
    "/v1/documents": "retrieve",
    "/v1/reviews": "review",
    "/v1/exposure": "review",
    "/v1/findings": "review",
    "/v1/answers": "audit",
    "/v1/audit": "audit",
    "/access/v1": "decide",
    "/v1/classify": "classify",
    "/metrics": "metrics",
}
ALSO: Final = {"/v1/reviews/suggest": ("chat",)}
"""What a route needs besides the scope of its family: it asks a model."""
GROUPS: Final = frozenset({"staff", "hr", "stewards", "admins", "auditors"})
"""A service with every right, so that a refusal is one of scopes."""


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("scopes")
    plant(folder)
    with in_thread(lambda: opened(folder, embedder)) as made:
        yield made


def key(lab: Lab, *scopes: str) -> str:
    file = KeyFile(lab.folder / "service-keys.json")
    return create(file, "etl", "hr", frozenset(scopes), GROUPS, timedelta(days=1), SystemClock().now())[1]


def family(path: str) -> str:
    if path.endswith("/forget"):
        return "review"
    return next(scope for start, scope in FAMILIES.items() if path.startswith(start))


def everything(lab: Lab, token: str) -> Iterator[tuple[str, Reply]]:
    """Ask every route but those that are open to everybody: the health check, and metadata."""
    for (method, path), cases in CASES.items():
        if path not in {"/healthz", "/readyz"} and not path.startswith("/.well-known/"):
            case = cases[-1]
            asked = case.path.format(answer="req_" + "0" * 24)
            yield path, send(lab.url, method, asked, case.body, token=token)


@pytest.mark.parametrize(
    "scopes", [("chat",), ("retrieve",), ("review",), ("audit",), ("classify",), tuple(Scope)]
)
def test_a_key_opens_its_own_routes_and_no_others(lab: Lab, scopes: tuple[str, ...]) -> None:
    for path, reply in everything(lab, key(lab, *scopes)):
        refused = reply.status == 403 and "insufficient_scope" in reply.text
        needed = (family(path), *ALSO.get(path, ()))
        lacking = next((scope for scope in needed if scope not in scopes), "")
        assert refused == bool(lacking), (path, reply.status, reply.text)
        assert not refused or reply.status == 403
        challenged = reply.headers.get("www-authenticate", "")
        assert refused == ('error="insufficient_scope"' in challenged)
        assert not refused or f'scope="{lacking}"' in challenged
        if refused:
            (one,) = records(lab.lockgate, reply.headers["lockgate-request-id"])
            assert (one.subject, one.effect, one.outcome) == ("service:etl", "deny", "insufficient_scope")


def test_a_refusal_has_the_shape_of_its_family_and_says_what_to_do(lab: Lab) -> None:
    asked = send(lab.url, "POST", "/v1/chat/completions", chat("Hello."), token=key(lab, "audit")).json["error"]
    assert (asked["code"], asked["type"]) == ("insufficient_scope", "permission_error")
    assert "lockgate keys create --scope chat" in asked["message"]
    found = send(lab.url, "POST", "/v1/retrieve", {"query": "gifts"}, token=key(lab, "chat")).json
    assert (found["code"], found["status"]) == ("insufficient_scope", 403)
    assert "--scope retrieve" in found["remedy"]


@pytest.mark.parametrize("scopes", [[], ["everything"], ["CHAT"]])
def test_a_key_without_a_known_scope_in_the_file_opens_nothing(lab: Lab, scopes: list[str]) -> None:
    """Keys made before scopes meant something, and files that were edited."""
    token, path = key(lab, "chat"), lab.folder / "service-keys.json"
    file = json.loads(path.read_text())
    for one in file["keys"]:
        if one["id"] == token.split("_")[1]:
            one["scopes"] = scopes
    path.write_text(json.dumps(file))
    for asked, reply in everything(lab, token):
        assert (reply.status, "insufficient_scope" in reply.text) == (403, True), asked


def test_people_are_not_confined(lab: Lab) -> None:
    """The scopes of a provider's token mean something else; what is for services alone is for no person."""
    for asked, reply in everything(lab, lab.token("steward")):
        assert ("insufficient_scope" in reply.text) == (asked == "/metrics"), asked
