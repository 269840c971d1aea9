"""Entry: a record at its place in the log, with what a store keeps beside it to find it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from lockgate.audit import ocsf
from lockgate.audit.record import Record
from lockgate.labels.wire import STANDARD

_LEVELS: Final = {name: number for number, name in enumerate(STANDARD.names)}


class Lookup(NamedTuple):  # of a log of millions, making the objects is a good part of verifying it
    """What a store indexes of an event. It is derived from the event, and `audit verify` compares the two."""

    time: int
    request_id: str
    kind: str
    subject: str
    effect: str
    sensitivity: int | None

    @classmethod
    def of(cls, event: dict[str, Any]) -> Lookup:
        """Return the lookup fields of an event.

        Raises:
            KeyError, TypeError, AttributeError, Invalid: this is no event of a Lockgate log.

        """
        own = event["unmapped"][ocsf.OWN]
        label = own.get("label")
        return cls(
            event["time"],
            event["metadata"]["correlation_uid"],
            own["kind"],
            own.get("subject", ""),
            own.get("effect", ""),
            None if label is None else _LEVELS[label["sensitivity"]],
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A record at its place.

    Attributes:
        index: place in the log, from 0.
        event: canonical bytes of the OCSF event, which the tree commits to.
        leaf: the leaf hash that the store keeps beside it, where it keeps one.
        lookup: the fields that the store indexes, where it does.

    """

    index: int
    event: bytes
    leaf: bytes | None = None
    lookup: Lookup | None = None

    @property
    def record(self) -> Record:
        """Return the record that the event was made from.

        Raises:
            Invalid: the bytes are not those of a Lockgate event.

        """
        return ocsf.parse(self.event)
