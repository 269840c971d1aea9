"""The exact match sets in force: the scanning core with what an organization's own records add to it.

What is not known denies: where the sets cannot be read, every look fails, so that nothing is served or stored
unlooked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from lockgate.adapters import match_sets, secret_file
from lockgate.adapters.match_sets import Listed, Stated
from lockgate.adapters.watched_file import WatchedFile
from lockgate.audit.record import Record
from lockgate.content import detection
from lockgate.content.finding import Finding
from lockgate.content.match.hashes import Hashes
from lockgate.content.match.matcher import Matcher, merged
from lockgate.errors import LockgateError, NotFound, Unavailable
from lockgate.ports import AuditSink, Clock
from lockgate.storage.threads import Looks
from lockgate.wiring.change_record import change_record

LOG: Final = logging.getLogger("lockgate.match")
INTERVAL: Final = 0.15
_GONE: Final = 4
_AGAIN: Final = 30
"""Looks after which what could not be read is tried again."""


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets as they were read, ready to look with."""

    listed: Listed
    matcher: Matcher | None

    @property
    def version(self) -> str:
        """Return what documents are marked with; empty without a set."""
        return self.listed.version


NO_SETS: Final = Sets(Listed((), ""), None)


def key_of(folder: Path, *, make: bool = False) -> bytes | None:
    """Return the key of a state folder; None where there is none, and it is not to be made.

    Raises:
        Unavailable: it cannot be read or made, or it is missing while there are sets.

    """
    path = folder / "keys" / match_sets.KEY
    if not make and not path.exists():
        if (folder / match_sets.FOLDER / match_sets.LIST).exists():
            raise Unavailable(
                f"the key `{path}` of the exact match sets is gone",
                remedy=f"Restore it from a backup, or delete `{folder / match_sets.FOLDER}` and add all again.",
            )
        return None
    return secret_file.load_or_create(path)


def read(folder: Path) -> Sets:
    """Return the sets of a state folder: where they are replaced meanwhile, those of after.

    Raises:
        Unavailable: there are some, and they cannot be read.

    """
    before = _state(folder)
    try:
        return _read(folder)
    except Unavailable:
        if _state(folder) == before:
            raise
        return _read(folder)


def _state(folder: Path) -> bytes:
    try:
        return (folder / match_sets.FOLDER / match_sets.LIST).read_bytes()
    except OSError:
        return b""


def _read(folder: Path) -> Sets:
    key = key_of(folder)
    if key is None:
        return NO_SETS
    if not (folder / match_sets.FOLDER / match_sets.LIST).exists():
        raise Unavailable(
            "the list of the exact match sets is gone",
            remedy=f"Restore `{folder / match_sets.FOLDER}` from a backup. If there shall be no sets, delete "
            f"`{folder / 'keys' / match_sets.KEY}` too.",
        )
    return loaded(folder, match_sets.read_list(folder, key), key)


def kinds(folder: Path | None) -> frozenset[str]:
    """Return the kinds of the sets of a state folder, and the one that they are all below. Raises as `read`."""
    key = None if folder is None else key_of(folder)
    listed = () if folder is None or key is None else match_sets.read_list(folder, key).sets
    return frozenset({"match", *(one.terms.kind for one in listed)})


def version(folder: Path) -> str:
    """Return the version of the sets of a state folder; empty for none. All are read. Raises as `read`."""
    return read(folder).version


def loaded(folder: Path, listed: Listed, key: bytes) -> Sets:
    """Return the sets of a list. Raises as `read`."""
    sets = [match_sets.load(folder, one, key) for one in listed.sets]
    return Sets(listed, Matcher(Hashes.of(key), sets) if sets else None)


class Detection:
    """The scanning core and the sets in force. Threads may share it.

    Attributes:
        sets: those in force; None where they are not known.
        problem: why; empty if they are.

    """

    def __init__(self, sets: Sets | None = None, problem: str = "") -> None:
        self.sets = sets
        self.problem = problem

    @classmethod
    def open(cls, folder: Path | None) -> Detection:
        """Read the sets of a state folder, if there is one; where that fails, every look does."""
        try:
            return cls(NO_SETS if folder is None else read(folder))
        except LockgateError as error:
            LOG.warning("match: %s. %s", error, error.remedy)
            return cls(None, str(error))

    @property
    def version(self) -> str:
        """Return the version of the sets in force. Raises as `scan`."""
        return self._known().version

    def scan(self, text: str) -> tuple[Finding, ...]:
        """Return all findings in a text, sorted, with offsets into the text as given.

        Raises:
            Unavailable: the sets are not known.

        """
        matcher = self._known().matcher
        found = detection.scan(text)
        return found if matcher is None else merged(found, matcher.scan(text))

    def scan_many(self, texts: Iterable[str]) -> list[tuple[Finding, ...]]:
        """Return the findings of each text. Raises as `scan`."""
        some = list(texts)
        own = self.matched(some)
        return [merged(*both) for both in zip(detection.scan_many(some), own, strict=True)]

    def matched(self, texts: Iterable[str]) -> list[tuple[Finding, ...]]:
        """Return what the sets alone find in each text. Raises as `scan`."""
        matcher, some = self._known().matcher, list(texts)
        return [()] * len(some) if matcher is None else matcher.scan_many(some)

    def _known(self) -> Sets:
        if self.sets is None:
            raise Unavailable(
                f"what must not leave is not known: {self.problem}",
                code="match_unknown",
                remedy="`lockgate match list` says what is wrong.",
            )
        return self.sets


class Watching:
    """Takes up changes of the sets while a gateway runs: recorded, then in force."""

    def __init__(self, folder: Path, detection: Detection, audit: AuditSink, clock: Clock, looks: Looks) -> None:
        self._folder = folder
        self._detection = detection
        self._audit, self._clock, self._looks = audit, clock, looks
        self._file = WatchedFile(folder / match_sets.FOLDER / match_sets.LIST)
        self._recorded: dict[str, Stated] = {}
        self._wait = 0
        self._gone = 0

    async def watch(self, interval: float = INTERVAL) -> None:
        """Look until canceled."""
        while True:
            begun = self._looks.begin()
            await self.look()
            self._looks.done("match", begun, waits=self._file.waits)
            await asyncio.sleep(interval)

    async def look(self) -> None:
        """Look once. Never raises for what is wrong with the sets: it is told, and every look at a text fails."""
        try:
            if self._wait:
                self._wait -= 1
                if not self._wait:
                    self._file.again()
            if await self._looks.run(self._changed):
                sets = await self._looks.run(read, self._folder)
                await self._record(sets.listed)
                was, self._detection.sets, self._detection.problem = self._detection.problem, sets, ""
                self._wait = 0
                LOG.info("match: %d sets are in force%s", len(sets.listed.sets), ", again" if was else "")
        except LockgateError as error:
            if not self._wait:
                self._wait = _AGAIN
            if str(error) != self._detection.problem:
                LOG.warning("match: nothing is served until this is mended: %s. %s", error, error.remedy)
            self._detection.sets, self._detection.problem = None, str(error)
        except Exception:
            self._file.again()  # no memory, say: what was half taken up is not lost
            raise

    def _changed(self) -> bool:
        try:
            found = self._file.look() is not None
        except NotFound:
            found = False
        if self._file.path.exists():
            self._gone = 0
            return found
        if key_of(self._folder) is None:
            return self._detection.sets is None or bool(self._detection.sets.listed.sets)
        self._gone += 1  # whoever adds the first set makes the key a moment before the list
        return self._gone == _GONE

    async def _record(self, listed: Listed) -> None:
        now = {one.terms.name: one for one in listed.sets}
        changed = [
            name
            for name in sorted(now.keys() | self._recorded.keys())
            if now.get(name) != self._recorded.get(name)
        ]
        if changed:
            at = self._clock.now()
            records = [_record(name, now.get(name), at) for name in changed]
            await self._audit.append(records)
        self._recorded = now


def _record(name: str, one: Stated | None, now: datetime) -> Record:
    facts: dict[str, str | int | float | bool] = {}
    if one is not None:
        facts = {
            "added": one.at.isoformat(),
            "by": one.by,
            "columns": len(one.terms.columns),
            "level": one.terms.level.name.lower(),
            "require": one.terms.require,
            "rows": one.rows,
            "source": one.source,
            "values": one.values,
            "within": one.terms.within,
        }
    action = "match.apply" if one is not None else "match.remove"
    return change_record(now, f"match_{name}", action, ("system", f"match.{name}"), facts)
