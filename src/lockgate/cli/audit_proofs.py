"""`lockgate audit prove` and `check-proof`: files that prove something to whoever has only the public key."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lockgate.adapters import audit_export as files
from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit import cosignature, proof
from lockgate.audit.proof import Inclusion, Proven
from lockgate.cli.audit_place import opened, print_json
from lockgate.errors import Invalid, NotFound

_SUFFIX: Final = ".tlog-proof"
_LAST: Final = 253_402_300_799
"""The last second that a date can show."""


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """Register the commands below `lockgate audit`."""
    text = "make files that prove something to whoever has only the public key"
    prove = verbs.add_parser("prove", help=text, description=text)
    whats = prove.add_subparsers(dest="what", metavar="WHAT", required=True)
    text = "prove that records stand in the signed log. A proof tells about no other record"
    one = whats.add_parser("inclusion", parents=[shared], help=text, description=text)
    which = one.add_mutually_exclusive_group(required=True)
    which.add_argument("--index", type=int, metavar="N", help="the record at this place")
    which.add_argument("--request", metavar="ID", help="every record of this request")
    which.add_argument("--event", type=Path, metavar="FILE", help="the record in this file, a line of an export")
    one.add_argument("--hash-only", action="store_true", help="tell the record's hash alone, not what it says")
    one.add_argument(
        "--out", type=Path, metavar="PATH", help="file, or folder for several (default: standard output)"
    )
    one.set_defaults(run=_inclusion)
    text = "prove that a later checkpoint continues an earlier one: nothing before it was changed or cut"
    two = whats.add_parser("consistency", parents=[shared], help=text, description=text)
    two.add_argument("--from", dest="old", required=True, metavar="CHECKPOINT", help="the earlier one, a file")
    two.add_argument("--to", default="now", metavar="CHECKPOINT", help="the later one, a file (default: now)")
    two.add_argument("--out", type=Path, metavar="PATH", help="file (default: standard output)")
    two.set_defaults(run=_consistency)
    text = "check a proof offline, with nothing but a public key of the log; exit code 1 if it does not hold"
    check = verbs.add_parser("check-proof", help=text, description=text)
    check.add_argument("proof", type=Path, metavar="FILE", help="the proof")
    check.add_argument(
        "--key", type=Path, required=True, metavar="FILE", help="a public key of the log, the first or any later"
    )
    check.add_argument("--event", type=Path, metavar="FILE", help="the record that it must be about")
    check.add_argument(
        "--against", type=Path, metavar="CHECKPOINT", help="a kept checkpoint that it must be about"
    )
    check.add_argument(
        "--witness", type=Path, metavar="FILE", help="a witness's public key: its checkpoint must be cosigned"
    )
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)


def _inclusion(args: argparse.Namespace) -> int:
    with opened(args) as reader:
        made = reader.prove(_indexes(reader, args), reveal=not args.hash_only)
    if args.out is None:
        if len(made) > 1:
            raise Invalid(f"these are {len(made)} records", remedy="Name a folder for their proofs with --out.")
        print(made[0].render(), end="")
        return 0
    names = [args.out]
    if args.out.is_dir() or args.request:
        args.out.mkdir(parents=True, exist_ok=True)
        names = [args.out / f"{one.index}{_SUFFIX}" for one in made]
    for name, one in zip(names, made, strict=True):
        files.write_proof(name, one.render())
    _told(args, names)
    return 0


def _indexes(reader: AuditReader, args: argparse.Namespace) -> list[int]:
    if args.index is not None:
        return [args.index]
    if args.request is not None:
        found = [entry.index for entry in reader.by_request(args.request)]
        if not found:
            raise NotFound(f"there is no request `{args.request}` in the audit log")
        return found
    event = files.read_event(args.event)
    try:
        index = int(json.loads(event)["metadata"]["sequence"])
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"`{args.event}` is no record of a log") from error
    if reader.get(index).event != event:
        raise Invalid(
            f"the log has another record {index} than `{args.event}`",
            remedy="One of them was changed, or they are of different logs: keep both.",
        )
    return [index]


def _consistency(args: argparse.Namespace) -> int:
    old = files.read_checkpoint(Path(args.old))
    new = None if args.to == "now" else files.read_checkpoint(Path(args.to))
    with opened(args) as reader:
        made = reader.prove_consistency(old, new)
    text = made.render()
    if args.out is None:
        print(text, end="")
        return 0
    files.write_proof(args.out, text)
    _told(args, [args.out])
    return 0


def _told(args: argparse.Namespace, names: list[Path]) -> None:
    if args.json:
        print_json({"proofs": [str(one) for one in names]})
        return
    for one in names:
        print(f"wrote `{one}`")
    print(f"check elsewhere with `lockgate audit check-proof {names[0]} --key FILE`")


def _check(args: argparse.Namespace) -> int:
    key = files.read_public_key(args.key)
    text = files.read_proof(args.proof)
    event = files.read_event(args.event) if args.event else None
    kept = files.read_checkpoint(args.against) if args.against else None
    witness = files.read_witness(args.witness) if args.witness else None
    seen = None
    try:
        shown = proof.check(proof.parse(text), key, event=event, kept=kept)
        if witness is not None:
            seen = cosignature.verify(shown.note, witness)
    except Invalid as error:
        if args.json:
            print_json({"ok": False, "why": str(error)})
        else:
            print(f"NOT PROVEN: {error}")
        return 1
    if args.json:
        print_json(_result(shown) | ({} if seen is None else {"cosigned": seen}))
        return 0
    for line in _lines(shown):
        print(line)
    if witness is not None and seen is not None:
        print(
            f"  cosigned by `{witness.name}` at {datetime.fromtimestamp(min(seen, _LAST), UTC):%Y-%m-%d %H:%M:%S}"
        )
    return 0


def _result(shown: Proven) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ok": True,
        "log": shown.tree.origin,
        "records": shown.tree.size,
        "root": shown.tree.root.hex(),
        "keys": [one.vkey for one in shown.keys],
    }
    if isinstance(shown.proof, Inclusion):
        event = shown.proof.event
        result |= {"kind": "inclusion", "index": shown.proof.index, "leaf": shown.proof.leaf.hex()}
        return result | ({"event": json.loads(event)} if event is not None else {})
    if shown.old is None:
        raise TypeError("a proof of consistency has two checkpoints")
    return result | {"kind": "consistency", "from": shown.old.size, "from_root": shown.old.root.hex()}


def _lines(shown: Proven) -> list[str]:
    tree = f"`{shown.tree.origin}` of {shown.tree.size} records, root {shown.tree.root.hex()}"
    if isinstance(shown.proof, Inclusion):
        told = shown.proof.event is not None
        what = "the record below stands" if told else f"a record of the hash {shown.proof.leaf.hex()} stands"
        lines = [f"proven: {what} at {shown.proof.index} in {tree}"]
        event = (shown.proof.event or b"").decode()
        lines += ["".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in event)] if told else []
    else:
        size = shown.old.size if shown.old else 0
        lines = [f"proven: the first {size} records are unchanged in {tree}"]
    if len(shown.keys) > 1:
        lines.append(f"  the key was replaced {len(shown.keys) - 1} times, each time signed by the one before")
    return lines
