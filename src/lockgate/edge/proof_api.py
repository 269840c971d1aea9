"""`GET /v1/answers/{request_id}/proof`: what was recorded about an answer, provably."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from lockgate.audit.entry import Entry
from lockgate.audit.record import Record
from lockgate.edge.api import json_response
from lockgate.journeys.proofs import Proofs
from lockgate.policy.model import Context, Subject


def _title(record: Record) -> str:
    """Return a record in a few words."""
    what = " ".join(part for part in (record.action, record.resource_type, record.resource_id) if part)
    return ": ".join(part for part in (record.kind.value, what, record.effect or record.outcome) if part)


def _event(entry: Entry, path: tuple[bytes, ...]) -> dict[str, Any]:
    return {
        "index": entry.index,
        "title": _title(entry.record),
        "event": entry.event.decode(),
        "path": [step.hex() for step in path],
    }


@dataclass(frozen=True, slots=True)
class ProofApi:
    """The handler of proofs."""

    proofs: Proofs

    async def proof(self, request: Request, subject: Subject, context: Context) -> Response:
        """Return the records of an answer, their inclusion paths, and the signed checkpoint."""
        proof = await self.proofs.of(subject, context, request.path_params["request_id"][:64])
        body = {
            "request_id": request.path_params["request_id"][:64],
            "size": proof.tree.size,
            "root": proof.tree.root.hex(),
            "checkpoint": proof.note,
            "events": [_event(entry, path) for entry, path in zip(proof.entries, proof.paths, strict=True)],
        }
        return json_response(body, context.request_id)
