"""Who may come in: the OpenID provider's people, and services with keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

from lockgate.adapters.credentials import ByPrefix
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.directory_none import NoDirectory
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


class NoKeys:
    """`ports.Authenticator` for service keys where no file of keys is configured."""

    async def authenticate(self, credential: str, /) -> Subject:
        """Refuse, and say what is missing: "no signed JWT" would send people looking at their provider.

        Raises:
            Unauthenticated: always.

        """
        raise Unauthenticated(
            "this gateway has no service keys",
            code="unknown_key_id",
            remedy="Set `service_keys` under [identity] in lockgate.toml, and restart.",
        )


def open_directory(settings: Settings) -> Directory:
    """Return the directory that the settings name, or one without people.

    Raises:
        Invalid: it is not a directory in the documented format.
        Unavailable: it cannot be read.

    """
    path = settings.identity.directory
    return NoDirectory() if path is None else DirectoryFile.open(path)


async def _known() -> bool:
    """Tell that no keys are needed that could be missing."""
    return True


@dataclass(frozen=True, slots=True)
class Opened:
    """An authenticator, and what tells whether the keys are there that it checks tokens with."""

    authenticator: Authenticator
    keys_known: Callable[[], Awaitable[bool]] = _known


async def authenticator(
    settings: Settings, clock: Clock, directory: Directory | None, stack: AsyncExitStack
) -> Opened:
    """Return the authenticator that the settings describe. Keys of the provider are fetched at the first token."""
    identity = settings.identity
    people: Authenticator = Nobody()
    known: Callable[[], Awaitable[bool]] = _known
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
        opened = await stack.enter_async_context(open_oidc(expected, clock, directory))
        people, known = opened, opened.ready
    keys: Authenticator = NoKeys()
    if identity.service_keys is not None:
        keys = ServiceKeyAuthenticator(KeyFile(identity.service_keys), clock)
    return Opened(ByPrefix(people, {PREFIX: keys}), known)


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
