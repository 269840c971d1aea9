"""Front ends of many people: each request says for whom it is, in an assertion that the front end has signed.

The credential of such a request is three words: that of the front end itself, the assertion, and a mark of the
request (see `edge/body.py`). Neither the front end's credential nor the assertion does anything alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from lockgate.adapters.oidc.keys import ALGORITHMS, parse_keys, select
from lockgate.adapters.oidc.signed import UNSUPPORTED, compact, json_part
from lockgate.errors import Unauthenticated, Unavailable
from lockgate.policy.model import Principal, PrincipalKind, Subject
from lockgate.policy.registered import ApplicationKind, Applications, admitted
from lockgate.ports import Authenticator, Clock, Directory

LOG: Final = logging.getLogger("lockgate.front_ends")
TYPE: Final = "lockgate-user+jwt"
LIFE: Final = timedelta(seconds=60)
"""No assertion is valid for longer."""
LEEWAY: Final = timedelta(seconds=5)
"""How far the front end's clock may be ahead. What comes from the future is used when its time has come."""
KEPT: Final = timedelta(minutes=15)
"""How long the request that showed an assertion may go on, and how long the assertion is known as used."""
MOST_KEPT: Final = 50_000
"""Used assertions of one front end that are kept apart; at more than that it has to wait, and no other."""
_MAX: Final = 4096
_PEM: Final = b"-----BEGIN PUBLIC KEY-----"

Keys = tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an assertion says: about whom, and until when it may be shown for the first time."""

    person: str
    jti: str
    issued: datetime
    expires: datetime


class FrontEnds:
    """`ports.Authenticator` in front of another one, which knows the front ends themselves.

    `started` is when this process began: an older assertion may have been used with the one before it, whose
    memory is gone, so it is refused. `audiences` are the names of this gateway.
    """

    def __init__(
        self,
        credentials: Authenticator,
        applications: Callable[[], Applications],
        audiences: frozenset[str],
        clock: Clock,
        started: datetime,
        directory: Directory | None = None,
    ) -> None:
        self._credentials = credentials
        self._applications = applications
        self._audiences = audiences
        self._clock = clock
        self._started = started
        self._directory = directory
        self._used: dict[str, dict[bytes, tuple[str, datetime]]] = {}
        self._keys: dict[str, tuple[tuple[int, int, int], Keys]] = {}

    async def authenticate(self, credential: str, /) -> Subject:
        """Return who holds the credential; with an assertion, the front end acting for the person that it names.

        Raises:
            Unauthenticated: as the authenticator of the front end says, or `assertion_malformed`,
                `assertion_unexpected`, `assertion_bad_signature`, `assertion_wrong_issuer`,
                `assertion_wrong_audience`, `assertion_expired`, `assertion_replayed`, `unknown_person`,
                `inactive_person`.
            NotRegistered: the front end is not registered.
            Unavailable: its keys cannot be read, or too many assertions are kept.

        """
        bearer, _, rest = credential.partition(" ")
        subject = await self._credentials.authenticate(bearer)
        if not rest:
            return subject
        text, _, request = rest.partition(" ")
        known = self._applications()
        subject = admitted(subject, known)
        application = known[subject.application]
        if application.kind is not ApplicationKind.FRONT_END or subject.on_behalf_of is not None:
            raise _refused(
                "only a registered front end, with a credential of its own, says who asks", "unexpected"
            )
        keys = await asyncio.to_thread(self._registered_keys, application.user_keys)
        found = _verified(text, application.id, keys, self._audiences)
        # Nothing is used before it says that it was made: whatever an earlier process took is from before this one
        # began, and is refused by that alone.
        ahead = found.issued - self._clock.now()
        if timedelta() < ahead <= LEEWAY:
            await asyncio.sleep(ahead.total_seconds())
        until = self._use(application.id, found, request)
        session = replace(subject.session, expires=min(subject.session.expires, until))
        return replace(subject, session=session, on_behalf_of=self._person(found.person))

    def _use(self, application: str, found: Assertion, request: str) -> datetime:
        """Use an assertion up, for this request alone; return how long the request may go on.

        A request is authenticated again while it runs, so for the request that used it, it is still good.
        """
        now = self._clock.now()
        mine = self._used.setdefault(application, {})
        key = hashlib.sha256(found.jti.encode()).digest()
        used = mine.get(key)
        if used is not None:
            if used[0] != request or not request:
                raise _refused("it was used before; sign one for each request", "replayed")
            return used[1]
        if found.issued > now or found.expires <= now or found.expires - found.issued > LIFE:
            raise _refused(f"it is not valid now, or for more than {LIFE.seconds} seconds", "expired")
        if found.issued < self._started:
            raise _refused("it was made before this gateway started", "expired")
        _forget(mine, now)
        until = mine[key] = (request, now + KEPT)
        return until[1]

    def _registered_keys(self, file: str) -> Keys:
        """Return the public keys of a front end; the file is read again when it changes."""
        if not file:
            return ()
        try:
            stat = Path(file).stat()
            stamp = (stat.st_ctime_ns, stat.st_size, stat.st_ino)
            kept = self._keys.get(file)
            if kept is None or kept[0] != stamp:
                kept = self._keys[file] = (stamp, public_keys(Path(file).read_bytes()))
        except (OSError, ValueError, Unavailable) as error:
            LOG.warning("keys of a front end: `%s` cannot be used: %s", file, error)
            raise Unavailable("the keys of this front end cannot be read now") from error
        return kept[1]

    def _person(self, id: str) -> Principal:
        """Return the person with their groups as the directory has them now. Without one they have none."""
        if self._directory is None:
            return Principal(PrincipalKind.USER, id)
        try:
            person = self._directory.person(id)
        except Unavailable as error:
            if error.code != "incomplete_groups":
                raise
            raise Unauthenticated("the directory's lists of groups are incomplete", code=error.code) from error
        if person is None:
            raise Unauthenticated("the directory does not know the person who is asked for", code="unknown_person")
        if not person.active:
            raise Unauthenticated("the account is closed in the directory", code="inactive_person")
        return Principal(PrincipalKind.USER, person.id, person.groups)


def _forget(used: dict[bytes, tuple[str, datetime]], now: datetime) -> None:
    """Make room among the used assertions of one front end: another's must not run out of it."""
    oldest = list(islice(used.items(), 64))  # they come first, and each use forgets more than it adds
    for key, (_, until) in oldest:
        if until <= now:
            del used[key]
    if len(used) >= MOST_KEPT:
        raise Unavailable("more assertions of this front end are in use than can be kept apart")


def public_keys(data: bytes) -> Keys:
    """Return the keys of a file: one public key in PEM, or a key set (RFC 7517) of public keys.

    Raises:
        ValueError: there is no public key in it that can be used.
        Unavailable: it is no key set.

    """
    if data.lstrip().startswith(_PEM):
        for kind in (ECKey, OKPKey, RSAKey):
            try:
                return ({**kind.import_key(data).as_dict(private=False)},)
            except (JoseError, ValueError, TypeError):
                continue
        raise ValueError("the public key is of no type that is known")
    keys = parse_keys(data)
    if not keys:
        raise ValueError("it has no public signature key")
    return keys


def _refused(why: str, code: str) -> Unauthenticated:
    return Unauthenticated(
        f"the assertion of the user is refused: {why}",
        code=f"assertion_{code}",
        remedy="See docs/guides/front-ends.md for what the front end must send.",
    )


def _verified(text: str, application: str, keys: Keys, audiences: frozenset[str]) -> Assertion:
    """Return what an assertion says whose signature is one of this application's keys.

    The order is that of tokens: form, type, algorithm, key, signature, and only then claims.
    """
    try:
        token = compact(text, _MAX)
        header = token.header
        if header.get("typ") != TYPE or not UNSUPPORTED.isdisjoint(header):
            raise _refused(f"its `typ` is not `{TYPE}`", "malformed")
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or not isinstance(kid, str | None):
            raise _refused("it is not signed with a public-key algorithm", "bad_signature")
        key = select(keys, kid, algorithm)
        if key is None or not token.verifies(algorithm, key):
            raise _refused("no key that is registered for this front end has signed it", "bad_signature")
        claims = json_part(token.payload)
    except ValueError as error:
        raise _refused(str(error), "malformed") from None
    if claims.get("iss") != application:
        raise _refused("its `iss` is not the id of the application that sent it", "wrong_issuer")
    if not isinstance(claims.get("aud"), str) or claims["aud"] not in audiences:
        raise _refused("its `aud` is not this gateway", "wrong_audience")
    return Assertion(_name(claims, "sub"), _name(claims, "jti"), _moment(claims, "iat"), _moment(claims, "exp"))


def _name(claims: Mapping[str, object], claim: str) -> str:
    value = claims.get(claim)
    if isinstance(value, str) and 0 < len(value) <= 256 and value.isprintable():
        return value
    raise _refused(f"its `{claim}` is missing or malformed", "malformed")


def _moment(claims: Mapping[str, object], claim: str) -> datetime:
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**33:
        raise _refused(f"its `{claim}` is missing or malformed", "malformed")
    return datetime.fromtimestamp(value, UTC)
