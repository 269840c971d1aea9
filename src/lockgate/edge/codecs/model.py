"""The one event model: what every door makes of a request, and what it makes its answer from.

The request side is `journeys.chat.Ask`. The answer side is a closed set of four events, in the order
`Started`, any number of `Text`, then `Ended` or `Failed`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from lockgate.edge.body import Limits
from lockgate.errors import LockgateError
from lockgate.journeys.chat import Ask
from lockgate.ports import Usage


@dataclass(frozen=True, slots=True)
class Started:
    """An answer is allowed and recorded, and its model has begun.

    Attributes:
        request_id: correlates answer, decisions and records; vendors' ids are made from it.
        model: the name that was asked for.
        created: seconds since 1970 (UTC).

    """

    request_id: str
    model: str
    created: int


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text that may leave. It may be empty, and is then not worth a frame."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is complete and its end is recorded.

    Attributes:
        text: all of it.
        finish: `stop`, `length` or `content_filter`.
        usage: tokens as the upstream counted them; zeros where it did not.
        lockgate: the `lockgate` object, ready for JSON.

    """

    text: str
    finish: str
    usage: Usage
    lockgate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer broke off after it had started."""

    error: LockgateError


Event: TypeAlias = Started | Text | Ended | Failed


class Encoder(Protocol):
    """The state of one stream."""

    def encode(self, event: Event, /) -> bytes:
        """Return the server-sent events that stand for it: none, one or several."""
        ...


class Shape(Protocol):
    """How the client wants its answer."""

    def whole(self, started: Started, ended: Ended, /) -> dict[str, Any]:
        """Return the JSON object of an answer that is not streamed."""
        ...

    def encoder(self) -> Encoder:
        """Return the encoder of one streamed answer."""
        ...


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a client asked, and how it wants the answer."""

    ask: Ask
    stream: bool
    shape: Shape


@dataclass(frozen=True, slots=True)
class Codec:
    """One vendor's wire format.

    Attributes:
        parse: body, limits and headers (names in lower case) to the request; raises `Invalid` or `TooLarge`.
        problem: an error as the body that the vendor's clients read.
        key_header: a header that carries the credential where `Authorization` is absent; empty for none.
        id_header: another header in which the vendor's clients look for the id of the request; empty for none.

    """

    parse: Callable[[dict[str, Any], Limits, Mapping[str, str]], Parsed]
    problem: Callable[[LockgateError], dict[str, Any]]
    key_header: str = ""
    id_header: str = ""
