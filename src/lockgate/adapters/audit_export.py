"""A log as plain files: one event a line, and its signed checkpoints beside it, for SIEMs and outside auditors.

`audit.jsonl` has the record of index i in line i + 1, byte for byte what the tree commits to.
`audit.jsonl.checkpoints` has the signed notes, each a JSON string on a line, by size.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lockgate.audit import verify
from lockgate.audit.checkpoint import Verifier
from lockgate.audit.cosignature import Witness
from lockgate.audit.entry import Entry
from lockgate.errors import Invalid, NotFound, Unavailable


def is_database(path: Path) -> bool:
    """Tell whether a log file is a SQLite file (else it is read as an export).

    Raises:
        NotFound: there is no such file.

    """
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError as error:
        raise NotFound(f"the audit log `{path}` cannot be read: {error.strerror}") from error


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.checkpoints")


def _write(path: Path, lines: Iterable[bytes]) -> int:
    """Write lines in one step, for the owner only: a reader sees the whole file or none."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    count = 0
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for line in lines:
                file.write(line + b"\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise Unavailable(f"cannot write `{path}`: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def write_export(path: Path, entries: Iterable[Entry], checkpoints: Iterable[str]) -> int:
    """Write a whole log and its checkpoints; return the number of records."""
    count = _write(path, (entry.event for entry in entries))
    _write(_beside(path), (json.dumps(note).encode() for note in checkpoints))
    return count


def write_events(path: Path, entries: Iterable[Entry]) -> int:
    """Write some of the records, which cannot be verified by themselves; return their number."""
    return _write(path, (entry.event for entry in entries))


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")


def _notes(path: Path) -> Iterator[str]:
    for line in _lines(path):
        try:
            note = json.loads(line)
        except (ValueError, RecursionError):
            note = ""  # no checkpoint; verification says which
        yield note if isinstance(note, str) else ""


def verify_export(path: Path, verifier: Verifier, kept: str | None = None) -> verify.Report:
    """Verify an exported log against the checkpoints beside it, or where there are none the kept one."""
    beside = _beside(path)
    own: Iterable[str] = _notes(beside) if beside.exists() else [kept] if kept else []
    entries = (Entry(index, line) for index, line in enumerate(_lines(path)))
    return verify.verify(entries, own, verifier, kept=kept)


def read_checkpoint(path: Path) -> str:
    """Return a signed note from a file.

    Raises:
        Invalid: the file cannot be read as text.

    """
    return _text(path, "checkpoint")


def read_public_key(path: Path) -> Verifier:
    """Return the public key in a file.

    Raises:
        Invalid: the file cannot be read, or is no public key of an audit log.

    """
    return Verifier.parse(_text(path, "public key"))


def read_witness(path: Path) -> Witness:
    """Return the public key of a witness in a file.

    Raises:
        Invalid: the file cannot be read, or is no such key.

    """
    return Witness.parse(_text(path, "key of the witness"))


def write_checkpoint(path: Path, note: str) -> None:
    """Write a signed note to a file, in one step."""
    _write(path, [note.removesuffix("\n").encode()])


def read_proof(path: Path) -> str:
    """Return the text of a proof.

    Raises:
        Invalid: the file cannot be read as text.

    """
    return _text(path, "proof", 8 << 20)


def read_event(path: Path) -> bytes:
    """Return a record as a line of an export has it.

    Raises:
        Invalid: the file cannot be read as text.

    """
    return _text(path, "record", 8 << 20).removesuffix("\n").encode()


def write_proof(path: Path, text: str) -> None:
    """Write a proof to a file, in one step."""
    _write(path, [text.removesuffix("\n").encode()])


def _text(path: Path, what: str, most: int = 1 << 20) -> str:
    try:
        with path.open("rb") as file:
            return file.read(most).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"the {what} `{path}` cannot be read") from error
