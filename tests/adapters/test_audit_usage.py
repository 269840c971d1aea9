"""Usage from a real log: answers and openings count, denials and lists of titles do not; a young log says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from lockgate.adapters import audit_key
from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.adapters.audit_usage import AuditUsage
from lockgate.audit.record import Kind, Record, Source
from lockgate.labels import PUBLIC
from support import NOW


def source(document: str, ordinal: int = 0) -> Source:
    return Source(f"{document}#{ordinal}", document, "share", "a.txt", "r", "0" * 64, PUBLIC)


def read(days: int, who: str, *sources: Source, **more: str) -> Record:
    at = NOW - timedelta(days=days)
    return Record(Kind.RETRIEVAL, at, "r", subject=who, action="read", sources=sources, **more)  # type: ignore[arg-type]  # texts


def test_what_was_used_is_counted(tmp_path: Path) -> None:
    async def run() -> None:
        log = AuditLog.open(tmp_path / "audit.db", audit_key.load_or_create(tmp_path / "audit.pem", "test"))
        old = read(40, "user:ann", source("d_1"))
        await log.append([old])
        await log.append(
            [
                read(3, "user:ann", source("d_1"), source("d_1", 1), source("d_2")),
                read(2, "user:bo", resource_type="document", resource_id="d_1"),
                read(1, "agent:x", source("d_2"), on_behalf_of="user:cy"),
                replace(read(1, "user:dee", source("d_1")), effect="deny"),
                Record(Kind.RETRIEVAL, NOW, "r", subject="user:ed", action="discover", resource_type="index"),
                Record(Kind.ADMINISTRATION, NOW, "r", subject="user:ed"),
            ]
        )
        await log.close()
        reader = AuditReader.open(tmp_path / "audit.db")
        try:
            used = await AuditUsage(reader).used(NOW, 30)
            assert used.by == {"d_1": {"user:ann": 1, "user:bo": 1}, "d_2": {"user:ann": 1, "user:cy": 1}}
            assert (used.times("d_1"), used.people("d_2"), used.whole) == (2, {"user:ann", "user:cy"}, True)
            longer = await AuditUsage(reader).used(NOW, 90)
            assert (longer.times("d_1"), longer.whole) == (3, False)
        finally:
            reader.close()

    asyncio.run(run())
