"""The ports of telemetry: what operators may learn of requests. Never who asked, what for, or about what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from lockgate.audit.record import Receipt, Record

Value: TypeAlias = str | int | float | bool | Sequence[str] | Sequence[int]


@dataclass(frozen=True, slots=True)
class Served:
    """A request that has ended, as the HTTP edge saw it.

    Attributes:
        door: the path of the route as the table writes it (`/v1/documents/{document}`); `none` where none fits.
        status: of HTTP; 0 if the connection ended before an answer began.
        code: of the error that was shown, empty for none.
        seconds: from the head of the request to the last byte of the answer.
        streamed: it was answered with events.

    """

    door: str
    status: int
    code: str
    seconds: float
    streamed: bool


class Watcher(Protocol):
    """Hears of requests, and of what was recorded. Every call is cheap and raises nothing."""

    def began(self) -> None: ...
    def streams(self) -> None:
        """Hear that the answer to one of the requests that began comes as events."""
        ...

    def served(self, request: Served, /) -> None: ...
    def recorded(self, records: Sequence[Record], receipt: Receipt, seconds: float, /) -> None:
        """Hear of records that are durable, and how long whoever waited for that did."""
        ...

    def unrecorded(self) -> None:
        """Hear that records could not be made durable."""
        ...


class Span(Protocol):
    """A piece of work that is under way."""

    def set(self, attributes: Mapping[str, Value], /) -> None: ...
    def failed(self, code: str, /) -> None: ...


class Tracer(Protocol):
    """Makes traces of requests."""

    def request(self, method: str, headers: Mapping[str, str], /) -> AbstractContextManager[Span]:
        """Begin the trace of a request. Spans that begin inside of the block stand below it."""
        ...
