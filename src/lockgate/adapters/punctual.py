"""Nobody comes in while it is not known what was withdrawn: I5 fails closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lockgate.policy.model import Subject
from lockgate.ports import Authenticator


@dataclass(frozen=True, slots=True)
class Punctual:
    """`ports.Authenticator` in front of another one. `fresh` waits for what is in force to be new enough.

    Every door asks it before anything else, and every running answer asks it again.
    """

    credentials: Authenticator
    fresh: Callable[[], Awaitable[None]]

    async def authenticate(self, credential: str, /) -> Subject:
        """Return who holds the credential.

        Raises:
            Unauthenticated, NotRegistered: as the other one does.
            Unavailable: it did not become new enough.

        """
        await self.fresh()
        subject = await self.credentials.authenticate(credential)
        await self.fresh()  # to find out who it is may have taken long
        return subject
