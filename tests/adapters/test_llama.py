"""The local model answers through the upstream adapter, and the same whoever else asks."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from lockgate.adapters.llama.server import WEIGHTS, Limits, LlamaServer
from lockgate.adapters.openai_upstream import OpenAiUpstream
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.errors import Invalid, Unavailable
from lockgate.labels.label import Label
from lockgate.labels.labeled import Labeled
from lockgate.ports import Message, Piece, Prompt

QUESTION = "Name three colors of the rainbow."
OTHERS = ("Name three colors of the rain.", "Write a poem about canal locks.", "Count from one to twenty.")


@pytest.fixture(scope="module")
def weights() -> Weights:
    folder = Weights(default_folder(), shipped())
    folder.fetch(WEIGHTS, lambda line: None)
    return folder


def prompt(text: str, tokens: int = 24) -> Prompt:
    message = Message("user", Labeled(text, Label()))
    return Prompt("", (message,), params=(("max_tokens", tokens), ("temperature", 0)))


@asynccontextmanager
async def running(weights: Weights) -> AsyncIterator[tuple[LlamaServer, OpenAiUpstream]]:
    server = LlamaServer(weights)
    model = OpenAiUpstream("local", server)
    try:
        yield server, model
    finally:
        await model.close()
        await server.close()


async def pieces(model: OpenAiUpstream, asked: Prompt) -> list[Piece]:
    async with aclosing(model.generate(asked)) as answer:
        return [piece async for piece in answer]


async def said(model: OpenAiUpstream, text: str, tokens: int = 24) -> str:
    return "".join(piece.text for piece in await pieces(model, prompt(text, tokens)))


@pytest.mark.slow
async def test_it_streams_and_counts(weights: Weights) -> None:
    async with running(weights) as (_, model):
        answer = await pieces(model, prompt(QUESTION))
        assert "red" in "".join(piece.text for piece in answer)
        assert len(answer) > 4
        last = answer[-1]
        assert last.finish in {"stop", "length"}
        assert last.usage is not None
        assert last.usage.prompt_tokens > 10
        assert 4 < last.usage.completion_tokens <= 24


@pytest.mark.slow
async def test_an_answer_does_not_depend_on_what_others_ask(weights: Weights) -> None:
    """Two servers, as in the twin of the demonstration: one alone and fresh, one with a past and under load."""
    async with running(weights) as (_, alone), running(weights) as (_, busy):
        first = await said(alone, QUESTION, 48)
        assert len(first) > 20
        assert await said(alone, QUESTION, 48) == first
        for other in OTHERS:
            assert await said(busy, other) != first
        crowd = await asyncio.gather(
            said(busy, OTHERS[0], 48), said(busy, QUESTION, 48), *(said(busy, other, 16) for other in OTHERS)
        )
        assert crowd[1] == first
        assert crowd[0] == await said(alone, OTHERS[0], 48)


@pytest.mark.slow
async def test_not_even_the_last_bit_of_a_probability_depends_on_others(weights: Weights) -> None:
    """Equal words can hide unequal numbers: a beginning of a prompt that is kept from earlier changes them."""

    async def numbers(server: LlamaServer, text: str) -> object:
        url, key = await server.locate()
        body = {"messages": [{"role": "user", "content": text}], "max_tokens": 24, "temperature": 0}
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
            session.post(f"{url}/chat/completions", json=body | {"logprobs": True, "top_logprobs": 3}) as answer,
        ):
            assert answer.status == 200
            return (await answer.json())["choices"][0]["logprobs"]["content"]

    rules = "Every skipper pays for the lock before the gate opens, and waits for the light. " * 4
    question, other = rules + QUESTION, rules + OTHERS[0]
    async with running(weights) as (alone, _), running(weights) as (busy, _):
        expected = await numbers(alone, question)
        await numbers(busy, other)
        assert await numbers(busy, question) == expected
        crowd = await asyncio.gather(numbers(busy, OTHERS[2]), numbers(busy, question), numbers(busy, other))
        assert crowd[1] == expected


@pytest.mark.slow
async def test_many_short_questions_one_after_the_other(weights: Weights) -> None:
    """llama.cpp promises to keep connections and closes them: none may be used twice."""
    async with running(weights) as (_, model):
        for _ in range(8):
            assert await said(model, "hi", 1)


@pytest.mark.slow
async def test_a_prompt_that_is_too_long_is_the_callers_mistake(weights: Weights) -> None:
    async with running(weights) as (_, model):
        with pytest.raises(Invalid) as caught:
            await said(model, "canal lock " * 4000)
        assert caught.value.code == "context_length_exceeded"
        assert await said(model, QUESTION)


@pytest.mark.slow
async def test_a_reader_who_hangs_up_frees_the_model(weights: Weights) -> None:
    async with running(weights) as (_, model):
        async with aclosing(model.generate(prompt("Write a long story.", 1000))) as answer:
            await anext(answer)
        async with asyncio.timeout(8):  # 1000 tokens take longer
            assert await said(model, QUESTION, 4)


@pytest.mark.slow
async def test_a_killed_server_breaks_off_and_comes_back(weights: Weights) -> None:
    async with running(weights) as (server, model):
        before = await said(model, QUESTION)
        pid, located = server.pid, await server.locate()
        async with aclosing(model.generate(prompt("Write a long story.", 500))) as answer:
            await anext(answer)
            assert pid
            os.kill(pid, 9)
            with pytest.raises(Unavailable):
                async for _ in answer:
                    pass
        while server.pid:
            await asyncio.sleep(0.01)
        assert await said(model, QUESTION) == before
        assert server.pid != pid
        assert (await server.locate())[1] != located[1]  # a new key


@pytest.mark.slow
async def test_changed_weights_are_refused_at_every_start(weights: Weights, tmp_path: Path) -> None:
    copy = tmp_path / WEIGHTS
    copy.write_bytes(weights.read(WEIGHTS))
    server = LlamaServer(Weights(tmp_path, shipped()))
    try:
        await server.locate()
        with copy.open("r+b") as stream:
            stream.seek(50_000_000)
            stream.write(b"changed")
        await server.locate()  # what runs holds the bytes that were checked
        assert server.pid
        os.kill(server.pid, 9)
        while server.pid:
            await asyncio.sleep(0.01)
        with pytest.raises(Unavailable, match="its hash differs"):
            await server.locate()
    finally:
        await server.close()


async def test_absent_weights_are_named(tmp_path: Path) -> None:
    server = LlamaServer(Weights(tmp_path, shipped()))
    with pytest.raises(Unavailable, match="not in") as caught:
        await server.locate()
    assert "models fetch" in caught.value.remedy
    await server.close()


class Anything:
    def read(self, name: str) -> bytes:
        return b"not a model"


def script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


async def test_missing_packages_are_named() -> None:
    server = LlamaServer(Anything(), command=script("print('{\"missing\": true}')"))
    for _ in range(5):  # not a crash: it says the same each time
        with pytest.raises(Unavailable) as caught:
            await server.locate()
        assert caught.value.remedy == "pip install 'lockgate[local]'"
    await server.close()


@pytest.mark.parametrize(
    "worse",
    [
        pytest.param("raise SystemExit(1)", id="ends"),
        pytest.param("import os; os.kill(os.getpid(), 11)", id="crashes"),
        pytest.param("print('hello')", id="says nonsense"),
        pytest.param("print('[1]')", id="says a list"),
        pytest.param('print(\'{"port": "80@evil", "uid": 0}\')', id="says a bad port"),
        pytest.param("print('{}')", id="says nothing"),
        pytest.param("import time; time.sleep(60)", id="hangs"),
        pytest.param(
            "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)", id="hangs and does not end"
        ),
    ],
)
async def test_a_server_that_does_not_start_is_not_started_for_ever(worse: str, tmp_path: Path) -> None:
    count = tmp_path / "count"
    command = script(f"open({str(count)!r}, 'a').write('x')\n{worse}")
    server = LlamaServer(Anything(), limits=Limits(start=1, stop=0.3, crashes=2), command=command)
    for _ in range(2):
        with pytest.raises(Unavailable, match="did not start"):
            await server.locate()
    for _ in range(3):
        with pytest.raises(Unavailable, match="crashed 2 times"):
            await server.locate()
    assert count.read_text() == "xx"
    await server.close()


async def test_after_a_while_it_is_tried_again() -> None:
    server = LlamaServer(Anything(), limits=Limits(crashes=1, window=0.5), command=script("raise SystemExit(1)"))
    for _ in range(2):
        with pytest.raises(Unavailable, match="did not start"):
            await server.locate()
        with pytest.raises(Unavailable, match="crashed 1 times"):
            await server.locate()
        await asyncio.sleep(0.6)
    await server.close()


@pytest.mark.slow
async def test_a_file_that_is_no_model_is_unavailable() -> None:
    server = LlamaServer(Anything())
    with pytest.raises(Unavailable, match="did not start"):
        await server.locate()
    await server.close()


async def test_after_close_it_stays_closed(tmp_path: Path) -> None:
    server = LlamaServer(Anything())
    await server.close()
    with pytest.raises(Unavailable, match="shut down"):
        await server.locate()
