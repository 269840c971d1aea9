"""Gateway: CPU, time and memory of a request with all gates on, next to a bare proxy to the same upstream.

    python -m bench.gateway                 the matrix, in about two minutes
    python -m bench.gateway --retrieval     answers from documents; needs the embedding model

Upstream, proxy and gateway each run in a process of its own. The proxy has the gateway's server and client
(uvicorn, aiohttp) and nothing else. Both take turns in every round of one run; what counts is the ratio of
their CPU, of which the median over the rounds is shown with the lowest and the highest.

Exit code 1: a goal of the matrix is missed; each is named in the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import gateway_parts as parts
from bench.gateway_parts import CHUNKS, Connection, Server, running

SHORT, LONG = CHUNKS
REQUESTS = {1: 60, 16: 160, 64: 256}
"""Requests of a turn, by connections at once."""
RATIO, ADDED, CHUNK, MEMORY = 2.5, 3.0, 30.0, 150.0
"""Goals: times the CPU of the bare proxy, ms of p50 added at one connection, us of CPU added a chunk, MB."""
QUESTION = "Up to what value may I accept gifts from suppliers?"


def _body(chunks: int, stream: bool) -> bytes:
    messages = [{"role": "user", "content": QUESTION}]
    return json.dumps({"model": parts.model(chunks), "stream": stream, "messages": messages}).encode()


@dataclass
class Turns:
    """What the turns of one server measured: ms of CPU a request of each turn, and ms of every request."""

    cpu: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        return sorted(self.times)[int(len(self.times) * 0.99)]


async def _turn(
    server: Server, at_once: int, body: bytes, many: int, into: Turns, path: str = "/v1/chat/completions"
) -> None:
    # Anew each turn: a server closes connections that wait for the other one's turn.
    connections = [await Connection.open(server) for _ in range(at_once)]
    left = many

    async def caller(connection: Connection) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            into.times.append(await connection.ask(body, path))

    try:
        before, _ = await server.used()
        await asyncio.gather(*(caller(one) for one in connections))
        after, _ = await server.used()
    finally:
        for one in connections:
            one.close()
    into.cpu.append((after - before) * 1000 / many)


async def _case(bare: Server, gate: Server, at_once: int, body: bytes, rounds: int) -> tuple[Turns, Turns]:
    """Take turns. The first round warms both and is not counted."""
    found = Turns(), Turns()
    for number in range(rounds + 1):
        for server, turns in zip((bare, gate), found, strict=True):
            await _turn(server, at_once, body, REQUESTS[at_once], turns if number else Turns())
    return found


def _ratios(one: Turns, base: Turns) -> list[float]:
    return sorted(a / b for a, b in zip(one.cpu, base.cpu, strict=True))


def _ratio(one: Turns, base: Turns) -> str:
    found = _ratios(one, base)
    return f"{statistics.median(found):5.2f}x [{found[0]:.2f}..{found[-1]:.2f}]"


def _missed(what: str, found: float, goal: float) -> list[str]:
    return [f"{what}: {found:.1f}, goal {goal:g}"] if found > goal else []


async def matrix(rounds: int, at: Sequence[int]) -> list[str]:
    """Measure every case, print lines, and return which goals are missed."""
    missed: list[str] = []
    lines = [f"{'':24}  bare ms   gate ms  ratio of CPU            added p50 ms  p99 ms (bare)   req/s of CPU"]
    chunk: dict[int, dict[int, tuple[Turns, Turns]]] = {}
    async with (
        running("--upstream") as upstream,
        running("--proxy", upstream.url) as bare,
        running("--gateway", upstream.url) as gate,
    ):
        for at_once in at:
            for name, chunks, stream in (
                ("plain", SHORT, False),
                ("streamed", SHORT, True),
                ("streamed, long", LONG, True),
            ):
                base, one = await _case(bare, gate, at_once, _body(chunks, stream), rounds)
                if stream:
                    chunk.setdefault(at_once, {})[chunks] = base, one
                missed += _missed(f"CPU, {name} x {at_once}", statistics.median(_ratios(one, base)), RATIO)
                if at_once == 1 and chunks == SHORT:
                    missed += _missed(f"added p50, {name}", one.p50 - base.p50, ADDED)
                cpu, least = statistics.median(one.cpu), statistics.median(base.cpu)
                lines.append(
                    f"{name + f', {chunks} chunks x {at_once}':24}  {least:7.2f}  {cpu:8.2f}  "
                    f"{_ratio(one, base):22}  {one.p50 - base.p50:12.2f}  {one.p99:6.1f} ({base.p99:.1f})"
                    f"  {1000 / cpu:9.0f}"
                )
                print(lines[-1], flush=True)
        for at_once, both in chunk.items():
            costs = [
                (statistics.median(both[LONG][i].cpu) - statistics.median(both[SHORT][i].cpu))
                * 1000
                / (LONG - SHORT)
                for i in (0, 1)
            ]
            missed += _missed(f"us a chunk x {at_once}", costs[1] - costs[0], CHUNK)
            over = f"{costs[1]:.1f} us of CPU a chunk, bare {costs[0]:.1f}, over it {costs[1] - costs[0]:.1f}"
            lines.append(f"streaming x {at_once}: {over}")
            print(lines[-1], flush=True)
        _, rss = await gate.used()
        _, least = await bare.used()
        lines.append(f"memory after all that: gateway {rss:.0f} MB, bare {least:.0f} MB")
        print(lines[-1], flush=True)
        missed += _missed("MB", rss, MEMORY)
    print(*(f"NOT MET: {one}" for one in missed), sep="\n")
    return missed


async def retrieval(rounds: int) -> list[str]:
    """Measure answers from documents, one at a time, next to the bare proxy's plain answer."""
    lines = []
    passages = json.dumps({"query": QUESTION}).encode()
    quoted = json.dumps({"model": "assistant", "messages": [{"role": "user", "content": QUESTION}]}).encode()
    async with (
        running("--upstream") as upstream,
        running("--proxy", upstream.url) as bare,
        running("--documents", upstream.url) as served,
    ):
        for name, path, body in (
            ("passages (/v1/retrieve)", "/v1/retrieve", passages),
            ("assistant, extractive", "/v1/chat/completions", quoted),
        ):
            base, one = Turns(), Turns()
            for number in range(rounds + 1):
                await _turn(bare, 1, _body(SHORT, False), 60, base if number else Turns())
                await _turn(served, 1, body, 25, one if number else Turns(), path)
            cpu = statistics.median(one.cpu)
            lines.append(
                f"{name:24}  {cpu:6.2f} ms of CPU  {_ratio(one, base)}  p50 {one.p50:.1f} ms, p99 {one.p99:.1f}"
            )
            print(lines[-1], flush=True)
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at", type=int, nargs="+", default=sorted(REQUESTS), choices=sorted(REQUESTS))
    parser.add_argument("--retrieval", action="store_true", help="answers from documents, in place of the matrix")
    parser.add_argument("--documents", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--upstream", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--proxy", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--gateway", metavar="URL", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.upstream:
        asyncio.run(parts.upstream())
    elif args.proxy:
        asyncio.run(parts.proxy(args.proxy))
    elif args.gateway:
        asyncio.run(parts.gateway(args.gateway))
    elif args.documents:
        asyncio.run(parts.documents())
    elif args.retrieval:
        asyncio.run(retrieval(args.rounds))
    else:
        return 1 if asyncio.run(matrix(args.rounds, args.at)) else 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
