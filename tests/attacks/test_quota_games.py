"""Use that is not counted: words that look like no use, numbers that an upstream leaves out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attacks.http import chat, send
from e2e.beside import MODELS, beside
from e2e.lab import Lab, plant
from e2e.upstream import Behavior, Stream, Upstream
from journeys.places import Words
from lockgate.content.extractive import NOTHING_FOUND

TOP = '[[quotas]]\nwho = ["everyone"]\ntokens_per_hour = 1500\n'
LONG = "word " * 600
"""1,000 tokens, by the estimate of three bytes each."""


@pytest.fixture
def pair(tmp_path) -> Iterator[tuple[Lab, Upstream]]:
    plant(tmp_path)

    with beside(tmp_path, Words(), MODELS, top=TOP) as both:
        yield both


def says(text: str, **usage: object) -> Behavior:
    async def behave(stream: Stream) -> None:
        await stream.say(text)
        await stream.end(**({"usage": usage} if usage else {}))

    return behave


@pytest.mark.parametrize(
    "behave",
    [
        says(NOTHING_FOUND),
        says(NOTHING_FOUND, prompt_tokens=1000, completion_tokens=9),
        says("All is well."),
        says("All is well.", completion_tokens=3),
        says("All is well.", prompt_tokens=-1000, completion_tokens=3),
        says("All is well.", prompt_tokens=1 << 60, completion_tokens=1 << 60),
        says("All is well.", prompt_tokens=True, completion_tokens="3"),
    ],
    ids=["words for nothing", "nothing and usage", "silent", "prompt left out", "negative", "huge", "other types"],
)
def test_a_call_is_counted_whatever_comes_back(pair: tuple[Lab, Upstream], behave: Behavior) -> None:
    """A model that said what an assistant says when it finds nothing cost nothing, and can be asked to say it."""
    lab, server = pair
    server.reset(behave)
    asked = [
        send(lab.url, "POST", "/v1/chat/completions", chat(LONG, "cheap", max_tokens=10), token=lab.token("staff"))
        for _ in range(3)
    ]
    assert [one.status for one in asked] == [200, 429, 429]
    assert len(server.received) == 1
    assert (
        send(lab.url, "POST", "/v1/chat/completions", chat("Hi", "cheap"), token=lab.token("owner")).status == 200
    )
