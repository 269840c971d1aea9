"""Who may ask what: every route against everybody, over HTTP, against the matrix that is checked in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.lab import Lab, in_thread, opened, plant, talking
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from matrix.endpoints import CASES, FILE, QUESTION, SUBJECTS, render, shown, table

pytestmark = pytest.mark.slow
MODELS = """
[[models]]
id = "for-hr"
kind = "extractive"
users = ["group:hr"]
ceiling = "restricted"
[[models]]
id = "vectors"
kind = "embeddings"
users = ["group:staff"]
ceiling = "restricted"
[[models]]
id = "vectors-hr"
kind = "embeddings"
users = ["group:hr"]
ceiling = "restricted"
"""


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("matrix")
    plant(folder)
    with in_thread(lambda: opened(folder, embedder, models=MODELS)) as made:
        yield made


def test_every_route_stands_in_the_matrix(lab: Lab) -> None:
    """A new route fails here until somebody has said who may use it."""
    assert set(table(lab.lockgate.table())) == set(CASES)


async def test_the_endpoints_answer_as_checked_in(lab: Lab) -> None:
    """If this fails: read the difference as who gains and who loses; see `endpoints.py` for how to accept it."""
    seen = []
    async with talking(lab.url, lab.token) as client:
        answer = (await client.ask("staff", QUESTION)).lockgate["request_id"]
        for method, path in table(lab.lockgate.table()):
            for case in CASES[method, path]:
                status = {}
                for subject in SUBJECTS:
                    reply = await client.send(
                        method, case.path.format(answer=answer), subject, case.body, headers=case.headers
                    )
                    status[subject] = shown(reply.status, reply.body)
                    refused = reply.status in {401, 403, 404} or status[subject].endswith("no")
                    assert not refused or not {"35 EUR", "61,387", "lighthouse"} & set(reply.text.split())
                seen.append((f"{method} {path}", case, status))
    text = render(seen)
    if os.environ.get("LOCKGATE_ACCEPT_MATRIX"):
        FILE.write_text(text, encoding="utf-8")
    assert text.splitlines() == FILE.read_text(encoding="utf-8").splitlines()


async def test_without_a_token_nothing_is_told_apart(lab: Lab) -> None:
    """Without a token only health and metadata answer, and every refusal is the same."""
    shapes = set()
    async with talking(lab.url, lab.token) as client:
        for method, path in table(lab.lockgate.table()):
            for case in CASES[method, path]:
                reply = await client.send(
                    method, case.path.format(answer="req_" + "0" * 24), "", case.body, headers=case.headers
                )
                if path not in {"/healthz", "/readyz"} and not path.startswith("/.well-known/"):
                    challenge = reply.headers["www-authenticate"].replace("-resource/mcp", "-resource")
                    shapes.add((reply.status, reply.code, challenge))
    where = f"{lab.url}/.well-known/oauth-protected-resource"
    assert shapes == {(401, "missing_token", f'Bearer realm="lockgate", resource_metadata="{where}"')}


async def test_what_exists_and_what_does_not_are_refused_alike(lab: Lab) -> None:
    """WP-50: to whoever has no right, both refusals are the same but for ids and the name asked for."""
    pairs = [
        ("GET", "/v1/documents/{document}", 1, 4, "outsider"),
        ("GET", "/v1/documents/{document}", 0, 4, "outsider"),
        ("GET", "/v1/documents/{document:path}/why", 0, 1, "outsider"),
        ("GET", "/v1/documents/{document:path}/why", 1, 2, "outsider"),
        ("GET", "/v1/answers/{request_id}/proof", 0, 1, "outsider"),
        ("POST", "/v1/reviews", 1, 2, "staff"),
        ("POST", "/v1/reviews/rule", 0, 1, "staff"),
        ("GET", "/v1/reviews/{document:path}", 1, 2, "staff"),
        ("GET", "/v1/reviews/{document:path}", 3, 4, "staff"),
        ("GET", "/v1/reviews/{document}/passages/{ordinal}", 1, 2, "staff"),
        ("GET", "/v1/exposure/findable/{person}", 0, 1, "hr"),
        ("GET", "/v1/models/{model}", 1, 2, "staff"),
        ("POST", "/v1/chat/completions", 1, 2, "staff"),
        ("POST", "/v1/messages", 1, 2, "staff"),
        ("POST", "/v1/embeddings", 1, 2, "staff"),
        ("POST", "/mcp", 2, 5, "staff"),
        ("POST", "/mcp", 3, 5, "staff"),
        ("POST", "/mcp", 4, 5, "staff"),
        ("POST", "/mcp", 1, 5, "outsider"),
        ("POST", "/access/v1/evaluation", 1, 2, "staff"),
        ("POST", "/access/v1/evaluation", 1, 2, "admin"),
        ("POST", "/access/v1/search/subject", 0, 1, "staff"),
        ("POST", "/access/v1/search/resource", 0, 1, "staff"),
    ]
    async with talking(lab.url, lab.token) as client:
        answer = (await client.ask("staff", QUESTION)).lockgate["request_id"]
        for method, path, there, absent, subject in pairs:
            told = []
            for case in (CASES[method, path][there], CASES[method, path][absent]):
                reply = await client.send(
                    method, case.path.format(answer=answer), subject, case.body, headers=case.headers
                )
                left_out = {"date", "content-length", "lockgate-request-id", "request-id"}
                headers = {k: v for k, v in reply.headers.items() if k not in left_out}
                body = (
                    reply.stable()
                    .replace(b"no-such-model", b"for-hr")
                    .replace(b"vectors-hr", b"for-hr")
                    .replace(b"nowhere/**", b"hr/**")
                )
                told.append((reply.status, body, headers))
            assert told[0] == told[1], (method, path, subject)
            assert told[0][0] in {400, 403, 404} or path == "/mcp" or path.startswith("/access/")
