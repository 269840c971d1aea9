"""A model that fails: the person learns which and what to do, the operator finds the cause in the log."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest
from aiohttp import web

from adapters.test_models_upstream import LIMITS, answering, ask, upstream
from lockgate.adapters.openai_upstream import Configured, OpenAiUpstream
from lockgate.errors import Unavailable
from lockgate.ports import Piece
from lockgate.wiring.named import Generates, Named


async def collect(model: Generates) -> list[Piece]:
    async with aclosing(Named("cloud", model).generate(ask("passage-canary"))) as pieces:
        return [piece async for piece in pieces]


async def test_nobody_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    key = tmp_path / "cloud.key"
    key.write_text("sk-canary")
    model = OpenAiUpstream("gpt-canary", Configured("http://127.0.0.1:1/v1", key_file=key), limits=LIMITS)
    with pytest.raises(Unavailable) as caught:
        await collect(model)
    await model.close()
    assert str(caught.value) == "the model `cloud` cannot be reached now"
    assert caught.value.code == "upstream_unavailable"
    assert caught.value.remedy == "Try again, or choose another model."
    (line,) = [record for record in caplog.records if record.name == "lockgate.models"]
    assert line.levelname == "WARNING"
    assert line.getMessage().startswith("model `cloud`: the upstream cannot be reached (ClientConnector")
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "unavailable"), (429, "upstream_busy"), (401, "upstream_misconfigured"), (200, "upstream_malformed")],
)
async def test_every_failure_names_the_model_and_is_logged(
    caplog: pytest.LogCaptureFixture, status: int, code: str
) -> None:
    async with upstream(answering(status, {"error": {"message": "canary"}})) as model:
        with pytest.raises(Unavailable) as caught:
            await collect(model)
    assert str(caught.value).startswith("the model `cloud` failed: ")
    assert caught.value.code == code
    assert caught.value.remedy
    assert "WARNING" in caplog.text
    assert "model `cloud`: the upstream" in caplog.text
    assert "canary" not in caplog.text + str(caught.value)


async def test_an_upstream_that_breaks_off(caplog: pytest.LogCaptureFixture) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: ")
        assert request.transport is not None
        request.transport.abort()
        return response

    async with upstream(cut) as model:
        with pytest.raises(Unavailable) as caught:
            await collect(model)
    assert caught.value.code == "upstream_cut"
    assert "model `cloud`" in caplog.text


async def test_the_path_of_a_key_is_for_the_log_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    endpoint = Configured("http://127.0.0.1:1/v1", key_file=tmp_path / "gone.key")
    model = OpenAiUpstream("m", endpoint, limits=LIMITS)
    with pytest.raises(Unavailable) as caught:
        await collect(model)
    await model.close()
    assert caught.value.code == "upstream_misconfigured"
    assert "gone.key" not in str(caught.value) + caught.value.remedy
    assert str(tmp_path / "gone.key") in caplog.text
