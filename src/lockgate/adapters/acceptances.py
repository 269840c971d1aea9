"""Risk acceptances, in a file of the state folder that is replaced as a whole.

A running gateway holds the state folder's lock, so a command does not open the log: it writes this file, and the
gateway sees it, records it, and lets it count.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from lockgate.errors import Invalid, NotFound, Unavailable
from lockgate.policy.acceptance import Acceptance

NAME: Final = "acceptances.json"


def parse(data: bytes) -> dict[str, Acceptance]:
    """Return the acceptances of a file, by the ids of their models.

    Raises:
        Invalid: it is no file of this kind.

    """
    try:
        return {
            str(id): Acceptance(
                by=one["by"],
                reason=one["reason"],
                accepted=_time(one["accepted"]),
                until=_time(one["until"]),
                terms=one["terms"],
            )
            for id, one in orjson.loads(data)["acceptances"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"`{NAME}` is damaged", remedy="Accept again: `lockgate models accept`.") from error


def load(folder: Path) -> dict[str, Acceptance]:
    """Return the acceptances in a state folder; none, where there is no file.

    Raises:
        Invalid: the file is damaged.
        Unavailable: it cannot be read.

    """
    try:
        return parse((folder / NAME).read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Unavailable(f"`{folder / NAME}` cannot be read: {error.strerror}") from error


def accept(folder: Path, model: str, acceptance: Acceptance) -> None:
    """Add an acceptance, durably, in place of an earlier one of that model.

    Raises:
        Invalid, Unavailable: the file is damaged, or cannot be read or written.

    """
    with _changing(folder) as known:
        known[model] = acceptance


def withdraw(folder: Path, model: str) -> None:
    """Take an acceptance back, durably.

    Raises:
        NotFound: there is none.
        Invalid, Unavailable: the file is damaged, or cannot be read or written.

    """
    with _changing(folder) as known:
        if known.pop(model, None) is None:
            raise NotFound(f"nobody has accepted the risk of `{model}`")


@contextlib.contextmanager
def _changing(folder: Path) -> Iterator[dict[str, Acceptance]]:
    """Give what there is, and write what has become of it: one at a time, whole or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(folder / f"{NAME}.lock", os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = load(folder)
            yield known
            _write(folder / NAME, known)
    except OSError as error:
        raise Unavailable(f"`{folder / NAME}` cannot be written: {error.strerror}") from error


def _write(path: Path, known: Mapping[str, Acceptance]) -> None:
    shown = {
        id: {
            "by": one.by,
            "reason": one.reason,
            "accepted": one.accepted.isoformat(),
            "until": one.until.isoformat(),
            "terms": one.terms,
        }
        for id, one in sorted(known.items())
    }
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps({"acceptances": shown}, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without a zone")
    return found
