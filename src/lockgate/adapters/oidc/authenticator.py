"""`ports.Authenticator` for access tokens of an OpenID provider (RFC 7519, RFC 8725, RFC 9068)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from joserfc.jwk import Key

from lockgate.adapters.oidc.claims import Identity, OidcSettings, judge
from lockgate.adapters.oidc.discovery import Fetch, http_fetch, opened
from lockgate.adapters.oidc.keys import KeySource
from lockgate.adapters.oidc.signed import UNSUPPORTED, compact, json_part
from lockgate.errors import Unauthenticated, Unavailable
from lockgate.policy.model import Principal, PrincipalKind, Session, Subject
from lockgate.ports import Clock, Directory

MAX_TOKEN: Final = 16 * 1024
"""No token is longer, in characters."""


REMEMBERED: Final = 4096
"""Tokens whose signature is not verified again at each request; the oldest make room."""


@dataclass(frozen=True, slots=True)
class _Signed:
    """With which key a token is signed, and how its header names it."""

    kid: str | None
    algorithm: str
    key: Key


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token that was verified, at the moment `since`."""

    identity: Identity
    signed: _Signed
    since: datetime


class OidcAuthenticator:
    """Checks the tokens of one issuer.

    The order is fixed: form, algorithm, key, signature, and only then what the token claims; nothing about its
    claims is told to somebody who cannot sign. Keys come from the issuer's published set and from nowhere else:
    `jwk`, `jku`, `x5c` and `x5u` in a header are not looked at.
    """

    def __init__(
        self, settings: OidcSettings, clock: Clock, fetch: Fetch, directory: Directory | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._directory = directory
        self._keys = KeySource(settings.issuer, fetch, clock, settings.freshness)
        self._seen: dict[bytes, _Seen] = {}

    async def authenticate(self, credential: str, /) -> Subject:
        """Return who holds this token. `session.expires` is to be looked at again by whoever takes long.

        Raises:
            Unauthenticated: with the codes of `ports.Authenticator`. No message quotes anything of the token.
            Unavailable: the keys of the issuer cannot be had.

        """
        known = await self._known(credential)
        if known is not None:
            return self._subject(known)
        header, claims, signed = await self._verified(credential)
        identity = judge(self._settings, header.get("typ"), claims, credential, self._clock.now())
        self._remember(credential, identity, signed)
        return self._subject(identity)

    async def ready(self) -> bool:
        """Tell whether the issuer's keys are known, and young enough."""
        return await self._keys.ready()

    async def close(self) -> None:
        """Stop what is under way."""
        await self._keys.close()

    async def _known(self, token: str) -> Identity | None:
        """Return whom a token names that was verified before, if nothing that this rests on is another by now.

        That is its time, and the key: a key set that was fetched anew has new keys. Who it is, and what they may,
        is asked of the directory each time.
        """
        digest = hashlib.sha256(token.encode()).digest() if len(token) <= MAX_TOKEN and token.isascii() else b""
        seen = self._seen.get(digest)
        if seen is None:
            return None
        current = seen.since <= self._clock.now() < seen.identity.expires
        if current and await self._keys.find(seen.signed.kid, seen.signed.algorithm) is seen.signed.key:
            return seen.identity
        self._seen.pop(digest, None)
        return None

    def _remember(self, token: str, identity: Identity, signed: _Signed) -> None:
        while len(self._seen) >= REMEMBERED:
            del self._seen[next(iter(self._seen))]
        digest = hashlib.sha256(token.encode()).digest()
        # A clock that is set back makes it a token to look at again: it may then not be valid yet.
        self._seen[digest] = _Seen(identity, signed, self._clock.now())

    async def _verified(self, token: str) -> tuple[Mapping[str, object], Mapping[str, object], _Signed]:
        """Return header and claims of a token whose signature is good (RFC 7515 section 5.2), and its key."""
        if not token:
            raise Unauthenticated("no token", code="missing_token", remedy="Send `Authorization: Bearer TOKEN`.")
        try:
            parts = compact(token, MAX_TOKEN)
        except ValueError as error:
            raise _malformed(str(error)) from None
        algorithm, kid = self._signing(parts.header)
        key = await self._keys.find(kid, algorithm)
        if not parts.verifies(algorithm, key):
            raise Unauthenticated("the signature of the token is wrong", code="bad_signature")
        try:
            return parts.header, json_part(parts.payload), _Signed(kid, algorithm, key)
        except ValueError as error:
            raise _malformed(str(error)) from None

    def _signing(self, header: Mapping[str, object]) -> tuple[str, str | None]:
        """Return how the token is signed: algorithm and id of the key."""
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in self._settings.algorithms:
            raise Unauthenticated("the token is not signed in a way that is accepted here", code="bad_algorithm")
        if not UNSUPPORTED.isdisjoint(header):
            raise _malformed(f"its header asks for what is not supported ({', '.join(sorted(UNSUPPORTED))})")
        kid = header.get("kid")
        if kid is not None and not isinstance(kid, str):
            raise _malformed("its `kid` is not a text")
        return algorithm, kid

    def _subject(self, identity: Identity) -> Subject:
        groups = identity.groups
        if self._directory is not None and not identity.service:
            groups |= self._groups(self._directory, identity.subject)
        elif self._settings.directory_required:
            raise _unknown()
        kind = PrincipalKind.SERVICE if identity.service else PrincipalKind.USER
        principal = Principal(kind, identity.subject, groups)
        session = Session(identity.session, identity.expires, identity.assurance, self._settings.risk)
        if not identity.actors:
            return Subject(principal, session, identity.application, scopes=identity.scopes)
        # Which groups an agent has, no token says: its registration does (`policy/registered.py`).
        agent, *before = (Principal(PrincipalKind.AGENT, one) for one in identity.actors)
        return Subject(agent, session, identity.application, principal, identity.scopes, actors=tuple(before))

    def _groups(self, directory: Directory, id: str) -> frozenset[str]:
        try:
            person = directory.person(id)
        except Unavailable as error:
            if error.code != "incomplete_groups":
                raise
            raise Unauthenticated("the directory's lists of groups are incomplete", code=error.code) from error
        if person is None:
            if self._settings.directory_required:
                raise _unknown()
            return frozenset()
        if not person.active:
            raise Unauthenticated("the account is closed in the directory", code="inactive_person")
        return person.groups


@asynccontextmanager
async def open_oidc(
    settings: OidcSettings, clock: Clock, directory: Directory | None = None
) -> AsyncIterator[OidcAuthenticator]:
    """Open an authenticator that fetches keys over HTTP; nothing is fetched before the first token."""
    async with opened(settings.issuer) as session:
        authenticator = OidcAuthenticator(settings, clock, http_fetch(session), directory)
        try:
            yield authenticator
        finally:
            await authenticator.close()


def _malformed(why: str) -> Unauthenticated:
    return Unauthenticated(f"the token is malformed: {why}", code="malformed_token")


def _unknown() -> Unauthenticated:
    return Unauthenticated(
        "the directory does not know the holder of this token",
        code="unknown_person",
        remedy="ask an administrator to add you to the directory",
    )
