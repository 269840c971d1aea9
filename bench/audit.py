"""Audit: durable events a second, against plain SQLite with the same bytes, and verified events a second.

python -m bench.audit

Exit code 1: a goal is missed; each is named in the end.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.audit import ocsf
from lockgate.audit.checkpoint import Signer
from lockgate.audit.record import Kind, Record, Source
from lockgate.labels import Integrity, Label, Readers, Sensitivity

LABEL = Label(
    Sensitivity.CONFIDENTIAL,
    Readers.any_of("group:hr", "user:ann"),
    Integrity.INTERNAL,
    owners=frozenset({"group:hr"}),
    forbidden_uses=frozenset({"training"}),
)
SIGNER = Signer("bench", Ed25519PrivateKey.from_private_bytes(bytes(32)))
SECONDS = 1.0
WRITTEN, VERIFIED = 20_000, 100_000
"""Goals, in events a second: durable, of many callers at once; verified, of CPU."""


def record(number: int) -> Record:
    """Return what one gate records: most are decisions, every fourth lists six passages."""
    sources = tuple(
        Source(
            f"d_{i:024x}#3",
            f"d_{i:024x}",
            "shares/hr",
            f"payroll/2026/sheet-{i}.xlsx",
            "1732450000-18",
            "ab" * 32,
            LABEL,
        )
        for i in range(6 if number % 4 == 0 else 0)
    )
    return Record(
        kind=Kind.RETRIEVAL if sources else Kind.DECISION,
        time=datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
        request_id=f"req-{number // 4:012x}",
        subject="user:ann",
        session="9f0c2a7be1",
        application="assistant",
        action="read",
        resource_type="document",
        resource_id=f"d_{number % 1000:024x}",
        label=LABEL,
        effect="permit",
        reasons=("the subject satisfies every clause of the readers",),
        policies=("read-own-groups",),
        policy_version="9f2c" * 4,
        sources=sources,
        facts=(("chunks", len(sources)),),
    )


async def _one(path: Path, size: int) -> tuple[float, float, float]:
    """Return events/s, median ms of a write, and CPU us an event; one write at a time."""
    batch = [record(i) for i in range(size)]
    log = AuditLog.open(path, SIGNER)
    times, begin, cpu = [], time.perf_counter(), time.process_time()
    while time.perf_counter() - begin < SECONDS:
        start = time.perf_counter()
        await log.append(batch)
        times.append(time.perf_counter() - start)
    rate = len(times) * size / (time.perf_counter() - begin)
    cpu = (time.process_time() - cpu) / (len(times) * size)
    await log.close()
    return rate, statistics.median(times) * 1e3, cpu * 1e6


async def _many(path: Path, callers: int, size: int) -> tuple[float, float]:
    """Return the same for many callers at once, who share commits."""
    batch = [record(i) for i in range(size)]
    log = AuditLog.open(path, SIGNER)
    times: list[float] = []
    begin = time.perf_counter()

    async def call() -> None:
        while time.perf_counter() - begin < SECONDS:
            start = time.perf_counter()
            await log.append(batch)
            times.append(time.perf_counter() - start)

    await asyncio.gather(*(call() for _ in range(callers)))
    rate = len(times) * size / (time.perf_counter() - begin)
    await log.close()
    return rate, statistics.median(times) * 1e3


def _plain(path: Path, size: int) -> float:
    """Return events a second of SQLite alone: same bytes, same durability, no tree, no search fields."""
    rows = [(ocsf.encode(ocsf.event(record(i)), i),) for i in range(size)]
    db = sqlite3.connect(path)
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e (event BLOB)")
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < SECONDS:
        with db:
            db.executemany("INSERT INTO e VALUES (?)", rows)
        count += size
    rate = count / (time.perf_counter() - begin)
    db.close()
    return rate


def lines() -> Iterator[str]:
    """Yield lines of figures, and of goals that are missed: these begin with `NOT MET`."""
    sizes = [len(ocsf.encode(ocsf.event(record(i)), i)) for i in range(64)]
    yield f"an event has {statistics.mean(sizes):.0f} bytes on average, {max(sizes)} with six passages"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for size in (1, 8, 64):
            rate, wait, cpu = asyncio.run(_one(home / f"{size}.sqlite", size))
            base = _plain(home / f"plain{size}.sqlite", size)
            yield (
                f"{size:>2} records a write: {rate:>7,.0f} durable events/s, {wait:.2f} ms a write (p50), "
                f"{cpu:.0f} us CPU an event, {rate / base:.2f} of SQLite alone with ready bytes"
            )
        path = home / "many.sqlite"
        rate, wait = asyncio.run(_many(path, 64, 8))
        yield f"64 callers of 8 at once: {rate:>7,.0f} durable events/s, {wait:.1f} ms a write (p50)"
        if rate < WRITTEN:
            yield f"NOT MET: {rate:,.0f} durable events/s, goal {WRITTEN:,}"
        reader = AuditReader.open(path)
        begin, cpu = time.perf_counter(), time.process_time()
        report = reader.verify(SIGNER.verifier)
        took, cpu = time.perf_counter() - begin, time.process_time() - cpu
        reader.close()
        state = "ok" if report.ok else "NOT OK"
        each = cpu / report.size * 1e6
        rate = report.size / took
        yield f"verify: {rate:>7,.0f} events/s, {each:.0f} us CPU an event ({report.size:,} records, {state})"
        if 1e6 / each < VERIFIED or not report.ok:
            yield f"NOT MET: {1e6 / each:,.0f} verified events/s of CPU, goal {VERIFIED:,}"


def main() -> int:
    """Print the figures; return 1 if a goal is missed."""
    short = False
    for line in lines():
        print(line, flush=True)
        short = short or line.startswith("NOT MET")
    return int(short)


if __name__ == "__main__":
    raise SystemExit(main())
