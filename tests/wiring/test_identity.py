"""Who may come in, as a configuration says."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from lockgate.adapters.clock import SystemClock
from lockgate.config import load
from lockgate.errors import Unauthenticated
from lockgate.wiring.identity import authenticator


def refusal(config: Path, credential: str) -> Unauthenticated:
    async def ask() -> None:
        async with AsyncExitStack() as stack:
            opened = await authenticator(load(config), SystemClock(), None, stack)
            await opened.authenticator.authenticate(credential)

    with pytest.raises(Unauthenticated) as caught:
        asyncio.run(ask())
    return caught.value


def test_a_key_says_that_the_gateway_has_none_and_not_that_it_is_no_token(tmp_path: Path) -> None:
    config = tmp_path / "lockgate.toml"
    key = f"lgk_{'a' * 12}_{'b' * 43}"
    config.write_text('[identity]\nissuer = "https://id.company.test"\naudience = "lockgate"\n')
    assert "service_keys" in refusal(config, key).remedy
    assert refusal(config, "").code == "missing_token"
    assert refusal(config, "rubbish").code == "malformed_token"
    config.write_text(config.read_text() + 'service_keys = "service-keys.json"\n')
    assert refusal(config, key).code == "unknown_key_id"
    assert not refusal(config, key).remedy  # the keys are there, and this is none of them
