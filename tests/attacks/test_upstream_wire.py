"""An upstream that lies on the wire, through every door, plain and streamed, and for vectors.

Nothing that it does may be a 500, a hang, an answer that it did not end, or a second answer on a kept connection.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from attacks.http import Reply, send
from e2e.lab import Lab, in_thread, opened, plant, records
from edge.apis import APIS, Api
from lockgate.adapters.embed_onnx import MiniLmEmbedder

pytestmark = pytest.mark.slow
MODELS = """
[[models]]
id = "liar"
base_url = "http://127.0.0.1:{port}/v1"
model = "liar"
users = ["everyone"]
ceiling = "restricted"
first_byte_seconds = 0.5
stall_seconds = 0.5
total_seconds = 2
[[models]]
id = "vectors"
kind = "embeddings"
base_url = "http://127.0.0.1:{port}/v1"
model = "liar"
users = ["everyone"]
ceiling = "restricted"
total_seconds = 1
"""
CANARY = b"zanzibar-canary"


@dataclass
class Liar:
    """A server that sends bytes, and counts requests. `endless` is repeated until the gateway hangs up."""

    sends: bytes = b""
    endless: bytes = b""
    stays: bool = False
    asked: int = 0
    port: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
                await reader.readexactly(int(length.split(b":")[1]))
                self.asked += 1
                writer.write(self.sends)
                while self.endless:
                    writer.write(self.endless)
                    await writer.drain()
                await writer.drain()
                if not self.stays:
                    break
        writer.close()


@pytest.fixture(scope="module")
def pair(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Liar]]:
    folder = tmp_path_factory.mktemp("liar")
    plant(folder)

    @asynccontextmanager
    async def served() -> AsyncIterator[tuple[Lab, Liar]]:
        liar = Liar()
        server = await asyncio.start_server(liar.handle, "127.0.0.1", 0)
        liar.port = server.sockets[0].getsockname()[1]
        async with opened(folder, embedder, models=MODELS.format(port=liar.port)) as lab:
            yield lab, liar
        server.close()
        for writer in liar.writers:
            writer.close()

    with in_thread(served) as both:
        yield both


@pytest.fixture(autouse=True)
def no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where the server has logged a defect, whatever it answered."""
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []


def stream(*events: object, end: bytes = b"data: [DONE]\n\n", **headers: str) -> bytes:
    """Return a whole streamed response that ends with its connection."""
    lines = {"Content-Type": "text/event-stream"} | {k.replace("_", "-"): v for k, v in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    body = b"".join(
        b"data: " + (one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n\n" for one in events
    )
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body + end


def say(text: str = "", finish: str | None = None, **more: object) -> dict[str, object]:
    delta = {"content": text} if text else {}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def used(prompt: float, completion: float) -> dict[str, object]:
    return say(finish="stop", usage={"prompt_tokens": prompt, "completion_tokens": completion})


DONE = say(finish="stop")
HELLO = say("All is well. ")
CALL = {"index": 0, "id": "c", "type": "function", "function": {"name": "rm", "arguments": CANARY.decode()}}
CALLS = {"choices": [{"index": 0, "delta": {"tool_calls": [CALL]}, "finish_reason": "tool_calls"}]}
OTHER = {"choices": [{"index": 1, "delta": {"content": CANARY.decode()}}]}
GOOD: dict[str, bytes] = {
    "ends twice": stream(HELLO, DONE, DONE),
    "is closed right after its end": stream(HELLO, DONE, end=b""),
    "has marks of ends in the middle": stream(HELLO, DONE) + b"data: [DONE]\n\n",
    "counts below nothing": stream(HELLO, used(-5, -(10**40))),
    "counts too much": stream(HELLO, used(10**300, 1e308)),
    "calls tools": stream(
        HELLO, {"choices": [{"index": 0, "delta": {"tool_calls": [CALL]}, "finish_reason": "tool_calls"}]}
    ),
    "sends CR LF and comments": stream(HELLO, DONE).replace(b"\n\n", b"\r\n\r\n: x\r\n"),
    "has another choice": stream(
        say("All is well. "), {"choices": [{"index": 1, "delta": {"content": CANARY.decode()}}]}, DONE
    ),
}
"""Answers that are good, or that become so: the text is `All is well. `."""

_CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
BAD: dict[str, tuple[bytes, bytes]] = {
    "no HTTP": (b"\x00\xff\x16\x03 garbage\r\n\r\n", b""),
    "nothing": (b"", b""),
    "a head without end": (b"HTTP/1.1 200 OK\r\n", b"X-A: " + CANARY + b"\r\n"),
    "a header without end": (b"HTTP/1.1 200 OK\r\nX-A: ", b"x" * 65536),
    "a status that is none": (b"HTTP/1.1 999 " + CANARY + b"\r\nContent-Length: 0\r\n\r\n", b""),
    "interim responses without end": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a longer body than it has": (stream(HELLO, end=b"", Content_Length="100000"), b""),
    "chunks that lie": (_CHUNKED + b"5\r\ndata: {}\r\n\r\n", b""),
    "chunks of no size": (_CHUNKED + b"zz\r\n", b""),
    "a chunk that is huge": (_CHUNKED + b"ffffffffffffffff\r\ndata: ", b"x" * 65536),
    "a line of 100 MB": (stream(end=b"data: "), b"x" * 65536),
    "comments without end": (stream(end=b""), b": keep-alive\n" * 1000),
    "empty events without end": (stream(end=b""), b"data: {}\n\n" * 1000),
    "line ends without end": (stream(end=b""), b"\n" * 65536),
    "broken UTF-8": (stream(b'{"choices":[{"index":0,"delta":{"content":"\xc3'), b""),
    "a surrogate": (stream(b'{"choices":[{"index":0,"delta":{"content":"\\ud800"}}]}', DONE), b""),
    "deep JSON": (stream(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, DONE), b""),
    "a number of 100,000 digits": (stream(b'{"choices":[{"index":' + b"9" * 100_000 + b"}]}", DONE), b""),
    "a compressed body": (stream(b"\x1f\x8b\x08\x00", Content_Encoding="gzip"), b""),
    "another type": (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<b/>", b""),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "a redirect": (b"HTTP/1.1 307 X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", b""),
    "an error as 200": (stream({"error": {"message": CANARY.decode()}}), b""),
    "an error without end": (b"HTTP/1.1 400 Bad\r\n\r\n", CANARY * 1000),
    "another protocol": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + CANARY, b""),
}
HANG = 12.0


def ask(lab: Lab, api: Api, *, streamed: bool) -> Reply:
    body = api.ask("liar", [("user", "Hello there.")]) | ({"stream": True} | api.more if streamed else {})
    began = time.monotonic()
    reply = send(lab.url, "POST", api.path, body, token=lab.token("staff"), headers=api.headers)
    assert time.monotonic() - began < HANG
    assert CANARY.decode() not in reply.text + str(reply.headers)
    return reply


def outcome(lab: Lab, reply: Reply) -> list[str]:
    found = records(lab.lockgate, reply.headers["lockgate-request-id"])
    return [one.outcome for one in found if one.kind.value == "outcome"]


@pytest.mark.parametrize("how", GOOD)
def test_an_answer_that_ended_is_given(pair: tuple[Lab, Liar], how: str) -> None:
    lab, liar = pair
    liar.sends, liar.endless, liar.stays = GOOD[how], b"", False
    for api in APIS:
        for streamed in (False, True):
            reply = ask(lab, api, streamed=streamed)
            assert reply.status == 200, (api.name, streamed, reply.text)
            assert "All is well. " in reply.text
            assert outcome(lab, reply) == ["completed"]


EVERYWHERE = {"chunks that lie", "a surrogate", "an error as 200", "broken UTF-8", "a redirect"}
"""What is tried through every door. The rest ends in the same place, and goes through one door each, in turns."""
TRIED = [
    (how, api)
    for number, how in enumerate(BAD)
    for api in (APIS if how in EVERYWHERE else [APIS[number % len(APIS)]])
]


@pytest.mark.parametrize(("how", "api"), TRIED, ids=lambda one: one if isinstance(one, str) else one.name)
def test_an_answer_that_is_none_is_a_typed_error(pair: tuple[Lab, Liar], how: str, api: Api) -> None:
    lab, liar = pair
    liar.sends, liar.endless = BAD[how]
    liar.stays = False
    for streamed in (False, True):
        reply = ask(lab, api, streamed=streamed)
        if streamed and reply.status == 200:  # it broke off after its first piece
            assert '"error"' in reply.text
            assert "[DONE]" not in reply.text
            assert "message_stop" not in reply.text
            assert "response.completed" not in reply.text
        else:
            assert reply.status == 503, (how, reply.text)
            assert api.code(reply.json).startswith(("upstream", "unavailable"))
            assert reply.headers["retry-after"]
        assert outcome(lab, reply) == ["failed"]


def _vectors(lab: Lab) -> Reply:
    body = {"model": "vectors", "input": ["a", "b"]}
    began = time.monotonic()
    reply = send(lab.url, "POST", "/v1/embeddings", body, token=lab.token("staff"))
    assert time.monotonic() - began < HANG
    return reply


@pytest.mark.parametrize("how", BAD)
def test_vectors_that_are_none_are_a_typed_error(pair: tuple[Lab, Liar], how: str) -> None:
    lab, liar = pair
    liar.sends, liar.endless = BAD[how]
    liar.stays = False
    reply = _vectors(lab)
    assert reply.status == 503, (how, reply.text)
    assert reply.json["error"]["code"].startswith(("upstream", "unavailable"))
    assert CANARY.decode() not in reply.text


def test_an_answer_that_nobody_asked_for_is_not_the_next_ones(pair: tuple[Lab, Liar]) -> None:
    """Two responses to one request, on a connection that could be kept: the second must go to nobody."""
    lab, liar = pair
    body = (
        b"data: "
        + json.dumps(HELLO).encode()
        + b"\n\ndata: "
        + json.dumps(DONE).encode()
        + b"\n\ndata: [DONE]\n\n"
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
    poison = body.replace(b"All is well.", CANARY)
    liar.sends = head % len(body) + body + head % len(poison) + poison
    liar.endless, liar.stays = b"", True
    for _ in range(4):
        for api in APIS:
            reply = ask(lab, api, streamed=True)
            assert reply.status in {200, 503}, reply.text
            if reply.status == 200 and '"error"' not in reply.text:
                assert "All is well. " in reply.text
