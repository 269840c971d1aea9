"""One person sends many long texts at once: others, and the looks for what was withdrawn, do not wait for all."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest

from attacks.http import chat
from e2e.lab import opened, plant
from journeys.places import Words

pytestmark = pytest.mark.slow
MANY = 16
SHORT = "Which gifts may be accepted?"
LONG = ("Goran Ilic earns 61,387 EUR base salary per year. IBAN DE89 3704 0044 0532 0130 00. " * 5000)[:390_000]


async def test_a_short_question_does_not_wait_for_the_long_ones_of_somebody_else(tmp_path: Path) -> None:
    """Sixteen took all threads and all of Python's time: a question of another person waited 40 seconds."""
    plant(tmp_path)
    async with opened(tmp_path, Words()) as lab, aiohttp.ClientSession() as session:
        tokens = {who: lab.token(who) for who in ("hr", "staff")}

        async def seconds(who: str, text: str) -> float:
            headers, began = {"Authorization": f"Bearer {tokens[who]}"}, time.monotonic()
            address = f"{lab.url}/v1/chat/completions"
            async with session.post(address, json=chat(text), headers=headers) as response:
                await response.read()
                assert response.status == 200
            return time.monotonic() - began

        await seconds("staff", SHORT)
        alone = await seconds("hr", LONG)
        waiting = [asyncio.create_task(seconds("hr", LONG)) for _ in range(MANY)]
        await asyncio.sleep(1.0)
        among = await seconds("staff", SHORT)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert among < 2 * alone
