"""Discover: nothing by default; with a policy, titles of what may be known about, and never by content."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from journeys.places import HR, STAFF, place
from lockgate.journeys.discover import Discover
from lockgate.journeys.enforce import Gate
from lockgate.policy.model import Context
from policy.sets import SHIPPED, policies
from support import NOW, person, registered

CONTEXT = Context(NOW, "req_1")
BO = person("bo", "staff")
OPEN = """
@id("discover-pay")
permit (
  principal in Lockgate::Group::"staff",
  action == Lockgate::Action::"discover",
  resource is Lockgate::Document
);
"""


@pytest.mark.parametrize(
    ("open_to_staff", "query", "expected"),
    [
        (False, "salary bands", []),
        (True, "salary bands", ["hr/salary-bands.txt"]),
        (True, "canary", []),
        (True, "unrelated", []),
    ],
    ids=["the shipped policies", "a policy permits it", "content is not searched", "no word fits"],
)
def test_discover(tmp_path: Path, open_to_staff: bool, query: str, expected: list[str]) -> None:
    current = policies(OPEN, shipped=True) if open_to_staff else SHIPPED

    async def body() -> list[str]:
        async with place(tmp_path) as at:
            at.rules(STAFF + '\nsensitivity = "general"', HR + '\nsensitivity = "general"')
            at.write("hr/salary-bands.txt", "canary text")
            at.write("menu.txt", "lentils")
            await at.ingest.run(at.connector)
            gate = Gate(lambda: current, at.log, applications=registered)
            return [one.item for one in await Discover(gate, at.index).run(BO, CONTEXT, query)]

    assert asyncio.run(body()) == expected
