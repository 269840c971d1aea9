"""The record that a running gateway took something up: a setting, an acceptance, a category, a match set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from lockgate.audit.record import Kind, Record

ACTOR: Final = "system:settings"
"""Who did it is not known to the gateway: somebody who may write where it reads."""


def change_record(
    now: datetime,
    request_id: str,
    action: str,
    resource: tuple[str, str],
    facts: Mapping[str, str | int | float | bool],
) -> Record:
    """Return the record. `resource` is type and id."""
    return Record(
        Kind.ADMINISTRATION,
        now,
        request_id=request_id,
        subject=ACTOR,
        action=action,
        resource_type=resource[0],
        resource_id=resource[1],
        outcome="completed",
        facts=tuple(sorted(facts.items())),
    )
