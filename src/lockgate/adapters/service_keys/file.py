"""Static keys, for services only: a batch job cannot sign in, a person can.

A key reads `lgk_<id>_<secret>`. The file keeps the SHA-256 of the secret and never the secret: it is 256 random
bits, so a slow hash would protect nothing that a fast one does not. Each key has an owner, scopes, groups and an
end.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from lockgate.errors import Conflict, Invalid, NotFound, Unavailable
from lockgate.policy.model import Scope
from lockgate.ports import Directory

PREFIX: Final = "lgk_"
MAX_LIFE: Final = timedelta(days=366)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@/-]{0,127}")


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """A key as the file knows it. `digest` is the SHA-256 of the secret in hex, `revoked` None while in force."""

    id: str
    service: str
    owner: str
    scopes: tuple[str, ...]
    groups: tuple[str, ...]
    created: datetime
    expires: datetime
    digest: str
    revoked: datetime | None = None

    def state(self, now: datetime) -> str:
        """Return `active`, `revoked` or `expired`."""
        if self.revoked is not None:
            return "revoked"
        return "active" if now < self.expires else "expired"


class KeyFile:
    """The file of service keys: mode 0600, replaced as a whole. Every method blocks on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Mapping[str, ServiceKey]:
        """Return all keys by id; none if there is no file.

        Raises:
            Unavailable: it cannot be read, is malformed, or others on this machine may read or write it.

        """
        try:
            with self._path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                data = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Unavailable(f"cannot read the service keys `{self._path}`: {error.strerror}") from error
        if mode & 0o077:
            raise Unavailable(
                f"the service keys `{self._path}` are open to other accounts (mode {mode:o})",
                remedy=f"chmod 600 {self._path}",
            )
        try:
            entries = json.loads(data)["keys"]
            keys = [_parse(entry) for entry in entries]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unavailable(
                f"the service keys `{self._path}` are malformed", remedy="restore the file from a backup"
            ) from error
        return {key.id: key for key in keys}

    def stamp(self) -> tuple[int, int, int, int]:
        """Return what changes when the file does."""
        try:
            stat = self._path.stat()
        except OSError:
            return (0, 0, 0, 0)
        return (stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_mode)

    def change(self, edit: Callable[[dict[str, ServiceKey]], None]) -> None:
        """Apply one change under a lock, durably: another process that edits at the same time waits.

        Raises:
            Unavailable: the file cannot be read or written.

        """
        lock = self._path.with_name(self._path.name + ".lock")
        try:
            descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise Unavailable(f"cannot write beside `{self._path}`: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            keys = dict(self.load())
            edit(keys)
            entries = [asdict(key) for key in sorted(keys.values(), key=lambda key: (key.created, key.id))]
            self._write(json.dumps({"keys": entries}, indent=1, default=datetime.isoformat).encode())
        finally:
            os.close(descriptor)

    def _write(self, data: bytes) -> None:
        try:
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)  # made with 0600
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self._path)
            except BaseException:
                with suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise Unavailable(f"cannot write the service keys `{self._path}`: {error.strerror}") from error


def create(
    file: KeyFile,
    service: str,
    owner: str,
    scopes: frozenset[str],
    groups: frozenset[str],
    life: timedelta,
    now: datetime,
) -> tuple[ServiceKey, str]:
    """Make a key, and return it with its text: the only time that the secret is seen.

    `groups` are names without prefix. A service may have several keys, so that one can follow another.

    Raises:
        Invalid: a name is malformed, a scope unknown, there is no scope, or the life is not between a moment and
            `MAX_LIFE`.

    """
    if not scopes or (scopes - set(Scope)):
        unknown = (
            f"`{min(scopes - set(Scope))[:40]}` is no scope" if scopes else "a key without a scope opens nothing"
        )
        raise Invalid(unknown, remedy=f"Give at least one of the scopes {', '.join(Scope)}.")
    for what, names in (("service", {service}), ("owner", {owner}), ("group", groups)):
        for name in sorted(names):
            if not _NAME.fullmatch(name):
                raise Invalid(
                    f"`{name!r}` cannot be the name of a {what}", remedy="use letters, digits and . _ @ / -"
                )
    if not timedelta(0) < life <= MAX_LIFE:
        raise Invalid(f"a key lives at most {MAX_LIFE.days} days", remedy="give a smaller number of days")
    secret = secrets.token_urlsafe(32)
    key = ServiceKey(
        id=secrets.token_hex(6),
        service=service,
        owner=owner,
        scopes=tuple(sorted(scopes)),
        groups=tuple(sorted(groups)),
        created=now,
        expires=now + life,
        digest=digest_of(secret),
    )

    def add(keys: dict[str, ServiceKey]) -> None:
        if key.id in keys:
            raise Conflict("the new key's id is taken", remedy="try again")
        keys[key.id] = key

    file.change(add)
    return key, f"{PREFIX}{key.id}_{secret}"


def check_owner(owner: str, directory: Directory) -> None:
    """See that somebody in the directory answers for a key.

    Raises:
        Invalid: the directory does not know the owner, or the account is closed.

    """
    person = directory.person(owner)
    if person is None or not person.active:
        what = "is not in the directory" if person is None else "has a closed account"
        raise Invalid(
            f"`{owner[:80]}`, who is to answer for the key, {what}",
            remedy="Name the id of somebody in the directory file, or add them to it first.",
        )


def revoke(file: KeyFile, id: str, now: datetime) -> ServiceKey:
    """Revoke a key for good, and return it; revoking again keeps the first time.

    Raises:
        NotFound: there is no such key.

    """

    def end(keys: dict[str, ServiceKey]) -> None:
        if id not in keys:
            raise NotFound(f"there is no service key `{id}`", remedy="`lockgate keys list` shows all")
        keys[id] = replace(keys[id], revoked=keys[id].revoked or now)

    file.change(end)
    return file.load()[id]


def digest_of(secret: str) -> str:
    """Return what the file keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _parse(entry: Mapping[str, object]) -> ServiceKey:
    """Return one entry of the file.

    Raises:
        ValueError: it is malformed. An entry without an end, or with one that has no time zone, is.

    """
    revoked = entry["revoked"]
    digest = _text(entry["digest"])
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError
    return ServiceKey(
        id=_text(entry["id"]),
        service=_text(entry["service"]),
        owner=_text(entry["owner"]),
        scopes=_texts(entry["scopes"]),
        groups=_texts(entry["groups"]),
        created=_moment(entry["created"]),
        expires=_moment(entry["expires"]),
        digest=digest,
        revoked=None if revoked is None else _moment(revoked),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004 - one kind of error for a malformed entry
    return tuple(map(_text, value))


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment
