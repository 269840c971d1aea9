"""Backups: a consistent set of everything that a Lockgate needs to answer as it does, verified as it is written.

The order matters: index and history first, the log after them, the keys last. So the log knows of everything that
the others hold, also of what was forgotten in between; restoring carries that out again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from lockgate import __version__
from lockgate.adapters import (
    acceptances,
    audit_export,
    audit_key,
    categories,
    match_sets,
    sealed,
    state_folder,
)
from lockgate.adapters.audit_reader import AuditReader
from lockgate.adapters.keys import FileKeys
from lockgate.adapters.remains import BACKUPS
from lockgate.audit import checkpoint
from lockgate.config import Settings
from lockgate.errors import Conflict, Invalid, NotFound, Unavailable
from lockgate.storage import index_queries
from lockgate.storage.schema import AUDIT, HISTORY, INDEX
from lockgate.wiring import judging, labels
from lockgate.wiring.copying import copy_folder, write

FORMAT: Final = "lockgate-backup-1"
_SEALED: Final = "keys.sealed"
_KEYS: Final = "keys"
_ORDER: Final = (INDEX, HISTORY, AUDIT)
_TRIES: Final = 5
_FIELDS: Final = {"data": str, "keys": bool, "records": int, "root": str}
"""What restoring reads of a manifest, beside its files."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in a set of databases when it was verified."""

    records: int
    root: str
    documents: int
    passages: int


def backup(settings: Settings, target: Path, secret: bytes | None, now: datetime) -> dict[str, Any]:
    """Write a verified backup into a new folder, also while the gateway runs. Return its manifest.

    Args:
        settings: of the Lockgate to back up.
        target: a folder that is not there, or is empty.
        secret: a passphrase for the keys; None leaves the keys out.
        now: the time.

    Raises:
        Conflict: there is something in the target.
        NotFound: there is no state yet.
        Unavailable: something cannot be read or written, or does not verify. Nothing is left in the target.

    """
    state = settings.data
    if not (state / AUDIT.file).is_file():
        raise NotFound(f"there is no state in `{state}`", remedy="Serve or ingest first.")
    with _made(target) as part:
        keys = _copy_databases(state, part / "state")
        if (state / acceptances.NAME).is_file():
            write(part / "state" / acceptances.NAME, (state / acceptances.NAME).read_bytes())
        outside = _copy_settings(settings, part / "settings")
        # decisions are explained with the rules of then
        for kept in (labels.KEPT, judging.KEPT, categories.FOLDER, match_sets.FOLDER):
            if (state / kept).is_dir():
                outside += copy_folder(state / kept, part / "state" / kept, state, (state / _KEYS, part))
        data = _inside(settings.data, settings.file.parent)
        if data is None:
            outside.append(str(settings.data))
        if secret is not None:
            write(part / _SEALED, sealed.seal(keys, secret))
        found = _verify(part / "state", state / "keys")
        manifest = {
            "format": FORMAT,
            "made": now.isoformat(),
            "version": __version__,
            "data": data or "state",
            "keys": secret is not None,
            "key_files": {name: _sha(data) for name, data in keys.items()} if secret is not None else sorted(keys),
            "records": found.records,
            "root": found.root,
            "documents": found.documents,
            "passages": found.passages,
            "outside": outside,
            "files": {name: _digest(part / name) for name in _files(part)},
        }
        write(part / "manifest.json", json.dumps(manifest, indent=2).encode())
    _remember(state, target, now, secret is not None)
    return manifest


def restore(
    source: Path, target: Path, secret: bytes | None, keys: Path | None, logs: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """Restore a backup into a new folder, verified. Return its manifest, with what was `forgotten` again.

    Args:
        source: the backup.
        target: a folder that is not there, or is empty.
        secret: the passphrase of its keys, where it has them.
        keys: the folder of keys to use, where it has none.
        logs: newer audit logs: what they say was forgotten is forgotten here too.

    Raises:
        Conflict: there is something in the target.
        Invalid: it is no backup, is damaged, or the keys are missing or others.
        Unavailable: something cannot be read or written, or does not verify. Nothing is left in the target.

    """
    manifest = _checked(source)
    with _made(target) as part:
        state = part / str(manifest["data"])
        if (source / "settings").is_dir():
            shutil.copytree(source / "settings", part, dirs_exist_ok=True)
        shutil.copytree(source / "state", state, dirs_exist_ok=True)
        for name, data in _keys(source, manifest, secret, keys).items():
            write(state / "keys" / name, data)
        state_folder.secure(state)
        found = _verify(state, state / "keys")
        if (found.records, found.root) != (manifest["records"], manifest["root"]):
            raise Invalid("the log in the backup is not the one in its manifest")
        gone = _forget_again(state, logs)
        return manifest | {"forgotten": gone}


# ------------------------------------------------------------------ verification


def _verify(state: Path, keys: Path) -> Contents:
    """Verify the log with its tree, and open every document with its key."""
    reader = AuditReader.open(state / AUDIT.file)
    try:
        public = audit_export.read_public_key(keys / "audit.pem.pub")
        report, note = reader.verify(public), reader.checkpoint()
    finally:
        reader.close()
    if not report.ok:
        raise Unavailable("the audit log does not verify", remedy="Run `lockgate audit verify`.")
    if not any(checkpoint.signed_by(note, one) for one in audit_key.held(keys / "audit.pem", public.name)):
        raise Invalid(
            "none of the signing keys is the one that the audit log was handed over to",
            remedy="Take the keys of the time of the backup: with others the log cannot go on.",
        )
    for layout in _ORDER:
        with _connected(state / layout.file) as db:
            if db.exec_driver_sql("PRAGMA quick_check").scalar_one() != "ok":
                raise Unavailable(f"the {layout.name} database is damaged")
    with _connected(state / INDEX.file) as db:
        documents, passages = index_queries.open_all(db, FileKeys.open(keys / "master.key"))
    return Contents(report.size, report.root.hex(), documents, passages)


def _checked(source: Path) -> dict[str, Any]:
    """Return the manifest of a backup whose files are all there, as they were, and no others.

    A link, or a pipe, is none of them: it would bring in what lies elsewhere on this machine, or wait for ever.
    """
    for path in source.rglob("*"):
        if not (stat.S_ISREG(_mode(path)) or stat.S_ISDIR(_mode(path))):
            raise Invalid(f"the backup `{source}` was changed: `{path.name}` is neither a file nor a folder")
    try:
        manifest: dict[str, Any] = json.loads((source / "manifest.json").read_bytes())
        if manifest["format"] != FORMAT:
            raise Invalid(f"`{source}` is a backup of a form that this version does not know")
        files, data = dict(manifest["files"]), Path(manifest["data"])
        whole = all(type(manifest[name]) is kind for name, kind in _FIELDS.items())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid(f"`{source}` is no backup") from error
    taken = any(f"settings/{one}" in files for one in (data, *data.parents))
    if not whole or data.is_absolute() or ".." in data.parts or "\0" in str(data) or taken:
        raise Invalid(f"the manifest of `{source}` was changed")
    there = set(_files(source)) - {"manifest.json"}
    wrong = sorted(there ^ set(files)) or [name for name in sorted(files) if _digest(source / name) != files[name]]
    if wrong:
        raise Invalid(f"the backup `{source}` is damaged: `{wrong[0]}` is missing, new or changed")
    return manifest


def _keys(source: Path, manifest: Mapping[str, Any], secret: bytes | None, keys: Path | None) -> dict[str, bytes]:
    if keys is not None:
        return {path.name: path.read_bytes() for path in sorted(keys.iterdir()) if path.is_file()}
    if not manifest["keys"]:
        raise Invalid("the backup has no keys", remedy="Name the folder of the keys with --keys FOLDER.")
    if secret is None:
        raise Invalid("the keys in the backup are sealed", remedy="Add --passphrase-file FILE.")
    return sealed.unseal((source / _SEALED).read_bytes(), secret)


def _copy_databases(state: Path, target: Path) -> dict[str, bytes]:
    """Copy the databases, and return the keys that fit to them: none was replaced while they were copied.

    A key that is replaced is destroyed. A copy from before with the keys from after would open nowhere.
    """
    for _ in range(_TRIES):
        before = _key_files(state)
        for layout in _ORDER:
            state_folder.copy_database(state / layout.file, target / layout.file)
        if before == _key_files(state):
            return before
    raise Unavailable("keys are replaced all the while", remedy="Make the backup when that is done.")


def _key_files(state: Path) -> dict[str, bytes]:
    """Return all keys, requests and parts of unfinished ones left out."""
    found = {}
    for path in sorted((state / "keys").iterdir()):
        if path.suffix not in {".rotate", ".part"}:
            with suppress(FileNotFoundError):  # replaced at this moment: the next look differs
                found[path.name] = path.read_bytes()
    return found


# ------------------------------------------------------------------ what was forgotten stays forgotten


def _forget_again(state: Path, logs: tuple[Path, ...]) -> int:
    """Carry out what the logs say was forgotten; return how many documents that concerned."""
    gone: dict[str, bool] = {}
    for log in (state / AUDIT.file, *logs):
        reader = AuditReader.open(log)
        try:
            for entry in reader.entries():
                if b"forget" in entry.event or b"ingest.put" in entry.event:
                    record = entry.record
                    _fold(gone, record.action, record.outcome, record.resource_id, dict(record.facts))
        finally:
            reader.close()
    done = 0
    with _connected(state / INDEX.file) as db:
        db.exec_driver_sql("PRAGMA secure_delete=ON")
        now = index_queries.change_of(db)
        tombs = index_queries.forgotten(db)
        for id, may_return in gone.items():
            there = index_queries.delete(db, id)
            if not may_return and id not in tombs:
                index_queries.set_forgotten(db, id, "restored")
            done += there
        index_queries.set_change(db, now + 1)
        db.commit()
        if done:
            db.exec_driver_sql("VACUUM")
    return done


def _fold(gone: dict[str, bool], action: str, outcome: str, id: str, facts: Mapping[str, object]) -> None:
    """Follow one record: a document is gone from its forgetting until it may return and is stored anew."""
    if action == "forget" and outcome in {"completed", "incomplete"}:
        gone[id] = facts.get("may_return") is True
    elif action == "forget" and outcome == "may_return":
        gone[id] = True
    elif action == "ingest.put" and gone.get(id):
        del gone[id]


# ------------------------------------------------------------------ files


def _copy_settings(settings: Settings, target: Path) -> list[str]:
    """Copy the configuration and what it names; return what lies outside of its folder and was not copied."""
    home = settings.file.absolute().parent
    named = [settings.file, settings.identity.directory, settings.identity.service_keys, settings.policies]
    named += [Path(one.user_keys) for one in settings.applications if one.user_keys]
    outside = []
    for path in (one.absolute() for one in named if one is not None and one.exists()):
        inside = _inside(path, home)
        if inside is None:
            outside.append(str(path))
        elif path.is_dir():
            outside += copy_folder(
                path, target / inside, home, (settings.data, settings.data / _KEYS, target.parent)
            )
        elif path.is_file():
            write(target / inside, path.read_bytes())
        else:  # to read a pipe would wait for somebody who writes
            outside.append(str(path))
    return outside


def _inside(path: Path, home: Path) -> str | None:
    """Return the path relative to a folder; None where it lies outside of it."""
    try:
        found = path.absolute().relative_to(home.absolute())
    except ValueError:
        return None
    return None if ".." in found.parts or not found.parts else found.as_posix()


@contextmanager
def _made(target: Path) -> Iterator[Path]:
    """Give a folder beside the target that becomes the target when everything went well."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Conflict(f"there is something in `{target}`", remedy="Name a new or empty folder.")
    part = target.absolute().with_name(f".{target.absolute().name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        yield part
        for path in (part, *part.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)
        if target.exists():
            target.rmdir()
        part.rename(target)
        folder = os.open(target.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Unavailable(f"`{target}` cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _remember(state: Path, target: Path, now: datetime, keys: bool) -> None:
    """Leave a line about the backup, so that `forget` can name it."""
    line = json.dumps({"made": now.isoformat(), "place": str(target.absolute()), "keys": keys}) + "\n"
    with os.fdopen(os.open(state / BACKUPS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _mode(path: Path) -> int:
    return path.lstat().st_mode


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def _connected(path: Path) -> Iterator[sa.Connection]:
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    try:
        with engine.connect() as db:
            yield db
    except sa.exc.SQLAlchemyError as error:
        raise Unavailable(f"`{path}` cannot be used: {getattr(error, 'orig', None) or 'damaged'}") from error
    finally:
        engine.dispose()
