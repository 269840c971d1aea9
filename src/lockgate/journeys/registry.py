"""Registered applications at the door: through one that is not registered, no credential comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lockgate.policy.model import Subject
from lockgate.policy.registered import Applications, admitted
from lockgate.ports import Authenticator


@dataclass(frozen=True, slots=True)
class Registered:
    """`ports.Authenticator` in front of another one. `applications` returns those in force at this moment."""

    credentials: Authenticator
    applications: Callable[[], Applications]

    async def authenticate(self, credential: str, /) -> Subject:
        """Return who holds the credential, as the registration of their application has them.

        Raises:
            Unauthenticated: see `ports.Authenticator`.
            NotRegistered: the application may not come in, or not so.

        """
        return admitted(await self.credentials.authenticate(credential), self.applications())
