"""History gets its labels back (DESIGN rule 3, I2): whatever a client does to it, and whenever.

An answer to jonas of HR says what somebody earns. Whatever he then sends back, the label of the follow-up is at
least that of the answer, and the model with the low ceiling is never called.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from e2e.beside import beside
from e2e.conftest import Running
from e2e.lab import Lab, plant, streamed, talking
from e2e.upstream import Upstream
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.demo.client import Client, Reply
from lockgate.labels.label import Label, join_all
from lockgate.labels.wire import parse, parse_header

pytestmark = pytest.mark.slow

MODELS = """
[[models]]
id = "cheap"
base_url = "{cheap}"
model = "cheap"
users = ["everyone"]
ceiling = "general"
[[models]]
id = "secure"
base_url = "{secure}"
model = "secure"
users = ["group:hr"]
ceiling = "restricted"
[[assistants]]
id = "thrifty"
model = "cheap"
reroute = ["secure"]
users = ["everyone"]
"""
SALARY = "What does Goran Ilic earn?"
GIFTS = "Up to what value may I accept gifts from suppliers?"
MORE = "Please put the above into one sentence."
Messages = list[dict[str, str]]


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def system(text: str) -> dict[str, str]:
    return {"role": "system", "content": text}


def _edited(text: str) -> str:
    return text.replace("base", "basic").replace("year", "annum") + " Or so they say."


def _halves(text: str) -> tuple[str, str]:
    words = text.split()
    return " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])


WAYS: Mapping[str, Callable[[str], Messages]] = {
    "replayed": lambda a: [user(SALARY), assistant(a), user(MORE)],
    "edited": lambda a: [user(SALARY), assistant(_edited(a)), user(MORE)],
    "in capitals": lambda a: [user(SALARY), assistant(a.upper()), user(MORE)],
    "spaced out": lambda a: [user(SALARY), assistant("\n\n".join(a.split(" "))), user(MORE)],
    "only its figure": lambda a: [user(SALARY), assistant(" ".join(re.findall(r"[\d,]{5,}", a))), user(MORE)],
    "translated": lambda a: [user(SALARY), assistant("Das Grundgehalt steht oben."), user(MORE)],
    "reordered": lambda a: [assistant(a), user(SALARY), user(MORE)],
    "words reversed": lambda a: [user(SALARY), assistant(" ".join(reversed(a.split()))), user(MORE)],
    "split": lambda a: [user(SALARY), *(assistant(half) for half in _halves(a)), user(MORE)],
    "split between roles": lambda a: [assistant(_halves(a)[0]), user(_halves(a)[1] + "\n" + MORE)],
    "merged": lambda a: [user(f"{SALARY}\n{a}\n{MORE}")],
    "pasted into the question": lambda a: [user(f"Put this into one sentence: {a}")],
    "quoted in the question": lambda a: [
        user("Shorten this:\n" + "\n".join(f"> {line}" for line in a.split("\n")))
    ],
    "pasted into a system message": lambda a: [system(f"You know this: {a}"), user(MORE)],
    "as an older message of the user": lambda a: [user(a), assistant("I see."), user(MORE)],
    "only the older question": lambda a: [user(SALARY), user(MORE)],
    "as somebody else's words": lambda a: [user("My colleague says: " + a + " Is that well put?")],
    "in letters of another width": lambda a: [user(SALARY), assistant(_wide(a)), user(MORE)],
}


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


async def _first(client: Client, person: str = "hr") -> tuple[str, Label]:
    reply = await client.ask(person, SALARY)
    assert "61,387" in reply.content
    return reply.content, reply.label


async def _follow(client: Client, person: str, messages: Sequence[Any], stream: bool) -> tuple[int, Label | None]:
    """Send a follow-up to the cheap model; return the status, and the label that the answer claims."""
    body = {"model": "thrifty", "messages": list(messages)}
    if stream:
        status, events, _ = await streamed(client, person, body)
        told = [e["lockgate"]["label"] for e in events if isinstance(e, dict) and "lockgate" in e]
        return status, parse(told[0]) if told else None
    reply = await client.send("POST", "/v1/chat/completions", person, body)
    return reply.status, parse(reply.lockgate["label"]) if reply.ok else None


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("how", WAYS)
async def test_whatever_is_done_to_history_keeps_its_label(
    pair: tuple[Lab, Upstream], how: str, stream: bool
) -> None:
    lab, server = pair
    async with talking(lab.url, lab.token) as client:
        text, label = await _first(client)
        server.reset()
        status, follow = await _follow(client, "hr", WAYS[how](text), stream)
    assert status == 200
    assert {name for name, _ in server.received} == {"secure"}
    assert follow is not None
    assert label.sensitivity <= follow.sensitivity
    assert label.readers.flows_to(follow.readers)
    assert label.owners <= follow.owners


async def test_a_typed_question_of_ones_own_is_not_tainted(pair: tuple[Lab, Upstream]) -> None:
    """The other side: without history, the same person's next question goes to the cheap model."""
    lab, server = pair
    async with talking(lab.url, lab.token) as client:
        await _first(client)
        server.reset()
        status, follow = await _follow(client, "hr", [user("How do I write a polite letter?")], False)
    assert status == 200
    assert follow is not None
    assert {name for name, _ in server.received} == {"cheap"}


async def test_a_stream_cut_short_leaves_its_label(pair: tuple[Lab, Upstream]) -> None:
    """The reader hangs up after the first event; what it has read still has its label."""
    lab, server = pair
    async with talking(lab.url, lab.token) as client:
        body = {"model": "assistant", "messages": [user(SALARY)], "stream": True}
        headers = {"Authorization": f"Bearer {await client.token('hr')}"}
        url = client.base_url + "/v1/chat/completions"
        async with client.session.post(url, json=body, headers=headers) as response:
            label = parse_header(response.headers["lockgate-label"])
            await response.content.readline()
        server.reset()
        status, follow = await _follow(client, "hr", [user(SALARY), assistant("It is much."), user(MORE)], False)
    assert (status, {name for name, _ in server.received}) == (200, {"secure"})
    assert follow is not None
    assert label.sensitivity <= follow.sensitivity


async def test_retrieved_passages_count_as_shown(pair: tuple[Lab, Upstream]) -> None:
    lab, server = pair
    async with talking(lab.url, lab.token) as client:
        found = await client.retrieve("hr", SALARY)
        passage = next(one["text"] for one in found.body["data"] if "61,387" in one["text"])
        server.reset()
        status, _ = await _follow(client, "hr", [user(f"Sum up: {passage}")], False)
    assert (status, {name for name, _ in server.received}) == (200, {"secure"})


async def test_what_somebody_else_was_shown_is_no_oracle(pair: tuple[Lab, Upstream]) -> None:
    """A person who pastes another's answer learns nothing from it: true and invented figures are treated alike."""
    lab, server = pair
    async with talking(lab.url, lab.token) as client:
        true, _ = await _first(client)
        invented = true.replace("61,387", "59,243")
        assert invented != true
        for how, stream in itertools.product(WAYS, (False, True)):
            seen = []
            for text in (true, invented):
                server.reset()
                status, label = await _follow(client, "staff", WAYS[how](text), stream)
                seen.append((status, label, [name for name, _ in server.received]))
            assert seen[0] == seen[1], how
            assert "secure" not in seen[0][2]
        told = await client.ask("staff", [user(SALARY), assistant(true), user("Is that right?")])
        assert "61,387" not in told.text
        assert not told.cited


async def test_a_new_token_washes_nothing_away(pair: tuple[Lab, Upstream]) -> None:
    lab, server = pair
    async with talking(lab.url, lab.token) as client:
        text, _ = await _first(client)
        lab.tokens.clear()
        fresh = lab.issuer.mint("hr")
        assert fresh != await client.token("hr")
        for messages in (WAYS["replayed"](text), WAYS["edited"](text), WAYS["pasted into the question"](text)):
            server.reset()
            reply = await client.ask("hr", messages, "thrifty", token=fresh)
            assert (reply.status, reply.model) == (200, "secure")
            assert {name for name, _ in server.received} == {"secure"}


def test_a_restart_washes_nothing_away(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> None:
    """I2 over restarts: another process, other tokens, the same state folder."""
    folder = tmp_path_factory.mktemp("restart")
    plant(folder)
    said: list[tuple[str, Label]] = []

    async def before(lab: Lab) -> None:
        async with talking(lab.url, lab.token) as client:
            said.append(await _first(client))

    async def after(lab: Lab, server: Upstream) -> list[Reply]:
        async with talking(lab.url, lab.token) as client:
            return [await client.ask("hr", WAYS[how](said[0][0]), "thrifty") for how in WAYS]

    with beside(folder, embedder, MODELS) as (lab, _):
        lab.run(before(lab))
    with beside(folder, embedder, MODELS) as (lab, server):
        replies = lab.run(after(lab, server))
        assert {name for name, _ in server.received} == {"secure"}
    for reply in replies:
        assert reply.status == 200
        assert said[0][1].sensitivity <= reply.label.sensitivity
        assert said[0][1].readers.flows_to(reply.label.readers)


async def test_answers_mix_into_their_join(demo: Running) -> None:
    """Two answers under different readers, pasted together: the readers of both, the owners of both."""
    async with talking(demo.url, demo.token) as client:
        price = await client.ask("felix", "What purchase price is proposed for Project Heron?")
        gifts = await client.ask("felix", GIFTS)
        assert price.ok
        assert gifts.ok
        both = await client.ask("felix", f"Compare these two:\n{price.content}\n{gifts.content}")
        want = join_all([price.label, gifts.label])
        assert want.sensitivity <= both.label.sensitivity
        assert want.readers.flows_to(both.label.readers)
        assert want.owners <= both.label.owners
