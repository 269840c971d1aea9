"""What `bench.gateway` measures and measures with: each server in a process of its own, and a lean client.

A server answers each line on its standard input with what it has used so far, so that its CPU is read from its
own clock and not in ticks of the kernel.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

CONFIGURATION = """\
data = "{state}"
[server]
host = "127.0.0.1"
port = {port}
concurrency = 256
[identity]
directory = "{directory}"
[[applications]]
id = "lockgate-demo"
models = ["*"]
collections = ["*"]
purposes = ["*"]
ceiling = "restricted"
"""
MODEL = """
[[models]]
id = "{name}"
base_url = "{url}/v1"
model = "{name}"
users = ["everyone"]
ceiling = "restricted"
"""
DIRECTORY = """
[people.erik]
name = "Erik"
groups = ["sales"]
[groups.staff]
groups = ["sales"]
"""
CHUNKS = (20, 200)
"""Chunks of the two answers: the cost of a chunk is their difference."""
WORDS = 12
"""Words of a sentence of the answers."""


def model(chunks: int) -> str:
    """Return the name of the model whose answer has so many chunks, of a word each."""
    return f"mock-{chunks}"


# ------------------------------------------------------------------ the upstream


VOCABULARY = (
    "the supplier may send a gift of small value once each year and staff must tell their manager about it "
    "before they accept what was offered while larger things go back with thanks because nobody should owe a "
    "partner more than good work on time which our handbook calls fair dealing between people who know one "
    "another well enough"
)


def _words(chunks: int) -> list[str]:
    """Return an answer in words: sentences of plain prose that differ, as those of an answer do."""
    made, words = [], VOCABULARY.split()
    for at in range(chunks):
        word = words[(at * 31 + at // 7 + at // 50) % len(words)]
        first, last = at % WORDS == 0, at % WORDS == WORDS - 1
        made.append((word.capitalize() if first else word) + (". " if last else " "))
    return made


class _Upstream(asyncio.Protocol):
    """A fast server of chat completions, plain and streamed; a chunk of a stream is a write."""

    def __init__(self) -> None:
        self._held = b""
        self._answers: dict[tuple[str, bool], list[bytes]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0
            if len(self._held) < end + 4 + size:
                return
            body = json.loads(self._held[end + 4 : end + 4 + size])
            self._held = self._held[end + 4 + size :]
            self._send(self._made(body["model"], bool(body.get("stream"))), 0)

    def _send(self, parts: list[bytes], at: int) -> None:
        self._transport.write(parts[at])
        if at + 1 < len(parts):  # a turn of the loop for each chunk: none is joined to the next here
            asyncio.get_running_loop().call_soon(self._send, parts, at + 1)

    def _made(self, name: str, stream: bool) -> list[bytes]:
        key = name, stream
        if key not in self._answers:
            self._answers[key] = _answer(_words(int(name.rpartition("-")[2])), stream)
        return self._answers[key]


def _answer(words: list[str], stream: bool) -> list[bytes]:
    usage = {"prompt_tokens": 9, "completion_tokens": len(words), "total_tokens": 9 + len(words)}
    frame = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "mock"}
    if not stream:
        message = {"role": "assistant", "content": "".join(words)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = json.dumps(frame | {"object": "chat.completion", "choices": [choice], "usage": usage}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return [head.encode() + body]

    def event(data: bytes) -> bytes:
        framed = b"data: " + data + b"\n\n"
        return f"{len(framed):x}\r\n".encode() + framed + b"\r\n"

    def chunk(delta: dict[str, str], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event(json.dumps(frame | {"object": "chat.completion.chunk", "choices": [choice]}).encode())

    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    last = chunk({}, "stop") + event(json.dumps(frame | {"choices": [], "usage": usage}).encode())
    return [head, *(chunk({"content": w}, None) for w in words), last + event(b"[DONE]") + b"0\r\n\r\n"]


async def upstream() -> None:
    """Serve the upstream."""
    server = await asyncio.get_running_loop().create_server(_Upstream, "127.0.0.1", 0)
    await _until_told(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "")


# ------------------------------------------------------------------ a bare proxy


async def proxy(upstream: str) -> None:
    """Pass everything on to the upstream and back: uvicorn, raw ASGI and aiohttp's client, and nothing else."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as session:

        async def app(scope: Any, receive: Any, send: Any) -> None:
            body, more = b"", True
            while more:
                part = await receive()
                body, more = body + part.get("body", b""), part.get("more_body", False)
            headers = {"Content-Type": "application/json"}
            async with session.post(upstream + scope["path"], data=body, headers=headers) as answer:
                kind = answer.headers["Content-Type"].encode()
                shown = [(b"content-type", kind)]
                if answer.content_length is not None:
                    shown.append((b"content-length", str(answer.content_length).encode()))
                await send({"type": "http.response.start", "status": answer.status, "headers": shown})
                while chunk := await answer.content.readany():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})

        from lockgate.edge.serve import listen

        bound = listen("127.0.0.1", 0)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, proxy_headers=False, lifespan="off"
        )
        task = asyncio.create_task(uvicorn.Server(config).serve([bound]))
        await _until_told(f"http://127.0.0.1:{bound.getsockname()[1]}", "")
        task.cancel()


# ------------------------------------------------------------------ the gateway


async def gateway(upstream: str) -> None:
    """Serve a Lockgate with an empty catalogue and without models of its own."""
    from starlette.routing import Mount

    from lockgate.adapters.clock import SystemClock
    from lockgate.adapters.directory_file import DirectoryFile
    from lockgate.adapters.oidc import OidcAuthenticator
    from lockgate.config import parse
    from lockgate.demo.issuer import DemoIssuer
    from lockgate.edge.serve import listen, serving
    from lockgate.wiring import Parts, open_lockgate

    bound = listen("127.0.0.1", 0)
    port = int(bound.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as folder:
        home = Path(folder)
        (home / "directory.toml").write_text(DIRECTORY)
        text = CONFIGURATION.format(state=home / "state", port=port, directory=home / "directory.toml")
        text += "".join(MODEL.format(name=model(chunks), url=upstream) for chunks in CHUNKS)
        (home / "lockgate.toml").write_text(text)  # it is read again while the gateway serves
        clock, people = SystemClock(), DirectoryFile.open(home / "directory.toml")
        url = f"http://127.0.0.1:{port}"
        issuer = DemoIssuer.start(f"{url}/issuer", "lockgate-bench", people, clock)
        parts = Parts(
            clock=clock,
            directory=people,
            authenticator=lambda _, known: OidcAuthenticator(issuer.settings, clock, issuer.fetch, known),
        )
        async with open_lockgate(parse(text, home / "lockgate.toml"), parts) as lockgate:
            app = lockgate.app(more=[Mount("/issuer", issuer.app())], sync=False)
            async with serving(app, bound):
                gc.collect()  # as `lockgate serve` does
                gc.freeze()
                await _until_told(url, issuer.mint("erik"))


async def documents() -> None:
    """Serve a Lockgate over the demonstration's organization, with the local embedding model."""
    from bench.serving import starter
    from lockgate.adapters.embed_onnx import MiniLmEmbedder
    from lockgate.demo.organization import generate
    from lockgate.demo.run import fetch_weights

    embedder = MiniLmEmbedder(fetch_weights(lambda line: print(line, file=sys.stderr, flush=True)))
    await embedder.open()
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as folder:
        made = generate(Path(folder) / "organization")
        async with starter(embedder, lambda _: None)(made.share, made.directory) as (url, token):
            await _until_told(url, await token("erik"))


async def _until_told(url: str, token: str) -> None:
    """Say where this process serves; tell what it has used for each line, until the input ends."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def told() -> None:
        if not os.read(sys.stdin.fileno(), 64):
            stop.set()
            return
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        rss = pages * resource.getpagesize() / 1e6
        print(json.dumps({"cpu": time.process_time(), "rss": rss}), flush=True)

    loop.add_reader(sys.stdin.fileno(), told)
    print(json.dumps({"url": url, "token": token}), flush=True)
    await stop.wait()


# ------------------------------------------------------------------ measuring


@dataclass
class Server:
    """A process that serves."""

    url: str
    token: str
    process: asyncio.subprocess.Process

    async def used(self) -> tuple[float, float]:
        """Return seconds of CPU of all its threads, and its resident memory in MB."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"?\n")
        told = json.loads(await self.process.stdout.readline())
        return told["cpu"], told["rss"]


@asynccontextmanager
async def running(*args: str) -> AsyncIterator[Server]:
    """Run this bench's server with these arguments in a process of its own."""
    made = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.gateway",
        *args,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if made.stdout is None or not (line := await asyncio.wait_for(made.stdout.readline(), 280)):
            raise RuntimeError(f"`{args[0]}` did not start")
        told = json.loads(line)
        yield Server(told["url"], told["token"], made)
    finally:
        if made.stdin is not None:
            made.stdin.close()
        try:
            await asyncio.wait_for(made.wait(), 20)
        except TimeoutError:
            made.kill()
            await made.wait()


class Connection:
    """One kept connection to a server; it knows just enough of HTTP to see where an answer ends."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer

    @classmethod
    async def open(cls, server: Server) -> Connection:
        """Connect."""
        port = int(server.url.rpartition(":")[2])
        return cls(server, *await asyncio.open_connection("127.0.0.1", port, limit=1 << 22))

    def close(self) -> None:
        """Close."""
        self._writer.close()

    async def ask(self, body: bytes, path: str = "/v1/chat/completions") -> float:
        """Send a request and read its answer; return the milliseconds it took."""
        token = f"Authorization: Bearer {self._server.token}\r\n" if self._server.token else ""
        head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{token}"
        start = time.perf_counter()
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        seen = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if not seen.startswith(b"http/1.1 200"):
            raise RuntimeError(f"{path}: {seen[:40]!r}")
        at = seen.find(b"content-length:")
        if at >= 0:
            await self._reader.readexactly(int(seen[at + 15 :].partition(b"\r\n")[0]))
        else:
            while size := int((await self._reader.readuntil(b"\r\n"))[:-2], 16):
                await self._reader.readexactly(size + 2)
            await self._reader.readexactly(2)
        return (time.perf_counter() - start) * 1000
