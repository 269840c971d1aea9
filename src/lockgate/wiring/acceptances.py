"""Risk acceptances while the gateway runs: recorded, then taken up; warned of before they end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from lockgate.adapters import acceptances
from lockgate.adapters.watched_file import WatchedFile
from lockgate.audit.record import Record
from lockgate.config import Settings
from lockgate.errors import Invalid, LockgateError, NotFound
from lockgate.policy.acceptance import Acceptance
from lockgate.ports import AuditSink, Clock
from lockgate.storage.threads import Looks
from lockgate.wiring.change_record import change_record

LOG: Final = logging.getLogger("lockgate.models")
WARNED: Final = timedelta(days=14)


class Acceptances:
    """The acceptances in force: those of the file, once they are recorded.

    `problem` says why the file as it is now is not in force; empty if it is.
    """

    def __init__(self, file: WatchedFile, known: Mapping[str, Acceptance], audit: AuditSink, clock: Clock) -> None:
        self.accepted: Mapping[str, Acceptance] = known
        self._file, self._audit, self._clock = file, audit, clock
        self._recorded: Mapping[str, Acceptance] | None = None
        self._pending: Mapping[str, Acceptance] | None = None
        self.problem = ""
        self._told: dict[str, tuple[date, str]] = {}

    @classmethod
    def open(cls, folder: Path, audit: AuditSink, clock: Clock) -> Self:
        """Read what has been accepted. A damaged file accepts nothing.

        Raises:
            Unavailable: the file cannot be read.

        """
        try:
            known = acceptances.load(folder)
        except Invalid as error:
            LOG.warning("acceptances: %s", error)
            known = {}
        return cls(WatchedFile(folder / acceptances.NAME), known, audit, clock)

    @property
    def waits(self) -> bool:
        """Tell whether the last look saw a change that must keep still before it counts."""
        return self._file.waits

    async def look(self, settings: Settings, looks: Looks) -> bool:
        """Look once; tell whether what is accepted has changed. Never raises: what is wrong is logged once."""
        try:
            moved = await self._take(await self._new(looks))
            self.problem = ""
        except LockgateError as error:
            if str(error) != self.problem:
                LOG.warning("acceptances: refused, what was accepted before stays: %s", error)
            self.problem = str(error)
            return False
        self._warn(settings)
        return moved

    async def _take(self, new: Mapping[str, Acceptance]) -> bool:
        if new == self._recorded:
            return False
        before, now = self._recorded or {}, self._clock.now()
        changed = [id for id in sorted(new.keys() | before.keys()) if new.get(id) != before.get(id)]
        if changed:
            self._pending = new  # until it is recorded, it does not count, and is tried again
            await self._audit.append([_record(id, new.get(id), now) for id in changed])
            self._pending = None
        for id in changed if self._recorded is not None else ():
            LOG.info("model `%s`: its risk is %s", id, "accepted" if id in new else "not accepted any more")
        moved, self._recorded, self.accepted = new != self.accepted, new, new
        return moved

    async def _new(self, looks: Looks) -> Mapping[str, Acceptance]:
        try:
            data = await looks.run(self._file.look)
        except NotFound:
            return {}
        if data is not None:
            return acceptances.parse(data)
        return self.accepted if self._pending is None else self._pending

    def _warn(self, settings: Settings) -> None:
        """Say, once a day for each model, what ends soon or is not accepted."""
        now = self._clock.now()
        for one in settings.models:
            if not (one.enabled and one.needs_acceptance):
                continue
            found = self.accepted.get(one.id)
            if found is None or not found.covers(one.terms, now):
                said = "is not active: nobody has accepted its risk as it is now. `lockgate models accept`"
            elif found.until - now < WARNED:
                said = f"its risk is accepted until {found.last_day} only, and then it stops. Accept it again"
            else:
                continue
            if self._told.get(one.id) != (now.date(), said):
                self._told[one.id] = (now.date(), said)
                LOG.warning("model `%s` %s", one.id, said)


def _record(model: str, acceptance: Acceptance | None, now: datetime) -> Record:
    facts: dict[str, str | int | float | bool] = {}
    if acceptance is not None:
        facts = {
            "accepted": acceptance.accepted.isoformat(),
            "by": acceptance.by,
            "reason": acceptance.reason,
            "terms": acceptance.terms,
            "until": acceptance.until.isoformat(),
        }
    action = "model.accept" if acceptance is not None else "model.withdraw"
    return change_record(now, f"acceptance_{model[:60]}", action, ("model", model), facts)
