"""What is looked at once when a server starts, so that its log says before the first question what will fail.

Nothing here keeps the server from starting: an identity provider may come up later, weights may be fetched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from lockgate.adapters import state_folder
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.llama.server import WEIGHTS
from lockgate.adapters.oidc.discovery import discover, endpoint, http_fetch, opened
from lockgate.adapters.oidc.keys import parse_keys
from lockgate.adapters.weights import Weights
from lockgate.config import Settings
from lockgate.errors import LockgateError, Unavailable
from lockgate.ports import Embedder

LOG: Final = logging.getLogger("lockgate")
_RESERVED: Final = ("example.com", "example.org", "example.net", "example", "invalid")
"""Names that are nobody's (RFC 2606): those in examples."""


async def problems(settings: Settings, embedder: Embedder, weights: Weights) -> Sequence[str]:
    """Return what will fail as things are, each with what to do about it; in the log's words, without a secret."""
    looks: list[Callable[[], Awaitable[None]]] = []
    if settings.identity.issuer:
        looks.append(lambda: issuer_answers(settings.identity.issuer))
    if isinstance(embedder, MiniLmEmbedder) and (
        settings.collections
        or any(
            one.kind == "extractive" or (one.kind == "embeddings" and not one.base_url) for one in settings.models
        )
    ):
        looks.append(embedder.open)
    if any(one.kind == "local" for one in settings.models):
        looks.append(lambda: asyncio.to_thread(_checked, weights))
    found = []
    if not settings.applications:
        found.append("nobody can come in: no application is registered. Add [[applications]] to lockgate.toml.")
    for look in looks:
        try:
            await look()
        except LockgateError as error:
            found.append(f"{error}. {_sentence(error.remedy)}".strip())
    return found


async def issuer_answers(issuer: str) -> None:
    """See that an identity provider publishes keys.

    Raises:
        Unavailable: it is the sample's, does not answer, states another name, or has no keys.

    """
    host = urlsplit(issuer).hostname or ""
    if any(host == name or host.endswith(f".{name}") for name in _RESERVED):
        raise Unavailable(
            f"nobody can sign in: the issuer `{issuer}` is an example",
            remedy="Set `issuer` and `audience` under [identity] to those of your provider, and restart.",
        )
    try:
        async with opened(issuer) as session:
            fetch = http_fetch(session)
            _some(parse_keys(await fetch(endpoint(await discover(issuer, fetch), "jwks_uri"))))
    except Unavailable as error:
        raise Unavailable(
            f"nobody can sign in now: {error}",
            remedy=f"{_sentence(error.remedy)}Check `issuer` under [identity] and the network to it. "
            "It is asked again when somebody comes, so no restart is needed once it answers.",
        ) from error


def _some(keys: Sequence[object]) -> None:
    if not keys:
        raise Unavailable("it publishes no signature keys")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}. " if text else ""


def _checked(weights: Weights) -> None:
    weights.path(WEIGHTS)


def state(folder: Path) -> None:
    """Make the state folder ready, and log what an upgrade did.

    Raises:
        Conflict, Unavailable: see `state_folder.ready`.

    """
    for one in state_folder.ready(folder):
        kept = f"; a copy from before is in {one.copy}" if one.copy else ""
        LOG.info("state: the %s database was upgraded (%s)%s", one.name, ", ".join(one.ran) or "recognized", kept)
