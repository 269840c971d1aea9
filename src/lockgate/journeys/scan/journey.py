"""The journey of a scan: walk, decide what must be read, hand it to the engine, keep what comes back."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from lockgate.content.audience import Census
from lockgate.content.scanned import Row, ScanReport
from lockgate.errors import LockgateError, Unavailable
from lockgate.labels.readers import Readers
from lockgate.labels.wire import STANDARD, Taxonomy
from lockgate.ports import Clock, Connector, Directory, Item
from lockgate.ports.scanning import STATE, Engine, Known, Outcome, Reach, Run, ScanState, Selection, Sight, Unit

_BATCH: Final = 512
_KEEP: Final = 256
_MOST_TOLD: Final = 10_000
_KEEP_AFTER: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Target:
    """A source, and the part of it that is scanned: all of it, what is below a folder (`pay/`), or one item."""

    source: Connector
    part: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the targets is looked at, and how.

    Attributes:
        wanted: tells by its id whether an item belongs to the scan.
        since: items that were modified before are not read; they keep what is known of them.
        full: read everything again.
        resume: go on with an interrupted run.

    """

    wanted: Callable[[str], bool] = lambda _: True
    since: datetime | None = None
    full: bool = False
    resume: bool = False


@dataclass(slots=True)
class Progress:
    """How far a run is: items walked, and of those to be read how many are done."""

    walked: int = 0
    walking: bool = True
    wanted: int = 0
    wanted_bytes: int = 0
    done: int = 0
    done_bytes: int = 0
    problems: int = 0


Watch: TypeAlias = Callable[[Progress], None]


@dataclass(slots=True)
class _Course:
    """What one run carries along."""

    run: Run
    scope: Scope
    watch: Watch
    progress: Progress
    broken: list[str] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)


class Scan:
    """Scans targets into a state.

    Args:
        targets: what is scanned.
        engine: does the work; opened over the same targets in the same order.
        state: what is remembered.
        directory: the people of whom audiences are counted.
        clock: tells when.
        rules: version of detectors and rules; what was found under another is looked at again.
        taxonomy: the organization's names of the levels.

    """

    def __init__(
        self,
        targets: Sequence[Target],
        engine: Engine,
        state: ScanState,
        directory: Directory,
        clock: Clock,
        rules: str,
        taxonomy: Taxonomy = STANDARD,
    ) -> None:
        self._targets = tuple(targets)
        self._engine = engine
        self._state = state
        self._directory = directory
        self._clock = clock
        self._rules = rules
        self._taxonomy = taxonomy
        self._reaches: dict[Readers, Reach] = {}
        self._told: dict[tuple[object, ...], str] = {}
        self._census: Census | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the targets."""
        return tuple(dict.fromkeys(f"{one.source.name}#{one.part}" for one in self._targets))

    async def run(self, scope: Scope | None = None, watch: Watch = lambda _: None) -> Run:
        """Scan, and return the run; `report` then tells what is known.

        A target that fails in the middle of its walk does not end the others; the run is then not complete.

        Raises:
            Unavailable: the state cannot be written, or no work can be done.

        """
        scope = scope or Scope()
        now = self._clock.now()
        run = await self._state.begin(self.names, self._rules, now, resume=scope.resume)
        course = _Course(run, scope, watch, Progress(wanted=run.pending, wanted_bytes=run.pending_bytes))
        walk = asyncio.create_task(self._walk(course))
        try:
            async with aclosing(self._engine.run(self._units(course, walk))) as outcomes:
                await self._collect(outcomes, course)
            await walk
        finally:
            walk.cancel()
            await asyncio.gather(walk, return_exceptions=True)
        self._broken = tuple(course.broken)
        await self._state.end(run.id, self._clock.now(), complete=not course.broken)
        return run

    async def _collect(self, outcomes: AsyncIterator[Outcome], course: _Course) -> None:
        """Keep outcomes as they come: many in one write, but none later than a second."""
        waiting: list[tuple[str, Outcome]] = []
        kept = self._clock.now()
        async for outcome in outcomes:
            waiting.append((self._targets[outcome.target].source.name, outcome))
            course.progress.done += 1
            course.progress.done_bytes += outcome.size
            course.progress.problems += bool(outcome.problem)
            now = self._clock.now()
            if len(waiting) >= _KEEP or now - kept >= _KEEP_AFTER:
                await self._state.keep(course.run.id, self._rules, waiting)
                waiting, kept = [], now
            course.watch(course.progress)
        await self._state.keep(course.run.id, self._rules, waiting)

    async def report(
        self, run: Run, most: int, *, changed: bool = False, since: datetime | None = None
    ) -> ScanReport:
        """Return what is known after a run, with at most `most` rows."""
        found = await self._state.summary(Selection(run.id, changed, since), most)
        return ScanReport(
            targets=tuple(dict.fromkeys(_shown(one) for one in self._targets)),
            started=run.started,
            finished=self._clock.now(),
            broken=self._broken,
            rules=self._rules,
            people=len(self._counted.ids),
            totals=found.totals,
            by_kind=found.by_kind,
            by_label=found.by_label,
            by_folder=found.by_folder,
            by_audience=found.by_audience,
            rows=found.rows,
            rows_left_out=found.rows_left_out,
            problems=found.problems,
            gone=found.gone,
            roots=tuple(dict.fromkeys(one.source.name for one in self._targets)),
            levels=self._taxonomy.names,
        )

    def rows(self, run: Run, *, changed: bool = False, since: datetime | None = None) -> AsyncIterator[Row]:
        """Yield every row with findings or a problem, and what is gone: worst first."""
        return self._state.rows(Selection(run.id, changed, since))

    async def _units(self, course: _Course, walk: asyncio.Task[None]) -> AsyncIterator[Unit]:
        """Yield what must be read, while the walk goes on. What waits lies in the state, not in memory."""
        places = {target.source.name: at for at, target in reversed(list(enumerate(self._targets)))}
        after = 0
        while True:
            over = walk.done()
            found = await self._state.pending(course.run.id, after, _BATCH)
            for one in found:
                after = one.id
                # Of what was found under other rules, or failed in passing, equal bytes say nothing.
                useful = one.rules == self._rules and not one.again and not course.scope.full
                known = one.digest if useful else ""
                yield Unit(places[one.target], one.item, one.revision, one.size, known, one.before)
            if found:
                continue
            if over:
                await walk
                return
            course.more.clear()
            waiting = asyncio.create_task(course.more.wait())
            await asyncio.wait((walk, waiting), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()

    async def _walk(self, course: _Course) -> None:
        """Walk every target, and note what is seen and what must be read."""
        for target in self._targets:
            unentered: list[str] = []
            try:
                async for batch in _batches(target):
                    await self._sort(target.source.name, batch, unentered, course)
                    course.more.set()
            except LockgateError as error:
                if isinstance(error, Unavailable) and error.code == STATE:
                    raise
                # Nothing of it may be taken as gone, and the other targets are worth as much as before.
                course.broken.append(f"{_shown(target)}: {error}")
                continue
            await self._state.walked(course.run.id, target.source.name, _fate(target, unentered, course.scope))
        course.progress.walking = False
        course.watch(course.progress)

    async def _sort(self, name: str, batch: Sequence[Item], unentered: list[str], course: _Course) -> None:
        scope, progress = course.scope, course.progress
        progress.walked += len(batch)
        unentered += [item.id for item in batch if item.problem and item.id.endswith("/")]
        batch = [item for item in batch if scope.wanted(item.id) or item.id.endswith("/")]
        known = await self._state.known(name, [item.id for item in batch])
        sights, unchanged = [], []
        for item, before in zip(batch, known, strict=True):
            if before and before.run == course.run.id:
                continue  # in two targets that overlap, or seen before this run was interrupted
            wanted = self._must_read(item, before, scope)
            if before is None and not wanted and not item.problem:
                continue  # modified before `since`, and never seen
            reach = self._reach(item.readers if item.reach is None else item.reach)
            rights = self._rights(item, reach)
            if before is not None and before.rights == rights and not wanted:
                unchanged.append(before.id)
                continue
            sights.append(Sight(name, item, reach, rights, wanted))
            progress.wanted += wanted
            progress.wanted_bytes += item.size * wanted
        await self._state.see(course.run.id, sights, unchanged)
        course.watch(progress)

    def _must_read(self, item: Item, before: Known | None, scope: Scope) -> bool:
        if item.problem and not item.revision:
            return False
        if scope.since is not None and item.modified is not None and item.modified < scope.since:
            return False
        if before is None or scope.full or before.again:
            return True
        return before.rules != self._rules or not item.revision or before.revision != item.revision

    def _rights(self, item: Item, reach: Reach) -> str:
        """Return a digest of everything about an item that may change without its content."""
        declared = None if item.declared is None else int(item.declared.sensitivity)
        told = (reach, item.owners, declared, item.notes, item.problem)
        found = self._told.get(told)
        if found is None:
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            clauses = sorted(map(sorted, reach.readers.clauses))
            plain = (
                clauses,
                reach.people,
                reach.everyone,
                sorted(item.owners),
                declared,
                item.notes,
                item.problem,
            )
            digest = hashlib.blake2b(repr(plain).encode("utf-8", "surrogatepass"), digest_size=12)
            found = self._told[told] = digest.hexdigest()
        return f"{found}-{item.size}"

    @property
    def _counted(self) -> Census:
        if self._census is None:
            self._census = Census([(one.id, one.groups) for one in self._directory.people() if one.active])
        return self._census

    def _reach(self, readers: Readers) -> Reach:
        found = self._reaches.get(readers)
        if found is None:
            if len(self._reaches) >= _MOST_TOLD:
                self._reaches.clear()
            breadth = self._counted.breadth(readers)
            everyone = readers.is_everyone or (breadth.share >= 1 and breadth.people > 1)
            people = breadth.people if self._counted.ids else 0
            found = self._reaches[readers] = Reach(readers, people, breadth.share, everyone)
        return found

    _broken: tuple[str, ...] = ()


def _shown(target: Target) -> str:
    return f"{target.source.name.rstrip('/')}/{target.part}" if target.part else target.source.name


def _fate(target: Target, unentered: Sequence[str], scope: Scope) -> Callable[[str], bool | None]:
    """Return what tells of an item that a walk did not see whether it is gone."""
    hidden = frozenset(unentered)

    def gone(id: str) -> bool | None:
        if not (id.startswith(target.part) and (scope.wanted(id) or id.endswith("/"))):
            return None
        above = (id[: at + 1] for at, char in enumerate(id[:-1]) if char == "/")
        return hidden.isdisjoint(("./", *above))

    return gone


async def _batches(target: Target) -> AsyncIterator[list[Item]]:
    """Yield the items of a target, many at a time."""
    batch: list[Item] = []
    async for item in target.source.items():
        batch.append(item)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    yield batch
