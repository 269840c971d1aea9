"""Where the log and its public key are, for the commands of `lockgate audit`."""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lockgate.adapters.audit_reader import AuditReader
from lockgate.errors import Invalid, NotFound


def state_folder(args: argparse.Namespace) -> Path:
    """Return the state folder that the configuration names; beside it, an auditor needs nothing else of it.

    Raises:
        Invalid: the configuration cannot be read.

    """
    config = Path(args.config)
    try:
        value = tomllib.loads(config.read_text()).get("data", "data")
    except FileNotFoundError:
        value = "data"
    except (OSError, ValueError) as error:
        raise Invalid(f"cannot read `{config}`") from error
    if not isinstance(value, str):
        raise Invalid(f"`data` in `{config}` must be a path")
    return config.parent / value


def log_path(args: argparse.Namespace) -> Path:
    """Return the log that the arguments name."""
    return args.log or state_folder(args) / "audit.db"


def public_key(args: argparse.Namespace) -> Path:
    """Return the file of the public key that the arguments name.

    Raises:
        NotFound: none is named, and there is none in the state folder.

    """
    if args.public_key:
        return Path(args.public_key)
    public = state_folder(args) / "keys" / "audit.pem.pub"
    if not public.is_file():
        raise NotFound(f"there is no public key at `{public}`", remedy="name it with --public-key FILE")
    return public


@contextmanager
def opened(args: argparse.Namespace) -> Iterator[AuditReader]:
    """Open the log for reading."""
    reader = AuditReader.open(log_path(args))
    try:
        yield reader
    finally:
        reader.close()


def print_json(value: object) -> None:
    """Print JSON for programs."""
    print(json.dumps(value, indent=2))
