"""The settings in force: what binds everyone is read again when `lockgate.toml` changes, and replaced as a whole.

A file that is wrong changes nothing: it is logged with file, line and what to do, `problem` keeps it, and the next
change is looked at again. What cannot change while the gateway runs is named as waiting for a restart.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from lockgate.adapters.watched_file import WatchedFile
from lockgate.audit.record import Record
from lockgate.config import Settings, parse
from lockgate.config.changes import changes, taken_up
from lockgate.config.settings import ModelSettings, QuotaSettings
from lockgate.errors import Invalid, LockgateError, shortage
from lockgate.journeys.routes import Table
from lockgate.policy.acceptance import Acceptance
from lockgate.policy.central import Central, ModelTerms
from lockgate.policy.quotas import Limits, Price, Quota, Quotas
from lockgate.policy.registered import Application, registry
from lockgate.ports import AuditSink, Clock
from lockgate.storage.threads import Looks
from lockgate.wiring.acceptances import Acceptances
from lockgate.wiring.change_record import change_record
from lockgate.wiring.models import Models

LOG: Final = logging.getLogger("lockgate.settings")
INTERVAL: Final = 0.15
"""Seconds between two looks; a change counts at the second look after it."""


def rules(settings: Settings, accepted: Mapping[str, Acceptance]) -> Central:
    """Return what of the settings binds everyone, for the judge."""
    return Central(
        models={one.id: _terms(one, accepted.get(one.id)) for one in settings.models},
        collections=frozenset(one.name for one in settings.collections),
        regions=settings.central.regions,
        purposes=settings.central.purposes,
        default_purpose=settings.central.default_purpose,
    )


def quotas(settings: Settings) -> Quotas:
    """Return how much everybody may have."""
    return Quotas(
        rules=tuple(Quota(one.who, _limits(one, one.streams)) for one in settings.quotas),
        applications={one.id: _limits(one) for one in settings.applications},
        prices={one.id: Price(_micro(one.price_prompt), _micro(one.price_completion)) for one in settings.models},
        sensitive_from=settings.central.sensitive_from,
    )


def _terms(one: ModelSettings, acceptance: Acceptance | None) -> ModelTerms:
    return ModelTerms(one.enabled, one.region, one.terms if one.needs_acceptance else "", acceptance)


def _limits(one: QuotaSettings | Application, streams: int | None = None) -> Limits:
    return Limits(
        requests=one.requests_per_hour,
        tokens=one.tokens_per_hour,
        sensitive_chunks=one.sensitive_chunks_per_hour,
        spend=None if one.spend_per_hour is None else _micro(one.spend_per_hour),
        streams=streams,
    )


def _micro(amount: float) -> int:
    return round(amount * 1_000_000)


class InForce:
    """The settings in force. Readers take `table` and `central` anew for every question.

    Attributes:
        settings: the tree in force.
        table: routes and upstreams.
        central: what the judge of the settings reads.
        applications: the registered applications.
        quotas: what the meter reads.
        problem: why the file as it is now is not in force; empty if it is.
        waiting: names of settings that the file changes, and that need a restart.

    """

    def __init__(
        self,
        settings: Settings,
        models: Models,
        audit: AuditSink,
        clock: Clock,
        acceptances: Acceptances,
        looks: Looks,
    ) -> None:
        self.settings = settings
        self.table: Table = models.table(settings)
        self.central = rules(settings, acceptances.accepted)
        self.applications = registry(settings.applications)
        self.quotas = quotas(settings)
        self.problem = ""
        self.waiting: tuple[str, ...] = ()
        self._digest = ""
        self._models, self._audit, self._clock = models, audit, clock
        self._acceptances, self._looks = acceptances, looks
        self._file = WatchedFile(settings.file)

    @property
    def version(self) -> str:
        """Return the SHA-256 of the file as it was last taken up; empty until it was looked at."""
        return self._digest

    async def watch(self, interval: float = INTERVAL) -> None:
        """Take up changes of the file until canceled."""
        while True:
            begun = self._looks.begin()
            await self.look()
            self._looks.done("settings", begun, waits=self._file.waits or self._acceptances.waits)
            await asyncio.sleep(interval)

    async def look(self) -> None:
        """Look at the file once. Never raises: what is wrong is logged and kept in `problem`."""
        try:
            data = await self._looks.run(self._file.look)
            if data is not None:
                await self._take(data)
                self._well()
            if await self._acceptances.look(self.settings, self._looks):
                self.central = rules(self.settings, self._acceptances.accepted)
        except Invalid as error:
            self._refused(error)
        except LockgateError as error:
            self._file.again()  # what is not the file's fault is tried again: the log may be back at the next look
            self._refused(error)
        except Exception as error:
            self._file.again()  # what was half taken up is not lost
            short = shortage(error)
            self._refused(LockgateError(f"short of {short}" if short else f"a defect: {type(error).__name__}"))

    async def _take(self, data: bytes) -> None:
        """Put a file in force: checked whole, recorded, then replaced in one step.

        Raises:
            Invalid: it is wrong.
            Unavailable: the log cannot take the record; what was in force stays.

        """
        new = await self._looks.run(_parsed, data, self.settings)
        digest = hashlib.sha256(data).hexdigest()
        found = changes(self.settings, new)
        live = tuple(str(one) for one in found if one.live)
        waiting = tuple(str(one) for one in found if not one.live)
        if live or not self._digest:
            coming = taken_up(self.settings, new)
            table = self._models.table(coming) if live else self.table
            now = self._clock.now()
            await self._audit.append([_record(now, self._digest, digest, live, waiting)])
            self.settings, self.table, self.central = coming, table, rules(coming, self._acceptances.accepted)
            self.applications, self.quotas = registry(coming.applications), quotas(coming)
            if live:
                LOG.info("settings: in force: %s", ", ".join(live))
        if waiting and waiting != self.waiting:
            LOG.warning("settings: needs a restart: %s", ", ".join(waiting))
        self.waiting, self._digest = waiting, digest
        await self._models.retire(self.table)

    def _refused(self, error: LockgateError) -> None:
        said = f"{error}. {error.remedy}".strip() if error.remedy else str(error)
        if said != self.problem:
            LOG.warning("settings: refused, what was read before stays in force: %s", said)
        self.problem = said

    def _well(self) -> None:
        if self.problem:
            LOG.info("settings: the file is good again")
        self.problem = ""


def _parsed(data: bytes, running: Settings) -> Settings:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"{running.file}: it is not UTF-8 text", code="bad_configuration") from error
    return parse(text, running.file)


def _record(now: datetime, before: str, after: str, live: tuple[str, ...], waiting: tuple[str, ...]) -> Record:
    """Return the record of a change: the digests are SHA-256 of the file, so that a kept copy can be told."""
    facts = {"before": before, "after": after, "changed": ", ".join(live), "needs_restart": ", ".join(waiting)}
    action = "settings.apply" if before else "settings.start"
    stated = {name: value for name, value in facts.items() if value}
    return change_record(now, f"settings_{after[:24]}", action, ("system", "settings"), stated)
