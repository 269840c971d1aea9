"""Access tokens by client credentials (RFC 6749 section 4.4), with a secret or with a certificate (RFC 7523).

See "OAuth 2.0 client credentials flow" and "Application authentication certificate credentials" of the Microsoft
identity platform. Secrets, assertions and tokens are never part of a message, and neither is what the server says.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64encode

from lockgate.errors import Unavailable
from lockgate.ports import Clock

_EARLY: Final = 300
"""Seconds before its end in which a token is used no more."""
_LIFE: Final = 600
_MOST: Final = 1 << 20
_SKEW: Final = "AADSTS700024"
"""The assertion is not valid now: one of the clocks is wrong."""
_CODE: Final = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who Lockgate is for the tenant. Files are read anew for each token, so that they can be changed.

    Attributes:
        tenant: its id or domain.
        client: the id of the application.
        secret_file: holds a client secret.
        certificate_file: holds a certificate and its private key (PEM).
        secret: a client secret, where it comes from the environment.

    """

    tenant: str
    client: str
    secret_file: Path | None = None
    certificate_file: Path | None = None
    secret: str = field(default="", repr=False)

    @staticmethod
    def of_environment(environ: Mapping[str, str] = os.environ) -> Credentials:
        """Return what the variables say that tools of Azure read.

        Raises:
            Unavailable: they do not say enough.

        """
        certificate = environ.get("AZURE_CLIENT_CERTIFICATE_PATH", "")
        made = Credentials(
            environ.get("AZURE_TENANT_ID", ""),
            environ.get("AZURE_CLIENT_ID", ""),
            None,
            Path(certificate) if certificate else None,
            environ.get("AZURE_CLIENT_SECRET", ""),
        )
        if not (made.tenant and made.client and (made.secret or made.certificate_file)):
            raise Unavailable(
                "there are no credentials for Microsoft Graph",
                remedy="Set AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or "
                "AZURE_CLIENT_CERTIFICATE_PATH.",
            )
        return made


class Tokens:
    """The token of now. How long one is valid is counted on a clock that nobody sets."""

    def __init__(
        self, credentials: Credentials, login: str, scope: str, clock: Clock, ticks: Callable[[], float]
    ) -> None:
        self._credentials = credentials
        self._url = f"{login}/{credentials.tenant}/oauth2/v2.0/token"
        self._scope = scope
        self._clock = clock
        self._ticks = ticks
        self._lock = asyncio.Lock()
        self._token, self._until = "", 0.0

    async def get(self, session: aiohttp.ClientSession) -> str:
        """Return a token that is valid.

        Raises:
            Unavailable: the tenant gives none. With `code` `again` another try may help.

        """
        async with self._lock:
            if not self._token or self._ticks() >= self._until:
                self._token, seconds = await self._ask(session)
                self._until = self._ticks() + max(seconds - _EARLY, seconds / 2)
            return self._token

    def drop(self, token: str) -> None:
        """Use a token no more."""
        if token == self._token:
            self._token = ""

    async def _ask(self, session: aiohttp.ClientSession) -> tuple[str, float]:
        status, body, date = await self._post(session, self._clock.now())
        there = _date(date)
        if status != 200 and _SKEW in str(body.get("error_description")) and there is not None:
            status, body, _ = await self._post(session, there)  # by the clock of who judges
        token, seconds = body.get("access_token"), body.get("expires_in")
        if status == 200 and isinstance(token, str) and token.isascii() and token.isprintable() and token:
            if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0:
                return token, float(seconds)
            raise Unavailable("the tenant does not say how long its token is valid")
        code = str(body.get("error", ""))
        raise Unavailable(
            f"the tenant gives no token: {code if _CODE.fullmatch(code) else f'status {status}'}",
            code="again" if status >= 500 or status == 429 else None,
            remedy="Check tenant, client id, and its secret or certificate.",
        )

    async def _post(self, session: aiohttp.ClientSession, now: datetime) -> tuple[int, dict[str, Any], str]:
        form = {
            "client_id": self._credentials.client,
            "scope": self._scope,
            "grant_type": "client_credentials",
            **await asyncio.to_thread(self._proof, now),
        }
        async with session.post(self._url, data=form, allow_redirects=False) as answer:
            data = await answer.content.read(_MOST)
            try:
                body = orjson.loads(data)
            except orjson.JSONDecodeError:
                body = {}
            return answer.status, body if isinstance(body, dict) else {}, answer.headers.get("Date", "")

    def _proof(self, now: datetime) -> dict[str, str]:
        """Return what proves who asks: the secret, or an assertion that the certificate's key signed."""
        one = self._credentials
        try:
            if one.certificate_file is not None:
                kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                return {"client_assertion_type": kind, "client_assertion": self._assertion(one, now)}
            secret = one.secret_file.read_text("utf-8").strip() if one.secret_file else one.secret
        except (OSError, ValueError, JoseError) as error:
            kind = type(error).__name__
            raise Unavailable(f"the credentials for Microsoft Graph cannot be read: {kind}") from None
        if not secret:
            raise Unavailable("the client secret for Microsoft Graph is empty")
        return {"client_secret": secret}

    def _assertion(self, one: Credentials, now: datetime) -> str:
        pem = one.certificate_file.read_bytes() if one.certificate_file else b""
        certificate = x509.load_pem_x509_certificate(pem)
        thumb = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
        start = int(now.timestamp())
        begin, end = _key_at(pem), pem.rindex(b"PRIVATE KEY-----") + 16
        key = RSAKey.import_key(pem[begin:end] + b"\n")
        header = {"alg": "PS256", "typ": "JWT", "x5t#S256": urlsafe_b64encode(thumb).decode()}
        claims = {
            "aud": self._url,
            "iss": one.client,
            "sub": one.client,
            "jti": str(uuid.uuid4()),
            "nbf": start - 60,
            "iat": start,
            "exp": start + _LIFE,
        }
        return jwt.encode(header, claims, key, algorithms=["PS256"])


def _key_at(pem: bytes) -> int:
    """Return where the private key begins. Raises ValueError if there is none."""
    found = re.search(rb"-----BEGIN (?:RSA |ENCRYPTED )?PRIVATE KEY-----", pem)
    if found is None:
        raise ValueError
    return found.start()


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, TypeError):
        return None
