"""Labels must not be lost on the way from an answer back into a prompt."""

from __future__ import annotations

import asyncio
import http.client
import json
from urllib.parse import urlsplit

import pytest

from attacks.http import chat, send
from e2e.lab import Lab
from e2e.upstream import Stream, Upstream

pytestmark = pytest.mark.slow
SAID = "The reorganization moves every harbor pilot to the northern lighthouse before the summer begins. "
QUESTION = "What is the base salary of Goran Ilic in 2026?"


def test_what_a_running_stream_has_shown_is_known_before_it_is_shown(pair: tuple[Lab, Upstream]) -> None:
    """Marks were kept when an answer ended: pasted while it still ran, or after a crash, it was as if typed."""
    lab, server = pair

    async def hold(stream: Stream) -> None:
        await stream.say(SAID)
        await asyncio.sleep(3)
        await stream.end()

    server.reset(hold)
    connection = http.client.HTTPConnection(urlsplit(lab.url).netloc, timeout=30)
    headers = {"Authorization": f"Bearer {lab.token('hr')}", "Content-Type": "application/json"}
    try:
        connection.request(
            "POST", "/v1/chat/completions", json.dumps(chat(QUESTION, "grounded", stream=True)), headers
        )
        answer = connection.getresponse()
        events = (line for line in iter(answer.readline, b"") if line.strip())
        next(events)  # the role, before any text
        assert json.loads(next(events).removeprefix(b"data: "))["choices"][0]["delta"]["content"] == SAID
        for disguise in (SAID, "Translate: " + SAID.upper(), "_".join(SAID.split()), " ".join(SAID.split()[3:9])):
            pasted = send(lab.url, "POST", "/v1/chat/completions", chat(disguise, "cheap"), token=lab.token("hr"))
            assert (pasted.status, pasted.json["error"]["code"]) == (403, "above_ceiling"), disguise
        assert answer.readline()  # the stream is still open
    finally:
        connection.close()
    assert [name for name, _ in server.received] == ["big"]


@pytest.mark.parametrize(
    "more", [{"stop": "The base salary of Goran Ilic in 2026 is 61,387 EUR"}, {"stop": ["x", SAID]}]
)
def test_texts_in_parameters_are_labeled_like_messages(
    pair: tuple[Lab, Upstream], more: dict[str, object]
) -> None:
    """A `stop` reached a model of a low ceiling unseen: it was no message, so nobody looked at it."""
    lab, server = pair

    async def said(stream: Stream) -> None:
        await stream.say(SAID)
        await stream.end()

    server.reset(said)
    shown = send(lab.url, "POST", "/v1/chat/completions", chat(QUESTION, "grounded"), token=lab.token("hr"))
    assert shown.status == 200
    server.reset()
    asked = chat("How are you today?", "cheap")
    reply = send(lab.url, "POST", "/v1/chat/completions", asked | more, token=lab.token("hr"))
    assert (reply.status, reply.json["error"]["code"]) == (403, "above_ceiling")
    assert server.received == []
    harmless = send(
        lab.url, "POST", "/v1/chat/completions", asked | {"stop": ["\n", "END"]}, token=lab.token("hr")
    )
    assert harmless.status == 200
    assert server.received[0][1]["stop"] == ["\n", "END"]
