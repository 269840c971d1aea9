"""Where a report goes: to standard output, or to a file for its owner alone."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from lockgate.errors import Invalid


@contextlib.contextmanager
def output(path: Path | None) -> Iterator[TextIO]:
    """Open where the report goes. A file is for its owner alone: it says where secrets lie.

    Raises:
        Invalid: the file cannot be written.

    """
    if path is None:
        yield sys.stdout
        return
    try:
        path.unlink(missing_ok=True)
        with open(path, "x", encoding="utf-8", errors="replace", opener=_private) as stream:
            yield stream
    except OSError as error:
        raise Invalid(f"the report cannot be written to `{path}`: {error.strerror}") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
