"""The provider's signing keys: fetched when needed, kept for a while, fetched again when they rotate."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from lockgate.adapters.oidc.discovery import Fetch, discover, endpoint, json_object
from lockgate.errors import Unauthenticated, Unavailable
from lockgate.ports import Clock

ALGORITHMS: Final[Mapping[str, tuple[str, str]]] = {
    **{name: ("RSA", "") for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")},
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""Signature algorithms that can be allowed, with type and curve of their keys (RFC 7518, RFC 9864)."""

_PARAMETERS: Final = frozenset({"kty", "crv", "n", "e", "x", "y"})

PATIENCE: Final = 2.0
"""Seconds that a request waits for newer keys while older ones would still do."""
MAX_KEYS: Final = 100
MIN_RSA_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long keys live, and how often they may be asked for.

    Attributes:
        fresh: a key set is used without asking again for this long. It bounds how long a key that the
            provider has withdrawn is still accepted.
        stale: while the provider does not answer, the last key set is used up to this age; then nobody
            gets in.
        pause: least time between two fetches, whatever tokens name. It bounds what an attacker who invents
            key ids can make Lockgate ask of the provider, and how long a new key can stay unknown.

    """

    fresh: timedelta = timedelta(minutes=5)
    stale: timedelta = timedelta(hours=1)
    pause: timedelta = timedelta(seconds=10)


class KeySource:
    """The current key set of one issuer. Fetching is a task of its own: a caller who hangs up does not stop it."""

    def __init__(self, issuer: str, fetch: Fetch, clock: Clock, freshness: Freshness) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._freshness = freshness
        self._keys: tuple[Mapping[str, object], ...] = ()
        self._imported: dict[tuple[str | None, str], Key] = {}
        self._fetched: datetime | None = None
        self._tried: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> Key:
        """Return the one key that a token's header names; the same object as long as the key set is the same.

        Raises:
            Unauthenticated: `unknown_key`.
            Unavailable: there is no key set that is young enough.

        """
        age = self._age()
        if age > self._freshness.fresh:
            await self._refresh(None if age > self._freshness.stale else PATIENCE)
        if self._age() > self._freshness.stale:
            raise Unavailable(
                f"the keys of `{self._issuer}` cannot be had, so no token can be checked",
                remedy="see that the identity provider answers",
            )
        key = self._select(kid, algorithm)
        if key is None:
            await self._refresh(None)
            key = self._select(kid, algorithm)
        if key is None:
            raise Unauthenticated(
                "the token is signed with a key that its issuer does not publish",
                code="unknown_key",
                remedy="get a new token with `lockgate login`",
            )
        return key

    async def ready(self) -> bool:
        """Tell whether there are keys to check tokens with; asks for them where there are none, or old ones."""
        if self._age() > self._freshness.fresh:
            await self._refresh(PATIENCE)
        return self._age() <= self._freshness.stale and bool(self._keys)

    async def close(self) -> None:
        """Stop a fetch that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _select(self, kid: str | None, algorithm: str) -> Key | None:
        found = self._imported.get((kid, algorithm))
        if found is None:
            found = select(self._keys, kid, algorithm)
            if found is not None:  # of what is not there, strangers could name any number
                self._imported[kid, algorithm] = found
        return found

    def _age(self) -> timedelta:
        """Return the age of the key set. A clock that was set back makes it too old, never young."""
        age = timedelta.max if self._fetched is None else self._clock.now() - self._fetched
        return age if age >= timedelta(0) else timedelta.max

    async def _refresh(self, patience: float | None) -> None:
        """Wait for one fetch, at most `patience` seconds; none is begun within the pause after the last one."""
        if self._task is None or self._task.done():
            now = self._clock.now()
            if self._tried is not None and timedelta(0) <= now - self._tried < self._freshness.pause:
                return
            self._tried = now
            self._task = asyncio.create_task(self._load())
        await asyncio.wait({self._task}, timeout=patience)

    async def _load(self) -> None:
        """Replace the key set. Failing leaves the old one; what its age means is decided in `find`."""
        with contextlib.suppress(Unavailable):
            metadata = await discover(self._issuer, self._fetch)
            self._keys = parse_keys(await self._fetch(endpoint(metadata, "jwks_uri")))
            self._imported.clear()
            self._fetched = self._clock.now()


def parse_keys(data: bytes) -> tuple[Mapping[str, object], ...]:
    """Return the public signature keys of a key set (RFC 7517 section 5); what else is in it is left out.

    A key that shows its private half is known to the world, so it is left out too.

    Raises:
        Unavailable: it is not a key set, or has more than `MAX_KEYS` keys.

    """
    keys = json_object(data, "the key set").get("keys")
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise Unavailable(f"the key set is not a list of at most {MAX_KEYS} keys")
    return tuple(key for key in keys if isinstance(key, dict) and "d" not in key and _verifies(key))


def _verifies(key: Mapping[str, object]) -> bool:
    operations = key.get("key_ops")
    return key.get("use", "sig") == "sig" and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )


def select(keys: tuple[Mapping[str, object], ...], kid: str | None, algorithm: str) -> Key | None:
    """Return the key for `kid` and `algorithm` if exactly one fits; a token without `kid` needs a lone key."""
    kind, curve = ALGORITHMS[algorithm]
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind
        and (not curve or key.get("crv") == curve)
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    return _imported(fitting[0]) if len(fitting) == 1 else None


def _imported(key: Mapping[str, object]) -> Key | None:
    """Return the key object; None for one that is malformed or weak."""
    public: dict[str, str | list[str]] = {
        name: value for name, value in key.items() if name in _PARAMETERS and isinstance(value, str)
    }
    try:
        match key["kty"]:
            case "RSA":
                modulus = int.from_bytes(urlsafe_b64decode(str(public["n"]).encode()))
                return RSAKey.import_key(public) if modulus.bit_length() >= MIN_RSA_BITS else None
            case "EC":
                return ECKey.import_key(public)
            case _:
                return OKPKey.import_key(public)
    except (JoseError, ValueError, TypeError, LookupError, UnsupportedAlgorithm):
        return None
