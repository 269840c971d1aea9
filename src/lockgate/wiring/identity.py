"""Who may come in: the OpenID provider's people, and services with keys."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta

from lockgate.adapters.credentials import ByPrefix
from lockgate.adapters.oidc import FrontEnds, OidcSettings, open_oidc
from lockgate.adapters.service_keys import PREFIX, KeyFile, ServiceKeyAuthenticator
from lockgate.config import Settings
from lockgate.errors import Unauthenticated
from lockgate.journeys.registry import Registered
from lockgate.policy.model import Subject
from lockgate.policy.registered import Applications
from lockgate.ports import Authenticator, Clock, Directory
from lockgate.wiring import resource


class Nobody:
    """`ports.Authenticator` where no provider is configured: nobody comes in."""

    async def authenticate(self, credential: str, /) -> Subject:
        """Refuse.

        Raises:
            Unauthenticated: always.

        """
        raise Unauthenticated(
            "no identity provider is configured",
            code="missing_token" if not credential else "wrong_issuer",
            remedy="Set `issuer` and `audience` under [identity] in lockgate.toml.",
        )


async def authenticator(
    settings: Settings, clock: Clock, directory: Directory | None, stack: AsyncExitStack
) -> Authenticator:
    """Return the authenticator that the settings describe. Keys of the provider are fetched at the first token."""
    identity = settings.identity
    people: Authenticator = Nobody()
    if identity.issuer:
        expected = OidcSettings(
            issuer=identity.issuer,
            audience=resource.names(settings),
            algorithms=frozenset(identity.algorithms),
            leeway=timedelta(seconds=identity.leeway_seconds),
            require_at_jwt=identity.token_type == "at+jwt",  # noqa: S105 - a media type
            groups_claim=identity.groups_claim,
            groups_optional=directory is not None,
            directory_required=directory is not None,
        )
        people = await stack.enter_async_context(open_oidc(expected, clock, directory))
    if identity.service_keys is None:
        return people
    return ByPrefix(people, {PREFIX: ServiceKeyAuthenticator(KeyFile(identity.service_keys), clock)})


def registered(
    settings: Settings,
    credentials: Authenticator,
    applications: Callable[[], Applications],
    clock: Clock,
    directory: Directory | None,
) -> Authenticator:
    """Return the authenticator that every door asks: credentials, whom a front end asks for, registration."""
    named = resource.names(settings) | ({resource.address(settings)} - {""})
    front_ends = FrontEnds(credentials, applications, named, clock, clock.now(), directory)
    return Registered(front_ends, applications)
