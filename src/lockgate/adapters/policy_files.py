"""Policies from a folder: `*.cedar`, decision cases in `cases/*.yaml`, reloaded whole or not at all.

The schema is not read from the folder: requests are built to fit the one that Lockgate ships. A change is taken up
once the files have kept still for one look, so that a half-saved file is not mistaken for a finished one; it is
in force within two intervals. An invalid set is refused, the old one stays, and `error` says why.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lockgate.errors import Conflict, Invalid, LockgateError, TooLarge, Unavailable
from lockgate.policy.cases import Case, parse_cases
from lockgate.policy.cedar import PolicySet
from lockgate.storage.threads import Looks

SHIPPED: Final = Path(__file__).resolve().parent.parent / "policies"
"""The policies that Lockgate ships: the default, and what `copy_shipped` copies."""

_LARGEST_FILE: Final = 1_000_000
_MOST_FILES: Final = 1_000
_INTERVAL: Final = 0.3

Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Reload:
    """What a look at the folder led to: a new set, an error, or neither."""

    changed: bool
    version: str
    error: str = ""


class PolicyFiles:
    """The policy set of a folder. `current` is always a valid set; replacing it is one assignment."""

    def __init__(self, folder: Path, current: PolicySet, stamp: Stamp) -> None:
        self.folder = folder
        self.current = current
        self.error = ""
        self._loaded = stamp
        self._seen = stamp
        self.waits = False
        """Whether the last look saw a change that must keep still before it counts."""

    @classmethod
    def open(cls, folder: Path = SHIPPED) -> PolicyFiles:
        """Load a folder.

        Raises:
            Invalid: the set is invalid, or there is none; it names file, line and policy.
            Unavailable: the folder cannot be read.

        """
        stamp = _stamp(folder)
        return cls(folder, load(folder), stamp)

    def reload(self) -> Reload:
        """Load the folder again, whatever its times say. Never raises: what is wrong is reported."""
        before = self.current.version
        try:
            stamp = _stamp(self.folder)
            found = load(self.folder)
            if _stamp(self.folder) != stamp:
                raise Unavailable("the policy files changed while they were read")
        except LockgateError as error:
            self.error = str(error)
            return Reload(False, before, self.error)
        self.current, self.error, self._loaded, self._seen = found, "", stamp, stamp
        return Reload(found.version != before, found.version)

    def look(self) -> Reload | None:
        """Reload if the files changed since they were loaded, and not since the last look; else return None."""
        try:
            stamp = _stamp(self.folder)
        except LockgateError as error:
            self.waits = False
            if self.error == str(error):
                return None
            self.error = str(error)
            return Reload(False, self.current.version, self.error)
        still, self._seen = stamp == self._seen, stamp
        self.waits = not still
        if not still or stamp == self._loaded:
            return None
        report = self.reload()
        self._loaded = stamp  # an invalid state is reported once, not at every look
        return report

    async def watch(self, report: Callable[[Reload], None], looks: Looks, interval: float = _INTERVAL) -> None:
        """Look every `interval` seconds until canceled; `report` hears of each new set and each error."""
        while True:
            await asyncio.sleep(interval)
            begun = looks.begin()
            found = await looks.run(self.look)
            looks.done("policies", begun, waits=self.waits)
            if found is not None:
                report(found)


def load(folder: Path) -> PolicySet:
    """Read and check the policies of a folder.

    Raises:
        Invalid: the set is invalid, or there is none.
        Unavailable: the folder or a file cannot be read.

    """
    files = {path.name: _read(path) for path in _files(folder, "*.cedar")}
    if not files:
        raise Invalid(
            f"`{folder}` holds no policies (*.cedar)",
            remedy=f"`lockgate policy copy {folder}` starts from the shipped set.",
        )
    return PolicySet.from_texts(files, _read(SHIPPED / "schema.cedarschema"))


def copy_shipped(folder: Path) -> None:
    """Copy the shipped policies, their decision cases and the schema into a new folder.

    Raises:
        Conflict: the folder is there already.
        Unavailable: it cannot be written.

    """
    try:
        shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    except FileExistsError as error:
        raise Conflict(f"`{folder}` exists already", remedy="Name a folder that is not there yet.") from error
    except OSError as error:
        raise Unavailable(f"`{folder}` cannot be written: {error.strerror}") from error


def load_cases(folder: Path) -> tuple[Case, ...]:
    """Read the decision cases beside the policies of a folder; there may be none.

    Raises:
        Invalid: a case is malformed; says which.
        Unavailable: a file cannot be read.

    """
    found: list[Case] = []
    for path in _files(folder / "cases", "*.yaml"):
        found += parse_cases(f"cases/{path.name}", _read(path))
    return tuple(found)


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(path for path in folder.glob(pattern) if path.is_file())
    if len(found) > _MOST_FILES:
        raise TooLarge(f"`{folder}` holds more than {_MOST_FILES} files")
    return found


def _stamp(folder: Path) -> Stamp:
    try:
        stats = [(path, path.stat()) for path in sorted(folder.glob("*.cedar"))]
    except OSError as error:
        raise Unavailable(f"the policy folder `{folder}` cannot be read: {error.strerror}") from error
    return tuple((path.name, stat.st_ctime_ns, stat.st_size, stat.st_ino) for path, stat in stats)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise TooLarge(f"`{path.name}` is larger than {_LARGEST_FILE} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"`{path}` cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"`{path.name}` is not UTF-8 text") from error
