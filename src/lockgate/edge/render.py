"""What Lockgate adds to answers: label, decisions, citations, as JSON."""

from __future__ import annotations

import os
import re
from typing import Any, Final

from lockgate.journeys.chat import Ready
from lockgate.journeys.enforce import Verdict
from lockgate.labels.wire import Taxonomy, render
from lockgate.policy.model import Action

_MARK: Final = re.compile(r"\[(\d{1,2})\]")


def new_request_id() -> str:
    """Return a fresh id for a request; it says nothing about others."""
    return "req_" + os.urandom(12).hex()


def own_headers(request_id: str) -> dict[str, str]:
    """Return the headers of an answer that is for whoever asked, and that no cache may keep."""
    return {"Lockgate-Request-Id": request_id, "Cache-Control": "no-store"}


def verdict_object(verdict: Verdict) -> dict[str, Any]:
    """Return a decision as a client may see it."""
    request, decision = verdict.request, verdict.decision
    return {
        "action": request.action.value,
        "resource": {"type": request.resource.type, "id": request.resource.id},
        "effect": verdict.effect,
        "reasons": sorted(decision.reasons),
        "policies": sorted(decision.policies),
    }


def citations(ready: Ready, text: str, cited: frozenset[int], taxonomy: Taxonomy) -> list[dict[str, Any]]:
    """Return the passages that the answer rests on.

    Those that the model names; where it names none, all that it was given.
    """
    named = cited | {int(number) for number in _MARK.findall(text)}
    numbers = {n for n in named if 1 <= n <= len(ready.hits)} or set(range(1, len(ready.hits) + 1))
    return [
        {
            "number": number,
            "document": hit.document.id,
            "chunk": hit.chunk.id,
            "title": hit.document.title,
            "item": f"{hit.document.connector}/{hit.document.item}",
            "label": render(hit.document.label, taxonomy),
        }
        for number, hit in enumerate(ready.hits, start=1)
        if number in numbers
    ]


def lockgate_object(
    ready: Ready, cited: list[dict[str, Any]], *, abstained: bool, withdrawn: bool = False, taxonomy: Taxonomy
) -> dict[str, Any]:
    """Return the `lockgate` object of an answer.

    A read that was denied is left out: the person may not learn that there was something to read. So is one of
    what the answer does not rest on, as nobody asks whether it still holds; and each, once a right was withdrawn.
    """
    resting: frozenset[str] = frozenset() if withdrawn else frozenset(hit.chunk.id for hit in ready.hits)
    typed = ready.verdicts[0].request.context.data  # the first decision is about what was sent, and nothing else
    shown = [v for v in ready.verdicts if v.request.action is not Action.READ or _rests(v, resting)]
    return {
        "request_id": ready.request_id,
        "label": render(ready.label, taxonomy),
        "prompt_label": render(typed, taxonomy),
        "model": ready.upstream.card.id,
        "rerouted": ready.rerouted,
        "abstained": abstained,
        "notice": ready.notice,
        "citations": cited,
        "decisions": [verdict_object(verdict) for verdict in shown],
    }


def _rests(read: Verdict, resting: frozenset[str]) -> bool:
    return read.passes and read.request.resource.id in resting
