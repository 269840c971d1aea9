"""A text that was shown, sent on in pieces that are too short to be recognized alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attacks.http import chat, send
from e2e.beside import MODELS, beside
from e2e.lab import Lab, plant
from e2e.upstream import Stream, Upstream
from journeys.places import Words

SAID = "The reorganization moves every harbor pilot to the northern lighthouse before the summer begins"
QUESTION = "What is the base salary of Goran Ilic in 2026?"
VECTORS = """
[[models]]
id = "vectors"
kind = "embeddings"
base_url = "{cheap}"
model = "vectors"
users = ["everyone"]
ceiling = "general"
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Iterator[tuple[Lab, Upstream]]:
    folder = tmp_path_factory.mktemp("split")
    plant(folder)

    async def says(stream: Stream) -> None:
        await stream.say(f"{SAID}. ")
        await stream.end()

    with beside(folder, Words(), MODELS + VECTORS, says) as running:
        lab = running[0]
        shown = send(lab.url, "POST", "/v1/chat/completions", chat(QUESTION, "grounded"), token=lab.token("hr"))
        assert shown.status == 200
        running[1].reset()
        yield running


def cut(words: int) -> list[str]:
    every = SAID.split()
    return [" ".join(every[at : at + words]) for at in range(0, len(every), words)]


@pytest.mark.parametrize("words", [1, 2, 3, 4])
def test_texts_for_vectors(pair: tuple[Lab, Upstream], words: int) -> None:
    lab, server = pair
    body = {"model": "vectors", "input": cut(words)}
    reply = send(lab.url, "POST", "/v1/embeddings", body, token=lab.token("hr"))
    assert (reply.status, reply.json["error"]["code"]) == (403, "above_ceiling")
    assert server.received == []


@pytest.mark.parametrize("words", [1, 4])
@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_messages(pair: tuple[Lab, Upstream], role: str, words: int) -> None:
    lab, server = pair
    *before, last = cut(words)
    messages = [{"role": role, "content": one} for one in before] + [{"role": "user", "content": last}]
    body = {"model": "cheap", "messages": messages}
    reply = send(lab.url, "POST", "/v1/chat/completions", body, token=lab.token("hr"))
    assert (reply.status, reply.json["error"]["code"]) == (403, "above_ceiling")
    assert server.received == []


@pytest.mark.parametrize("words", [1, 4])
def test_blocks_of_messages(pair: tuple[Lab, Upstream], words: int) -> None:
    """Anthropic's `system` and `content` are lists of blocks; so are the parts of a response."""
    lab, server = pair
    *before, last = cut(words)
    blocks = [{"type": "text", "text": one} for one in before]
    body = {"model": "cheap", "max_tokens": 9, "system": blocks, "messages": [{"role": "user", "content": last}]}
    headers = {"anthropic-version": "2023-06-01"}
    reply = send(lab.url, "POST", "/v1/messages", body, token=lab.token("hr"), headers=headers)
    assert reply.status == 403, reply.text
    parts = [{"type": "input_text", "text": one} for one in before]
    items = [{"role": "system", "content": parts}, {"role": "user", "content": last}]
    for body in (
        {"model": "cheap", "input": items},
        {"model": "cheap", "instructions": " ".join(before), "input": last},
        {"model": "cheap", "input": [{"role": "user", "content": [*parts, {"type": "input_text", "text": last}]}]},
    ):
        reply = send(lab.url, "POST", "/v1/responses", body, token=lab.token("hr"))
        assert reply.status == 403, reply.text
    assert server.received == []


def test_what_is_harmless_goes_through(pair: tuple[Lab, Upstream]) -> None:
    lab, server = pair
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How are you today?"}]
    body = {"model": "cheap", "messages": messages}
    assert send(lab.url, "POST", "/v1/chat/completions", body, token=lab.token("hr")).status == 200
    server.reset()
