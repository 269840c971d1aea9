"""Extraction in a worker process: every format, and everything that a hostile document can try."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
import zlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import office
from lockgate.adapters.extraction.extractor import KreuzbergExtractor, Limits
from lockgate.errors import Invalid, Unavailable
from lockgate.ports import READER_KILLED, Extracted


def run(body: Callable[[KreuzbergExtractor], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    async def with_extractor() -> Any:
        extractor = KreuzbergExtractor(**options)
        try:
            return await body(extractor)
        finally:
            await extractor.close()

    return asyncio.run(with_extractor())


def extract(name: str, data: bytes, **options: Any) -> Extracted:
    return run(lambda extractor: extractor.extract(name, data), **options)


MAIL = (
    b"From: Ann <ann@example.com>\r\nTo: bo@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nSch\xf6n\r\n"
    b"--b\r\nContent-Type: text/csv; name=pay.csv\r\nContent-Disposition: attachment; filename=pay.csv\r\n\r\n"
    b"name,salary\r\nAnn,84200\r\n--b\r\nContent-Type: application/x; name=a.exe\r\n"
    b"Content-Disposition: attachment; filename=a.exe\r\n\r\nxyz\r\n--b--\r\n"
)

FORMATS = [
    ("a.txt", b"one\r\ntwo\0"[:8], "one\ntwo", ""),
    ("a.TXT", "\u00fcber".encode("utf-16"), "\u00fcber", ""),
    ("a.txt", "\ufeff\u00fcber".encode(), "\u00fcber", ""),
    (
        "a.md",
        b"# Title *x*\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        "# Title *x*\n\n| a | b |\n| 1 | 2 |",
        "Title *x*",
    ),
    ("a.csv", b'n;s\nAnn;"84,200\n|x"\n', "| n | s |\n| Ann | 84,200 /x |", ""),
    ("a.json", b'{"a": [1, {"b": "x"}], "c": null}', "a: 1\n\na.b: x", ""),
    ("a.jsonl", b'{"a": 1}\n{"a": 2}\n', "a: 1\n\na: 2", ""),
    (
        "a.html",
        b"<title>T</title><h1>H</h1><p>5 * 3 &amp; a_b</p><script>x</script><table><tr><th>n<tr><td>1</table>",
        "# H\n\n5 * 3 & a_b\n\n| n |\n| 1 |\n\nx",
        "T",
    ),
    (
        "a.docx",
        office.docx("# H", 'R&D <x> "q" 5 * 3', [["n", "s"], ["A&B", "1"]], title="T&U"),
        '## H\n\nR&D <x> "q" 5 * 3\n\n| n | s |\n| A&B | 1 |\n\nTitle: T&U',
        "T&U",
    ),
    ("a.xlsx", office.xlsx({"P&L": [["n", "s"], ["A&B", 84200]]}), "## P&L\n\n| n | s |\n| A&B | 84200 |", ""),
    ("a.pdf", office.pdf("One (1)\ntwo", "Three"), "One (1) two\n\nThree", ""),
    (
        "a.eml",
        MAIL,
        "Subject: Gr\u00fc\u00dfe\nFrom: Ann <ann@example.com>\nTo: bo@example.com\n\nSch\u00f6n\n\n"
        "Attachment: pay.csv\n\n| name | salary |\n| Ann | 84200 |\n\nAttachment: a.exe\n\nxyz",
        "Gr\u00fc\u00dfe",
    ),
]


def test_every_format_gives_its_text() -> None:
    async def all_of_them(extractor: KreuzbergExtractor) -> list[Extracted]:
        return [await extractor.extract(name, data) for name, data, _, _ in FORMATS]

    for (name, _, text, title), found in zip(FORMATS, run(all_of_them), strict=True):
        assert (name, found.text, found.title) == (name, text, title)


def test_an_encoding_that_is_not_stated_is_noted() -> None:
    found = extract("a.txt", "Gr\u00f6\u00dfe".encode("latin-1"))
    assert found.text == "Gr\u00f6\u00dfe"
    assert found.notes == ("its encoding is not stated, so it was read as Latin-1",)


def _bomb() -> bytes:
    """A .docx of 100 kB that would unpack to 100 MB."""
    return office.docx("a", raw="<w:p><w:r><w:t>" + "0" * 100_000_000 + "</w:t></w:r></w:p>")


def _external() -> bytes:
    doctype = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return office.docx("a", doctype=doctype, raw="<w:p><w:r><w:t>&x;</w:t></w:r></w:p>")


def _nested_mail() -> bytes:
    mail = b"Subject: x\r\n\r\nhello"
    for _ in range(8):
        head = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n"
        kind = b"Content-Type: application/x\r\nContent-Disposition: attachment; filename=a.eml"
        mail = head + kind + b"\r\n\r\n" + mail.replace(b"--q", b"--q1") + b"\r\n--q--\r\n"
    return mail


HOSTILE = [
    ("a.docx", _bomb, "unpacks to more than is allowed"),
    ("a.docx", _external, "declares entities"),
    ("a.docx", lambda: office.docx("a").replace(b"PK\x05\x06", b"PK\x05\x07"), "broken"),
    ("a.docx", lambda: office.docx("a" * 50)[:400], "broken"),
    ("a.docx", lambda: b"\xd0\xcf\x11\xe0" + b"x" * 600, "broken"),
    ("a.xlsx", lambda: b"PK\x03\x04", "broken"),
    ("a.pdf", lambda: b"%PDF-1.7\n1 0 obj <<", "broken"),
    ("a.pdf", lambda: office.pdf(""), "no text"),
    ("a.txt", lambda: b"\0\1\2", "no text"),
    ("a.txt", lambda: bytes(range(1, 32)) * 9 + b"\xff", "no text"),
    ("a.exe", lambda: b"MZ\0\1", "its format is unknown"),
    ("README", lambda: b"\0x\1", "its format is unknown"),
    ("a.png", lambda: b"\x89PNG\r\n\x1a\n\0", "picture"),
    ("a.eml", lambda: b"hello", "no e-mail"),
    ("a.csv", lambda: b"a,b\n" + (b"1," * 499 + b"2\n") * 8_000, "longer than"),
]


@pytest.mark.timeout(120)
def test_what_cannot_be_read_says_why_and_costs_nothing_else() -> None:
    async def all_of_them(extractor: KreuzbergExtractor) -> None:
        for name, make, why in HOSTILE:
            with pytest.raises(Invalid, match=f"could not read: .*{why}") as caught:
                await extractor.extract(name, make())
            assert "s3cret" not in str(caught.value)
            assert (await extractor.extract("ok.txt", b"fine")).text == "fine"

    run(all_of_them, limits=Limits(text=5_000_000))


def test_a_mail_that_says_the_same_twice_is_read_once_and_an_attached_mail_with_its_headers() -> None:
    mail = (
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
        b"--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
        b"--a\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        b"--a\r\nContent-Type: text/html\r\n\r\n<p>hello\r\n--a--\r\n"
        b"--m\r\nContent-Type: message/rfc822\r\n\r\n"
        b"Subject: inner\r\nFrom: bo@example.com\r\n\r\nforwarded\r\n--m--\r\n"
    )
    assert (
        extract("a.eml", mail).text == "Subject: x\n\nhello\n\nSubject: inner\nFrom: bo@example.com\n\nforwarded"
    )
    html = b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>only <b>this</b>"
    assert extract("a.eml", html).text == "Subject: x\n\nonly this"


def test_mails_in_mails_end_somewhere() -> None:
    assert extract("a.eml", _nested_mail()).text.startswith("Subject: x")


def test_broken_headers_and_bytes_of_any_sort_are_an_answer_or_invalid() -> None:
    chance = random.Random(1)
    seeds = [data for _, data, _, _ in FORMATS]

    async def all_of_them(extractor: KreuzbergExtractor) -> None:
        for number in range(150):
            data = bytearray(chance.choice(seeds))
            for _ in range(chance.randrange(1, 12)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            name = FORMATS[number % len(FORMATS)][0]
            with contextlib.suppress(Invalid):
                await extractor.extract(name, bytes(data))

    run(all_of_them)


# ------------------------------------------------------------------ the process

ECHO = """
import json, os, struct, sys, time
def answer(**fields):
    frame = json.dumps({"text": "", "title": "", "notes": [], "memory": 1, **fields}).encode()
    sys.stdout.buffer.write(struct.pack(">I", len(frame)) + frame); sys.stdout.buffer.flush()
while True:
    head = sys.stdin.buffer.read(8)
    if len(head) < 8: break
    a, b = struct.unpack(">II", head)
    name = sys.stdin.buffer.read(a).decode(); data = sys.stdin.buffer.read(b)
    exec(data.decode())
"""
"""A worker that does whatever the document says."""


def _worse(seconds: float = 2, **limits: Any) -> dict[str, Any]:
    return {"command": (sys.executable, "-c", ECHO), "limits": Limits(seconds=seconds, **limits)}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("os.kill(os.getpid(), 9)", r"crashed \(SIGKILL\)"),
        ("os.abort()", r"crashed \(SIGABRT\)"),
        ("sys.exit(3)", "ended with code 3"),
        ("time.sleep(60)", "longer than 2 seconds"),
        ("os.close(1); time.sleep(60)", "stopped answering|longer than"),
        (
            "sys.stdout.buffer.write(b'\\xff' * 9); sys.stdout.buffer.flush(); time.sleep(9)",
            "answered with too much",
        ),
        (
            "sys.stdout.buffer.write(b'\\0\\0\\0\\1x'); sys.stdout.buffer.flush()",
            "answered with something malformed",
        ),
        (
            "sys.stdout.buffer.write(b'\\0\\0\\0\\2[]'); sys.stdout.buffer.flush()",
            "answered with something malformed",
        ),
        ("answer(text=5)", "answered with something malformed"),
    ],
)
def test_a_worker_that_dies_hangs_or_lies_costs_one_document(code: str, why: str) -> None:
    async def body(extractor: KreuzbergExtractor) -> None:
        with pytest.raises(Invalid, match=f"could not read: .*({why})") as caught:
            await extractor.extract("a.txt", code.encode())
        assert (caught.value.code == READER_KILLED) is ("SIGKILL" in why), "what the system did is tried again"
        assert (await extractor.extract("a.txt", b"answer(text='fine')")).text == "fine"

    run(body, **_worse())


def test_a_worker_killed_from_outside_does_not_cost_the_document() -> None:
    async def body(extractor: KreuzbergExtractor) -> None:
        pids: list[int] = []
        assert (await extractor.extract("a.txt", b"x")).text == "x"
        pids += [worker.process.pid for worker in extractor._all]
        os.kill(pids[0], signal.SIGKILL)
        assert (await extractor.extract("a.txt", b"y")).text == "y"

    run(body)


def test_workers_are_replaced_after_so_many_documents_and_when_grown() -> None:
    async def pids(extractor: KreuzbergExtractor) -> list[str]:
        return [(await extractor.extract("a.txt", b"answer(text=str(os.getpid()))")).text for _ in range(4)]

    first = run(pids, **_worse(documents=2))
    assert first[0] == first[1] != first[2] == first[3]
    grown = run(pids, **_worse(grown=0))
    assert len(set(grown)) == 4


def test_a_worker_of_a_large_gateway_is_not_taken_for_large() -> None:
    """The most memory that a process ever had is inherited: a worker began with that of the gateway."""

    async def body(extractor: KreuzbergExtractor) -> None:
        for _ in range(2):
            assert (await extractor.extract("a.txt", b"x")).text == "x"
        (worker,) = extractor._all
        assert worker.done == 2

    ballast = b"x" * 450_000_000
    run(body, limits=Limits(grown=400_000_000))
    assert ballast


def test_a_cancelled_document_leaves_no_process() -> None:
    async def body(extractor: KreuzbergExtractor) -> None:
        task = asyncio.create_task(extractor.extract("a.txt", b"time.sleep(60)"))
        await asyncio.sleep(0.3)
        (worker,) = extractor._all
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert worker.process.returncode == -signal.SIGKILL
        assert not extractor._all

    run(body, **_worse(seconds=30))


def test_no_worker_at_all_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="no process"):
        extract("a.txt", b"x", command=("/does/not/exist",))


@pytest.mark.timeout(60)
def test_the_real_worker_has_no_environment_no_privileges_and_bounded_memory() -> None:
    async def body(extractor: KreuzbergExtractor) -> None:
        await extractor.extract("a.txt", b"x")
        (worker,) = extractor._all
        process = f"/proc/{worker.process.pid}"
        with open(f"{process}/environ", "rb") as stream:
            names = {entry.partition(b"=")[0] for entry in stream.read().split(b"\0") if entry}
        with open(f"{process}/status") as stream:
            status = dict(line.split(":", 1) for line in stream)
        with open(f"{process}/limits") as stream:
            limits = stream.read()
        assert names <= {b"PYTHONPATH", b"MALLOC_ARENA_MAX", b"OMP_THREAD_LIMIT", b"RAYON_NUM_THREADS", b"LC_ALL"}
        assert status["NoNewPrivs"].strip() == "1"
        assert int(status["Uid"].split()[0]) != 0
        assert int(status["CapEff"].strip(), 16) == 0
        assert "1500000000" in next(line for line in limits.splitlines() if line.startswith("Max address space"))

    if sys.platform != "linux":
        pytest.skip("reads /proc")
    run(body)


def test_memory_and_processor_time_are_bounded_in_the_real_worker() -> None:
    huge = b"[" + b"0," * 20_000_000 + b"0]"
    with pytest.raises(Invalid, match=r"could not read: .*(memory|longer)"):
        extract("a.json", huge, limits=Limits(memory=500_000_000, text=1000))
    started = time.monotonic()
    with pytest.raises(Invalid, match="processor time"):
        extract("a.json", huge, limits=Limits(cpu_seconds=1))
    assert time.monotonic() - started < 20


def test_a_stream_of_a_broken_archive_is_broken(tmp_path: Any) -> None:
    data = office.docx("x" * 3000)
    assert zlib.crc32(data)
    at = data.index(b"word/document.xml") + 60
    with pytest.raises(Invalid, match="broken"):
        extract("a.docx", data[:at] + bytes(32) + data[at + 32 :])
