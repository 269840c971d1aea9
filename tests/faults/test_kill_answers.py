"""kill -9 at every await of an answer: whatever the reader got was recorded, and keeps its label afterwards."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from e2e.lab import plant
from e2e.upstream import Upstream
from edge.apis import APIS, Api
from faults.harness import Got, at_each, gateway, kinds, reset, said, whole
from lockgate.audit.record import Kind

pytestmark = pytest.mark.slow
PAY = "What is the base salary of Goran Ilic?"
SECRET = "61,387"
BY_NAME = {api.name: api for api in APIS}
CASES = [("chat", False), ("chat", True), ("responses", True)]
EVERY = 1 if os.environ.get("LOCKGATE_FAULTS") == "all" else 9
"""In CI each ninth point, beginning elsewhere for each door; `make soak` takes every one."""


@pytest.fixture(scope="module")
def template(server: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    plant(folder)
    with gateway(folder, server.base_url("parrot")):
        pass
    return folder


def body(api: Api, stream: bool) -> dict:
    return api.ask("told", [("user", PAY)]) | ({"stream": True} | api.more if stream else {})


def ended(api: Api, got: Got, stream: bool) -> bool:
    """Tell whether the reader has the end of the answer."""
    if got.broken or got.status != 200:
        return False
    return not stream or "[DONE]" in got.raw or "response.completed" in got.raw


def check(folder: Path, server: Upstream, api: Api, stream: bool, got: Got, where: str) -> None:
    """Assert what must hold after a death, before and after the next start."""
    whole(folder)
    text = said(api, got, stream)
    if got.request_id:
        found = kinds(folder, got.request_id)
        assert Kind.DECISION in found, where
        assert found.count(Kind.ANSWER) == 1, where
        assert found.count(Kind.OUTCOME) <= 1, where
        if ended(api, got, stream):
            assert Kind.OUTCOME in found, where
    with gateway(folder, server.base_url("parrot")) as again:
        if text.strip():
            turns = [("assistant", text), ("user", "Thanks a lot for that.")]
            reply = again.send("/v1/chat/completions", BY_NAME["chat"].ask("parrot", turns), "hr")
            assert reply.status == 200, (where, reply.raw)
            label = json.loads(reply.raw)["lockgate"]["label"]
            assert label["sensitivity"] == "restricted", (where, label)
            assert ["group:hr"] in label["readers"], (where, label)
        reply = again.send(api.path, body(api, False), "hr", api.headers)
        assert reply.status == 200, (where, reply.raw)
        assert SECRET in reply.raw, where
        assert SECRET not in again.send(api.path, body(api, False), "staff", api.headers).raw
    whole(folder)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("name", "stream"), CASES, ids=lambda value: str(value))
def test_at_every_await(server: Upstream, template: Path, tmp_path: Path, name: str, stream: bool) -> None:
    api = BY_NAME[name]
    with gateway(reset(template, tmp_path / "dry"), server.base_url("parrot"), api.path) as dry:
        got = dry.send(api.path, body(api, stream), "hr", api.headers)
        assert got.status == 200, got.raw
        assert SECRET in got.raw
        points = dry.seen()
    assert len(points) > 15, points
    assert {"before the commit", "after the commit"} <= {" ".join(one.split()[:3]) for one in points}
    shown = 0

    def killed(at: int, where: str) -> None:
        nonlocal shown
        folder = reset(template, tmp_path / "run")
        with gateway(folder, server.base_url("parrot"), api.path, at) as one:
            got = one.send(api.path, body(api, stream), "hr", api.headers)
            if not one.process.is_alive() or got.broken:
                assert one.died(), where
        shown += bool(said(api, got, stream))
        check(folder, server, api, stream, got, where)

    chosen = range(1 + CASES.index((name, stream)) * 3 % EVERY, len(points) + 1, EVERY)
    at_each(f"{name} {'streamed' if stream else 'plain'}", points, chosen, killed)
    print(f"{name}: {shown} of {len(chosen)} had shown something")
