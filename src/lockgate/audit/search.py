"""What an auditor looks for in a log: by person, application, model, tool, label and time.

A search is complete: it finds every record that meets all of its conditions, and pages through them from the
newest. Stores find candidates in whatever way is fast; `Query.matches` has the last word on each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import orjson

from lockgate.audit import ocsf
from lockgate.audit.entry import Entry
from lockgate.audit.record import Kind
from lockgate.errors import Invalid
from lockgate.labels.label import Sensitivity
from lockgate.labels.wire import STANDARD


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions, all of which must be met; empty ones are met by every record.

    Attributes:
        user: who acted, was acted for, or is one of the agents in between (`user:ann`).
        application: through which registered application.
        model, tool: the model or tool that was called or decided about.
        request_id: of which request.
        kind, action, effect: of the record.
        label: the label of the data is at least this sensitive. Records without a label do not count.
        reader: this user or group stands in the readers of that label.
        since, until: milliseconds of the epoch; from the one, to before the other.

    """

    user: str = ""
    application: str = ""
    model: str = ""
    tool: str = ""
    request_id: str = ""
    kind: Kind | None = None
    action: str = ""
    effect: str = ""
    label: Sensitivity | None = None
    reader: str = ""
    since: int | None = None
    until: int | None = None

    def __post_init__(self) -> None:
        """Check that the conditions are text that could stand in a log.

        Raises:
            Invalid: one is not.

        """
        try:
            self.needles()
        except (TypeError, ValueError) as error:
            raise Invalid("a condition of the search is not text") from error

    def told(self) -> tuple[tuple[str, str | int], ...]:
        """Return the conditions by name, for the record of the search."""
        found: list[tuple[str, str | int]] = []
        for name in sorted(one.name for one in fields(self)):
            value = getattr(self, name)
            if isinstance(value, Sensitivity):
                found.append((name, value.name.lower()))
            elif value not in (None, ""):
                found.append((name, value if isinstance(value, int) else str(value)))
        return tuple(found)

    def needles(self) -> tuple[bytes, ...]:
        """Return bytes that occur in every event that matches: stores may leave out events without them."""
        names = (self.user, self.application, self.model, self.tool, self.action, self.reader)
        return tuple(orjson.dumps(one)[1:-1] for one in names if one)

    def matches(self, event: dict[str, Any]) -> bool:
        """Tell whether an event of a log meets every condition."""
        own = event["unmapped"][ocsf.OWN]
        return all(self._conditions(event, own))

    def _conditions(self, event: dict[str, Any], own: dict[str, Any]) -> Iterator[bool]:
        label = own.get("label")
        if self.user:
            yield self.user in (own.get("subject"), own.get("on_behalf_of"), *own.get("actors", ()))
        for what, wanted in (("model", self.model), ("tool", self.tool)):
            if wanted:
                yield own.get("resource_type") == what and own.get("resource_id") == wanted
        for name in ("application", "action", "effect"):
            if wanted := getattr(self, name):
                yield own.get(name) == wanted
        if self.kind is not None:
            yield own["kind"] == self.kind.value
        if self.request_id:
            yield event["metadata"]["correlation_uid"] == self.request_id
        if self.label is not None:
            yield label is not None and STANDARD.level(label["sensitivity"]) >= self.label
        if self.reader:
            yield label is not None and any(self.reader in clause for clause in label["readers"])
        yield self.since is None or event["time"] >= self.since
        yield self.until is None or event["time"] < self.until


def moment(text: str) -> int:
    """Return a date or time as milliseconds of the epoch; without a zone it is UTC.

    Raises:
        Invalid: it is neither.

    """
    try:
        time = datetime.fromisoformat(text)
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Invalid("a time must be a date or time such as 2026-11-24 or 2026-11-24T12:00:00Z") from error


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the records that a search finds.

    Attributes:
        entries: from the newest on.
        before: where the next page begins; None: this was the last one. A page may be empty and not the last.
        size: records in the log.

    """

    entries: tuple[Entry, ...]
    before: int | None
    size: int
