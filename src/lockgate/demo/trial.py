"""`lockgate try`: somebody's own folder, as it is, on the same page.

The accounts and groups of this host that own or may read files become the people of a directory made for the
occasion: each account, a member of each group, and anybody else with an account. Nothing is written into the
folder; Lockgate's state is in a temporary folder that goes when the command ends.
"""

from __future__ import annotations

import asyncio
import grp
import json
import os
import pwd
import stat
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lockgate.adapters.clock import SystemClock
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.oidc import OidcAuthenticator
from lockgate.adapters.page_key import address, new_key
from lockgate.config import parse
from lockgate.content.exposure import Exposure, exposures
from lockgate.demo.grounds import directory_toml
from lockgate.demo.issuer import DemoIssuer
from lockgate.demo.page_host import FolderHost
from lockgate.demo.page_routes import PageApi
from lockgate.demo.run import AUDIENCE, Say, fetch_weights, progress
from lockgate.demo.trial_report import OTHERS
from lockgate.edge.body import Limits
from lockgate.edge.serve import listen, serving
from lockgate.errors import Invalid
from lockgate.journeys.exposure import census
from lockgate.wiring import Lockgate, Parts, open_lockgate

ANYBODY: Final = "anybody-else"
LOOKED_AT: Final = 200_000
"""Files whose owner and group are looked at; more than that is no trial any more."""

_CONFIGURATION: Final = """\
mode = "{mode}"
data = "state"

[server]
port = {port}

[[collections]]
name = "folder"
path = {path}
rights = "posix"

[[applications]]
id = "lockgate-demo"
models = ["*"]
collections = ["*"]
purposes = ["*"]
ceiling = "restricted"

[[models]]
id = "quotes"
kind = "extractive"
users = ["everyone"]
ceiling = "restricted"

[[assistants]]
id = "assistant"
model = "quotes"
collections = ["folder"]
users = ["everyone"]
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """A folder that is being tried: the gateway over it, its address, the page's key, and what it would expose."""

    lockgate: Lockgate
    base_url: str
    exposed: list[Exposure]
    key: str

    @property
    def page(self) -> str:
        """The address of the page, with its key."""
        return address(self.base_url, self.key)


def account(uid: int) -> str:
    """Return the name of an account, or `uid-N` where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def group(gid: int) -> str:
    """Return the name of a group, or `gid-N` where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return f"gid-{gid}"


def _counts(folder: Path) -> tuple[Counter[int], Counter[int]]:
    """Count the files of each owner and of each group in a folder, without following links."""
    top = folder.stat()
    owners, groups, seen = Counter({top.st_uid: 0}), Counter({top.st_gid: 0}), 0
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            try:
                found = os.lstat(os.path.join(place, name))
            except OSError:
                continue
            owners[found.st_uid] += not stat.S_ISDIR(found.st_mode)
            groups[found.st_gid] += not stat.S_ISDIR(found.st_mode)
            seen += 1
        if seen > LOOKED_AT:
            raise Invalid(f"`{folder}` has more than {LOOKED_AT} files", remedy="Try one of its folders.")
    return owners, groups


def directory_of(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a directory of the accounts and groups that a folder speaks of, and a word about each person.

    Those with most files come first. A group that has no members but the owners who are listed anyway stands
    for nobody else, and is left out.
    """
    owners, groups = _counts(folder)
    names = {gid: group(gid) for gid in groups}
    people: dict[str, Any] = {}
    about: dict[str, str] = {}
    for uid, files in owners.most_common():
        name, mine = account(uid), sorted({names[gid] for gid in _groups_of(uid) if gid in names})
        people[name] = {"name": name, "groups": [*mine, OTHERS]}
        about[name] = f"owns {files} file{'s' * (files != 1)} here"
    for gid, _ in groups.most_common():
        members = _members(gid)
        if not members or not members <= people.keys():
            member = f"member-of-{names[gid]}"
            people[member] = {"name": f"a member of {names[gid]}", "groups": [names[gid], OTHERS]}
            about[member] = "whoever else is in that group"
    people[ANYBODY] = {"name": "anybody else", "groups": [OTHERS]}
    about[ANYBODY] = "with an account on this machine"
    directory = {
        "others": f"group:{OTHERS}",
        "people": people,
        "accounts": {account(uid): account(uid) for uid in owners},
        "host_groups": {name: name for name in names.values()},
    }
    return directory, about


def _members(gid: int) -> set[str]:
    """Return the accounts in a group of this machine, as far as it knows them; empty where it knows none."""
    first = {one.pw_name for one in pwd.getpwall() if one.pw_gid == gid}
    try:
        return first | set(grp.getgrgid(gid).gr_mem)
    except KeyError:
        return first


def _groups_of(uid: int) -> Iterator[int]:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return
    yield from os.getgrouplist(entry.pw_name, entry.pw_gid)


@asynccontextmanager
async def trial(folder: Path, port: int, mode: str, say: Say) -> AsyncIterator[Trial]:
    """Read a folder and serve the page over it.

    Raises:
        Invalid: it is no folder, or far too large.
        Unavailable: weights cannot be had, or the port is taken.

    """
    if not folder.is_dir():
        raise Invalid(f"`{folder}` is no folder", remedy="Name a folder that this account may list.")
    people, about = await asyncio.to_thread(directory_of, folder)
    embedder = MiniLmEmbedder(fetch_weights(say))
    await embedder.open()
    with tempfile.TemporaryDirectory(prefix="lockgate-try-") as name, listen("127.0.0.1", port) as bound:
        home, clock = Path(name), SystemClock()
        port = int(bound.getsockname()[1])
        (home / "directory.toml").write_text(directory_toml(people), encoding="utf-8")
        text = _CONFIGURATION.format(mode=mode, port=port, path=json.dumps(str(folder.absolute())))
        (home / "lockgate.toml").write_text(text, encoding="utf-8")  # it is watched, as any configuration is
        settings = parse(text, home / "lockgate.toml")
        directory = DirectoryFile.open(home / "directory.toml")
        base_url = f"http://127.0.0.1:{port}"
        issuer = DemoIssuer.start(f"{base_url}/issuer", AUDIENCE, directory, clock)
        parts = Parts(
            clock=clock,
            directory=directory,
            embedder=embedder,
            authenticator=lambda _, people: OidcAuthenticator(issuer.settings, clock, issuer.fetch, people),
        )
        async with open_lockgate(settings, parts) as lockgate:
            await lockgate.ingest.run(lockgate.connectors["folder"], progress(say))
            listed = exposures(lockgate.index.documents(), census(directory), lockgate.exposures.limit)
            key = new_key()
            page = PageApi(
                FolderHost(lockgate, issuer, folder.absolute().name or "/", about), Limits(), key
            ).routes()
            async with serving(lockgate.app(more=page), bound):
                yield Trial(lockgate, base_url, listed, key)
