"""The directory in force: one snapshot in memory, replaced as a whole when the file changes.

`watch` looks at the file a few times a second, off the event loop. A file that does not parse is reported and
changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from stat import S_ISREG
from typing import Final, Self, TypeAlias

from lockgate.adapters.directory_file.format import Snapshot, parse
from lockgate.errors import Invalid, LockgateError, Unavailable
from lockgate.ports import Person
from lockgate.storage.threads import Looks

MAX_BYTES: Final = 32 * 1024 * 1024
"""A directory above this size is refused; 100,000 people take about 8 MB."""

_Stamp: TypeAlias = tuple[int, int, int]


class DirectoryFile:
    """`ports.Directory` over a TOML file.

    Groups of a person have their prefix (`group:hr`) and include every group that they are in by nesting.
    While the file says `complete = false`, each question about people raises `Unavailable` with code
    `incomplete_groups`: who is missing from a group cannot be told from who is not in it.
    """

    def __init__(self, path: Path, snapshot: Snapshot, stamp: _Stamp) -> None:
        self._path = path
        self._snapshot = snapshot
        self._stamp = stamp
        self._settled = False
        self.problem = ""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the file for the first time.

        Raises:
            Invalid: it is not a directory in the documented format.
            Unavailable: it cannot be read.

        """
        stamp, data = _read(path)
        return cls(path, parse(data, str(path)), stamp)

    def refresh(self) -> bool:
        """Read the file again if it changed, and tell whether the snapshot is a new one.

        A file that cannot be read or understood leaves the snapshot as it is; `problem` then says why, until
        the file is good again. Blocks on the disk: call it off the event loop.
        """
        try:
            if self._settled and _stamp(self._path) == self._stamp:
                return False
            stamp, data = _read(self._path)
            if _stamp(self._path) != stamp:  # it is being written: its first half may give what its end takes
                self._settled = False
                return False
            # A second write within one tick of the file system's clock leaves the stamp as it was, so what
            # has just changed is read once more at the next look.
            self._settled = stamp == self._stamp
            self._stamp = stamp
            snapshot = parse(data, str(self._path))
        except LockgateError as error:
            self._settled = self._settled and not isinstance(error, Unavailable)
            self.problem = str(error)
            return False
        except Exception:
            self._settled = False  # no memory, say: what was half taken up is not lost
            raise
        self.problem = ""
        changed = snapshot.version != self._snapshot.version
        self._snapshot = snapshot
        return changed

    async def watch(self, report: Callable[[str], None], looks: Looks, *, interval: float = 0.25) -> None:
        """Refresh every `interval` seconds until canceled; `report` gets each new problem, "" when it is over.

        A file that has just changed is read when it has kept still for one interval: half of it can be valid, and
        give a right that the other half takes away.
        """
        told = self.problem
        seen: _Stamp | None = self._stamp
        while True:
            begun, before = looks.begin(), seen
            seen = await looks.run(self._look, before)
            looks.done("directory", begun, waits=self._waits(seen, before))
            if self.problem != told:
                told = self.problem
                report(told)
            await asyncio.sleep(interval)

    def _waits(self, seen: _Stamp | None, before: _Stamp | None) -> bool:
        """Tell whether a look saw a change that does not count yet: it must keep still, also while it is read."""
        return seen is not None and (seen != before or (self._stamp != seen and not self.problem))

    def _look(self, before: _Stamp | None) -> _Stamp | None:
        seen = _stamp_or_none(self._path)
        if seen == before or seen is None:
            self.refresh()
        return seen

    @property
    def version(self) -> str:
        """Return the digest of what is in force."""
        return self._snapshot.version

    @property
    def others(self) -> str | None:
        """Return the group that POSIX `other` stands for; None means nobody."""
        return self._snapshot.others

    def person(self, id: str, /) -> Person | None:
        """Return the person, active or not; None for somebody who is not in the file."""
        return self._complete().people.get(id)

    def people(self) -> Sequence[Person]:
        """Return everybody, in the order of their ids."""
        return tuple(self._complete().people.values())

    def members(self, group: str, /) -> frozenset[str]:
        """Return the ids of the active people in `group:x`, nested groups included."""
        return self._complete().members.get(group, frozenset())

    def account(self, host_account: str, /) -> str | None:
        """Return `user:x` for an account of a host; None if it is not mapped."""
        return self._snapshot.accounts.get(host_account)

    def host_group(self, host_group: str, /) -> str | None:
        """Return `group:x` for a group of a host; None if it is not mapped."""
        return self._snapshot.host_groups.get(host_group)

    def _complete(self) -> Snapshot:
        snapshot = self._snapshot
        if not snapshot.complete:
            raise Unavailable(
                f"the directory `{self._path}` says that its group lists are incomplete",
                code="incomplete_groups",
                remedy="complete the lists and set `complete = true`",
            )
        return snapshot


def _stamp_or_none(path: Path) -> _Stamp | None:
    try:
        return _stamp(path)
    except Unavailable:
        return None


def _stamp(path: Path) -> _Stamp:
    try:
        stat = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not S_ISREG(stat.st_mode):  # to open a pipe would wait for somebody who writes, and nothing be looked at
        raise Unavailable(f"the directory `{path}` is no file", remedy="Put the file back.")
    return (stat.st_ctime_ns, stat.st_size, stat.st_ino)


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"the directory file `{path}` cannot be read: {error.strerror}",
        remedy="Correct `directory` under [identity]; `lockgate init` writes a directory.toml to start from.",
    )


def _read(path: Path) -> tuple[_Stamp, bytes]:
    """Return the bytes with the stamp from before reading: a change in between shows at the next look."""
    stamp = _stamp(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) > MAX_BYTES:
        raise Invalid(f"the directory `{path}` is larger than {MAX_BYTES} bytes")
    return stamp, data
