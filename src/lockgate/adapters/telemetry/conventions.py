"""Names of attributes. OpenTelemetry's conventions for generative AI still change: what does, changes here alone.

Opt-in attributes of the conventions that hold content (`gen_ai.input.messages`, `gen_ai.retrieval.query.text`)
have no name here on purpose: a trace never holds any.
"""

from __future__ import annotations

from typing import Final

from lockgate.labels.label import Label
from lockgate.ports.telemetry import Value

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
MODEL: Final = "gen_ai.request.model"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
FINISH: Final = "gen_ai.response.finish_reasons"
CHAT: Final = "chat"
EMBEDDINGS: Final = "embeddings"
RETRIEVAL: Final = "retrieval"
ERROR: Final = "error.type"

SENSITIVITY: Final = "lockgate.label.sensitivity"
INTEGRITY: Final = "lockgate.label.integrity"
CLAUSES: Final = "lockgate.label.clauses"
PASSAGES: Final = "lockgate.passages"
TEXTS: Final = "lockgate.texts"
DECISIONS: Final = "lockgate.decision.ids"
DENIED: Final = "lockgate.decision.denied"
POLICIES: Final = "lockgate.policies.version"


def of_label(label: Label) -> dict[str, Value]:
    """Return what a trace says of a label: how high it is, and how many clauses restrict it. Names nobody."""
    return {
        SENSITIVITY: label.sensitivity.name.lower(),
        INTEGRITY: label.integrity.name.lower(),
        CLAUSES: len(label.readers.clauses),
    }
