"""Auditors ask the gateway: they see who, what and under which label, no content, and are seen themselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from e2e.lab import Lab, in_thread, opened, plant, talking
from journeys.places import Words
from lockgate.adapters.audit_export import read_public_key
from lockgate.audit import checkpoint, proof
from lockgate.audit.record import Kind
from lockgate.cli.main import main
from lockgate.demo.client import Client, Reply
from matrix.endpoints import QUESTION


async def get(client: Client, path: str, person: str = "auditor") -> Reply:
    return await client.send("GET", f"/v1/audit/{path}", person)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("auditing")
    plant(folder)
    with in_thread(lambda: opened(folder, Words())) as made:
        yield made


async def test_an_auditor_finds_what_somebody_asked_and_reads_nothing_of_it(lab: Lab) -> None:
    async with talking(lab.url, lab.token) as client:
        asked = await client.ask("staff", QUESTION)
        request_id = asked.lockgate["request_id"]
        found = await get(client, "records?" + urlencode({"user": "user:staff", "limit": 1000}))
        events = [one["event"] for one in found.body["records"]]
        assert found.body["before"] is None
        assert request_id in {one["metadata"]["correlation_uid"] for one in events}
        text = json.dumps(found.body)
        assert "35 EUR" not in text
        assert QUESTION not in text
        # A complete set: what a plain reading of the file finds before the auditor came.
        first = [one["index"] for one in found.body["records"]]
        plain = [
            one.index
            for one in lab.lockgate.log.entries()
            if "user:staff" in (one.record.subject, one.record.on_behalf_of, *one.record.actors)
        ]
        assert first == plain[::-1]
        # No right to content comes with it.
        closed = await client.retrieve("auditor", "base salary Goran Ilic")
        assert "61,387" not in json.dumps(closed.body)


async def test_who_reads_the_log_is_in_the_log_with_what_was_looked_for(lab: Lab) -> None:
    async with talking(lab.url, lab.token) as client:
        log = lab.lockgate.log
        assert (await get(client, "records?user=user:hr&label=restricted")).status == 200
        assert (await get(client, "proof?index=0&hash_only=true")).status == 200
        assert (await get(client, "records?user=user:hr", "admin")).status == 403
        reads = [one.record for one in log.search(kind=Kind.ADMINISTRATION, subject="user:auditor", limit=2)]
        assert [(one.action, dict(one.facts)) for one in reads] == [
            ("audit.prove", {"index": 0, "reveal": False}),
            ("audit.search", {"query_user": "user:hr", "query_label": "restricted"}),
        ]
        refused = [one.record for one in log.search(subject="user:admin", effect="deny")]
        assert [(one.resource_type, one.resource_id) for one in refused] == [("system", "audit")]
        assert not log.search(kind=Kind.ADMINISTRATION, subject="user:admin")


async def test_proofs_from_the_gateway_are_checked_with_the_first_key_over_a_rotation(lab: Lab) -> None:
    async with talking(lab.url, lab.token) as client:
        key = read_public_key(lab.lockgate.settings.data / "keys" / "audit.pem.pub")
        kept = (await get(client, "checkpoint")).text
        size = checkpoint.verify(kept, key).size
        told = ["audit", "rotate-key", "--config", str(lab.folder / "lockgate.toml"), "--wait", "30"]
        assert await asyncio.to_thread(main, told) == 0
        made = await get(client, f"proof?index={size}")
        assert made.status == 200
        shown = proof.check(proof.parse(made.text), key)
        assert len(shown.keys) == 2
        made = await get(client, f"consistency?from={size}")
        assert proof.check(proof.parse(made.text), key, kept=kept).old == checkpoint.parse(kept)
        assert lab.lockgate.log.verify(key, kept).ok
        for bad in (
            *("proof", "proof?index=-1", "proof?index=1&index=2", "proof?index=0&hash_only=yes", "checkpoint?x=1"),
            *("consistency", "consistency?from=1&to=" + "9" * 30, "records?limit=0", "records?kind=x"),
            *("records?since=x", "records?user=", "records?label=none", "records?before=1e3"),
        ):
            assert (await get(client, bad)).status == 400, bad
