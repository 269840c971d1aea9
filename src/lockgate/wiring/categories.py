"""Learned categories: trained by a command, in force in a gateway that serves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from lockgate.adapters import categories as kept
from lockgate.adapters.categories import Entry
from lockgate.adapters.watched_file import WatchedFile
from lockgate.audit.record import Record
from lockgate.content.categories.model import NAME, Model, digest_of
from lockgate.content.categories.sorter import Sorter
from lockgate.errors import Invalid, LockgateError, NotFound
from lockgate.ports import AuditSink, Clock, Connector, Extractor
from lockgate.storage.threads import Looks
from lockgate.wiring.change_record import change_record
from lockgate.wiring.sources.common import TargetOptions
from lockgate.wiring.targets import FETCHING, open_target

if TYPE_CHECKING:  # to load them takes longer than most commands
    from lockgate.config import Settings
    from lockgate.content.categories.learning import Example, Learned

LOG: Final = logging.getLogger("lockgate.categories")
INTERVAL: Final = 0.5
_ALL: Final = "all of them"


class Categories:
    """The categories in force: those of the folder, once they are recorded.

    A list that is damaged leaves nothing in force, and everything that is read meanwhile counts as not examined.
    `problem` says why.
    """

    def __init__(self, folder: Path, audit: AuditSink, clock: Clock) -> None:
        self.sorter = Sorter()
        self.problem = ""
        self._folder, self._audit, self._clock = folder, audit, clock
        self._file = WatchedFile(folder / kept.LIST)
        self._listed: Mapping[str, Entry] = {}

    @classmethod
    async def open(cls, data: Path, audit: AuditSink, clock: Clock) -> Self:
        """Take up the categories of a state folder. Those that are damaged are logged, and missing in `sorter`.

        Raises:
            Unavailable: the log cannot take the record.

        """
        made = cls(data / kept.FOLDER, audit, clock)
        try:
            await made._take(await asyncio.to_thread(kept.entries, made._folder))
        except Invalid as error:
            made._refused(error)
        return made

    async def watch(self, looks: Looks, interval: float = INTERVAL) -> None:
        """Take up changes until canceled."""
        while True:
            begun = looks.begin()
            await self.look(looks)
            looks.done("categories", begun, waits=self._file.waits)
            await asyncio.sleep(interval)

    async def look(self, looks: Looks) -> None:
        """Look at the list once. What is wrong with it is logged, and nothing is taken for examined."""
        try:
            try:
                data = await looks.run(self._file.look)
            except NotFound:
                if self._listed:
                    raise
                return
            if data is not None:
                await self._take(kept.parse(data))
        except Invalid as error:
            self._refused(error)
        except LockgateError as error:
            self._file.again()
            self._refused(error)
        except Exception:
            self._file.again()  # no memory, say: what was half taken up is not lost
            raise

    async def _take(self, listed: Mapping[str, Entry]) -> None:
        new, problems = await asyncio.to_thread(kept.sorter, self._folder, listed)
        changed = [
            name
            for name in sorted(listed.keys() | self._listed.keys())
            if listed.get(name) != self._listed.get(name)
        ]
        if changed:
            now = self._clock.now()
            found = {one.name: one for one in new.models}
            await self._audit.append([_record(name, listed.get(name), found.get(name), now) for name in changed])
        self._listed, self.sorter = listed, new
        if changed:
            LOG.info("categories in force: %s", ", ".join(sorted(one.name for one in new.models)) or "none")
        self._told("; ".join(problems))

    def _refused(self, error: LockgateError) -> None:
        self.sorter = Sorter((), (*self._listed, _ALL))
        self._told(str(error))

    def _told(self, problem: str) -> None:
        if problem and problem != self.problem:
            LOG.warning("categories: what is read is held as not examined: %s", problem)
        if self.problem and not problem:
            LOG.info("categories: all of them are good again")
        self.problem = problem


def _record(name: str, entry: Entry | None, model: object, now: datetime) -> Record:
    facts: dict[str, str | int | float | bool] = {}
    if entry is not None:
        facts = {"digest": entry.digest, "trained": entry.trained.isoformat(), "by": entry.by}
        facts["damaged"] = model is None
    if isinstance(model, Model):
        its = model.figures
        facts |= {"examples": its.examples, "others": its.others, "precision": its.precision, "recall": its.recall}
        facts |= {"wanted": its.wanted, "threshold": model.threshold}
    action = "category.apply" if entry is not None else "category.withdraw"
    return change_record(now, f"category_{name}", action, ("category", name), facts)


# ---------------------------------------------------------------- training


@dataclass(frozen=True, slots=True)
class Trained:
    """What became of a training: the category, and what should be told."""

    learned: Learned
    digest: str
    notes: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]


def folder_of(settings: Settings | None, folder: Path | None) -> Path:
    """Return the folder that categories are kept in."""
    if folder is not None:
        return folder
    if settings is None:
        raise Invalid("there is no configuration", remedy="Name one with --config, or a folder with --categories.")
    return settings.data / kept.FOLDER


@asynccontextmanager
async def open_reading(targets: Sequence[str]) -> AsyncIterator[tuple[Sequence[Connector], Extractor]]:
    """Open folders or other targets, and what reads their documents in a process of its own.

    Raises:
        Invalid: there is nothing at one of them.

    """
    from lockgate.adapters.extraction.extractor import KreuzbergExtractor

    async with AsyncExitStack() as stack:
        sources = []
        for one in targets:
            sources.append(open_target(one, TargetOptions(FETCHING)))
            stack.callback(sources[-1].close)
        extractor = KreuzbergExtractor()
        stack.push_async_callback(extractor.close)
        yield sources, extractor


async def train(
    folder: Path,
    name: str,
    examples: str,
    others: Sequence[str],
    wanted: float,
    by: str,
    now: datetime,
    tell: Callable[[str], None],
) -> Trained:
    """Learn a category from a folder, and put it in the place of the one of that name.

    What it is not is learned from `others`, and from the examples of other categories, where they still are.

    Raises:
        Invalid: the name is none; there are too few examples or others; they are not told apart.
        Unavailable: something cannot be read or written.

    """
    from lockgate.content.categories.learning import learn
    from lockgate.journeys.categories import MINE, OTHERS, Gathered, gather

    if NAME.fullmatch(name) is None:
        raise Invalid(
            f"`{name[:60]}` is no name of a category",
            remedy="Take up to 40 small letters, digits, `-` and `_`, with a letter in front.",
        )
    listed = await asyncio.to_thread(kept.entries, folder)
    notes: list[str] = []
    remembered = []
    for other, entry in listed.items():
        if other != name and entry.examples:
            if Path(entry.examples).is_dir():
                remembered.append(entry.examples)
            else:
                notes.append(f"the examples of `{other}` are not in their folder any more, so they do not count")
    places = [examples, *others, *remembered]
    got: list[Gathered] = []
    async with open_reading(places) as (sources, extractor):
        for source, place in zip(sources, places, strict=True):
            most = OTHERS // (len(places) - 1) if got else MINE

            def said(done: int, of: int, place: str = place) -> None:
                tell(f"reading {place}: {done:,} of {of:,}")

            got.append(await gather(source, extractor, most, said))
            if got[-1].items > most:
                notes.append(f"of {got[-1].items:,} files in {place}, {most:,} were taken")
    rest: list[Example] = [one for each in got[1:] for one in each.examples]
    learned = await asyncio.to_thread(learn, name, got[0].examples, rest, wanted, tell)
    data = learned.model.pack()
    digest = digest_of(data)
    local = Path(examples).expanduser().resolve()
    entry = Entry(digest, now, by, str(local) if local.is_dir() else "")
    await asyncio.to_thread(kept.put, folder, name, data, entry)
    problems = tuple(one for each in got for one in each.problems)
    return Trained(learned, digest, (*notes, *learned.notes), problems)
