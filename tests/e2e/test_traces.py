"""Traces as a receiver gets them: real OTLP over real HTTP, of a gateway with documents and a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from e2e.lab import opened, plant, records, talking
from e2e.upstream import upstream
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.audit.record import Kind

pytestmark = pytest.mark.slow
CANARY = "canarybird"


@dataclass
class Receiver:
    """An OTLP receiver in memory."""

    url: str = ""
    posts: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    redirect: str = ""

    async def take(self, request: web.Request) -> web.Response:
        self.posts.append(await request.read())
        self.headers.append(dict(request.headers))
        if self.redirect:
            return web.Response(status=307, headers={"Location": self.redirect})
        return web.Response()

    def spans(self) -> list[Any]:
        found = []
        for one in self.posts:
            for resource in ExportTraceServiceRequest.FromString(one).resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return found


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/v1/traces", made.take)
    app.router.add_post("/elsewhere", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


def attributes(span: Any) -> dict[str, Any]:
    found = {}
    for one in span.attributes:
        kind = one.value.WhichOneof("value")
        value = getattr(one.value, kind)
        found[one.key] = (
            [getattr(v, v.WhichOneof("value")) for v in value.values] if kind == "array_value" else value
        )
    return found


def telemetry(url: str, more: str = "sample = 1.0") -> str:
    return f'[telemetry]\notlp_endpoint = "{url}/v1/traces"\n{more}\n'


async def test_a_request_is_a_trace_without_content(
    embedder: MiniLmEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "HTTP_PROXY", "http_proxy", "OTEL_EXPORTER_OTLP_HEADERS"):
        monkeypatch.setenv(name, "http://192.0.2.1:1/")  # nobody's: what counts is the configuration
    plant(tmp_path)
    (tmp_path / "token").write_text("tell-nobody\n")
    async with receiver() as got, upstream() as server:
        models = f'''
[[models]]
id = "far"
base_url = "{server.base_url("far")}"
model = "far-1"
provider = "acme"
users = ["everyone"]
ceiling = "confidential"
[[assistants]]
id = "helper"
model = "far"
collections = ["brightwater"]
users = ["everyone"]
''' + telemetry(got.url, 'sample = 1.0\notlp_token_file = "token"')
        async with opened(tmp_path, embedder, models=models) as lab, talking(lab.url, lab.token) as client:
            question = {"role": "user", "content": f"Up to what value may I accept gifts? {CANARY}"}
            stated = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "baggage": f"x={CANARY}"}
            reply = await client.send(
                "POST",
                "/v1/chat/completions",
                "staff",
                {"model": "helper", "messages": [question]},
                headers=stated,
            )
            assert reply.status == 200, reply.text
            hidden = await client.send("GET", f"/v1/documents/{CANARY}", "staff")
            assert hidden.status == 404
            id = reply.headers["lockgate-request-id"]
            logged = lab.lockgate.log.by_request(id)
            effects = [one.record for one in logged if one.record.kind is Kind.DECISION]
        spans = {one.name: one for one in got.spans()}
    assert set(spans) >= {
        "POST /v1/chat/completions",
        "retrieval",
        "chat far",
        f"embeddings {embedder.name}",
        "GET /v1/documents/{document}",
    }
    root, model = spans["POST /v1/chat/completions"], spans["chat far"]
    assert root.trace_id.hex() != "a" * 32
    assert not root.parent_span_id
    assert model.trace_id == spans["retrieval"].trace_id == root.trace_id
    assert model.parent_span_id == root.span_id
    about = attributes(root)
    assert about["lockgate.request.id"] == id
    assert about["http.response.status_code"] == 200
    assert about["lockgate.decision.ids"] == [one.index for one in logged if one.record.kind is Kind.DECISION][:64]
    assert about["lockgate.decision.denied"] == sum(one.effect == "deny" for one in effects)
    assert about["lockgate.label.sensitivity"] == "general"
    said = attributes(model)
    assert (said["gen_ai.operation.name"], said["gen_ai.request.model"]) == ("chat", "far")
    assert said["gen_ai.provider.name"] == "acme"
    assert said["gen_ai.response.finish_reasons"] == ["stop"]
    assert attributes(spans["GET /v1/documents/{document}"])["error.type"] == "not_found"
    assert {one["Authorization"] for one in got.headers} == {"Bearer tell-nobody"}
    whole = b"".join(got.posts)
    for word in (CANARY, "gifts", "suppliers", "staff", "user:", "group:", "handbook", "Bearer", "tell-nobody"):
        assert word.encode() not in whole, word
    # Nothing of a trace is told to the model's provider.
    assert not any({"traceparent", "tracestate", "baggage"} & {k.lower() for k in one} for one in server.headers)


@pytest.mark.parametrize("sample", [1.0, 0.0])
async def test_whose_trace_it_is_may_be_said_and_not_whether(
    embedder: MiniLmEmbedder, tmp_path: Path, sample: float
) -> None:
    plant(tmp_path)
    async with receiver() as got:
        models = telemetry(got.url, f"accept_traceparent = true\nsample = {sample}")
        async with opened(tmp_path, embedder, models=models) as lab, aiohttp.ClientSession() as session:
            for stated in (
                "00-" + "a" * 32 + "-" + "b" * 16 + "-0" + ("0" if sample else "1"),
                "00-" + "0" * 32 + "-" + "b" * 16 + "-01",
                f"00-{CANARY}",
                "",
            ):
                async with session.get(f"{lab.url}/healthz", headers={"traceparent": stated}) as response:
                    assert response.status == 200
        spans = got.spans()
    if not sample:
        assert not spans
        return
    assert len(spans) == 4
    assert [one.trace_id.hex() == "a" * 32 for one in spans].count(True) == 1
    assert [bool(one.parent_span_id) for one in spans].count(True) == 1
    assert CANARY.encode() not in b"".join(got.posts)


async def test_a_receiver_that_leads_elsewhere_is_not_followed(embedder: MiniLmEmbedder, tmp_path: Path) -> None:
    plant(tmp_path)
    async with receiver() as got, receiver() as other:
        got.redirect = f"{other.url}/elsewhere"
        models = telemetry(got.url)
        async with opened(tmp_path, embedder, models=models) as lab, talking(lab.url, lab.token) as client:
            assert (await client.send("GET", "/healthz", "")).status == 200
        assert got.posts
        assert not other.posts


async def test_a_receiver_that_is_not_there_is_waited_for_by_nobody(
    embedder: MiniLmEmbedder, tmp_path: Path
) -> None:
    plant(tmp_path)
    models = telemetry("http://127.0.0.1:9")
    async with opened(tmp_path, embedder, models=models) as lab, talking(lab.url, lab.token) as client:
        async with asyncio.timeout(20):
            for _ in range(50):
                assert (await client.send("GET", "/v1/models", "staff")).status == 200
            question = {"model": "assistant", "messages": [{"role": "user", "content": "May I accept gifts?"}]}
            reply = await client.send("POST", "/v1/chat/completions", "staff", question)
            assert reply.status == 200
            assert records(lab.lockgate, reply.headers["lockgate-request-id"])
