"""`lockgate login`, `token` and `logout`: a person's own access token, for any OpenAI client."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp

from lockgate.adapters.gateway import Gateway
from lockgate.adapters.oidc.device import DEFAULT_SCOPE, Client, DeviceLogin, Tokens
from lockgate.adapters.oidc.store import TokenStore, valid_token
from lockgate.adapters.page_key import PageKeys
from lockgate.cli.identity import identity_section
from lockgate.cli.places import state_folder
from lockgate.errors import Invalid

_LOGIN = """Sign in at your organization's identity provider, in a browser of your choice.

  lockgate login --issuer https://id.example.com --client-id lockgate-cli
  export OPENAI_API_KEY=$(lockgate token)

The login is kept in $XDG_STATE_HOME/lockgate (or ~/.local/state/lockgate), readable by you alone."""


DEFAULT_URL: Final = "http://127.0.0.1:8420"
"""Where a gateway listens unless it is told otherwise."""


class _SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the commands."""
    login = commands.add_parser(
        "login",
        help="sign in with a browser",
        description=_LOGIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    login.add_argument("--config", default="lockgate.toml", help="its [identity] gives what is not given here")
    login.add_argument("--issuer", help="the identity provider, exactly as it states itself")
    login.add_argument("--client-id", help="how this command line is registered there")
    login.add_argument("--scope", help="what to ask for (default: openid offline_access)")
    login.add_argument(
        "--resource", help="the gateway that the token is for (RFC 8707), where the provider needs it"
    )
    login.set_defaults(run=_login)
    token = commands.add_parser("token", help="print a valid access token, renewed if need be")
    token.add_argument("--as", dest="person", default="", metavar="PERSON", help="of a demonstration's person")
    token.add_argument(
        "--url",
        default=os.environ.get("LOCKGATE_URL", DEFAULT_URL),
        help=f"where the demonstration runs, for --as (default: LOCKGATE_URL, else {DEFAULT_URL})",
    )
    token.set_defaults(run=_token)
    logout = commands.add_parser("logout", help="end the login, here and at the provider")
    logout.set_defaults(run=_logout)


def token_store() -> TokenStore:
    """Return where this account's login is kept."""
    return TokenStore(state_folder())


def page_keys() -> PageKeys:
    """Return where this account's running demonstrations leave the keys of their pages."""
    return PageKeys(state_folder())


def _login(args: argparse.Namespace) -> int:
    section = identity_section(Path(args.config))
    issuer = args.issuer or section.get("issuer", "")
    if not issuer:
        raise Invalid(
            "no identity provider is named", remedy="give --issuer, or issuer in [identity] of lockgate.toml"
        )
    client = Client(
        issuer,
        args.client_id or section.get("client_id", ""),
        args.scope or section.get("scope", DEFAULT_SCOPE),
        args.resource or section.get("resource", ""),
    )
    tokens = asyncio.run(_sign_in(client))
    store = token_store()
    with store.locked():
        store.save(tokens)
    print(
        f"Signed in until {tokens.expires.astimezone():%H:%M}; `lockgate token` prints the token.", file=sys.stderr
    )
    return 0


async def _sign_in(client: Client) -> Tokens:
    async with aiohttp.ClientSession() as session:
        login = DeviceLogin(session, _SystemClock(), client)
        invitation = await login.start()
        print(f"Open {invitation.complete or invitation.address}", file=sys.stderr)
        print(f"and confirm the code {invitation.user_code}", file=sys.stderr, flush=True)
        return await login.wait(invitation)


def _token(args: argparse.Namespace) -> int:
    if args.person:
        print(asyncio.run(_demo_token(args.url, args.person)))
        return 0
    store = token_store()
    with store.locked():
        print(asyncio.run(valid_token(store, datetime.now(UTC), refreshed)))
    return 0


async def _demo_token(url: str, person: str) -> str:
    async with aiohttp.ClientSession() as session:
        return await Gateway(session, url).demo_token(person, page_keys().load(url.rstrip("/")))


async def refreshed(tokens: Tokens) -> Tokens:
    """Return new tokens for old ones."""
    async with aiohttp.ClientSession() as session:
        return await DeviceLogin(session, _SystemClock(), tokens.client).refresh(tokens)


def _logout(args: argparse.Namespace) -> int:
    store = token_store()
    with store.locked():
        tokens = store.load()
        there = store.delete()
    if tokens is not None and not asyncio.run(_revoke(tokens)):
        print("Signed out here; the provider was not reached or has no way to end a login.", file=sys.stderr)
        return 0
    print("Signed out." if there else "Nobody was signed in.", file=sys.stderr)
    return 0


async def _revoke(tokens: Tokens) -> bool:
    async with aiohttp.ClientSession() as session:
        return await DeviceLogin(session, _SystemClock(), tokens.client).revoke(tokens)
