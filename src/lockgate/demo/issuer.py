"""A small OpenID provider for the demonstration: everybody may be anybody, so it must never guard anything real.

What keeps it in the demo: an import contract lets nothing but `lockgate.demo` and the command `lockgate demo`
import this module, no configuration names it, it only takes an address of this machine itself, and its key is
made anew at each start and is never written down.
"""

from __future__ import annotations

import html
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from lockgate.adapters.oidc import OidcSettings
from lockgate.adapters.oidc.device import DEVICE_GRANT
from lockgate.adapters.oidc.discovery import is_loopback
from lockgate.errors import Invalid, NotFound, Unavailable
from lockgate.policy.model import Risk
from lockgate.ports import Clock, Directory

CLIENT: Final = "lockgate-demo"
"""The client id that tokens carry; the device flow takes any."""

_KID: Final = "demo"
_LIFE: Final = timedelta(hours=8)
_PATIENCE: Final = timedelta(minutes=10)
_INTERVAL: Final = 1
_MAX_FORM: Final = 8192
_MAX_WAITING: Final = 1000
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no code is a word (RFC 8628 section 6.1)."""


class TokenKind(StrEnum):
    """What is wrong with a token that the story shows to the gateway."""

    VALID = "valid"
    EXPIRED = "expired"
    FORGED = "forged"
    AUDIENCE = "audience"
    NONE = "none"


@dataclass(slots=True)
class _Login:
    """A device that waits for its person."""

    user_code: str
    client: str
    expires: datetime
    asked: datetime | None = None
    person: str = ""


class DemoIssuer:
    """The provider: tokens for the people of one directory.

    Tokens say who somebody is and nothing about groups: those come from the directory, so that a change of rights
    shows with the next question and not with the next token.
    """

    def __init__(self, issuer: str, audience: str, directory: Directory, clock: Clock, key: ECKey) -> None:
        parts = urlsplit(issuer)
        if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
            raise Invalid(
                "the demo's issuer only runs on this machine itself", remedy="use http://127.0.0.1:PORT/..."
            )
        self.issuer = issuer
        self._audience = audience
        self._directory = directory
        self._clock = clock
        self._key = key
        self._waiting: dict[str, _Login] = {}

    @classmethod
    def start(cls, issuer: str, audience: str, directory: Directory, clock: Clock) -> Self:
        """Return a provider with a new key. `issuer` is the address that `app` is mounted at."""
        return cls(issuer, audience, directory, clock, ECKey.generate_key("P-256", {"kid": _KID, "use": "sig"}))

    @property
    def settings(self) -> OidcSettings:
        """Return what a gateway needs to know to take this provider's tokens."""
        return OidcSettings(
            self.issuer,
            frozenset({self._audience}),
            algorithms=frozenset({"ES256"}),
            directory_required=True,
            assurance={"demo": 1},
            risk=Risk.LOW,
        )

    def mint(self, person: str, kind: TokenKind = TokenKind.VALID) -> str:
        """Return an access token (RFC 9068) of a person, or one that must be refused.

        Raises:
            NotFound: nobody in the directory has this id.

        """
        if self._directory.person(person) is None:
            known = ", ".join(sorted(one.id for one in self._directory.people()))
            raise NotFound(f"nobody here is `{person}`", remedy=f"Choose one of: {known}.")
        now = self._clock.now()
        issued = now - 2 * _LIFE if kind is TokenKind.EXPIRED else now
        claims = {
            "iss": self.issuer,
            "aud": "https://other.example.com" if kind is TokenKind.AUDIENCE else self._audience,
            "sub": person,
            "client_id": CLIENT,
            "acr": "demo",
            "jti": secrets.token_urlsafe(12),
            "iat": int(issued.timestamp()),
            "exp": int((issued + _LIFE).timestamp()),
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": _KID}
        if kind is TokenKind.NONE:
            parts = (json.dumps(part).encode() for part in (header | {"alg": "none"}, claims))
            return b".".join([*map(urlsafe_b64encode, parts), b""]).decode()
        key = ECKey.generate_key("P-256") if kind is TokenKind.FORGED else self._key
        return jwt.encode(header, claims, key, algorithms=["ES256"])

    async def fetch(self, address: str) -> bytes:
        """Answer for the gateway in the same process, as `adapters.oidc.discovery.Fetch`."""
        match address.removeprefix(self.issuer):
            case "/.well-known/openid-configuration":
                return json.dumps(self._metadata()).encode()
            case "/jwks":
                return json.dumps(self._key_set()).encode()
        raise Unavailable("the demo's issuer has no such page")

    def app(self) -> Starlette:
        """Return the provider as an application to mount at the issuer's path."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._serve_metadata),
                Route("/jwks", self._serve_keys),
                Route("/device_authorization", self._authorize, methods=["POST"]),
                Route("/device", self._page),
                Route("/device", self._approve, methods=["POST"]),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def _metadata(self) -> Mapping[str, object]:
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            "device_authorization_endpoint": f"{self.issuer}/device_authorization",
            "token_endpoint": f"{self.issuer}/token",
            "grant_types_supported": [DEVICE_GRANT],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    def _key_set(self) -> Mapping[str, object]:
        return {"keys": [self._key.as_dict(private=False)]}

    async def _serve_metadata(self, request: Request) -> Response:
        return JSONResponse(self._metadata())

    async def _serve_keys(self, request: Request) -> Response:
        return JSONResponse(self._key_set())

    async def _authorize(self, request: Request) -> Response:
        """RFC 8628 section 3.1 and 3.2."""
        form = await _form(request)
        now = self._clock.now()
        self._waiting = {code: login for code, login in self._waiting.items() if login.expires > now}
        if not form.get("client_id") or len(self._waiting) >= _MAX_WAITING:
            return _problem("invalid_client" if not form.get("client_id") else "temporarily_unavailable")
        letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
        user_code, device_code = f"{letters[:4]}-{letters[4:]}", secrets.token_urlsafe(32)
        self._waiting[device_code] = _Login(user_code, form["client_id"], now + _PATIENCE)
        return _answer(
            {
                "device_code": device_code,
                "user_code": user_code,
                "verification_uri": f"{self.issuer}/device",
                "verification_uri_complete": f"{self.issuer}/device?user_code={user_code}",
                "expires_in": int(_PATIENCE.total_seconds()),
                "interval": _INTERVAL,
            }
        )

    async def _page(self, request: Request) -> Response:
        people = "".join(
            f'<button name="person" value="{html.escape(person.id)}">{html.escape(person.name)}</button>\n'
            for person in self._directory.people()
            if person.active
        )
        code = html.escape(request.query_params.get("user_code", ""))
        return _html(
            f'<form method="post"><p><label>Code <input name="user_code" value="{code}" required></label></p>'
            f"<p>Sign in as</p>{people}</form>"
        )

    async def _approve(self, request: Request) -> Response:
        """RFC 8628 section 3.3. A page of another site may not sign anybody in."""
        origin = request.headers.get("origin")
        parts = urlsplit(self.issuer)
        if origin not in (None, f"{parts.scheme}://{parts.netloc}"):
            return _html("<p>This form was sent by another site.</p>", 403)
        form = await _form(request)
        code = form.get("user_code", "").strip().upper()
        person = self._directory.person(form.get("person", ""))
        for login in self._waiting.values():
            known = login.user_code == code and login.expires > self._clock.now() and not login.person
            if known and person is not None and person.active:
                login.person = person.id
                return _html("<p>Done. You can close this page.</p>")
        return _html("<p>This code is not waiting, or there is no such person.</p>", 400)

    async def _token(self, request: Request) -> Response:
        """RFC 8628 section 3.4 and 3.5."""
        form = await _form(request)
        if form.get("grant_type") != DEVICE_GRANT:
            return _problem("unsupported_grant_type")
        code = form.get("device_code", "")
        login, now = self._waiting.get(code), self._clock.now()
        if login is None or login.client != form.get("client_id"):
            return _problem("invalid_grant")
        if login.expires <= now:
            return _problem("expired_token")
        if login.asked is not None and now - login.asked < timedelta(seconds=_INTERVAL / 2):
            return _problem("slow_down")
        login.asked = now
        if not login.person:
            return _problem("authorization_pending")
        del self._waiting[code]
        token = self.mint(login.person)
        return _answer({"access_token": token, "token_type": "Bearer", "expires_in": int(_LIFE.total_seconds())})


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form, less those that come twice (RFC 6749 section 3.2); none of too long a form."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > _MAX_FORM:
            return {}
    try:
        fields = parse_qs(data.decode(), max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _answer(body: Mapping[str, object], status: int = 200) -> Response:
    return JSONResponse(body, status, {"Cache-Control": "no-store"})


def _problem(error: str) -> Response:
    return _answer({"error": error}, 400)


def _html(body: str, status: int = 200) -> Response:
    head = "<!doctype html><meta charset=utf-8><title>Lockgate demo: sign in</title>"
    style = "<style>body{font:16px sans-serif;max-width:40em;margin:2em auto}button{margin:.2em}</style>"
    policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return HTMLResponse(f"{head}{style}<h1>Demonstration only</h1>{body}", status, headers)
