"""Forgetting through the running gateway: the real log, history, index and keys, every byte of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.lab import FILES, Lab, in_thread, opened, plant, records, request_id, talking
from journeys.places import Words
from lockgate.content.document import document_id

SECRET = "handbook/merger-quillwort.md"
TEXT = (
    "# Merger\n\nThe merger with Heliotrope Quarrying costs 77319042 EUR and closes in May.\n\n"
    "Ottoline Featherstonehaugh signs as reference QX-55217-ZB for the flibbertigibbet committee.\n"
)
WORDS = ("Heliotrope", "77319042", "Featherstonehaugh", "QX-55217-ZB", "flibbertigibbet")
ID = document_id("brightwater", SECRET)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    plant(tmp_path, {**FILES, SECRET: TEXT})
    with in_thread(lambda: opened(tmp_path, Words())) as made:
        yield made


def everything(lab: Lab) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((lab.folder / "state").rglob("*")) if path.is_file())


async def test_nothing_is_left_but_the_name_in_the_log(lab: Lab) -> None:
    async with talking(lab.url, lab.token) as client:
        question = {"query": "merger Heliotrope Quarrying costs"}
        found = await client.send("POST", "/v1/retrieve", "staff", question)
        assert "77319042" in found.text
        await client.ask("staff", "What does the merger with Heliotrope Quarrying cost?")
        for who, status in (("outsider", 404), ("staff", 403), ("hr", 403), ("", 401)):
            reply = await client.send("POST", f"/v1/documents/{ID}/forget", who, {})
            assert reply.status == status, (who, reply.text)
        bad = await client.send("POST", f"/v1/documents/{ID}/forget", "owner", {"allow_return": "no"})
        assert bad.status == 400

        done = await client.send("POST", f"/v1/documents/brightwater/{SECRET}/forget", "owner", {})

        assert done.status == 200, done.text
        assert done.body["proven"], done.text
        assert not any(word in done.text for word in WORDS)
        assert {one["file"] for one in done.body["kept"]} <= {"audit.db", "audit.db-wal"}
        after = everything(lab)
        for word in WORDS:
            assert word.encode() not in after, word
        told = [one.outcome for one in records(lab.lockgate, request_id(done)) if one.kind == "administration"]
        assert told == ["begun", "completed"]

        for who in ("staff", "owner", "admin"):
            again = await client.send("POST", "/v1/retrieve", who, question)
            assert "77319042" not in again.text
            assert (await client.send("GET", f"/v1/documents/{ID}", who)).status == 404
        assert (await client.send("POST", f"/v1/documents/{ID}/forget", "owner", {})).status == 404
        lab.sync()
        assert (lab.share / SECRET).exists()
        assert lab.lockgate.index.document(ID) is None
        assert "Heliotrope" not in (await client.send("POST", "/v1/retrieve", "staff", question)).text
