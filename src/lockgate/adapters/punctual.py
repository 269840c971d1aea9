"""Nobody comes in while it is not known what was withdrawn: I5 fails closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lockgate.policy.model import Subject
from lockgate.ports import Authenticator


@dataclass(frozen=True, slots=True)
class Punctual:
    """`ports.Authenticator` in front of another one. `check` raises where what is in force is too old.

    Every door asks it before anything else, and every running answer asks it again.
    """

    credentials: Authenticator
    check: Callable[[], None]

    async def authenticate(self, credential: str, /) -> Subject:
        """Return who holds the credential.

        Raises:
            Unauthenticated, NotRegistered: as the other one does.
            Unavailable: so does the check.

        """
        self.check()
        subject = await self.credentials.authenticate(credential)
        self.check()  # to find out who it is may have taken long
        return subject
