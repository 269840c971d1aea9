"""One policy decides identically at every door: the matrix of doors, driven over HTTP, plain and streamed."""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt

from attacks.http import Reply, send
from e2e.lab import FILES, Lab, in_thread, opened, plant
from e2e.upstream import Stream, Upstream, upstream
from edge.apis import APIS, Api, events
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.service_keys import KeyFile, create
from lockgate.content.document import document_id
from lockgate.demo.run import AUDIENCE
from matrix.doors import (
    DOCUMENTS,
    DRIVEN,
    FILE,
    KINDS,
    PICNIC,
    TEXTS,
    WHO,
    Got,
    Who,
    body_of_tool,
    line,
    models,
    unplaced,
)
from matrix.endpoints import table

pytestmark = pytest.mark.slow
SCOPES = frozenset({"chat", "retrieve", "decide"})


async def _answer(stream: Stream) -> None:
    """Name no passage, so that the answer cites all that the model was given."""
    await stream.say("So it is. ")
    await stream.end()


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("doors")
    plant(folder, {**FILES, PICNIC[0]: PICNIC[1]})

    async def both(request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("/embeddings"):
            return await server.handle(request)
        count = len(json.loads(await request.read())["input"])
        return web.json_response({"data": [{"index": i, "embedding": [1.0, 0.0]} for i in range(count)]})

    server = Upstream()

    @asynccontextmanager
    async def served() -> AsyncIterator[Lab]:
        async with upstream(both) as address:
            server.reset(_answer)
            async with opened(folder, embedder, models=models(address.base_url("m"))) as made:
                yield made

    with in_thread(served) as made:
        yield made


def token(lab: Lab, who: Who) -> str:
    """Return what the asker shows: an access token, or a key of a service."""
    if not who.person:
        groups, day = frozenset(who.groups), timedelta(days=1)
        file = KeyFile(lab.folder / "service-keys.json")
        return create(file, who.service, "hr", SCOPES, groups, day, SystemClock().now())[1]
    now = int(time.time())
    claims = {"iss": lab.issuer.issuer, "aud": AUDIENCE, "sub": who.person, "client_id": who.client, "acr": "demo"}
    claims |= {"jti": secrets.token_hex(8), "iat": now, "exp": now + 3600}
    claims |= {"act": {"sub": who.actor}} if who.actor else {}
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "demo"}, claims, lab.issuer._key)


# ------------------------------------------------------------------ the doors


def asked(lab: Lab, api: Api, shown: str, model: str, text: str, *, stream: bool) -> Got:
    """Ask a model through one of the doors that answer."""
    body = api.ask(model, [("user", text)]) | ({"stream": True} | api.more if stream else {})
    reply = send(lab.url, "POST", api.path, body, token=shown, headers=api.headers)
    if reply.status != 200:
        return Got(api.code(reply.json))
    said = api.streamed(events(reply.text)) if stream else api.whole(reply.json)
    return Got("allowed", reply.headers["lockgate-label"], _documents(said.lockgate["citations"], "document"))


def answered(lab: Lab, shown: str, model: str, text: str) -> Got:
    """Ask through all of them, plain and streamed; fail where two differ."""
    doors = [(api, stream) for api in APIS for stream in (False, True)]
    found = {(api.name, stream): asked(lab, api, shown, model, text, stream=stream) for api, stream in doors}
    first = next(iter(found.values()))
    assert all(one == first for one in found.values()), found
    return first


def embedded(lab: Lab, shown: str, model: str, text: str) -> Got:
    reply = send(lab.url, "POST", "/v1/embeddings", {"model": model, "input": text}, token=shown)
    if reply.status != 200:
        return Got(reply.json["error"]["code"])
    return Got("allowed", reply.headers["lockgate-label"])


def retrieved(lab: Lab, shown: str, question: str) -> Got:
    reply = send(lab.url, "POST", "/v1/retrieve", {"query": question}, token=shown)
    if reply.status != 200:
        return Got(reply.json["code"])
    return Got("allowed", reply.headers["lockgate-label"], _documents(reply.json["data"], "document"))


def tool(lab: Lab, shown: str, name: str, **arguments: str) -> Got:
    reply = send(lab.url, "POST", "/mcp", body_of_tool(name, **arguments), token=shown)
    assert reply.status == 200, reply.text
    result = reply.json["result"]
    if result.get("isError"):
        return Got(str(result["_meta"]["lockgate"]["code"]))
    meta = result["_meta"]["lockgate"]
    return Got("allowed", meta["label_header"], _documents(meta["sources"], "document"))


def decided(lab: Lab, shown: str, who: Who, action: str, resource: dict[str, str], **context: Any) -> bool:
    body = {"subject": who.subject, "action": {"name": action}, "resource": resource, "context": context}
    reply = send(lab.url, "POST", "/access/v1/evaluation", body, token=shown)
    assert reply.status == 200, reply.text
    return bool(reply.json["decision"])


def _documents(found: list[dict[str, Any]], key: str) -> frozenset[str]:
    return frozenset(one[key] for one in found)


# ------------------------------------------------------------------ the matrix


def test_every_route_is_driven_or_said_not_to_answer(lab: Lab) -> None:
    """A new door fails here until it stands in the matrix, or somebody has said why not."""
    routes = table(lab.lockgate.table())
    assert unplaced(routes) == []
    assert set(routes) >= DRIVEN
    assert {api.path for api in APIS} == {
        path for _, path in DRIVEN if path.startswith("/v1/") and path not in OTHER_DOORS
    }


OTHER_DOORS = {"/v1/embeddings", "/v1/retrieve", "/v1/documents/{document}"}


def reads(lab: Lab, who: Who, shown: str, kind: str) -> Iterator[str]:
    """Yield the lines of an asker and a class of documents."""
    item, question = DOCUMENTS[kind]
    document = document_id("brightwater", item)
    named = {"type": "document", "id": f"brightwater/{item}"}
    found, searched = retrieved(lab, shown, question), tool(lab, shown, "search", query=question)
    fetched = tool(lab, shown, "fetch", id=document)
    told = decided(lab, shown, who, "read", named, use="ai")
    read = document in found.documents
    assert found == searched, (who, kind)
    assert (read, told, fetched.decision == "allowed") == (read,) * 3, (who, kind, found, fetched)
    assert not read or document in fetched.documents
    opened = send(lab.url, "GET", f"/v1/documents/{document}", token=shown).status
    opens = decided(lab, shown, who, "read", named, use="open")
    assert opened == (200 if opens else 404), (who, kind)
    cells = [(f"  {kind}", 14), (f"read {'yes' if read else 'no'}", 10), (f"open {'yes' if opens else 'no'}", 10)]
    for name in KINDS:
        got = answered(lab, shown, f"over-{name}", question)
        if got.decision != "allowed":
            shows = got.decision
        else:
            # A model of a lower ceiling gets less, and nobody gets more.
            assert got.documents <= found.documents, (who, kind, name)
            assert name != "all" or (got.documents, got.label) == (found.documents, found.label), (who, kind)
            shows = f"{'shown' if document in got.documents else 'not shown'}, {got.level}"
        cells.append((f"{name}: {shows}", 32))
    yield line(*cells)


def sends(lab: Lab, who: Who, shown: str, kind: str) -> Iterator[str]:
    """Yield the line of an asker and a text that is sent to models, to be answered or made a vector."""
    cells, label = [(f"  {kind}", 38)], None
    for name in KINDS:  # the first one may be given everything: what it is given has the label of the text
        got = answered(lab, shown, f"plain-{name}", TEXTS[kind])
        vector = embedded(lab, shown, f"vectors-{name}", TEXTS[kind])
        assert (got.decision, got.label) == (vector.decision, vector.label), (who, kind, name)
        label = label or (_label(got.label) if got.label else None)
        if label is not None:
            for model in (f"plain-{name}", f"vectors-{name}"):
                told = decided(lab, shown, who, "prompt", {"type": "model", "id": model}, label=label)
                assert told == (got.decision == "allowed"), (who, kind, model)
        cells.append((f"{name}: {got.level or got.decision}", 32))
    yield line(*cells)


def _label(header: str) -> dict[str, Any]:
    encoded = header.rpartition("l=")[2]
    return dict(json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))


def test_every_door_decides_alike(lab: Lab) -> None:
    """If this fails: read the difference as who gains and who loses; `matrix/doors.py` says how to accept it."""
    shown = {who.name: token(lab, who) for who in WHO}
    lines = ["# What each asker gets, through every door alike. Generated: see doors.py.", ""]
    lines += ["Documents: read by AI, opened by the person, and shown by an assistant over each model", ""]
    for who in WHO:
        lines.append(who.name)
        lines += [one for kind in DOCUMENTS for one in reads(lab, who, shown[who.name], kind)]
    # What was shown above counts from here on, whoever typed it.
    for who in WHO:
        tool(lab, shown[who.name], "search", query="lanterns behind the boathouse")
    lines += ["", "Texts: sent to each model, for an answer or a vector; the level that it comes back with", ""]
    for who in WHO:
        lines.append(who.name)
        lines += [one for kind in TEXTS for one in sends(lab, who, shown[who.name], kind)]
    text = "\n".join(lines) + "\n"
    if os.environ.get("LOCKGATE_ACCEPT_MATRIX"):
        FILE.write_text(text, encoding="utf-8")
    assert text.splitlines() == FILE.read_text(encoding="utf-8").splitlines()


def test_without_a_token_every_door_is_shut_alike(lab: Lab) -> None:
    seen = set()
    for api in APIS:
        body = api.ask("plain-all", [("user", "Hi.")])
        reply = send(lab.url, "POST", api.path, body, headers=api.headers)
        seen.add((reply.status, api.code(reply.json)))
    others: list[tuple[str, str, Any]] = [
        ("POST", "/v1/embeddings", {"model": "vectors-all", "input": "Hi."}),
        ("POST", "/v1/retrieve", {"query": "Hi."}),
        ("POST", "/mcp", body_of_tool("search", query="Hi.")),
        ("POST", "/access/v1/evaluation", {}),
        ("GET", "/v1/documents/d_0", None),
    ]
    for method, path, body in others:
        reply = send(lab.url, method, path, body)
        seen.add((reply.status, _code(reply)))
    assert seen == {(401, "missing_token")}


def _code(reply: Reply) -> str:
    error = reply.json.get("error", reply.json)
    return str(error["code"])
