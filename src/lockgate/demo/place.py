"""The folder that a demonstration is generated into: replaced each time, and therefore never anything else."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import Final

from lockgate.errors import Conflict, Invalid, Unavailable

MARK: Final = ".lockgate-demo"
"""Lies in every folder that a demonstration made. One without it is somebody's, and is not touched."""
_LOCK: Final = Path("state") / "audit.db.lock"


def clear(folder: Path) -> None:
    """Make an empty folder of a demonstration, in place of what an earlier one left there.

    Raises:
        Conflict: a demonstration runs in it.
        Invalid: it holds something that no demonstration made.
        Unavailable: it cannot be made or emptied.

    """
    try:
        if folder.exists() and (folder.is_symlink() or not folder.is_dir() or any(folder.iterdir())):
            if folder.is_symlink() or not (folder / MARK).is_file():
                raise Invalid(
                    f"`{folder}` holds something that no demonstration made, and one replaces its folder",
                    remedy="Name a new folder with `--folder`, or remove this one yourself.",
                )
            _refuse_if_used(folder)
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text("Made by `lockgate demo`, which replaces this folder at each start.\n")
    except OSError as error:
        raise Unavailable(f"`{folder}` cannot be made anew: {error.strerror}") from error


def remove(folder: Path) -> None:
    """Remove what a demonstration left, if it is there and a demonstration's."""
    if (folder / MARK).is_file():
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_if_used(folder: Path) -> None:
    if not (folder / _LOCK).exists():
        return
    with (folder / _LOCK).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                f"a demonstration runs in `{folder}`",
                remedy="Stop it first, or name another folder with `--folder`.",
            ) from error
