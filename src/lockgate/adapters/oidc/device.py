"""Signing in from a terminal: the device authorization grant (RFC 8628), refresh (RFC 6749 section 6), revocation.

Lockgate is a public client here: it has no secret, and a person confirms in a browser of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import aiohttp

from lockgate.adapters.oidc.discovery import (
    TIMEOUT,
    check_address,
    discover,
    endpoint,
    http_fetch,
    json_object,
    printable,
    read_limited,
)
from lockgate.errors import AccessDenied, Invalid, Unauthenticated, Unavailable
from lockgate.ports import Clock

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_SCOPE: Final = "openid offline_access"
"""`offline_access` asks for a refresh token (OpenID Connect Core section 11)."""

_DEFAULT_LIFE: Final = 300
"""Seconds that a token is taken to live if the provider does not say."""
_LONGEST: Final = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Client:
    """How Lockgate's command line is known to the provider.

    `resource` names the gateway that the token is for (RFC 8707); empty where the provider has another way.
    """

    issuer: str
    client_id: str
    scope: str = DEFAULT_SCOPE
    resource: str = ""

    def __post_init__(self) -> None:
        check_address(self.issuer, "issuer")
        if not self.client_id:
            raise Invalid("a client id is needed", remedy="give --client-id, or client_id in [identity]")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the person needs: an address to open and a code to enter there. `interval` is in seconds."""

    address: str
    user_code: str
    complete: str
    device_code: str
    expires: datetime
    interval: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login gives, with the client that it was given to."""

    client: Client
    access_token: str
    expires: datetime
    refresh_token: str = ""


class DeviceLogin:
    """One client at one provider."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        client: Client,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._clock = clock
        self._client = client
        self._sleep = sleep

    async def start(self) -> Invitation:
        """Begin (RFC 8628 section 3.1).

        Raises:
            Unavailable: the provider does not answer as the standard says.
            Invalid: the provider refuses the client or the scope.

        """
        metadata = await self._metadata()
        form = {"client_id": self._client.client_id, "scope": self._client.scope} | self._resource()
        status, answer = await self._post(endpoint(metadata, "device_authorization_endpoint"), form)
        if status != 200:
            raise _refused(answer, "the device login")
        complete = answer.get("verification_uri_complete")
        return Invitation(
            address=endpoint(answer, "verification_uri"),
            user_code=printable(_text(answer, "user_code")),
            complete=endpoint(answer, "verification_uri_complete") if complete else "",
            device_code=_text(answer, "device_code"),
            expires=self._clock.now() + timedelta(seconds=_seconds(answer, "expires_in", 600)),
            interval=_seconds(answer, "interval", 5),
        )

    async def wait(self, invitation: Invitation) -> Tokens:
        """Ask until the person has decided (RFC 8628 section 3.4 and 3.5).

        Raises:
            AccessDenied: the person said no.
            Unauthenticated: the code ran out (`token_expired`).
            Invalid, Unavailable: as in `start`.

        """
        address = endpoint(await self._metadata(), "token_endpoint")
        form = {
            "grant_type": DEVICE_GRANT,
            "device_code": invitation.device_code,
            "client_id": self._client.client_id,
        }
        interval = invitation.interval
        while self._clock.now() < invitation.expires:
            await self._sleep(interval)
            try:
                status, answer = await self._post(address, form | self._resource())
            except Unavailable:
                interval *= 2  # section 3.5: back off when the connection fails
                continue
            if status == 200:
                return self._tokens(answer)
            match answer.get("error"):
                case "authorization_pending":
                    pass
                case "slow_down":
                    interval += 5
                case "access_denied":
                    raise AccessDenied("the login was refused in the browser", remedy="run `lockgate login` again")
                case "expired_token":
                    break
                case _:
                    raise _refused(answer, "the device login")
        raise Unauthenticated("the code ran out", code="token_expired", remedy="run `lockgate login` again")

    async def refresh(self, tokens: Tokens) -> Tokens:
        """Return newer tokens.

        Raises:
            Unauthenticated: the provider does not accept the refresh token any more, or there is none.
            Unavailable: it does not answer.

        """
        again = Unauthenticated("the login has ended", code="token_expired", remedy="run `lockgate login`")
        if not tokens.refresh_token:
            raise again
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        form |= {"client_id": self._client.client_id} | self._resource()
        status, answer = await self._post(endpoint(await self._metadata(), "token_endpoint"), form)
        if status != 200:
            raise again
        newer = self._tokens(answer)
        return replace(newer, refresh_token=newer.refresh_token or tokens.refresh_token)

    async def revoke(self, tokens: Tokens) -> bool:
        """Tell the provider to end the login (RFC 7009); False if it offers no way or does not answer."""
        try:
            address = endpoint(await self._metadata(), "revocation_endpoint")
            form = {"token": tokens.refresh_token or tokens.access_token, "client_id": self._client.client_id}
            status, _ = await self._post(address, form)
        except Unavailable:
            return False
        return status == 200

    async def _metadata(self) -> Mapping[str, object]:
        return await discover(self._client.issuer, http_fetch(self._session))

    def _resource(self) -> dict[str, str]:
        return {"resource": self._client.resource} if self._client.resource else {}

    async def _post(self, address: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        try:
            request = self._session.post(address, data=form, allow_redirects=False, timeout=TIMEOUT)
            async with request as answer:
                data = await read_limited(answer)
                return answer.status, json_object(data or b"{}", "the provider's answer")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unavailable(f"the identity provider does not answer: {type(error).__name__}") from error

    def _tokens(self, answer: Mapping[str, object]) -> Tokens:
        if str(answer.get("token_type", "")).lower() != "bearer":
            raise Unavailable("the provider gave a token of another kind than `Bearer`")
        refresh = answer.get("refresh_token", "")
        return Tokens(
            client=self._client,
            access_token=_text(answer, "access_token"),
            expires=self._clock.now() + timedelta(seconds=_seconds(answer, "expires_in", _DEFAULT_LIFE)),
            refresh_token=refresh if isinstance(refresh, str) else "",
        )


def _refused(answer: Mapping[str, object], what: str) -> Invalid:
    reason = printable(str(answer.get("error_description") or answer.get("error") or "no reason given"))
    return Invalid(
        f"the identity provider refuses {what}: {reason}",
        remedy="check the client id, and that the provider allows it the device flow",
    )


def _text(answer: Mapping[str, object], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise Unavailable(f"the provider's answer has no `{name}`")
    return value


def _seconds(answer: Mapping[str, object], name: str, default: int) -> float:
    value = answer.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST:
        raise Unavailable(f"the provider's answer has a malformed `{name}`")
    return value
