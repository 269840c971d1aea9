"""A server that speaks Microsoft Graph v1.0 as its documentation says, over real HTTP: see `Tenant`."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from lockgate.adapters.graph import Client, Credentials, GraphConnector, Place, Root

SECRET = "canary-secret-of-the-client"
DELTA = "/".join(("drives", "b!drive", "root", "delta"))
HOST = "contoso.sharepoint.example"
Fault = Callable[[web.Request], web.Response | None]


@dataclass
class Thing:
    """A file or folder of the one drive."""

    id: str
    parent: str
    name: str
    data: bytes | None = None
    permissions: Any = None
    labels: list[dict[str, str]] = field(default_factory=list)
    content_version: int = 1
    version: int = 1
    changed: int = 0
    shared: int = 0
    deleted: bool = False
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Tenant:
    """One site with one document library, an issuer of tokens, and a host of contents that wants no token.

    `faults` look at each request first. `epoch` below which tokens of listings are too old (410). `now` is the
    tenant's clock.
    """

    things: dict[str, Thing] = field(default_factory=lambda: {"root": Thing("root", "", "root")})
    page: int = 2
    sequence: int = 1
    epoch: int = 0
    graph: str = ""
    files: str = ""
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    downloads: list[dict[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    issued: int = 0
    key: RSAKey | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    # -- what people do

    def folder(self, path: str) -> Thing:
        here = self.things["root"]
        for name in path.split("/") if path else ():
            here = self._child(here, name) or self._add(here, name)
        return here

    def put(self, path: str, data: bytes, **more: Any) -> Thing:
        above, _, name = path.rpartition("/")
        folder = self.folder(above)
        thing = self._child(folder, name)
        if thing is None:
            thing = self._add(folder, name)
        else:
            thing.content_version += 1
        thing.data, thing.more = data, more
        self.touch(thing)
        return thing

    def find(self, path: str) -> Thing | None:
        here: Thing | None = self.things["root"]
        for name in path.split("/"):
            here = self._child(here, name) if here else None
        return here

    def delete(self, path: str) -> None:
        thing = self.find(path)
        assert thing
        thing.deleted = True
        self.touch(thing)

    def share(self, path: str, permissions: Any) -> None:
        thing = self.find(path)
        assert thing
        thing.permissions = permissions
        self.touch(thing, shared=True)

    def move(self, path: str, folder: str) -> None:
        thing = self.find(path)
        assert thing
        thing.parent = self.folder(folder).id
        self.touch(thing)

    def touch(self, thing: Thing, *, shared: bool = False) -> None:
        self.sequence += 1
        thing.version += 1
        thing.changed = self.sequence
        if shared:
            thing.shared = self.sequence
        while thing.id != "root":  # folders are listed too
            thing = self.things[thing.parent]
            thing.changed = self.sequence

    def _add(self, folder: Thing, name: str) -> Thing:
        thing = Thing(f"01{secrets.token_hex(8).upper()}", folder.id, name)
        self.things[thing.id] = thing
        self.touch(thing)
        return thing

    def _child(self, folder: Thing, name: str) -> Thing | None:
        return next(
            (
                one
                for one in self.things.values()
                if one.parent == folder.id and one.name.lower() == name.lower() and not one.deleted
            ),
            None,
        )

    def effective(self, thing: Thing) -> Any:
        """Return the permissions of an item, or those that it inherits."""
        while thing.permissions is None and thing.id != "root":
            thing = self.things[thing.parent]
        return thing.permissions or []

    # -- what the service answers

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(f"{request.method} {request.path}")
        for fault in self.faults:
            if (answer := fault(request)) is not None:
                return answer
        path = unquote(request.rel_url.raw_path)
        if path.endswith("/oauth2/v2.0/token"):
            return await self._token(request)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return refusal(401, "InvalidAuthenticationToken")
        return self._graph(request, path.removeprefix("/v1.0/"))

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        date = {"Date": format_datetime(self.now(), usegmt=True)}
        assertion = str(form.get("client_assertion", ""))
        if assertion and self.key is not None:
            token = jwt.decode(assertion, self.key, algorithms=["PS256"])
            claims, now = token.claims, self.now().timestamp()
            assert claims["aud"] == f"{self.graph}/acme/oauth2/v2.0/token"
            assert claims["iss"] == claims["sub"] == "app"
            assert token.header["x5t#S256"]
            if not claims["nbf"] <= now + 300 or not now - 300 <= claims["exp"]:
                body = {"error": "invalid_client", "error_description": "AADSTS700024: not within its time range"}
                return web.json_response(body, status=401, headers=date)
        elif form.get("client_secret") != SECRET:
            return web.json_response({"error": "invalid_client", "error_description": "canary"}, status=401)
        assert form["scope"] == f"{self.graph}/.default"
        token_text = f"canary-token-{secrets.token_hex(8)}"
        self.tokens.add(token_text)
        self.issued += 1
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": token_text})

    def _graph(self, request: web.Request, path: str) -> web.Response:
        if path == f"sites/{HOST}:/sites/legal":
            return web.json_response({"id": f"{HOST},1,2"})
        if path in (f"sites/{HOST},1,2/drives", "users/ann@acme.example/drives"):
            return web.json_response({"value": [{"id": "b!drive", "name": "Documents"}]})
        if path == "drives/b!drive":
            return web.json_response({"id": "b!drive", "name": "Documents"})
        if path == DELTA:
            return self._delta(request)
        if path.startswith("drives/b!drive/root:/"):
            named = path.removeprefix("drives/b!drive/root:/").removesuffix(":")
            thing = self.find(named)
            return refusal(404, "itemNotFound") if thing is None else web.json_response(self.shown(thing))
        if path.startswith("drives/b!drive/items/"):
            id, _, what = path.removeprefix("drives/b!drive/items/").partition("/")
            item = self.things.get(id)
            if item is not None and not item.deleted:
                return self._item(item, what, request)
        return refusal(404, "itemNotFound")

    def _item(self, thing: Thing, what: str, request: web.Request) -> web.Response:
        if what == "permissions":
            found = self.effective(thing)
            if not isinstance(found, list):
                return web.json_response({"value": found})
            start = int(request.query.get("$skiptoken", "0"))
            body: dict[str, Any] = {"value": found[start : start + self.page]}
            if start + self.page < len(found):
                body["@odata.nextLink"] = f"{self.graph}{request.rel_url.raw_path}?$skiptoken={start + self.page}"
            return web.json_response(body)
        if what == "extractSensitivityLabels" and request.method == "POST":
            return web.json_response({"labels": thing.labels})
        if what == "content" and thing.data is not None:
            address = f"{self.files}/{thing.id}?tempauth=canary-tempauth"
            return web.Response(status=302, headers={"Location": address})
        return refusal(400, "invalidRequest")

    def _delta(self, request: web.Request) -> web.Response:
        since, skip, upto = (int(request.query.get(key, "0")) for key in ("token", "$skiptoken", "upto"))
        upto = upto or self.sequence
        if since and since < self.epoch:
            return refusal(410, "resyncChangesApplyDifferences")
        told = "deltashowsharingchanges" in request.headers.get("Prefer", "")
        found = [one for one in self.things.values() if since < one.changed <= upto or one.id == "root"]
        found = [one for one in found if since or not one.deleted]
        shown = []
        for one in found[skip : skip + self.page]:
            raw = {"id": one.id, "deleted": {"state": "deleted"}} if one.deleted else self.shown(one)
            if told and since < one.shared:
                raw["@microsoft.graph.sharedChanged"] = "True"
            shown.append(raw)
        base = f"{self.graph}/v1.0/{DELTA}?token={since}"
        if skip + self.page < len(found):
            more = {"@odata.nextLink": f"{base}&upto={upto}&$skiptoken={skip + self.page}"}
        else:
            more = {"@odata.deltaLink": f"{self.graph}/v1.0/{DELTA}?token={upto}"}
        return web.json_response({"value": shown, **more})

    def shown(self, thing: Thing) -> dict[str, Any]:
        raw: dict[str, Any] = {"id": thing.id, "name": thing.name, "eTag": f'"{{{thing.id}}},{thing.version}"'}
        if thing.id == "root":
            return {**raw, "root": {}, "folder": {}, "parentReference": {"driveId": "b!drive"}}
        names, above = list[str](), self.things[thing.parent]
        while above.id != "root":
            names.insert(0, above.name)
            above = self.things[above.parent]
        where = "/drives/b!drive/root:" + "".join(f"/{name}" for name in names)
        raw["parentReference"] = {"driveId": "b!drive", "id": thing.parent, "path": where}
        if thing.data is None:
            return {**raw, "folder": {"childCount": 0}, **thing.more}
        raw["cTag"] = f'"c:{{{thing.id}}},{thing.content_version}"'
        raw["lastModifiedDateTime"] = "2026-11-24T09:00:00Z"
        return {**raw, "size": len(thing.data), "file": {"mimeType": "text/plain"}, **thing.more}

    async def content(self, request: web.Request) -> web.StreamResponse:
        self.downloads.append(dict(request.headers))
        for fault in self.faults:
            if (answer := fault(request)) is not None:
                return answer
        thing = self.things.get(request.path.strip("/"))
        if thing is None or thing.data is None or request.query.get("tempauth") != "canary-tempauth":
            return web.Response(status=401)
        return web.Response(body=thing.data)

    # -- for tests

    def place(self) -> Place:
        return Place(f"{self.graph}/v1.0", self.graph, (urlsplit(self.files).netloc,))

    def client(self, credentials: Credentials | None = None, **more: Any) -> Client:
        more.setdefault("clock", Now())
        more.setdefault("sleep", _no_sleep)
        return Client(self.place(), credentials or Credentials("acme", "app", secret=SECRET), **more)

    def connector(self, client: Client | None = None, **more: Any) -> GraphConnector:
        more.setdefault("names", names)
        more.setdefault("clock", Now())
        root = more.pop("root", Root("site", f"{HOST}/sites/legal"))
        return GraphConnector("graph", client or self.client(), root, "docs", **more)


class Now:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def names(kind: str, known: Any) -> frozenset[str]:
    """Return whom the tests' users and groups stand for."""
    table = {"g-hr": "group:hr", "g-staff": "group:staff", "ann@acme.example": "user:ann", "u-bob": "user:bob"}
    if kind == "organization":
        return frozenset({"group:staff"})
    return frozenset(table[one] for one in known if one in table)


def to(kind: str, id: str, *roles: str, **more: Any) -> dict[str, Any]:
    """Return a permission of a user or group."""
    return {
        "id": secrets.token_hex(4),
        "roles": list(roles or ("read",)),
        "grantedToV2": {kind: {"id": id}},
        **more,
    }


def link(scope: str, *people: str, **more: Any) -> dict[str, Any]:
    """Return a permission by link."""
    granted = [{"user": {"id": one}} for one in people]
    made = {"scope": scope, "type": "view", "webUrl": "https://canary"}
    return {"id": "l", "roles": ["read"], "link": made, "grantedToIdentitiesV2": granted, **more}


def refusal(status: int, code: str, **headers: str) -> web.Response:
    """Return an error as the service words it."""
    body = {"error": {"code": code, "message": "canary-message", "innerError": {"request-id": "1"}}}
    return web.json_response(body, status=status, headers=headers)


def times(count: int, part: str, answer: Callable[[], web.Response]) -> Fault:
    """Return a fault: the first requests whose path has this part are answered so."""
    left = [count]

    def fault(request: web.Request) -> web.Response | None:
        if left[0] <= 0 or part not in request.path:
            return None
        left[0] -= 1
        return answer()

    return fault


async def _no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


@contextmanager
def running() -> Iterator[Tenant]:
    """Run a tenant on two ports of this machine."""
    tenant, loop = Tenant(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start(handler: Any) -> tuple[web.AppRunner, str]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"

    runners = []
    for handler, name in ((tenant.answer, "graph"), (tenant.content, "files")):
        runner, address = asyncio.run_coroutine_threadsafe(start(handler), loop).result(10)
        runners.append(runner)
        setattr(tenant, name, address)
    try:
        yield tenant
    finally:
        for runner in runners:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
