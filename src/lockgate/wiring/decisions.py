"""What other systems may ask (AuthZEN)."""

from __future__ import annotations

from dataclasses import replace

from lockgate.adapters.seal import AesSeal
from lockgate.config import Settings
from lockgate.edge.api import Door
from lockgate.edge.authzen_api import AuthZenApi
from lockgate.journeys.decisions import Pages
from lockgate.journeys.decisions.decide import Decider
from lockgate.journeys.decisions.lockgate import Decisions
from lockgate.journeys.decisions.things import Records, Things
from lockgate.journeys.enforce import Mode
from lockgate.journeys.passages import Passages
from lockgate.journeys.routes import Routes
from lockgate.ports import Directory
from lockgate.wiring.resource import address


def api(
    settings: Settings, door: Door, passages: Passages, routes: Routes, directory: Directory, log: Records
) -> AuthZenApi:
    """Return the decision point. It enforces also where the gateway only reports: others act on what it says."""
    retrieve = passages.retrieve
    gate = replace(passages.gate, mode=Mode.ENFORCE)
    things = Things(retrieve.index, routes, log, retrieve.recheck)
    decisions = Decisions(Decider(gate, directory, things, settings.labels.taxonomy))
    return AuthZenApi(door, decisions, Pages(AesSeal.fresh()), address(settings))
