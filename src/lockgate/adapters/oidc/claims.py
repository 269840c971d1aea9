"""What a token says, judged: pure functions of the settings, the claims and the time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from lockgate.adapters.oidc.discovery import check_address
from lockgate.adapters.oidc.keys import ALGORITHMS, Freshness
from lockgate.errors import Invalid, Unauthenticated
from lockgate.policy.model import Risk

_AGAIN: Final = "get a new token with `lockgate login`"
_ACCESS_TOKEN: Final = "at+jwt"  # noqa: S105 - a media type, not a secret
_MAX_NAME: Final = 256
_MAX_ACTORS: Final = 4


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """What is expected of the tokens of one issuer.

    Attributes:
        issuer: exactly as the provider states it.
        audience: the names of this gateway; a token must be for one of them.
        algorithms: allowed signatures; names of `ALGORITHMS` only, so neither `none` nor a shared secret.
        leeway: how far the provider's clock may be off.
        require_at_jwt: refuse what does not say that it is an access token (RFC 9068). Off for providers that
            send `typ: JWT`.
        groups_claim: dotted path of the claim that lists groups; empty to read none from tokens.
        groups_optional: a token without that claim is of somebody without groups. Off, it is refused.
        overage_claims: dotted paths of claims whose presence says that the list of groups was cut, beside the
            standard one (the groups claim in `_claim_names`, OpenID Connect Core section 5.6.2).
        directory_required: people come from the directory: who is not in it is refused.
        assurance: strength of each authentication context (`acr`); one that is not named is 0.
        risk: risk of a session about which nothing else is known.
        freshness: how long the provider's keys are kept.

    """

    issuer: str
    audience: frozenset[str]
    algorithms: frozenset[str] = frozenset({"RS256", "PS256", "ES256", "EdDSA", "Ed25519"})
    leeway: timedelta = timedelta(seconds=30)
    require_at_jwt: bool = True
    groups_claim: str = ""
    groups_optional: bool = False
    overage_claims: frozenset[str] = frozenset({"hasgroups"})
    directory_required: bool = False
    assurance: Mapping[str, int] = field(default_factory=dict)
    risk: Risk = Risk.HIGH
    freshness: Freshness = field(default_factory=Freshness)

    def __post_init__(self) -> None:
        check_address(self.issuer, "issuer")
        if not self.audience or not all(self.audience):
            raise Invalid(
                "an audience is needed", remedy="name the audience that the provider puts into tokens for Lockgate"
            )
        unknown = self.algorithms - ALGORITHMS.keys()
        if unknown or not self.algorithms:
            raise Invalid(
                f"algorithms {sorted(unknown)} cannot be allowed", remedy=f"choose among {', '.join(ALGORITHMS)}"
            )
        if not timedelta(0) <= self.leeway <= timedelta(minutes=5):
            raise Invalid("the leeway must be between 0 and 5 minutes")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the claims say, before the directory is asked.

    Attributes:
        subject: the `sub`.
        service: the token is a client's own, not a person's (RFC 9068 section 2.2).
        actors: the `sub` of each who acts for the subject, the nearest first (RFC 8693 section 4.1).
        groups: names with prefix.
        application: the client that the token was issued to.
        expires: the end of the token, leeway included.

    """

    subject: str
    service: bool
    actors: tuple[str, ...]
    groups: frozenset[str]
    application: str
    scopes: frozenset[str]
    session: str
    assurance: int
    expires: datetime


def judge(
    settings: OidcSettings, typ: object, claims: Mapping[str, object], token: str, now: datetime
) -> Identity:
    """Return who the holder of a token is whose signature is good.

    Raises:
        Unauthenticated: with the codes of `ports.Authenticator`.

    """
    access = _check_type(settings, typ)
    if claims.get("iss") != settings.issuer:
        raise Unauthenticated("the token is of another issuer", code="wrong_issuer", remedy=_AGAIN)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(a, str) and a in settings.audience for a in audiences):
        raise Unauthenticated(
            "the token is for another audience", code="wrong_audience", remedy="ask for a token for this gateway"
        )
    expires = _check_times(settings, claims, now)
    subject = _name(claims, "sub")
    client = _name(claims, "client_id" if "client_id" in claims else "azp", required=access)
    if access:
        _name(claims, "jti")
        if "iat" not in claims:
            raise _malformed("iat")
    return Identity(
        subject=subject,
        service=subject == client,
        actors=_actors(settings, claims, subject),
        groups=_groups(settings, claims),
        application=client,
        scopes=_scopes(claims),
        session=_session(claims, token),
        assurance=_assurance(settings, claims),
        expires=expires,
    )


def _check_type(settings: OidcSettings, typ: object) -> bool:
    """Tell whether the token says that it is an access token; refuse what says that it is something else."""
    kind = typ.lower().removeprefix("application/") if isinstance(typ, str) else typ
    if kind == _ACCESS_TOKEN:
        return True
    if settings.require_at_jwt or kind not in (None, "jwt"):
        raise Unauthenticated(
            f"the token does not say that it is an access token (`typ` is not `{_ACCESS_TOKEN}`)",
            code="wrong_type",
            remedy="send the access token, not the ID token",
        )
    return False


def _check_times(settings: OidcSettings, claims: Mapping[str, object], now: datetime) -> datetime:
    expires = _time(claims, "exp")
    if expires is None:
        raise _malformed("exp")
    if expires + settings.leeway <= now:
        raise Unauthenticated("the token has expired", code="token_expired", remedy=_AGAIN)
    for claim in ("nbf", "iat"):
        moment = _time(claims, claim)
        if moment is not None and moment - settings.leeway > now:
            raise Unauthenticated(
                f"the token is not valid yet (`{claim}`)",
                code="token_not_yet_valid",
                remedy="compare the clocks of this machine and of the identity provider",
            )
    return expires + settings.leeway


def _time(claims: Mapping[str, object], claim: str) -> datetime | None:
    """Return a NumericDate (RFC 7519 section 2): seconds, never a boolean, and of this era."""
    value = claims.get(claim)
    if value is None and claim not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _malformed(claim)
    if not 0 <= value < 2**33:  # false for what is no number too
        raise _malformed(claim)
    return datetime.fromtimestamp(value, UTC)


def _malformed(claim: str) -> Unauthenticated:
    return Unauthenticated(f"the claim `{claim}` is missing or malformed", code="malformed_token", remedy=_AGAIN)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_NAME and value.isprintable()


def _name(claims: Mapping[str, object], claim: str, *, required: bool = True) -> str:
    value = claims.get(claim)
    if isinstance(value, str) and _is_name(value):
        return value
    if value is None and not required:
        return ""
    raise _malformed(claim)


def _actors(settings: OidcSettings, claims: Mapping[str, object], subject: str) -> tuple[str, ...]:
    """Return who acts, the nearest first, then those through whom it came to act (RFC 8693 section 4.1).

    An actor must be named by `sub`, be of this issuer, and stand in the chain once; nobody acts for themselves.
    """
    actors: list[str] = []
    inside = claims
    while "act" in inside:
        actor = inside["act"]
        if not isinstance(actor, dict) or len(actors) == _MAX_ACTORS:
            raise _malformed("act")
        if actor.get("iss", settings.issuer) != settings.issuer:
            raise _malformed("act")
        name = actor.get("sub")
        if not isinstance(name, str) or not _is_name(name) or name == subject or name in actors:
            raise _malformed("act")
        actors.append(name)
        inside = actor
    return tuple(actors)


def _at(claims: Mapping[str, object], path: str) -> object:
    """Return the value at a dotted path, or at a claim that is named so, dots included; None if absent."""
    if path in claims:
        return claims[path]
    value: object = claims
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return value


def _groups(settings: OidcSettings, claims: Mapping[str, object]) -> frozenset[str]:
    if not settings.groups_claim:
        return frozenset()
    signs = settings.overage_claims | {f"_claim_names.{settings.groups_claim}"}
    cut = any(_at(claims, path) not in (None, False) for path in signs)
    value = _at(claims, settings.groups_claim)
    if cut or (value is None and not settings.groups_optional):
        raise Unauthenticated(
            "the token does not list all groups of its holder",
            code="incomplete_groups",
            remedy="have the provider send every group (docs/guides/identity.md), or use a directory file",
        )
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not all(_is_name(group) for group in value):
        raise _malformed(settings.groups_claim)
    return frozenset(f"group:{group}" for group in value)


def _scopes(claims: Mapping[str, object]) -> frozenset[str]:
    value = claims.get("scope", claims.get("scp", ""))
    parts = value.split(" ") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(part == "" or _is_name(part) for part in parts):
        raise _malformed("scope")
    return frozenset(filter(None, parts))


def _session(claims: Mapping[str, object], token: str) -> str:
    for claim in ("sid", "jti"):
        value = claims.get(claim)
        if isinstance(value, str) and _is_name(value):
            return value
    return hashlib.sha256(token.encode()).hexdigest()


def _assurance(settings: OidcSettings, claims: Mapping[str, object]) -> int:
    acr = claims.get("acr")
    return settings.assurance.get(acr, 0) if isinstance(acr, str) else 0
