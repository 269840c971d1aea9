"""The process's log, as lines of JSON or of text, on standard error. Never content, tokens or names of documents.

What our own code logs is written for it. For what others log, no such promise can be made: of theirs only the
fixed words are kept, without the values that were to be put into them. Of an exception, its type and place are
kept, whoever logs it: its message may quote what somebody sent.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final, TextIO

OWN: Final = "lockgate"
LONGEST: Final = 4_000
_OTHERS: Final = 200


def handler(form: str, stream: TextIO | None = None) -> logging.Handler:
    """Return a handler that writes `json` or `text`."""
    made = logging.StreamHandler(stream or sys.stderr)
    made.setFormatter(_Json() if form == "json" else _Text())
    return made


def start(form: str, level: str) -> None:
    """Let the whole process log in this form from now on, and nobody else write there.

    Args:
        form: `json` or `text`.
        level: `debug`, `info`, `warning` or `error`. Others than our own code are heard from `info` on.

    """
    root = logging.getLogger()
    for one in list(root.handlers):
        root.removeHandler(one)
    root.addHandler(handler(form))
    wanted = getattr(logging, level.upper())
    root.setLevel(max(wanted, logging.INFO))
    logging.getLogger(OWN).setLevel(wanted)
    # `logging` itself would print records that cannot be formatted, with their values.
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)


def _parts(record: logging.LogRecord) -> dict[str, Any]:
    """Return what of a record is written."""
    own = record.name == OWN or record.name.startswith(f"{OWN}.")
    if own:
        said = record.getMessage()[:LONGEST]
    else:  # the first line of the words, before anything is put into them
        said = str(record.msg).partition("\n")[0][:_OTHERS] if isinstance(record.msg, str) else ""
    parts: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": said,
    }
    fields = getattr(record, "fields", None)
    if own and isinstance(fields, dict):
        parts |= {name: value for name, value in fields.items() if name not in parts}
    if record.exc_info and record.exc_info[0] is not None:
        parts["exception"] = record.exc_info[0].__name__
        parts["at"] = [
            f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(record.exc_info[2])
        ]
    return parts


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON, in ASCII: nothing in it can end a line or steer a terminal."""
        return json.dumps(_parts(record), default=lambda value: type(value).__name__)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one line for people."""
        parts = _parts(record)
        head = " ".join(str(parts.pop(name)) for name in ("time", "level", "logger", "message"))
        rest = "".join(f" {name}={value}" for name, value in parts.items())
        return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in head + rest)
