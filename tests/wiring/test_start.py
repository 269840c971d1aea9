"""What a server says about itself when it starts: an issuer that does not answer, weights that are not there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.weights import Weights, shipped
from lockgate.config import parse
from lockgate.errors import Unavailable
from lockgate.wiring import open_lockgate
from lockgate.wiring.start import issuer_answers, problems

_EC = {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1", "x": "AA", "y": "AA"}


@asynccontextmanager
async def provider(name: str = "", keys: object = (_EC,)) -> AsyncIterator[str]:
    """Serve a provider's two documents, and yield its address."""

    async def metadata(request: web.Request) -> web.Response:
        here = f"http://127.0.0.1:{port}"
        return web.json_response({"issuer": name or here, "jwks_uri": f"{here}/keys"})

    async def published(request: web.Request) -> web.Response:
        return web.json_response({"keys": list(keys) if isinstance(keys, tuple) else keys})

    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", metadata)
    app.router.add_get("/keys", published)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def refusal(issuer: str) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        await issuer_answers(issuer)
    return caught.value


async def test_a_provider_that_answers_is_no_problem() -> None:
    async with provider() as issuer:
        await issuer_answers(issuer)


@pytest.mark.parametrize("issuer", ["https://id.example.com", "https://example.org/realm", "https://id.invalid"])
async def test_the_samples_issuer_is_named_without_asking_the_network(issuer: str) -> None:
    error = await refusal(issuer)
    assert "is an example" in str(error)
    assert "[identity]" in error.remedy


async def test_what_is_wrong_with_a_provider_is_said() -> None:
    async with provider("https://another.one") as issuer:
        error = await refusal(issuer)
        assert "describes another issuer" in str(error)
        assert error.remedy.startswith("Write the issuer exactly")
    assert "does not answer" in str(await refusal(issuer))
    for keys in ((), "none"):
        async with provider(keys=keys) as issuer:
            assert str(await refusal(issuer)).startswith("nobody can sign in now")


SETTINGS = """\
data = "state"
[identity]
issuer = "https://id.example.com"
audience = "https://lockgate.example.com"
[[applications]]
id = "lockgate-cli"
[[models]]
id = "quotes"
kind = "extractive"
users = ["everyone"]
ceiling = "restricted"
[[models]]
id = "small"
kind = "local"
users = ["everyone"]
ceiling = "restricted"
"""


async def test_missing_weights_are_said_with_what_to_do(tmp_path: Path) -> None:
    weights = Weights(tmp_path / "models", shipped())
    found = await problems(parse(SETTINGS, tmp_path / "lockgate.toml"), MiniLmEmbedder(weights), weights)
    assert len(found) == 3
    assert all("lockgate models fetch" in one for one in found[1:])
    assert "minilm" in found[1]
    assert ".gguf" in found[2]


async def test_a_server_starts_all_the_same_and_logs_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = f'models_folder = "{tmp_path}/models"\n{SETTINGS}'
    caplog.set_level(logging.WARNING, "lockgate")
    async with open_lockgate(parse(text, tmp_path / "lockgate.toml")) as lockgate:
        app = lockgate.app()
        async with app.router.lifespan_context(app):
            for _ in range(200):
                if len(caplog.records) >= 3:
                    break
                await asyncio.sleep(0.02)
    said = [record.getMessage() for record in caplog.records if record.getMessage().startswith("start: ")]
    assert len(said) == 3
    assert "Set `issuer` and `audience`" in said[0]
