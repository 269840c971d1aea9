"""Documents, exposures, fixes and measures as JSON. Kinds, counts and places, never a value found."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from starlette.responses import Response

from lockgate.content.document import Document
from lockgate.content.exposure import Exposure, Fix, Measures
from lockgate.edge.api import json_response
from lockgate.journeys.fixing import Simulation
from lockgate.journeys.similar import Alike
from lockgate.labels.wire import Taxonomy, render
from lockgate.policy.model import Context

_NAMED = 20
"""Documents that a fix names; `documents` counts all."""


def document_object(document: Document, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return a document as reviews and exposure show it."""
    return {
        "document": document.id,
        "item": f"{document.collection}/{document.item}",
        "title": document.title,
        "review": document.review.value,
        "held": document.held,
        "label": render(document.label, taxonomy),
        "evidence": [
            {"kind": one.kind, "count": one.count, "confidence": one.confidence} for one in document.evidence
        ],
        "problem": document.problem,
        "notes": list(document.notes),
    }


def exposure_object(one: Exposure, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return one exposed document."""
    return document_object(one.document, taxonomy) | {
        "level": taxonomy.name(one.level),
        "rank": int(one.level),
        "people": one.people,
        "share": round(one.share, 4),
        "grants": [[[name, count] for name, count in clause] for clause in one.grants],
        "owners": list(one.owners),
        "score": one.score,
        "sharing": str(one.sharing),
        "used": one.used,
        "users": one.users,
        "why": [str(reason) for reason in one.why],
        "todo": one.todo,
    }


def alike_object(one: Alike, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return a document that shares something with another one."""
    return document_object(one.document, taxonomy) | {
        "of_asked": round(one.of_asked, 2),
        "of_this": round(one.of_this, 2),
        "wider": one.wider,
        "people": one.people,
    }


def fix_object(one: Fix, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return a fix."""
    return {
        "fix": one.id,
        "act": one.step.act.name.lower(),
        "does": str(one.step),
        "readers": list(one.step.readers),
        "owners": list(one.step.owners),
        "folder": one.folder,
        "through": one.through,
        "documents": len(one.exposures),
        "risk": one.risk,
        "level": taxonomy.name(max(each.level for each in one.exposures)),
        "items": [f"{each.collection}/{each.item}" for each in one.documents[:_NAMED]],
    }


def simulation_object(one: Simulation, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return what a fix would do."""
    return fix_object(one.fix, taxonomy) | {
        "clears": one.clears,
        "stays": [{"item": item, "why": why} for item, why in one.stays],
        "refused": [{"item": item, "why": why} for item, why in one.refused],
        "lose": [list(pair) for pair in one.effect.lose],
        "used": [list(pair) for pair in one.effect.used],
        "gain": [list(pair) for pair in one.effect.gain],
    }


def measures_object(day: date, one: Measures, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the measures of a day."""
    found = asdict(one)
    levels = dict(zip(taxonomy.names, found.pop("levels"), strict=True))
    backlog = [{"owner": owner, "documents": count} for owner, count in found.pop("backlog")]
    coverage = round(one.coverage, 6)
    return {"day": day.isoformat(), "coverage": coverage, **found, "levels": levels, "backlog": backlog}


def listing(data: list[dict[str, Any]], context: Context) -> Response:
    """Return a list as an answer."""
    return json_response({"object": "list", "data": data, "request_id": context.request_id}, context.request_id)
