"""Realistic records and logs, shared by tests and the bench."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.audit.checkpoint import Signer
from lockgate.audit.record import Kind, Record, Source
from lockgate.labels import Integrity, Label, Readers, Sensitivity, join_all
from support import NOW

SIGNER = Signer("example.org/audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
THIEF = Signer("example.org/audit", Ed25519PrivateKey.from_private_bytes(bytes(32)))

HR = Label(
    Sensitivity.CONFIDENTIAL,
    Readers.any_of("group:hr"),
    Integrity.INTERNAL,
    owners=frozenset({"group:hr"}),
    forbidden_uses=frozenset(),
)
SALES = Label(Sensitivity.GENERAL, Readers.any_of("group:sales"), Integrity.INTERNAL, forbidden_uses=frozenset())


def source(number: int, label: Label = HR) -> Source:
    return Source(
        f"d_{number}#0", f"d_{number}", "shares/hr", f"pay/{2000 + number}.txt", "r1", f"{number:064x}", label
    )


def request(number: int, sources: int = 3) -> list[Record]:
    """Return the five records of one answered question."""
    rid, time = f"req-{number}", NOW + timedelta(seconds=number)
    used = tuple(source(i, HR if i % 2 else SALES) for i in range(sources))
    label = join_all(s.label for s in used)
    common = {
        "time": time,
        "request_id": rid,
        "subject": "user:ann",
        "session": "s-ann",
        "application": "assistant",
    }
    decided = {"effect": "permit", "policies": ("read-own-groups",), "policy_version": "9f2c"}
    model = {"resource_type": "model", "resource_id": "local-small"}
    return [
        Record(Kind.RETRIEVAL, action="read", label=label, sources=used, **common, **decided),  # type: ignore[arg-type]
        Record(Kind.DECISION, action="prompt", label=label, **common, **decided, **model),  # type: ignore[arg-type]
        Record(Kind.MODEL_CALL, action="prompt", label=label, facts=(("prompt_tokens", 915),), **common, **model),  # type: ignore[arg-type]
        Record(Kind.ANSWER, action="emit", label=label, sources=used, outcome="completed", **common),  # type: ignore[arg-type]
        Record(Kind.OUTCOME, action="emit", outcome="completed", **common),  # type: ignore[arg-type]
    ]


@asynccontextmanager
async def opened(path: Path, signer: Signer = SIGNER):
    log = AuditLog.open(path, signer, version="0.1.0")
    try:
        yield log
    finally:
        await log.close()


async def write(path: Path, batches: Sequence[Sequence[Record]]) -> None:
    async with opened(path) as log:
        for batch in batches:
            await log.append(batch)


def running(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of a coroutine."""

    @wraps(test)
    def run(*args: object, **named: object) -> None:
        asyncio.run(test(*args, **named))

    return run
