"""Record: one thing that happened, before it is rendered as an OCSF event.

Records carry names, labels, digests and reasons. They never carry content: no prompt, no passage, no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lockgate.labels.label import Label


class Kind(StrEnum):
    """What sort of thing happened. `audit/ocsf.py` maps each to an OCSF class and activity."""

    AUTHENTICATION = "authentication"
    DECISION = "decision"
    RETRIEVAL = "retrieval"
    MODEL_CALL = "model_call"
    ANSWER = "answer"
    OUTCOME = "outcome"
    INGEST = "ingest"
    REVIEW = "review"
    FINDING = "finding"
    ALERT = "alert"
    ADMINISTRATION = "administration"


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that went into an answer: lineage, without the text."""

    chunk: str
    document: str
    connector: str
    item: str
    revision: str
    digest: str
    label: Label


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened.

    Attributes:
        kind: see `Kind`.
        time: when, with time zone.
        request_id: correlates every record of one request; the answer's id.
        subject: identifier of who acted (`user:ann`), empty if nobody could be identified.
        on_behalf_of: identifier of the person acted for, if any.
        session, application: where from.
        actors: identifiers of the agents through which the subject came to act, the nearest first.
        action: the policy action or the operation (`read`, `prompt`, `review.accept`).
        resource_type, resource_id: what was acted on.
        label: the label of the data that flowed, if any.
        effect: `permit`, `deny`, or `observe` (denied by policy, let through in report mode); empty if the
            record is of no decision.
        reasons, policies, obligations, errors: from the decision.
        policy_version: digest of the policy set.
        outcome: how it ended (`completed`, `cut_off`, `failed`, ...), or a reason code.
        sources: lineage, for retrieval and answers.
        facts: further named facts without content, such as token counts; sorted by name.

    """

    kind: Kind
    time: datetime
    request_id: str
    subject: str = ""
    on_behalf_of: str = ""
    session: str = ""
    application: str = ""
    action: str = ""
    resource_type: str = ""
    resource_id: str = ""
    label: Label | None = None
    effect: str = ""
    reasons: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    policy_version: str = ""
    outcome: str = ""
    sources: tuple[Source, ...] = ()
    facts: tuple[tuple[str, str | int | float | bool], ...] = ()
    actors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where records landed in the log: the index of the first one, and the size of the log after them."""

    first: int
    size: int
