"""`lockgate init`: write a commented configuration to start from."""

from __future__ import annotations

import argparse
import os
from importlib import resources
from pathlib import Path

from lockgate.config import parse
from lockgate.errors import Conflict, Unavailable


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    init = commands.add_parser(
        "init",
        help="write a commented lockgate.toml to start from",
        description="Writes lockgate.toml and directory.toml into a folder. They are complete: fill in your "
        "identity provider and your folders, then run `lockgate serve`.",
    )
    init.add_argument("folder", type=Path, nargs="?", default=Path(), help="where (default: here)")
    init.add_argument("--force", action="store_true", help="replace files that are there")
    init.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files."""
    samples = resources.files("lockgate.config")
    texts = {name: samples.joinpath(name).read_text("utf-8") for name in ("lockgate.toml", "directory.toml")}
    there = [name for name in texts if (args.folder / name).exists()]
    if there and not args.force:
        raise Conflict(f"`{args.folder / there[0]}` exists already", remedy="Give another folder, or --force.")
    try:
        (args.folder / "documents").mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            fresh = args.folder / f"{name}.new"
            fresh.write_text(text, encoding="utf-8")
            os.replace(fresh, args.folder / name)
    except OSError as error:
        raise Unavailable(f"cannot write into `{args.folder}`: {error.strerror}") from error
    parse(texts["lockgate.toml"], args.folder / "lockgate.toml")
    print(f"Wrote {args.folder / 'lockgate.toml'} and {args.folder / 'directory.toml'}.")
    print("Next: set issuer and audience under [identity], name your folders, and run `lockgate models fetch`")
    print("(weights for embeddings, once) and `lockgate serve`.")
    return 0
