"""`ports.Authenticator` for service keys. The file is read again when it changes: a revoked key ends at once."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Mapping
from typing import Final

from lockgate.adapters.service_keys.file import KeyFile, ServiceKey, digest_of
from lockgate.errors import Unauthenticated, Unavailable
from lockgate.policy.model import Principal, PrincipalKind, Risk, Session, Subject
from lockgate.ports import Clock

_FORM: Final = re.compile(r"lgk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")


class ServiceKeyAuthenticator:
    """`ports.Authenticator` for service keys."""

    def __init__(self, file: KeyFile, clock: Clock, risk: Risk = Risk.HIGH) -> None:
        self._file = file
        self._clock = clock
        self._risk = risk
        self._keys: Mapping[str, ServiceKey] = {}
        self._stamp: tuple[int, int, int, int] | None = None

    async def authenticate(self, credential: str, /) -> Subject:
        """Return the service that holds this key.

        An unknown id and a wrong secret are one refusal, so that nobody learns which ids exist.

        Raises:
            Unauthenticated: `missing_token`, `malformed_token`, `unknown_key_id`, `key_revoked`, `token_expired`.
            Unavailable: the file cannot be read.

        """
        if not credential:
            raise Unauthenticated("no service key", code="missing_token")
        match = _FORM.fullmatch(credential)
        if match is None:
            raise Unauthenticated("this is not the form of a service key", code="malformed_token")
        try:
            key = (await asyncio.to_thread(self._current)).get(match[1])
        except Unavailable as error:  # whose message names a path, which is for the operator and not for callers
            raise Unavailable("service keys cannot be checked now") from error
        good = hmac.compare_digest(digest_of(match[2]), key.digest if key else digest_of(""))
        if key is None or not good:
            raise Unauthenticated("no service key is like this", code="unknown_key_id")
        state = key.state(self._clock.now())
        if state != "active":
            raise Unauthenticated(
                f"the service key is {state}",
                code="key_revoked" if state == "revoked" else "token_expired",
                remedy="ask for a new key (`lockgate keys create`)",
            )
        groups = frozenset(f"group:{group}" for group in key.groups)
        return Subject(
            Principal(PrincipalKind.SERVICE, key.service, groups),
            Session(f"key-{key.id}", key.expires, risk=self._risk),
            application=key.service,
            confined_to=frozenset(key.scopes),
        )

    def _current(self) -> Mapping[str, ServiceKey]:
        stamp = self._file.stamp()
        if stamp != self._stamp:
            self._keys = self._file.load()
            self._stamp = stamp
        return self._keys
