"""Pieces of work on the state of a gateway that can be killed anywhere, and what must hold afterwards."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from lockgate.content.document import Document, document_id
from lockgate.journeys.review import version_of
from lockgate.policy.model import Context, Principal, PrincipalKind, Session, Subject
from lockgate.wiring import Lockgate
from lockgate.wiring.backup import backup as make_backup
from lockgate.wiring.rotation import waits

COLLECTION = "brightwater"
SECRET_FILE = "hr/merger.md"
SECRET = "Heliotrope Quarrying costs 77319042 EUR, says Ottoline Featherstonehaugh."
NEW = "handbook/new.md"


def subject(lockgate: Lockgate, who: str, *groups: str) -> Subject:
    """Return somebody who has come through the demo's application."""
    principal = Principal(PrincipalKind.USER, who, frozenset(f"group:{group}" for group in groups))
    return Subject(principal, Session("s", lockgate.clock.now() + timedelta(hours=1)), "lockgate-demo")


def context(lockgate: Lockgate, request_id: str) -> Context:
    return Context(lockgate.clock.now(), request_id)


def document(lockgate: Lockgate, item: str) -> Document | None:
    return lockgate.index.document(document_id(COLLECTION, item))


async def ingest(lockgate: Lockgate, _: AsyncExitStack) -> None:
    """One that is new, one that is gone, one with other rights, one with other text: in one sync."""
    share = lockgate.settings.collections[0].path
    (share / NEW).write_text("# New\n\nThe lighthouse opens at nine.\n")
    (share / "handbook/travel.md").unlink(missing_ok=True)
    (share / "handbook/gifts.md").write_text("# Gifts\n\nGifts are accepted up to 99 EUR from now on.\n")
    rights = share / ".lockgate-access.toml"
    rights.write_text(rights.read_text().replace('["group:hr"]', '["group:sales"]'))
    for connector in lockgate.connectors.values():
        report = await lockgate.ingest.run(connector)
        assert not report.problems, report.problems


async def ingested(lockgate: Lockgate, stack: AsyncExitStack) -> Any:
    await ingest(lockgate, stack)  # what was killed before the share had changed
    gifts, salaries = document(lockgate, "handbook/gifts.md"), document(lockgate, "hr/salaries.md")
    assert gifts is not None
    assert salaries is not None
    assert [c.text for c in await lockgate.index.chunks(gifts.id) if "99 EUR" in c.text]
    assert "group:sales" in str(salaries.label.readers)
    assert "group:hr" not in str(salaries.label.readers)
    assert document(lockgate, NEW) is not None
    assert document(lockgate, "handbook/travel.md") is None


async def review(lockgate: Lockgate, _: AsyncExitStack) -> None:
    """Accept the label of a plan that nobody has reviewed."""
    one = document(lockgate, "loose/plan.md")
    assert one is not None
    owner = subject(lockgate, "owner", "sales", "staff")
    await lockgate.reviews.accept(owner, context(lockgate, "req_review"), one.id, version_of(one), broad=True)


async def reviewed(lockgate: Lockgate, stack: AsyncExitStack) -> Any:
    """Either it is as it was, and can be reviewed now, or it is done, and on record."""
    one = document(lockgate, "loose/plan.md")
    assert one is not None
    if one.reviewed:
        assert lockgate.log.by_request("req_review")
    else:
        await review(lockgate, stack)


async def forget(lockgate: Lockgate, _: AsyncExitStack) -> None:
    """Forget a document that somebody was shown."""
    hr = subject(lockgate, "hr", "hr", "staff")
    told = await lockgate.forget.run(hr, context(lockgate, "req_forget"), f"{COLLECTION}/{SECRET_FILE}")
    assert told.proven, told.remains


async def forgotten(lockgate: Lockgate, stack: AsyncExitStack) -> Any:
    """It is whole and can be forgotten now, or it is gone and stays gone although its file is still there."""
    one = document(lockgate, SECRET_FILE)
    if one is not None:
        assert [c.text for c in await lockgate.index.chunks(one.id) if SECRET in c.text]
        await forget(lockgate, stack)
    assert document(lockgate, SECRET_FILE) is None
    for connector in lockgate.connectors.values():
        await lockgate.ingest.run(connector)
    assert document(lockgate, SECRET_FILE) is None


async def rotate(lockgate: Lockgate, _: AsyncExitStack) -> None:
    """A new master key for everything that is at rest."""
    await lockgate.rotation.run()


async def rotated(lockgate: Lockgate, stack: AsyncExitStack) -> Any:
    """Everything opens; what was begun is ended, and no old key is left then, under whatever name."""
    await lockgate.rotation.run(new=False)
    assert lockgate.rotation.keys.known == {lockgate.rotation.keys.current}
    files = (lockgate.settings.data / "keys").iterdir()
    assert [one.name for one in files if one.read_bytes().startswith(b"lockgate-key-1")] == ["master.key"]
    assert not waits(lockgate.settings.data)
    for one in lockgate.index.documents():
        assert await lockgate.index.chunks(one.id)


async def backup(lockgate: Lockgate, _: AsyncExitStack) -> None:
    """A backup beside the state."""
    target = lockgate.settings.data.parent / "vault"
    await asyncio.to_thread(make_backup, lockgate.settings, target, None, lockgate.clock.now())


async def backed_up(lockgate: Lockgate, stack: AsyncExitStack) -> Any:
    """Nothing is there, or a whole backup; another can be made."""
    target = lockgate.settings.data.parent / "vault"
    if not (target / "manifest.json").exists():
        assert not target.exists() or not any(target.iterdir()), sorted(target.iterdir())
        await backup(lockgate, stack)


WORK = {
    "ingest": (ingest, ingested),
    "review": (review, reviewed),
    "forget": (forget, forgotten),
    "rotate": (rotate, rotated),
    "backup": (backup, backed_up),
}
