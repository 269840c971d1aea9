"""Reviews, exposure and explanations behind their real routes and a real server, as one signed-in person."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy
from starlette.routing import Route

from adapters.hosts import Host
from journeys.places import PEOPLE, Place, Stopped, place
from lockgate.edge.api import Door
from lockgate.edge.app import application
from lockgate.edge.body import Limits
from lockgate.edge.exposure_api import ExposureApi
from lockgate.edge.findings_api import FindingsApi
from lockgate.edge.review_api import ReviewApi
from lockgate.edge.why_api import WhyApi
from lockgate.errors import AccessDenied, Conflict, Invalid, LockgateError, NotFound, Unauthenticated
from lockgate.journeys.enforce import Gate
from lockgate.journeys.exposure import Exposures
from lockgate.journeys.findings import Findings
from lockgate.journeys.fixing import Fixes
from lockgate.journeys.review import Reviews
from lockgate.journeys.similar import Similar
from lockgate.journeys.why import Why
from lockgate.labels.wire import STANDARD
from lockgate.policy.model import Scope, Subject
from policy.sets import SHIPPED
from serving import free_socket, serving
from support import NOW, StoppedClock, person, registered

PERSONS = {
    "ann": person("ann", "hr", "staff"),
    "bo": person("bo", "sales", "staff"),
    "adm": person("adm", "admins"),
}
ERRORS = {400: Invalid, 401: Unauthenticated, 403: AccessDenied, 404: NotFound, 409: Conflict}
WHY = "/v1/documents/{document:path}/why"
SALARIES = "name,role,salary\nLena Roth,Engineer,84200\nTom Berg,Sales,71000\n"


class Names:
    """Stands where `journeys.chat` identifies people: the credential is the name."""

    gate = Gate(lambda: None, None)  # it decides and records nothing here, and counts nothing
    clock = StoppedClock()

    async def identify(self, credential: str, request_id: str) -> tuple[Subject, datetime]:
        if credential not in PERSONS:
            raise Unauthenticated("nobody is signed in", code="missing_token")
        return PERSONS[credential], NOW


@dataclass(frozen=True)
class Answer:
    status_code: int
    headers: CIMultiDictProxy[str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    """Calls the routes as one person; also what the command line calls `Call`."""

    def __init__(self, http: aiohttp.ClientSession, url: str, name: str) -> None:
        self.http = http
        self.url = url
        self.name = name

    async def send(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.name}"}
        async with self.http.request(method, self.url + path, json=body, headers=headers) as response:
            return Answer(response.status, response.headers, await response.text())

    async def __call__(self, method: str, path: str, body: object) -> dict[str, Any]:
        response = await self.send(method, path, body)
        value = response.json()
        if response.status_code != 200:
            error = ERRORS.get(response.status_code, LockgateError)
            raise error(value["detail"], code=value["code"], remedy=value.get("remedy", ""))
        return dict(value)


async def with_client(folder: Path, story: Callable[[Place, Callable[[str], Client]], Awaitable[None]]) -> None:
    async with place(folder) as here:
        here.write("pay.csv", SALARIES)
        here.write("menu.txt", "Lentil soup on Monday.")
        here.write("hr/plan.txt", "Hire two engineers.")
        await here.ingest.run(here.connector)
        directory, gate = Host(everybody=PEOPLE), Gate(lambda: SHIPPED, here.log, applications=registered)
        door = Door(Names(), Limits(), STANDARD)
        reviews = Reviews(here.index, directory, gate, {"share": here.connector}, here.reviewed)
        exposures = Exposures(here.index, directory, gate, measured=here.reviewed)
        recheck = here.ingest.rechecker({"share": here.connector})
        why = WhyApi(exposures, Why(here.index, gate, directory, Stopped(), recheck, here.reviewed))
        explain = Route(WHY, door.handler(Scope.RETRIEVE, why.explain))
        fixes = ExposureApi(door, exposures, Fixes(exposures, reviews), Similar(here.index, directory, gate))
        findings = Findings(here.index, gate, reviews, here.judged, asyncio.Lock())
        table = [
            *ReviewApi(door, reviews).routes(),
            *fixes.routes(),
            *FindingsApi(door, findings).routes(),
            explain,
        ]
        with free_socket() as (sock, url), serving(application(table), sock):
            async with aiohttp.ClientSession() as http:
                await story(here, lambda name: Client(http, url, name))
