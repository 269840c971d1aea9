"""What the story must be able to do to a running Lockgate that no client may: the demonstration implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from lockgate.demo.draft import Clauses

TokenKind: TypeAlias = Literal["valid", "expired", "forged", "audience", "none"]
"""`forged`: signed with another key under the issuer's key id. `none`: `alg` is `none`, without a signature."""
Damage: TypeAlias = Literal["", "flip", "cut"]
"""What is done to a copy of the audit log: nothing, one byte of a record in the middle flipped, the tail cut."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `lockgate audit verify` says about a copy of the log."""

    ok: bool
    text: str


class Control(Protocol):
    """Hands on the server. Each method returns once its effect can be seen from outside."""

    async def token(self, person: str, kind: TokenKind = "valid") -> str:
        """Return a token of a person. Valid ones last for the whole story and keep one session per person."""
        ...

    async def twin(self) -> str:
        """Start a second Lockgate over the corpus without HR, and return its base URL; same people, same keys."""
        ...

    async def set_readers(self, item: str, readers: Clauses | None) -> None:
        """Change who may read an item, in the access manifest, and sync; None puts back what was there."""
        ...

    async def keep_checkpoint(self) -> None:
        """Write the log's newest signed checkpoint to a place that the operator of Lockgate does not hold."""
        ...

    async def audit_verify(self, damage: Damage = "", *, kept: bool = False) -> Verdict:
        """Copy the log, damage the copy, and verify it offline; `kept`: also against the kept checkpoint."""
        ...

    async def fill_disk(self) -> None:
        """Leave the audit log no room for another byte, as far as the file system or the store can tell."""
        ...

    async def free_disk(self) -> None:
        """Give the room back."""
        ...
