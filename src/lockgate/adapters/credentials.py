"""One authenticator out of several: what a credential begins with says whose it is."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.errors import Unauthenticated
from lockgate.policy.model import Subject
from lockgate.ports import Authenticator


class ByPrefix:
    """`ports.Authenticator` that hands each credential to exactly one other.

    A refusal is final: a credential is never tried on another authenticator, so each has one meaning.
    """

    def __init__(self, others: Authenticator, prefixes: Mapping[str, Authenticator]) -> None:
        self._others = others
        self._prefixes = tuple(prefixes.items())

    async def authenticate(self, credential: str, /) -> Subject:
        """Return who holds the credential.

        Raises:
            Unauthenticated: `missing_token` for an empty one, else as the chosen authenticator says.
            Unavailable: as the chosen authenticator says.

        """
        if not credential:
            raise Unauthenticated(
                "no credential", code="missing_token", remedy="send `Authorization: Bearer TOKEN`"
            )
        for prefix, authenticator in self._prefixes:
            if credential.startswith(prefix):
                return await authenticator.authenticate(credential)
        return await self._others.authenticate(credential)
