"""Stops and restarts of a real process: nothing is refused, lost, doubled or unrecorded."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from e2e.process import client, events, gateway
from e2e.upstream import Stream, upstream
from lockgate.audit.record import Kind

pytestmark = pytest.mark.slow


async def slow(stream: Stream) -> None:
    """Answer for a second and a half."""
    for _ in range(15):
        await stream.say("Word after word. ")
        await asyncio.sleep(0.1)
    await stream.end()


async def endless(stream: Stream) -> None:
    while True:
        await stream.say("Word after word. ")
        await asyncio.sleep(0.1)


async def test_a_restart_refuses_no_connection(tmp_path: Path) -> None:
    """Clients ask without a pause over two restarts. Every question has one answer, and its records."""
    async with upstream() as server, client() as session:
        with gateway(tmp_path, server.base_url("big"), held=True) as made:
            made.start()
            await made.up(session)
            over = asyncio.Event()
            answered: list[tuple[str, str]] = []
            retried: list[str] = []

            async def ask_on(name: str) -> None:
                number = 0
                while not over.is_set():
                    number += 1
                    text = f"question {name} {number}"
                    for attempt in range(3):
                        try:
                            async with made.ask(session, text) as response:
                                body = await response.json()
                                assert response.status == 200, body
                                answered.append((text, response.headers["lockgate-request-id"]))
                                break
                        except aiohttp.ClientConnectorError as error:
                            raise AssertionError("a connection was refused") from error
                        except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                            assert attempt < 2
                            retried.append(text)
                    await asyncio.sleep(0.02)

            clients = [asyncio.create_task(ask_on(name)) for name in "abcdef"]
            for _ in range(2):
                await asyncio.sleep(0.7)
                before = len(answered)
                made.signal()
                assert await made.stopped() == 0, made.log()
                made.start()
                while len(answered) < before + 30:
                    await asyncio.sleep(0.05)
                    if broken := [one for one in clients if one.done()]:
                        await broken[0]
            over.set()
            await asyncio.gather(*clients)
            made.signal()
            assert await made.stopped() == 0
            outcomes = Counter(one.request_id for one in made.records() if one.kind is Kind.OUTCOME)
            assert len({text for text, _ in answered}) == len(answered) >= 60
            assert all(outcomes[id] == 1 for _, id in answered)
            # What reached the model is what was answered, and what had to be asked again at most.
            assert len(answered) <= len(server.received) <= len(answered) + len(retried)
            assert len(retried) <= 2, retried


async def test_a_running_answer_ends_well(tmp_path: Path) -> None:
    async with upstream() as server, client() as session:
        server.reset(slow)
        with gateway(tmp_path, server.base_url("big"), held=False, grace=20) as made:
            made.start()
            await made.up(session)
            async with made.ask(session, "a", stream=True) as response:
                await response.content.readany()
                made.signal()
                found = events(await response.read())
            assert found[-1] == "[DONE]"
            assert await made.stopped(10) == 0
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(made.url)
            (outcome,) = [one for one in made.records() if one.kind is Kind.OUTCOME]
            assert outcome.outcome == "completed"


@pytest.mark.parametrize(
    ("twice", "stream"),
    [(False, True), (True, False), (True, True)],
    ids=["the grace is over", "a second signal, whole", "a second signal"],
)
async def test_an_answer_that_does_not_end_is_cut_and_recorded(
    tmp_path: Path, *, twice: bool, stream: bool
) -> None:
    async with upstream() as server, client() as session:
        server.reset(endless)
        with gateway(tmp_path, server.base_url("big"), held=False, grace=30 if twice else 0.5) as made:
            made.start()
            await made.up(session)

            async def stop() -> None:
                while not server.received:
                    await asyncio.sleep(0.02)
                await asyncio.sleep(0.3)
                made.signal(signal.SIGINT if twice else signal.SIGTERM)
                if twice:
                    await asyncio.sleep(0.3)
                    made.signal()

            stopping = asyncio.create_task(stop())
            async with made.ask(session, "a", stream=stream) as response:
                raw = await response.read()
            await stopping
            if stream:
                assert events(raw)[-1]["error"]["code"] == "stopping"
                assert any("choices" in one for one in events(raw)[:-1])
            else:
                assert (response.status, json.loads(raw)["error"]["code"]) == (503, "stopping")
            assert await made.stopped(15) == 0, made.log()
            (outcome,) = [one for one in made.records() if one.kind is Kind.OUTCOME]
            assert outcome.outcome == "cut_off"


async def test_a_reader_who_takes_nothing_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    async def flood(stream: Stream) -> None:
        while True:
            await stream.say("Word after word, and more of them. " * 100)

    async with upstream() as server, client() as session:
        server.reset(flood)
        with gateway(tmp_path, server.base_url("big"), held=False, grace=0.2) as made:
            made.start()
            await made.up(session)
            body = json.dumps(
                {"model": "big", "stream": True, "messages": [{"role": "user", "content": "a"}]}
            ).encode()
            head = (
                f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer {made.keys['client']}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            with socket.create_connection(("127.0.0.1", made.port)) as line:
                line.sendall(head.encode() + body)
                await asyncio.sleep(1.5)
                made.signal()
                assert await made.stopped(15) == 0, made.log()
            (outcome,) = [one for one in made.records() if one.kind is Kind.OUTCOME]
            assert outcome.outcome in {"cut_off", "failed"}
            assert "internal_error" not in made.log()


async def test_the_log_is_json_without_what_was_said(tmp_path: Path) -> None:
    """Canaries in every place that a client controls come back in no line of the log, nor in metrics."""
    canary = "canarybird"
    async with upstream() as server, client() as session:
        with gateway(tmp_path, server.base_url("big"), held=False) as made:
            made.start("--verbose")
            await made.up(session)
            key = {"Authorization": f"Bearer {made.keys['client']}"}
            async with made.ask(session, canary) as response:
                assert response.status == 200
            bad = [
                ("GET", f"/v1/documents/{canary}", key, b""),
                ("GET", f"/{canary}?{canary}={canary}", {}, b""),
                ("POST", "/v1/chat/completions", key, b'{"model":"%s"}' % canary.encode()),
                ("POST", "/v1/chat/completions", key, b'{"%s"' % canary.encode()),
                ("POST", "/v1/chat/completions", {"Authorization": f"Bearer {canary}.a.b"}, b"{}"),
                ("POST", "/v1/messages", {"x-api-key": canary}, b"{}"),
                ("POST", "/mcp", key | {"Origin": f"https://{canary}.example"}, b"{}"),
                (canary.upper(), "/v1/models", key | {"traceparent": canary, "X-Request-Id": canary}, b""),
                ("POST", "/v1/retrieve", key | {"Lockgate-Purpose": canary}, canary.encode()),
            ]
            for method, path, headers, data in bad:
                async with session.request(
                    method, made.url + path, headers={"Content-Type": "application/json"} | headers, data=data
                ) as response:
                    assert response.status >= 400, path

            async def broken(stream: Stream) -> None:
                await stream.send(b"data: {" + canary.encode() + b"\n\n")

            server.reset(broken)
            async with made.ask(session, canary) as response:
                assert response.status >= 500
            scraper = {"Authorization": f"Bearer {made.keys['prometheus']}"}
            async with session.get(f"{made.url}/metrics", headers=scraper) as response:
                figures = await response.text()
            async with session.get(f"{made.url}/readyz") as response:
                assert (response.status, (await response.json())["status"]) == (200, "ready")
            made.signal()
            assert await made.stopped() == 0
    log = made.log()
    assert canary not in log.lower()
    assert canary not in figures.lower()
    assert all(one not in log for one in made.keys.values())
    lines = [json.loads(line) for line in log.splitlines() if not line.startswith("Lockgate serves on")]
    doors = Counter((one["door"], one["status"]) for one in lines if one["logger"] == "lockgate.access")
    assert doors["/v1/chat/completions", 200] == 1
    assert doors["/v1/documents/{document}", 403] == 1
    assert doors["none", 404] == 1
    assert 'lockgate_requests_total{door="/v1/chat/completions",status="200"} 1.0' in figures
    assert 'lockgate_answers_total{outcome="completed"} 1.0' in figures
    one = next(one for one in lines if one["logger"] == "lockgate.access" and one["door"] != "/healthz")
    assert set(one) >= {"time", "level", "request_id", "method", "door", "status", "ms"}
