"""Sets of fingerprints in the state folder: each in a sealed file, and one list of them, replaced as a whole.

A file is written once and never changed; the list (`sets.json`) says which count. So whoever reads sees the sets
of before or of after, and a file that is missing, cut or exchanged is noticed. The list carries a keyed digest.
What is sealed needs the key; what is in the list (names, columns, numbers, who, when) is in clear.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lockgate.content.match.sets import MatchSet, Terms
from lockgate.errors import Conflict, Invalid, LockgateError, Unavailable
from lockgate.labels.label import Sensitivity

FOLDER: Final = "match"
LIST: Final = "sets.json"
KEY: Final = "match.key"
_MAGIC: Final = b"lockgate-match-1\n"
_NONCE: Final = 12
_ARRAYS: Final = (
    ("digests", np.uint64), ("offsets", np.uint32), ("posts", np.uint32),
    ("heads", np.uint32), ("wholes", np.uint32), ("lengths", np.uint16),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stated:
    """What the list says of a set.

    Attributes:
        terms: see `Terms`.
        rows, values: different ones.
        by, at: who added it, when.
        source: a keyed digest of the file that it was made from: the same file has the same one.
        file: the name of the sealed file.

    """

    terms: Terms
    rows: int
    values: int
    by: str
    at: datetime
    source: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """The list: its sets by name, and its version, which is empty where there are none."""

    sets: tuple[Stated, ...]
    version: str


def parse(data: bytes, key: bytes) -> Listed:
    """Return the list.

    Raises:
        Unavailable: it is damaged, or another key made it.

    """
    try:
        body, _, mac = data.rstrip(b"\n").rpartition(b"\n")
        if not hmac.compare_digest(mac, _mac(body, key)):
            raise _damaged(LIST)
        sets = tuple(_stated(one) for one in orjson.loads(body)["sets"])
    except (AttributeError, KeyError, TypeError, ValueError, Invalid) as error:
        raise _damaged(LIST) from error
    return Listed(sets, hashlib.sha256(body).hexdigest()[:16] if sets else "")


def read_list(folder: Path, key: bytes) -> Listed:
    """Return the list of a state folder; empty where there is none. Raises as `parse`."""
    try:
        return parse((folder / FOLDER / LIST).read_bytes(), key)
    except FileNotFoundError:
        return Listed((), "")
    except OSError as error:
        raise Unavailable(f"`{folder / FOLDER / LIST}` cannot be read: {error.strerror}") from error


def load(folder: Path, one: Stated, key: bytes) -> MatchSet:
    """Return a set of the list.

    Raises:
        Unavailable: its file is missing or damaged, or another key sealed it.

    """
    path = folder / FOLDER / one.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unavailable(
            f"the exact match set `{one.terms.name}` cannot be read: {error.strerror}", remedy=_REMEDY
        ) from error
    return unsealed(data, one, key)


def unsealed(data: bytes, one: Stated, key: bytes) -> MatchSet:
    """Return the set that the bytes of a file hold.

    Raises:
        Unavailable: they are damaged, or another key sealed them.

    """
    if not data.startswith(_MAGIC):
        raise _damaged(one.terms.name)
    nonce = data[len(_MAGIC) :][:_NONCE]
    try:
        plain = AESGCM(_sealing(key)).decrypt(nonce, data[len(_MAGIC) + _NONCE :], one.file.encode())
        return _unpacked(plain, one)
    except (InvalidTag, KeyError, TypeError, ValueError, OverflowError) as error:
        raise _damaged(one.terms.name) from error


def _unpacked(plain: bytes, one: Stated) -> MatchSet:
    head, _, rest = plain.partition(b"\n")
    sizes = orjson.loads(head)
    arrays: dict[str, Any] = {}
    at = 0
    for name, kind in _ARRAYS:
        arrays[name] = np.frombuffer(rest, kind, sizes[name], at).copy()
        at += arrays[name].nbytes
    return MatchSet(one.terms, one.rows, **arrays)


def put(folder: Path, made: MatchSet, stated: Stated, key: bytes, nonce: bytes, *, replace: bool) -> None:
    """Add a set, durably, whole or not at all.

    Raises:
        Conflict: there is one of this name, and `replace` is not stated.
        Unavailable: what is there is damaged, or something cannot be written.

    """
    with _changing(folder, key) as sets:
        name = made.terms.name
        if name in sets and not replace:
            raise Conflict(f"there is a set `{name}` already", remedy="State --replace to put this in its place.")
        sizes = {one: len(getattr(made, one)) for one, _ in _ARRAYS}
        plain = b"\n".join(
            (
                orjson.dumps(sizes),
                b"".join(np.ascontiguousarray(getattr(made, one)).tobytes() for one, _ in _ARRAYS),
            )
        )
        file = f"{name}-{nonce.hex()}.set"
        sealed = AESGCM(_sealing(key)).encrypt(nonce, plain, file.encode())
        _write(folder / FOLDER / file, _MAGIC + nonce + sealed)
        sets[name] = Stated(made.terms, made.rows, stated.values, stated.by, stated.at, stated.source, file)


def begin(folder: Path, key: bytes) -> None:
    """Write an empty list where there is none: from now on a list that is missing is a fault.

    Raises:
        Unavailable: it cannot be written.

    """
    if not (folder / FOLDER / LIST).exists():
        with _changing(folder, key):
            pass


def remove(folder: Path, name: str, key: bytes) -> Stated:
    """Take a set out of the list, and delete its file.

    Raises:
        Invalid: there is none of this name.
        Unavailable: what is there is damaged, or something cannot be written.

    """
    with _changing(folder, key) as sets:
        if name not in sets:
            raise Invalid(f"there is no set `{name}`", remedy="`lockgate match list` names them.")
        return sets.pop(name)


def source_digest(key: bytes, data: bytes) -> str:
    """Return the keyed digest of a file: who has only the log cannot try out files."""
    return hashlib.blake2b(data, key=_derived(key, b"source"), digest_size=16).hexdigest()


_REMEDY: Final = "restore the state folder from a backup, or remove the set and add it again"


def _damaged(what: str) -> LockgateError:
    return Unavailable(f"`{what}` of the exact match sets is damaged, or another key made it", remedy=_REMEDY)


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(b"lockgate match " + purpose, key=key, digest_size=32).digest()


def _sealing(key: bytes) -> bytes:
    return _derived(key, b"seal")


def _mac(body: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(body, key=_derived(key, b"list"), digest_size=32).hexdigest().encode()


def _stated(one: dict[str, Any]) -> Stated:
    terms = Terms(
        str(one["name"]), tuple(one["columns"]), one["require"], one["within"], Sensitivity[one["level"].upper()]
    )
    at = datetime.fromisoformat(one["at"])
    return Stated(terms, one["rows"], one["values"], one["by"], at, one["source"], one["file"])


def _plain(one: Stated) -> dict[str, Any]:
    terms = one.terms
    return {
        "name": terms.name,
        "columns": list(terms.columns),
        "require": terms.require,
        "within": terms.within,
        "level": terms.level.name.lower(),
        "rows": one.rows,
        "values": one.values,
        "by": one.by,
        "at": one.at.isoformat(),
        "source": one.source,
        "file": one.file,
    }


@contextlib.contextmanager
def _changing(folder: Path, key: bytes) -> Iterator[dict[str, Stated]]:
    """Give what there is, and write what has become of it: one at a time. Files that no list names are deleted."""
    place = folder / FOLDER
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(place / "lock", os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            sets = {one.terms.name: one for one in read_list(folder, key).sets}
            yield sets
            _list(place, [sets[name] for name in sorted(sets)], key)
            named = {one.file for one in sets.values()}
            for path in place.glob("*.set"):
                if path.name not in named:
                    path.unlink()
    except OSError as error:
        raise Unavailable(f"`{place}` cannot be written: {error.strerror}") from error


def _list(place: Path, sets: Sequence[Stated], key: bytes) -> None:
    body = orjson.dumps({"version": 1, "sets": [_plain(one) for one in sets]})
    _write(place / LIST, b"\n".join((body, _mac(body, key), b"")))


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
