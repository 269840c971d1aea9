"""Port of judgements of findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from lockgate.content.judging import Judgement, Rejected


class Rejections(Protocol):
    """What people rejected, for whoever looks at documents."""

    def rejected(self, document: str, /) -> Rejected | None: ...  # None: nothing of it was rejected
    def unexamined(self) -> Mapping[str, int]:
        """Return the documents that were judged since they were looked at, each with its newest judgement."""
        ...

    async def examined(self, documents: Mapping[str, int], /) -> None:
        """Note that documents were looked at again, with the judgements up to these."""
        ...


class Judgements(Rejections, Protocol):
    """Judgements, durable. No value and no text, only keyed hashes and places."""

    def hashed(self, document: str, kind: str, text: str, /) -> str: ...  # the keyed hash of a value
    async def add(self, judgements: Sequence[Judgement], /) -> None: ...  # the last of a value counts

    async def all(self, document: str = "", /) -> Sequence[Judgement]:
        """Return those of a document, or all, in the order of time.

        Raises:
            Unavailable: one was changed since, or its key is destroyed.

        """
        ...


class NoRejections:
    """Nothing was rejected."""

    def rejected(self, document: str, /) -> Rejected | None:
        """Return None."""
        return None

    def unexamined(self) -> Mapping[str, int]:
        """Return nothing."""
        return {}

    async def examined(self, documents: Mapping[str, int], /) -> None:
        """Do nothing."""
