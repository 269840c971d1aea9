"""Judgements of findings and tuning of detectors: where they are kept, and under which key values are hashed."""

from __future__ import annotations

import difflib
import json
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lockgate.adapters.judgement_log import SqliteJudgements, everywhere
from lockgate.adapters.secret_file import load_or_create
from lockgate.config import Settings
from lockgate.config.detector_rules import NAME, read_tuning
from lockgate.content.detection import KINDS
from lockgate.content.tuning import UNTUNED, Tuning, grave
from lockgate.errors import Invalid, Unavailable
from lockgate.journeys.sieve import Sieve
from lockgate.journeys.tuning import Tunings
from lockgate.ports import Keys

if TYPE_CHECKING:
    from lockgate.wiring.running import Lockgate

KEY: Final = "values.key"
KEPT: Final = "detector-rules"
"""The folder of the state folder with every tuning that was applied, and which of them is."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What people said of findings, and which findings count."""

    judgements: SqliteJudgements
    sieve: Sieve


def open_judgements(settings: Settings, keys: Keys, stack: AsyncExitStack) -> Judged:
    """Open what people said of findings; the stack closes it.

    Without the key that it was hashed with, no rejection counts: a new key is made, and people judge again.

    Raises:
        Invalid: `detectors.toml` is wrong.
        Unavailable: the database of the index or the key cannot be used.

    """
    secret = load_or_create(settings.data / "keys" / KEY)
    judged = SqliteJudgements.open(settings.data / "index", keys, secret)
    stack.callback(judged.close)
    return Judged(judged, Sieve(judged, in_force(settings), judged.everywhere))


def load(settings: Settings) -> Tuning:
    """Return the tuning that stands in the folder of policies, whether it is applied or not.

    Raises:
        Invalid: the file is wrong.
        Unavailable: it cannot be read.

    """
    file = settings.policies / NAME if settings.policies is not None else None
    return read_tuning(file, KINDS) if file is not None and file.exists() else UNTUNED


def in_force(settings: Settings) -> Tuning:
    """Return the tuning that counts: the one in the folder of policies, if it is the one that was applied."""
    found = load(settings)
    return found if found.version == applied(settings.data) else UNTUNED


def applied(data: Path) -> str:
    """Return the version that was applied last; empty where none was, or nobody can tell."""
    try:
        return str(json.loads((data / KEPT / "applied.json").read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def apply(data: Path, tuning: Tuning) -> None:
    """Note that a tuning is applied, and keep its text.

    Raises:
        Unavailable: it cannot be written.

    """
    folder = data / KEPT
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if tuning.version:
            _write(folder / f"{tuning.version}.toml", tuning.text)
        _write(folder / "applied.json", json.dumps({"version": tuning.version}))
    except OSError as error:
        raise Unavailable(f"`{folder}` cannot be written: {error.strerror}") from error


def _write(file: Path, text: str) -> None:
    beside = file.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(0o600)
    os.replace(beside, file)


def notes(settings: Settings) -> list[str]:
    """Return what `lockgate check` says about the tuning: what is not applied, and what of it is grave.

    Raises:
        Invalid, Unavailable: as `load`.

    """
    tuning = load(settings)
    found = [told(kinds, row.line) for row, kinds in grave(tuning, KINDS)]
    if tuning.version != applied(settings.data):
        found.append(f"{NAME} is not applied, so all that is found counts: `lockgate findings tune --apply`")
    return found


def told(kinds: list[str], line: int) -> str:
    """Return in words that a row can leave out what is restricted everywhere."""
    some = ", ".join(kinds[:3]) + (f" and {len(kinds) - 3:,} more" if len(kinds) > 3 else "")
    return f"{NAME}:{line}: can leave out what is restricted everywhere: {some}"


def journey(running: Lockgate) -> Tunings:
    """Return the journey of tunings over what is open."""
    ingest = running.ingest
    return Tunings(
        running.index,
        running.clock,
        running.audit,
        running.connectors,
        ingest.settler,
        ingest.sieve,
        running.detection.scan,
    )


def allowed(settings: Settings, kind: str, value: str) -> str:
    """Return the keyed hash of a value, as `allowed` of a row has it.

    Raises:
        Invalid: no detector finds such a kind, or the value is empty.
        Unavailable: the key cannot be used.

    """
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, sorted(KINDS), 1, 0.5)
        remedy = f"Did you mean `{near[0]}`?" if near else "All kinds stand in docs/reference/kinds.md."
        raise Invalid(f"no detector finds `{kind[:60]}`", remedy=remedy)
    if not value.strip():
        raise Invalid("the value is empty")
    return everywhere(load_or_create(settings.data / "keys" / KEY), kind, value)
