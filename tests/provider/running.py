"""Starts the provider, drives its screens as a browser does, and gets tokens from it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import aiohttp

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "provider"
"""Where the packages live between runs, by the digest of their lock."""

FILES = ("package.json", "package-lock.json", ".npmrc", "server.mjs")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
RESOURCE = "https://gate.example.com"


@dataclass
class Running:
    """The provider while it runs."""

    issuer: str
    process: subprocess.Popen[str]

    def rotate(self) -> None:
        """Replace the signing key; what the old one signed is signed by nobody now."""
        assert self.process.stdin
        self.process.stdin.write("rotate\n")
        self.process.stdin.flush()
        said(self.process, "rotated")


def said(process: subprocess.Popen[str], start: str) -> str:
    """Return the next line that begins so; the provider's own warnings come in between."""
    assert process.stdout
    for line in process.stdout:
        if line.startswith(start):
            return line
    raise RuntimeError("the provider ended: run `node server.mjs` in its folder to see why")


def installed() -> Path:
    """Return a folder with the provider and its packages; the first time, `npm ci` fills it."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = CACHE / digest
    if not (folder / "node_modules" / ".package-lock.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copy(HERE / name, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            raise RuntimeError("npm ci failed: see its output above")
    return folder


@contextmanager
def running() -> Iterator[Running]:
    """Run the provider until the block is left."""
    with subprocess.Popen(
        ["node", "server.mjs"],
        cwd=installed(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield Running(json.loads(said(process, "{"))["issuer"], process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(10)


class _Form(HTMLParser):
    """The first form of a page: where it goes and what it already holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = values.get("action", "")
        elif tag == "input" and "name" in values:
            self.fields[values["name"]] = values.get("value", "")


async def confirm(address: str, person: str) -> str:
    """Open an address and submit every form on the way, signing in as `person`; return the last page."""
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: cookies of an address without a name
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        async with browser.get(address) as answer:
            page, here = await answer.text(), str(answer.url)
        for _ in range(10):
            form = _Form(page)
            if form.action is None:
                return page
            fields = form.fields | ({"login": person, "password": "x"} if "login" in form.fields else {})
            async with browser.post(urljoin(here, form.action), data=fields) as answer:
                page, here = await answer.text(), str(answer.url)
    raise RuntimeError("the provider's forms do not end")


async def ask(address: str, form: dict[str, str]) -> dict[str, object]:
    """Post a form and return the JSON answer."""
    async with aiohttp.ClientSession() as session, session.post(address, data=form) as answer:
        body: dict[str, object] = await answer.json()
        return body


async def token_of(issuer: str, person: str, resource: str = RESOURCE) -> str:
    """Return a real access token: device flow, with the person at the provider's screens."""
    client = {"client_id": "lockgate-cli", "resource": resource}
    begun = await ask(f"{issuer}/device/auth", client | {"scope": "openid lockgate"})
    assert "success" in (await confirm(str(begun["verification_uri_complete"]), person)).lower()
    grant = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": str(begun["device_code"]),
    }
    return str((await ask(f"{issuer}/token", client | grant))["access_token"])


async def token_of_agent(issuer: str, agent: str) -> str:
    """Return an agent's own access token: client credentials."""
    form = {"grant_type": "client_credentials", "resource": RESOURCE, "scope": "lockgate"}
    return str((await ask(f"{issuer}/token", form | _secret(agent)))["access_token"])


async def exchanged(issuer: str, agent: str, subject_token: str, actor_token: str) -> dict[str, object]:
    """Return the provider's answer to a token exchange (RFC 8693): a token for the subject, by the agent."""
    kind = "urn:ietf:params:oauth:token-type:access_token"
    form = {"grant_type": EXCHANGE_GRANT, "resource": RESOURCE}
    form |= {"subject_token": subject_token, "subject_token_type": kind}
    form |= {"actor_token": actor_token, "actor_token_type": kind}
    return await ask(f"{issuer}/token", form | _secret(agent))


def _secret(agent: str) -> dict[str, str]:
    return {"client_id": agent, "client_secret": f"the-secret-of-{agent}"}
