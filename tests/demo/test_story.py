"""The story passes where all is right, and each breach turns into a difference in the step that is about it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from demo.ideal import Hands, Ideal
from lockgate.demo.organization import Organization, generate
from lockgate.demo.report import Report, in_words
from lockgate.demo.story import play
from lockgate.labels.readers import Readers


async def serve(server: Ideal) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(server.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def told(whole: Organization, less: Organization, flaw: str, lines: list[str]) -> Report:
    server = Ideal(whole, flaw)
    first, url = await serve(server)
    second, twin_url = await serve(Ideal(less, flaw))
    try:
        return await play(url, Hands(server, twin_url), whole, lines.append)
    finally:
        await first.cleanup()
        await second.cleanup()


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Organization:
    folder: Path = tmp_path_factory.mktemp("twin") / "brightwater"
    return generate(folder, without={"hr"})


def test_where_all_is_right_there_is_no_difference(brightwater: Organization, twin: Organization) -> None:
    lines: list[str] = []
    report = asyncio.run(told(brightwater, twin, "", lines))
    assert report.differences == ()
    assert sorted(report.titles) == list(range(1, 14))
    assert "0 differences" in lines[-1]
    assert not [line for line in lines if "frozenset" in line or "Readers(" in line]
    assert any("saw      finance, and also legal" in line for line in lines)


@pytest.mark.parametrize(
    ("flaw", "step"),
    [
        ("label lost", 1),
        ("thin proof", 1),
        ("no proof", 2),
        ("leaks to sales", 2),
        ("cites to sales", 2),
        ("twin differs", 2),
        ("prompts with more", 2),
        ("pasted line", 3),
        ("serves open copy", 3),
        ("hides exposure", 3),
        ("anybody reviews", 3),
        ("label lost", 4),
        ("forgets history", 5),
        ("cheap sees all", 6),
        ("quotes", 6),
        ("forgets revocation", 7),
        ("label lost", 8),
        ("accepts expired", 9),
        ("blind verify", 10),
        ("releases without audit", 11),
        ("feeds no-ai", 12),
        ("tells existence", 12),
        ("never abstains", 13),
    ],
)
def test_each_breach_is_seen(brightwater: Organization, twin: Organization, flaw: str, step: int) -> None:
    report = asyncio.run(told(brightwater, twin, flaw, []))
    assert step in {check.step for check in report.differences}


def test_a_server_that_is_not_there_is_a_difference_and_no_traceback(brightwater: Organization) -> None:
    nobody = Hands(Ideal(brightwater), "http://127.0.0.1:9")
    report = asyncio.run(play("http://127.0.0.1:9", nobody, brightwater, lambda line: None))
    assert {check.step for check in report.differences} >= set(range(1, 10))


def test_readers_are_said_in_words():
    hr, staff = Readers.any_of("group:hr", "user:ann"), Readers.any_of("group:staff")
    assert in_words(hr.join(staff)) == "ann or hr, and also staff"
    assert in_words(Readers.everyone()) == "everyone"
    assert in_words(Readers.nobody()) == "nobody"
