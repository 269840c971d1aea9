"""What is done with a unit of a scan: fetch, extract, detect, propose a label. Runs where the engine puts it."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, TypeAlias

from lockgate.content.finding import Finding
from lockgate.content.label_policy import NO_RULES, LabelPolicy
from lockgate.content.labeling import UNREAD, along, not_below, propose
from lockgate.content.stated import stated
from lockgate.errors import Invalid, LockgateError, NotFound
from lockgate.journeys.scan.places import places
from lockgate.ports import READER_KILLED, Connector, Extracted, Extractor
from lockgate.ports.scanning import Outcome, Unit

TOGETHER: Final = 4_000_000
"""Bytes and characters that are held and looked at together: the core is at its fastest from a million on."""
AHEAD: Final = 4
"""Items that are fetched while one is read: of a source behind a network, most of the time is waiting."""
AHEAD_BYTES: Final = 32_000_000
"""Bytes that these have together; an item that alone has more is fetched alone."""
_SMALL: Final = 1_000_000
UNREADABLE: Final = "could not read: "

ScanMany: TypeAlias = Callable[[Sequence[str]], Sequence[tuple[Finding, ...]]]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A unit whose text is there."""

    unit: Unit
    data: bytes
    digest: str
    extracted: Extracted

    @property
    def size(self) -> int:
        return len(self.data)


class Looking:
    """Implements `ports.scanning.Work` over connectors, one extractor and the scanning core."""

    def __init__(
        self,
        sources: Sequence[Connector],
        extractor: Extractor,
        scan_many: ScanMany,
        rules: LabelPolicy = NO_RULES,
    ) -> None:
        self._sources = sources
        self._extractor = extractor
        self._scan_many = scan_many
        self._rules = rules

    async def __call__(self, units: Sequence[Unit], /) -> AsyncIterator[Outcome | None]:
        """Yield the outcome of each unit. Texts are collected until they are worth a look together."""
        waiting: list[_Ready] = []
        held = 0
        async with aclosing(self._fetched(units)) as fetched:
            async for unit, found in fetched:
                got = await self._text(unit, found) if isinstance(found, bytes) else found
                if isinstance(got, Outcome):
                    yield got
                    continue
                waiting.append(got)
                held += len(got.extracted.text) + got.size
                if held < TOGETHER:
                    yield None
                else:
                    for outcome in await self._look(waiting):
                        yield outcome
                    waiting, held = [], 0
        for outcome in await self._look(waiting):
            yield outcome

    async def _fetched(self, units: Sequence[Unit]) -> AsyncGenerator[tuple[Unit, bytes | Outcome], None]:
        """Yield each unit with its bytes, or its outcome if there are none; the next ones are on their way."""
        coming: deque[tuple[Unit, asyncio.Task[bytes | Outcome]]] = deque()
        left = deque(units)
        try:
            while left or coming:
                while left and len(coming) < AHEAD:
                    if coming and sum(unit.size for unit, _ in coming) + left[0].size > AHEAD_BYTES:
                        break
                    unit = left.popleft()
                    coming.append((unit, asyncio.create_task(self._fetch(unit))))
                unit, task = coming.popleft()
                yield unit, await task
        finally:
            for _, task in coming:
                task.cancel()
            await asyncio.gather(*(task for _, task in coming), return_exceptions=True)

    async def _fetch(self, unit: Unit) -> bytes | Outcome:
        try:
            return await self._sources[unit.target].fetch(unit.item)
        except NotFound:
            return Outcome(unit.target, unit.item, unit.revision, gone=True)
        except LockgateError as error:  # `TooLarge` too: the next scan may have another limit, and to ask is cheap
            return unread(unit, str(error), again=True)
        except Exception as error:  # of a source's library: one item is lost, and not the process with its batch
            return unread(unit, f"its source failed ({type(error).__name__})", again=True)

    async def _text(self, unit: Unit, data: bytes) -> _Ready | Outcome:
        digest = await self._digest(data)
        if digest == unit.known:
            return Outcome(unit.target, unit.item, unit.revision, digest, len(data), same=True)
        try:
            extracted = await self._extractor.extract(unit.item, data)
        except Invalid as error:
            return unread(unit, str(error), digest, len(data), again=error.code == READER_KILLED)
        except LockgateError as error:
            return unread(unit, str(error), digest, len(data), again=True)
        return _Ready(unit, data, digest, extracted)

    async def _digest(self, data: bytes) -> str:
        if len(data) <= _SMALL:
            return hashlib.sha256(data).hexdigest()
        return (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()

    async def _look(self, ready: Sequence[_Ready]) -> list[Outcome]:
        if not ready:
            return []
        return await asyncio.to_thread(self._looked, ready)

    def _looked(self, ready: Sequence[_Ready]) -> list[Outcome]:
        found = self._scan_many([one.extracted.text for one in ready])
        return [self._outcome(one, findings) for one, findings in zip(ready, found, strict=True)]

    def _outcome(self, one: _Ready, findings: Sequence[Finding]) -> Outcome:
        extracted = one.extracted
        own = stated(extracted.marks, self._rules)
        proposal = along(propose(findings), own.evidence)
        if extracted.unread and one.unit.before is not None:
            proposal = not_below(proposal, one.unit.before)
        proposal = self._rules.applied(proposal, self._sources[one.unit.target].name, one.unit.item)
        return Outcome(
            one.unit.target,
            one.unit.item,
            one.unit.revision,
            one.digest,
            one.size,
            proposal.sensitivity,
            proposal.reasons,
            proposal.evidence,
            places(one.data, extracted, findings),
            (*extracted.notes, *own.notes),
            unread=extracted.unread,
        )


def unread(unit: Unit, why: str, digest: str = "", size: int = 0, *, again: bool = False) -> Outcome:
    """Return the outcome of what could not be read: nobody knows what is in it, and what was found is kept.

    The level is that of what nobody knows while the problem lasts. Where it may pass (`again`), what was demanded
    before is remembered, so that a source that was away for once raises nothing for good.
    """
    before = unit.before
    proposal = UNREAD if before is None or not before.evidence else not_below(UNREAD, before)
    level = before.sensitivity if again and before is not None else proposal.sensitivity
    return Outcome(
        unit.target,
        unit.item,
        unit.revision,
        digest,
        size,
        level,
        proposal.reasons,
        proposal.evidence,
        problem=UNREADABLE + why.removeprefix(UNREADABLE),
        again=again,
    )
