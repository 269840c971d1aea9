"""Gateway: CPU and time of a request, next to a bare proxy to the same upstream in the same run.

python -m bench.gateway            about half a minute; needs the embedding model

Gateway and proxy each run in a process of their own, so that their CPU is theirs alone. Client and upstream run
here. The proxy does what a gateway does at least: take a request, send it on, pass the stream back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

MODELS = """
[[models]]
id = "upstream"
base_url = "{url}/v1"
model = "mock"
users = ["everyone"]
ceiling = "restricted"
"""
GIFTS = "Up to what value may I accept gifts from suppliers?"
WORDS = "An answer of some length is sent in pieces, as models do. " * 4
WARM, MANY, CALLERS = 10, 100, 16


# ------------------------------------------------------------------ the upstream, and a bare proxy


async def _mock(request: web.Request) -> web.StreamResponse:
    await request.read()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for word in WORDS.split(" "):
        piece = {"choices": [{"index": 0, "delta": {"content": word + " "}}]}
        await response.write(b"data: " + json.dumps(piece).encode() + b"\n\n")
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    await response.write(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n")
    return response


@asynccontextmanager
async def _serving(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _until_told(name: str, value: object) -> None:
    """Say where this process serves, and serve until it is told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(json.dumps({name: value}), flush=True)
    await stop.wait()


async def proxy(upstream: str) -> None:
    """Pass everything on to the upstream and back."""
    async with aiohttp.ClientSession() as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{upstream}/v1/chat/completions", data=body, headers=headers) as answer:
                response = web.StreamResponse(headers={"Content-Type": answer.headers["Content-Type"]})
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                return response

        async with _serving(handle) as url:
            await _until_told("proxy", {"url": url, "token": ""})


async def gateway(upstream: str) -> None:
    """Serve a Lockgate over the demonstration's organization."""
    from bench.serving import starter
    from lockgate.adapters.embed_onnx import MiniLmEmbedder
    from lockgate.demo.organization import generate
    from lockgate.demo.run import fetch_weights

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    embedder = MiniLmEmbedder(fetch_weights(say))
    await embedder.open()
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as folder:
        made = generate(Path(folder) / "organization")
        start = starter(embedder, lambda _: None, MODELS.format(url=upstream))
        async with start(made.share, made.directory) as (url, token):
            await _until_told("gateway", {"url": url, "token": await token("erik")})


# ------------------------------------------------------------------ measuring


@dataclass
class Server:
    """A process that serves."""

    url: str
    token: str
    pid: int

    def cpu(self) -> float:
        """Return the seconds of CPU that it and its threads have used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def _process(*args: str) -> AsyncIterator[Server]:
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.gateway", *args, stdout=asyncio.subprocess.PIPE
    )
    try:
        if made.stdout is None or not (line := await asyncio.wait_for(made.stdout.readline(), 280)):
            raise RuntimeError(f"`{args[0]}` did not start")
        told = next(iter(json.loads(line).values()))
        yield Server(told["url"], told["token"], made.pid)
    finally:
        if made.returncode is None:
            made.terminate()
        await made.wait()


@dataclass(frozen=True)
class Figures:
    """CPU of the server and time that the client waited, in ms a request; requests a second with many callers."""

    cpu: float
    p50: float
    p95: float
    rate: float


async def _measure(
    session: aiohttp.ClientSession, server: Server, method: str, path: str, body: object, many: int = MANY
) -> Figures:
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}

    async def once() -> float:
        start = time.perf_counter()
        async with session.request(method, server.url + path, json=body, headers=headers) as response:
            await response.read()
            if response.status != 200:
                raise RuntimeError(f"{path}: {response.status}")
        return (time.perf_counter() - start) * 1000

    for _ in range(WARM):
        await once()
    before = server.cpu()
    times = sorted([await once() for _ in range(many)])
    cpu = (server.cpu() - before) * 1000 / many
    start = time.perf_counter()
    gate = asyncio.Semaphore(CALLERS)

    async def one() -> None:
        async with gate:
            await once()

    await asyncio.gather(*(one() for _ in range(many)))
    rate = many / (time.perf_counter() - start)
    return Figures(cpu, statistics.median(times), times[int(many * 0.95)], rate)


def _chat(model: str, stream: bool) -> dict[str, object]:
    return {"model": model, "stream": stream, "messages": [{"role": "user", "content": GIFTS}]}


async def run() -> list[str]:
    """Measure everything and return lines."""
    chat = "/v1/chat/completions"
    cases = [
        ("list of models", "GET", "/v1/models", None, MANY),
        ("plain upstream, streamed", "POST", chat, _chat("upstream", True), MANY),
        ("plain upstream", "POST", chat, _chat("upstream", False), MANY),
        ("passages (/v1/retrieve)", "POST", "/v1/retrieve", {"query": GIFTS}, MANY),
        ("assistant, extractive", "POST", chat, _chat("assistant", False), MANY // 4),
    ]
    lines = [f"{'':26}  CPU ms  p50 ms  p95 ms  req/s of {CALLERS} callers  CPU of a bare proxy"]
    async with _serving(_mock) as upstream, aiohttp.ClientSession() as session:
        async with _process("--proxy", upstream) as bare:
            base = await _measure(session, bare, "POST", chat, _chat("mock", True))
        lines.append(_line("a bare proxy", base, base))
        async with _process("--gateway", upstream) as served:
            for name, method, path, body, many in cases:
                lines.append(_line(name, await _measure(session, served, method, path, body, many), base))
    return lines


def _line(name: str, one: Figures, base: Figures) -> str:
    times = f"{one.cpu:6.2f}  {one.p50:6.1f}  {one.p95:6.1f}"
    return f"{name:26}  {times}  {one.rate:19.0f}  {one.cpu / base.cpu:18.1f}x"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proxy", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--gateway", metavar="URL", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.proxy:
        asyncio.run(proxy(args.proxy))
    elif args.gateway:
        asyncio.run(gateway(args.gateway))
    else:
        print("\n".join(asyncio.run(run())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
