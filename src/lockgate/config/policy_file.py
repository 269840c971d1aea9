"""What files of the policies folder that are TOML have in common: how they are read, and how they begin."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from lockgate.config.table import Table
from lockgate.errors import Invalid, Unavailable

LARGEST: Final = 1_000_000
"""Bytes of a file at most."""


def text_of(file: Path) -> str:
    """Return the text of a file.

    Raises:
        Invalid: it is too large, or not UTF-8.
        Unavailable: it cannot be read.

    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Unavailable(f"`{file}` cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise Invalid(f"`{file}` is larger than {LARGEST} bytes", code="bad_configuration")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"`{file}` is not UTF-8", code="bad_configuration") from error


def first_version(text: str, file: Path) -> Table:
    """Return the top of a file that begins with `version = 1`.

    Raises:
        Invalid: it is not TOML, or of another version; the message names file and line.

    """
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a mere `ValueError`
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise Invalid(f"{file}: {why}", code="bad_configuration") from error
    top = Table(file, text, "", values)
    if top.whole("version", 0, 0, 1) != 1:
        raise top.fail("version", "must be 1", "Begin the file with `version = 1`.")
    return top
