"""Mailboxes: where messages begin, what they are named by, and mailboxes that want to hide something."""

from __future__ import annotations

import asyncio
import io
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hosts import Host
from contracts.connector import walk
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.mailbox import MailboxConnector, connector, messages
from lockgate.errors import NotFound, TooLarge
from lockgate.labels.label import Integrity

FROM = b"From ann@acme.example Tue Nov 24 09:00:00 2026\n"
HEAD = b"Message-ID: <%s@acme.example>\nSubject: s\n\n"


def opened(place: Path, **more: object) -> MailboxConnector:
    folder = FilesConnector("mail", place, "", directory=Host(), above_root=False)
    return MailboxConnector("mail", folder, "", owners={"box": frozenset({"user:ann"})}, **more)  # type: ignore[arg-type]  # of a test


def found(data: bytes) -> list[bytes]:
    stream = io.BytesIO(data)
    return [data[one.start : one.end] for one in messages.in_mbox(stream)]


def quoted(message: bytes) -> bytes:
    """Return a message as `mboxrd` writes it."""
    lines = message.split(b"\n")
    return b"\n".join(b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines)


@given(st.lists(st.lists(st.sampled_from([b"From a 09:00 2026", b">From b", b"x", b"", b"\xff:"]), min_size=1)))
def test_what_is_put_into_a_mailbox_comes_out(texts: list[list[bytes]]) -> None:
    put = [b"Subject: s\n\n" + b"\n".join(lines).strip(b"\n") + b"\nend\n" for lines in texts]
    data = b"".join(FROM + quoted(one) + b"\n" for one in put)
    assert [messages.unquoted(one) for one in found(data)] == put


@given(st.binary(max_size=400))
def test_nothing_of_a_mailbox_is_left_out(data: bytes) -> None:
    data = FROM + data
    kept = b"".join(found(data))
    for line in data.split(b"\n"):
        if line.strip() and not line.startswith(b"From "):
            assert line in kept


@pytest.mark.parametrize(
    "head",
    [
        b"Message-ID: <a/../b\x1b[2J\xff@x>\n",
        b"Message-ID:\n",
        b"MESSAGE-ID:\r\n <a@x>\r\n",
        b"",
        b"Message-ID: " + b"a" * 9999,
    ],
)
def test_broken_ids_give_names_that_any_log_can_hold(head: bytes) -> None:
    (one,) = messages.in_mbox(io.BytesIO(FROM + head + b"\nbody\n"))
    assert messages.KEY.fullmatch(one.key)


def test_reading_a_message_does_not_make_another_one_of_it() -> None:
    message = HEAD % b"1" + b"hello\n"
    (before,) = messages.in_mbox(io.BytesIO(FROM + message))
    (after,) = messages.in_mbox(io.BytesIO(FROM + b"Status: RO\nX-UID: 7\n" + message))
    assert before.key == after.key
    assert before.revision != after.revision
    (long,) = messages.in_mbox(io.BytesIO(FROM + b"Status: the key is canary, and this is no state\n" + message))
    assert long.key != before.key


def test_messages_are_read_and_untrusted(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(FROM + HEAD % b"1" + b">From here\n\n" + FROM + HEAD % b"2" + b"two\n")
    source = opened(tmp_path)
    try:
        first, second = walk(source)
        assert first.id.startswith("box/1@acme_example.")
        assert first.integrity is Integrity.UNTRUSTED
        assert first.readers.permits({"user:ann"})
        assert first.owners == {"user:ann"}
        assert asyncio.run(source.fetch(first.id)).endswith(b"\nFrom here\n")
        # What stands before a message moves it, and is not it.
        (tmp_path / "box").write_bytes(FROM + HEAD % b"2" + b"two\n")
        assert asyncio.run(source.stat(first.id)) is None
        with pytest.raises(NotFound):
            asyncio.run(source.fetch(first.id))
        assert asyncio.run(source.fetch(second.id)) == HEAD % b"2" + b"two\n"
    finally:
        source.close()


def test_what_is_no_mailbox_is_told(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(b"PK\x03\x04")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "link").symlink_to("box")
    source = opened(tmp_path)
    try:
        items = walk(source)
        assert [(item.id, item.problem) for item in items] == [
            ("box", "it is no mailbox"),
            ("link", "it is a symbolic link, which is not followed"),
        ]
        assert all(item.readers.is_nobody for item in items)
        assert [asyncio.run(source.stat(item.id)) for item in items] == items
    finally:
        source.close()


def test_a_maildir_message_that_is_read_keeps_its_name_and_a_copy_is_one(tmp_path: Path) -> None:
    for inside in ("cur", "new", "tmp"):
        (tmp_path / "box" / inside).mkdir(parents=True)
    (tmp_path / "box/new/1.M1.host").write_bytes(HEAD % b"1" + b"one\n")
    (tmp_path / "box/new/2.M1.host").write_bytes(HEAD % b"1" + b"one\n")
    (tmp_path / "box/tmp/3.M1.host").write_bytes(HEAD % b"3")
    source = opened(tmp_path)
    try:
        (before,) = walk(source)
        (tmp_path / "box/new/1.M1.host").rename(tmp_path / "box/cur/1.M1.host:2,RS")
        (after,) = walk(source)
        assert before == after
        assert asyncio.run(source.fetch(after.id)) == HEAD % b"1" + b"one\n"
    finally:
        source.close()


def test_a_large_message_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(FROM + HEAD % b"1" + b"x" * 5000 + b"\n")
    source = opened(tmp_path, max_bytes=1000)
    try:
        (item,) = walk(source)
        with pytest.raises(TooLarge):
            asyncio.run(source.fetch(item.id))
    finally:
        source.close()


def test_a_mailbox_is_not_held(tmp_path: Path) -> None:
    with (tmp_path / "box").open("wb") as stream:
        for number in range(400):
            stream.write(FROM + HEAD % str(number).encode() + b"word " * 20_000 + b"\n\n")
    source = opened(tmp_path)
    tracemalloc.start()
    try:
        assert len(walk(source)) == 400
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
        source.close()


def test_a_line_without_end_is_read_in_time() -> None:
    data = FROM + b"From " + b"09:00 " * 200_000 + b"\n\n" + b"From " + b"09:00 " * 200_000
    assert len(found(data)) == 1


def test_a_message_of_a_million_headers_and_a_mailbox_of_many_starts_are_read_in_time() -> None:
    start = time.process_time()
    head = b"From a Thu Jan  1 00:00:00 2026\n" + b"X-A: b\n" * 1_000_000 + b"Message-ID: <late@x>\n\nbody\n"
    (message,) = messages.in_mbox(io.BytesIO(head))
    assert message.key.startswith("none.")  # looked for in the first quarter of a megabyte
    many = (b"From a Thu Jan  1 00:00:00 2026\n\n") * 100_000
    assert len(list(messages.in_mbox(io.BytesIO(many)))) == 100_000
    assert time.process_time() - start < 20


def test_a_mailbox_of_very_many_messages_is_nobodys_and_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "_MOST", 5)
    for name, count in (("box", 6), ("a", 5), ("b", 4)):
        (tmp_path / name).write_bytes(b"".join(FROM + HEAD % b"%d" % one + b"x\n\n" for one in range(count)))
    source = opened(tmp_path)
    items = walk(source)
    (closed,) = [one for one in items if one.id == "box"]
    assert closed.problem == "it has more than 5 messages"
    assert len(items) == 10
    stated = asyncio.run(source.stat("box"))
    assert stated is not None
    assert stated.problem == closed.problem
    assert list(source._boxes) == ["b"]
    source.close()
