"""Learned categories in a folder: a list, and a file for each model that the list names by its digest.

A model is written before the list, never changed, and goes after it. A model that is gone, or whose bytes are not
those that the list says, is not used and is named, so that what it would have found is not taken for absent.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from lockgate.content.categories.model import LARGEST, NAME, Model, digest_of, unpack
from lockgate.content.categories.sorter import Sorter
from lockgate.content.escapes import escape
from lockgate.errors import Invalid, LockgateError, NotFound, Unavailable

FOLDER: Final = "categories"
"""Of the state folder."""
LIST: Final = "categories.json"
MOST: Final = 64
"""Categories at most: each is asked about every section."""
_ENDING: Final = ".category"


@dataclass(frozen=True, slots=True)
class Entry:
    """A category on the list.

    Attributes:
        digest: SHA-256 of its model's bytes, hex.
        trained: when.
        by: the account that trained it.
        examples: the folder of its examples, for categories that are trained later; empty if none was remembered.

    """

    digest: str
    trained: datetime
    by: str
    examples: str = ""


def parse(data: bytes) -> dict[str, Entry]:
    """Return the entries of a list by the names of their categories.

    Raises:
        Invalid: it is no such list.

    """
    try:
        found = {_named(name): _entry(one) for name, one in orjson.loads(data)["categories"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"`{LIST}` is damaged", remedy="Restore it, or train the categories again.") from error
    if len(found) > MOST:
        raise Invalid(f"`{LIST}` has more than {MOST} categories")
    return found


def _named(name: str) -> str:
    if NAME.fullmatch(name) is None:
        raise ValueError
    return name


def _entry(one: Mapping[str, Any]) -> Entry:
    if not all(isinstance(one[key], str) for key in ("digest", "by", "examples")):
        raise ValueError
    trained = datetime.fromisoformat(one["trained"])
    if trained.tzinfo is None or len(one["digest"]) != 64 or not set(one["digest"]) <= set("0123456789abcdef"):
        raise ValueError
    return Entry(one["digest"], trained, one["by"], one["examples"])


def entries(folder: Path) -> dict[str, Entry]:
    """Return the list of a folder; of one that is not there, nothing.

    Raises:
        Invalid: the list is damaged, or there are models without one.
        Unavailable: it cannot be read.

    """
    try:
        return parse((folder / LIST).read_bytes())
    except FileNotFoundError:
        with contextlib.suppress(FileNotFoundError):
            if any(name.endswith(_ENDING) for name in os.listdir(folder)):
                raise Invalid(f"`{folder}` has models, but no `{LIST}`", remedy="Restore it.") from None
        return {}
    except OSError as error:
        raise Unavailable(f"`{folder / LIST}` cannot be read: {error.strerror}") from error


def model(folder: Path, name: str, entry: Entry) -> Model:
    """Return the model of a category.

    Raises:
        Invalid: it is gone, or is not what the list says.
        Unavailable: it cannot be read.

    """
    try:
        with _path(folder, name, entry.digest).open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise Invalid(f"the model of category `{name}` is gone", remedy="Train it again.") from error
    except OSError as error:
        raise Unavailable(f"the model of category `{name}` cannot be read: {error.strerror}") from error
    if digest_of(data) != entry.digest:
        raise Invalid(f"the model of category `{name}` was changed", remedy="Train it again.")
    found = unpack(data)
    if found.name != name:
        raise Invalid(f"the model of category `{name}` is another one's", remedy="Train it again.")
    return found


def sorter(folder: Path, listed: Mapping[str, Entry]) -> tuple[Sorter, list[str]]:
    """Return what looks for these categories, and what is wrong with those that cannot be looked for."""
    models, problems, missing = [], [], []
    for name, entry in sorted(listed.items()):
        try:
            models.append((model(folder, name, entry), entry.digest))
        except LockgateError as error:
            problems.append(str(error))
            missing.append(name)
    return Sorter(models, missing), problems


def strict(folder: Path) -> Sorter:
    """Return what looks for all categories of a folder.

    Raises:
        Invalid, Unavailable: one of them cannot be looked for.

    """
    listed = entries(folder)
    found, problems = sorter(folder, listed)
    if problems and (newer := entries(folder)) != listed:  # replaced between the two
        found, problems = sorter(folder, newer)
    if problems:
        raise Invalid("; ".join(problems), remedy="Train it again, or remove it: `lockgate category remove`.")
    return found


def present(folder: Path) -> Path:
    """Return a folder that somebody named, if categories are kept there, also none any more.

    Raises:
        Invalid: there is no list. To look for nothing would look like finding nothing.

    """
    if not (folder / LIST).exists() and not entries(folder):
        raise Invalid(
            f"there are no categories in `{escape(str(folder))}`",
            remedy=f"Name the folder that has `{LIST}`: `categories` of the state folder.",
        )
    return folder


def put(folder: Path, name: str, data: bytes, entry: Entry) -> None:
    """Add a category, or replace the one of that name, durably.

    Raises:
        Invalid, Unavailable: the list is damaged; something cannot be read or written.

    """
    with _changing(folder) as listed:
        if len(listed) >= MOST and name not in listed:
            raise Invalid(f"there are {MOST} categories already", remedy="Remove one.")
        _write(_path(folder, name, entry.digest), data)
        listed[name] = entry


def remove(folder: Path, name: str) -> None:
    """Take a category out, durably.

    Raises:
        NotFound: there is none.
        Invalid, Unavailable: as `put`.

    """
    with _changing(folder) as listed:
        if listed.pop(name, None) is None:
            raise NotFound(f"there is no category `{name}`", remedy="`lockgate category list` names them.")


@contextlib.contextmanager
def _changing(folder: Path) -> Iterator[dict[str, Entry]]:
    """Give the list, and write what has become of it: one at a time, whole or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(folder / f"{LIST}.lock", os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            listed = entries(folder)
            yield listed
            shown = {name: {**asdict(one), "trained": one.trained.isoformat()} for name, one in listed.items()}
            text = orjson.dumps({"categories": shown}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
            _write(folder / LIST, text)
            kept = {_path(folder, name, one.digest).name for name, one in listed.items()}
            for name in os.listdir(folder):
                if name.endswith(_ENDING) and name not in kept:
                    (folder / name).unlink()
    except OSError as error:
        raise Unavailable(f"`{folder}` cannot be written: {error.strerror}") from error


def _path(folder: Path, name: str, digest: str) -> Path:
    return folder / f"{name}-{digest[:16]}{_ENDING}"


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
