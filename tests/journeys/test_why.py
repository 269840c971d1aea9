"""Why: the explanation says what the gate decides, for the reason that it decides it, and quotes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from journeys.places import HR, STAFF, Place, Stopped, place
from lockgate.errors import Invalid, NotFound
from lockgate.journeys.enforce import Gate
from lockgate.journeys.why import Explanation, Why
from policy.sets import SHIPPED
from support import registered

CANARY = "84,200 s3cret"


def explained(tmp_path: Path, body: Callable[[Place, Why], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with place(tmp_path) as at:
            directory = at.ingest.settler._directory
            gate = Gate(lambda: SHIPPED, at.log, applications=registered)
            why = Why(
                at.index, gate, directory, Stopped(), lambda d: at.ingest.recheck(at.connector, d), at.reviewed
            )
            await body(at, why)

    asyncio.run(inside())


def failed(found: Explanation) -> set[str]:
    return {step.name for step in found.steps if step.passes is False}


def test_each_reason_is_named(tmp_path: Path) -> None:
    async def body(at: Place, why: Why) -> None:
        declared = '\nsensitivity = "general"'
        at.rules(
            STAFF + declared, HR + declared, 'match = ["raw/**"]\nreaders = ["group:staff"]\nowners=["user:ann"]'
        )
        at.write("plan.txt", f"harmless {CANARY}")
        at.write("hr/pay.txt", f"text {CANARY}")
        at.write("raw/new.txt", "text")
        at.write("card.txt", "card 4111 1111 1111 1111")
        at.write("bad.txt", "!invalid")
        await at.ingest.run(at.connector)

        found = await why.explain("user:root", "bo", "plan.txt")
        assert found.shown
        assert found.opens
        assert failed(found) == set()

        found = await why.explain("user:root", "user:bo", "share:hr/pay.txt")
        assert not found.shown
        assert "the source lets the person read it" in failed(found)
        assert any("lacks: one of group:hr" in step.says for step in found.steps)
        assert (await why.explain("user:root", "eva", "hr/pay.txt")).shown
        cited = at.document("hr/pay.txt")
        assert (await why.explain("user:root", "eva", f"{cited.collection}/{cited.item}")).shown

        found = await why.explain("user:root", "bo", "raw/new.txt")
        assert not found.shown
        assert found.opens
        assert failed(found) == {"its label is reviewed", "AI may use it"}
        assert (await why.explain("user:root", "ann", "raw/new.txt")).shown

        found = await why.explain("user:root", "bo", at.document("card.txt").id)
        assert not found.shown
        assert failed(found) == {"it has passages that may be shown"}

        found = await why.explain("user:root", "ann", "bad.txt")
        assert not found.shown
        assert "it was read and its rights understood" in failed(found)

        (at.share / "plan.txt").unlink()
        found = await why.explain("user:root", "bo", "plan.txt")
        assert not found.shown
        assert not found.opens
        assert "the source has it" in failed(found)
        assert CANARY not in str(found) + str(at.log.records)
        assert at.log.records[-1].subject == "user:root"
        assert at.log.records[-1].action == "why"

    explained(tmp_path, body)


def test_unknown_people_and_documents(tmp_path: Path) -> None:
    async def body(at: Place, why: Why) -> None:
        at.write("plan.txt", "text")
        await at.ingest.run(at.connector)
        with pytest.raises(NotFound, match="person"):
            await why.explain("user:root", "nobody", "plan.txt")
        with pytest.raises(NotFound, match="document"):
            await why.explain("user:root", "bo", "absent.txt")
        with pytest.raises((NotFound, Invalid)):
            await why.explain("user:root", "bo", "")

    explained(tmp_path, body)
