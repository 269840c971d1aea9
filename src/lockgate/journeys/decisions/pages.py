"""Pages of a search: a token continues the very search that it was given for, by the same asker, for a while.

The token is sealed, because the place where a page ends can be something that the asker may not know.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from lockgate.errors import Invalid
from lockgate.policy.model import Subject

MOST: Final = 1000
"""Most results in a page."""
USUAL: Final = 100
LIFE: Final = timedelta(minutes=15)


class Seal(Protocol):
    """Authenticated encryption with a key of this gateway."""

    def seal(self, data: bytes, binding: bytes, /) -> str:
        """Return a text that only `open` with the same binding gives back."""
        ...

    def open(self, token: str, binding: bytes, /) -> bytes:
        """Return what was sealed.

        Raises:
            Invalid: it was not sealed here, was changed, or has another binding.

        """
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """Where a page begins and how many results it may have."""

    after: str
    limit: int
    binding: bytes


@dataclass(frozen=True, slots=True)
class Pages:
    """Opens and makes tokens."""

    seal: Seal

    def window(self, asker: Subject, request: Any, token: str | None, limit: int | None, now: datetime) -> Window:
        """Return the page that is asked for.

        Args:
            asker: who asks; nobody else can go on with the token.
            request: everything about the search but its page, as JSON values.
            token: from the page before; None for the first.
            limit: as the caller states it; a token keeps that of the first page.
            now: the time.

        Raises:
            Invalid: the token is not of this search, or has expired, or the limit has changed.

        """
        binding = _binding(asker, request)
        if token is None:
            return Window("", min(limit or USUAL, MOST), binding)
        try:
            after, kept, until = json.loads(self.seal.open(token, binding))
        except (Invalid, ValueError) as error:
            raise _refused("is not of this request") from error
        if now.timestamp() >= until:
            raise _refused("has expired")
        if limit is not None and min(limit, MOST) != kept:
            raise _refused("was given for another `limit`")
        return Window(after, kept, binding)

    def token(self, window: Window, after: str, now: datetime) -> str:
        """Return the token of the page behind `after`; empty for none."""
        if not after:
            return ""
        data = json.dumps([after, window.limit, (now + LIFE).timestamp()])
        return self.seal.seal(data.encode(), window.binding)


def _binding(asker: Subject, request: Any) -> bytes:
    try:
        text = json.dumps([[party.name for party in asker.parties], request], sort_keys=True)
    except RecursionError as error:
        raise Invalid("the body is nested too deeply", code="invalid_json") from error
    return hashlib.sha256(text.encode()).digest()


def _refused(what: str) -> Invalid:
    return Invalid(
        f"the page token {what}",
        code="invalid_page_token",
        remedy="Send the first request again without a token; a token goes with the unchanged request only.",
    )
