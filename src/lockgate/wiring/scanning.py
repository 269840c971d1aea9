"""A scan put together: targets, the processes that look, the state, and the people who are counted."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import lockgate
from lockgate.adapters import categories as kept
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.directory_host import HostDirectory
from lockgate.adapters.engine_local import LocalEngine
from lockgate.adapters.scan_state import SqliteScanState
from lockgate.content.categories.sorter import Sorter, both
from lockgate.content.globs import Globs
from lockgate.content.label_policy import NO_RULES, LabelPolicy
from lockgate.errors import Invalid
from lockgate.journeys.scan import Looking, Scan, Target, unread
from lockgate.labels.wire import STANDARD
from lockgate.ports import Clock, Connector, Directory
from lockgate.ports.scanning import Work
from lockgate.wiring import labels as label_rules
from lockgate.wiring import match
from lockgate.wiring.detectors import chosen
from lockgate.wiring.sources.common import TargetOptions
from lockgate.wiring.sources.files import Part
from lockgate.wiring.targets import FETCHING, open_target

if TYPE_CHECKING:  # to load it takes as long as to walk a thousand files
    from lockgate.config import Settings

_MOST_WORKERS: Final = 64
_DECIDING: Final = (
    "content/categories/*.py",
    "content/detection/**/*.py",
    "content/match/*.py",
    "content/label*.py",
    "policies/labels.toml",
    "adapters/extraction/*.py",
)
_NAMING: Final = ("content/names/*.py", "adapters/names/pinned.py")
_READERS: Final = ("kreuzberg", "pypdfium2")


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What a person chose.

    Attributes:
        states: the folder where scans are remembered, each set of targets in a file of its own.
        state: the file instead.
        settings: of a configured Lockgate, or None.
        workers: processes; 0 for one per core.
        max_bytes: larger items are not read.
        rows: about how many rows of each table to read; 0 for all.
        names: `rules` or `model`; empty for what the settings say.
        categories: the folder of learned ones; None for those of the settings.

    """

    states: Path
    state: Path | None = None
    settings: Settings | None = None
    workers: int = 0
    max_bytes: int = 50_000_000
    rows: int = 0
    names: str = ""
    categories: Path | None = None


@asynccontextmanager
async def open_scan(
    targets: Sequence[str], options: ScanOptions, clock: Clock | None = None
) -> AsyncIterator[Scan]:
    """Open everything for a scan of these targets; of none, of every collection of the configuration.

    Raises:
        Conflict: another scan works on the state.
        Invalid: a target or the configuration is wrong.
        Unavailable: the state or the directory cannot be used.

    """
    texts = tuple(targets) or _collections(options.settings)
    directory = people(options.settings)
    own = await asyncio.to_thread(label_rules.load, options.settings)
    learned = _categories(options)
    taught = await asyncio.to_thread(categories_version, learned)
    sets = await asyncio.to_thread(match.version, options.settings.data) if options.settings else ""
    opening = TargetOptions(directory, options.settings, options.max_bytes, options.rows)
    async with AsyncExitStack() as stack:
        opened = [_target(open_target(text, opening)) for text in texts]
        for one in opened:
            stack.callback(one.source.close)
        path = options.state or default_state(options.states, [f"{one.source.name}\0{one.part}" for one in opened])
        state = await asyncio.to_thread(SqliteScanState.open, path)
        stack.callback(state.close)
        names = options.names or chosen(options.settings)
        work = functools.partial(open_work, texts, replace(opening, directory=FETCHING), names, learned)
        engine = LocalEngine(
            work, functools.partial(unread, again=True), options.workers or min(cores(), _MOST_WORKERS)
        )
        taxonomy = options.settings.labels.taxonomy if options.settings else STANDARD
        version = rules(own, names, taught, sets)
        yield Scan(opened, engine, state, directory, clock or SystemClock(), version, taxonomy)


@asynccontextmanager
async def open_work(
    targets: Sequence[str], options: TargetOptions, names: str = "rules", learned: Path | None = None
) -> AsyncIterator[Work]:
    """Open the work of a scan, in the process that does it: only there its parts are loaded."""
    from lockgate.adapters.extraction.extractor import KreuzbergExtractor, Limits
    from lockgate.wiring.detectors import scanner

    sorter = kept.strict(learned) if learned is not None else Sorter()

    async with AsyncExitStack() as stack:
        sources = [open_target(text, options) for text in targets]
        for source in sources:
            stack.callback(source.close)
        extractor = KreuzbergExtractor(limits=Limits(documents=1000))
        stack.push_async_callback(extractor.close)
        own = match.Detection.open(options.settings.data if options.settings else None)
        finding = both(both(scanner(names), sorter.find_many), own.matched)
        yield Looking(sources, extractor, finding, label_rules.load(options.settings))


def rules(own: LabelPolicy = NO_RULES, names: str = "rules", taught: str = "", sets: str = "") -> str:
    """Return the version of everything that decides what is found in equal bytes, and which label it demands.

    `sets` is that of the exact match sets. The rest is the digest of the code: a row that is added to a table is
    another version, and nobody has to say so.
    """
    package = Path(lockgate.__file__).parent
    parts = [*(version(one) for one in _READERS), own.version, *([names] if names != "rules" else [])]
    digest = hashlib.sha256(" ".join([*parts, taught, sets]).encode())
    for pattern in (*_DECIDING, *(_NAMING if names == "model" else ())):
        for path in sorted(package.glob(pattern)):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _categories(options: ScanOptions) -> Path | None:
    """Return the folder of the categories that count; None for none."""
    if options.categories is not None:
        return kept.present(options.categories)
    return None if options.settings is None else options.settings.data / kept.FOLDER


def categories_version(folder: Path | None) -> str:
    """Return what tells the categories of a folder from others.

    Raises:
        Invalid, Unavailable: one of them cannot be looked for.

    """
    if folder is None:
        return ""
    kept.strict(folder)
    return " ".join(f"{name}:{one.digest}" for name, one in sorted(kept.entries(folder).items()))


def people(settings: Settings | None) -> Directory:
    """Return the configured directory, or without one the accounts of this machine."""
    if settings is None or settings.identity.directory is None:
        return HostDirectory.read()
    from lockgate.wiring import identity  # here: it loads what speaks to providers

    return identity.open_directory(settings)


def wanted(include: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells by its id whether an item belongs to a scan. A glob without a slash counts at any depth.

    Raises:
        Invalid: one is no glob.

    """
    within, without = (
        Globs([one if "/" in one else f"**/{one}" for one in globs]) for globs in (include, exclude)
    )

    def belongs(id: str) -> bool:
        return (not include or within.matches(id)) and not without.matches(id)

    return belongs


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def default_state(folder: Path, targets: Sequence[str]) -> Path:
    """Return the file of a folder in which scans of these targets, in any order, are remembered."""
    key = hashlib.sha256("\n".join(sorted(targets)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return folder / f"{key}.db"


def _target(source: Connector) -> Target:
    return Target(source, source.part if isinstance(source, Part) else "")


def _collections(settings: Settings | None) -> tuple[str, ...]:
    found = tuple(
        f"collection://{one.name}" if one.path is None else str(one.path)
        for one in (settings.collections if settings else ())
    )
    if not found:
        raise Invalid("there is nothing to scan", remedy="Name a folder, or a configuration with --config.")
    return found
