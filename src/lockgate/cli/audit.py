"""`lockgate audit`: verify, export and explain the audit log."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from lockgate.adapters import audit_export as files
from lockgate.audit import checkpoint, handover, lineage
from lockgate.audit.record import Source
from lockgate.audit.search import moment
from lockgate.cli import audit_proofs, audit_rotate, audit_search
from lockgate.cli.audit_place import log_path, opened, print_json, public_key
from lockgate.cli.audit_rows import HEADS, plain, row, shown, table
from lockgate.errors import NotFound
from lockgate.labels import wire

_ABOUT: Final = """\
Everything that Lockgate decides, retrieves, sends and answers is recorded before it takes effect, in a log that
can only grow: an RFC 6962 Merkle tree whose root is signed with every write.

  lockgate audit verify                                  is the log still what was signed, and is it complete?
  lockgate audit checkpoint --to /media/usb/today.note   keep what is signed now in a place of your own
  lockgate audit verify --against /media/usb/today.note  then nobody can cut or rewrite what came before
  lockgate audit show REQUEST                            every record of one request
  lockgate audit search --user user:ann --label restricted   records by person, model, label, time, ...
  lockgate audit lineage ANSWER                          every passage behind an answer: source, hash, label
  lockgate audit export --to audit.jsonl                 OCSF events, one a line, with their checkpoints beside
  lockgate audit prove inclusion --request ID --out DIR  a file for each record that a public key alone checks
  lockgate audit prove consistency --from today.note     nothing of what was signed then has been changed since
  lockgate audit rotate-key                              a new signing key, also while serving

An outside auditor needs no configuration and no running Lockgate, only the file and the public key:

  lockgate audit verify --log audit.jsonl --public-key audit.pem.pub --against today.note
  lockgate audit check-proof 41.tlog-proof --key audit.pem.pub

Exit code 1: log or proof does not verify, or an answer's label is lower than that of what it was made from."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command group."""
    group = commands.add_parser(
        "audit",
        help="verify, export and explain the audit log",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", default="lockgate.toml", help="configuration (default: %(default)s)")
    shared.add_argument("--log", type=Path, help="the log (default: audit.db in the state folder)")
    shared.add_argument("--json", action="store_true", help="print JSON")
    verbs = group.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, parents=[shared], help=text, description=text)
        made.set_defaults(run=run)
        return made

    public = "the log's public key (default: that of the configured signing key)"
    check = verb("verify", _verify, "check the whole log, offline; exit code 1 if anything is wrong")
    check.add_argument("--public-key", type=Path, metavar="FILE", help=public)
    check.add_argument("--against", type=Path, metavar="CHECKPOINT", help="a checkpoint that was kept elsewhere")
    keep = verb("checkpoint", _checkpoint, "print or keep what is signed now")
    keep.add_argument(
        "--to", type=Path, metavar="FILE", help="where to keep it: a place that the operator cannot reach"
    )
    out = verb("export", _export, "write OCSF events as JSON lines")
    out.add_argument("--to", type=Path, metavar="FILE", help="file (default: standard output)")
    out.add_argument(
        "--since", metavar="TIME", help="only records from then on, such as 2026-11-24 or with a time"
    )
    trace = verb("lineage", _lineage, "every passage behind an answer; exit code 1 if its label is too low")
    trace.add_argument("answer", metavar="ANSWER", help="id of the answer: its header Lockgate-Request-Id")
    show = verb("show", _show, "every record of one request, in order")
    show.add_argument("request", metavar="REQUEST", help="id of the request")
    key = verb("public-key", _public_key, "print the public key; give it to whoever is to verify the log")
    key.add_argument("--public-key", type=Path, metavar="FILE", help=public)
    key.add_argument(
        "--newest", action="store_true", help="the key in force, if keys were replaced (default: the log's first)"
    )
    audit_proofs.add(verbs, shared)
    audit_rotate.add(verbs)
    audit_search.add(verbs, shared)


# ------------------------------------------------------------------ commands


def _verify(args: argparse.Namespace) -> int:
    path, verifier = log_path(args), files.read_public_key(public_key(args))
    kept = files.read_checkpoint(args.against) if args.against else None
    if files.is_database(path):
        with opened(args) as reader:
            report = reader.verify(verifier, kept)
    else:
        report = files.verify_export(path, verifier, kept)
    if args.json:
        faults = [{"what": f.what, "first": f.first, "last": f.last} for f in report.faults]
        print_json(
            {
                "ok": report.ok,
                "records": report.size,
                "root": report.root.hex(),
                "first_bad": report.first_bad,
                "faults": faults,
                "notes": list(report.notes),
            }
        )
        return 0 if report.ok else 1
    if report.ok:
        print(f"verified: {report.size} records, root {report.root.hex()}")
    else:
        print(f"NOT VERIFIED: `{path}`")
        for fault in report.faults:
            print(f"  {plain(fault.what)}")
    for note in report.notes:
        print(f"  note: {note}")
    return 0 if report.ok else 1


def _checkpoint(args: argparse.Namespace) -> int:
    with opened(args) as reader:
        note = reader.checkpoint()
    stated = checkpoint.parse(note)
    if args.to:
        files.write_checkpoint(args.to, note)
    if args.json:
        print_json({"origin": stated.origin, "records": stated.size, "root": stated.root.hex(), "note": note})
    elif args.to:
        print(f"kept {stated.size} records in `{args.to}`; verify later with `--against {args.to}`")
    else:
        print(note, end="")
    return 0


def _export(args: argparse.Namespace) -> int:
    since = moment(args.since) if args.since else 0
    with opened(args) as reader:
        size = checkpoint.parse(reader.checkpoint()).size
        entries = reader.entries(since=since, below=size)
        if args.to is None:
            for entry in entries:
                sys.stdout.buffer.write(entry.event + b"\n")
            sys.stdout.buffer.flush()
            return 0
        if since:
            count = files.write_events(args.to, entries)
            hint = "a part of the log cannot be verified by itself; export all of it for that"
        else:
            count = files.write_export(args.to, entries, reader.checkpoints(up_to=size))
            hint = f"verify with `lockgate audit verify --log {args.to} --public-key FILE`"
    print(f"wrote {count} records to `{args.to}`; {hint}", file=sys.stderr)
    if args.json:
        print_json({"records": count})
    return 0


def _lineage(args: argparse.Namespace) -> int:
    with opened(args) as reader:
        found = lineage.trace(args.answer, reader.by_request(args.answer))
    label = found.record.label
    if args.json:
        print_json(
            {
                "answer": found.request_id,
                "index": found.index,
                "subject": found.record.subject,
                "label": None if label is None else wire.render(label),
                "sources": [_source(s) for s in found.sources],
                "faults": list(found.faults),
            }
        )
    else:
        subject = found.record.subject or "nobody"
        print(plain(f"answer {found.request_id} (record {found.index}) to {subject}"))
        print(f"  label: {plain(shown(label))}")
        print(f"  made from {len(found.sources)} passages:")
        rows = [
            (s.chunk, f"{s.connector}:{s.item}", s.revision, s.digest[:16], shown(s.label)) for s in found.sources
        ]
        table(("passage", "source", "revision", "sha256", "label"), rows)
        for fault in found.faults:
            print(f"  WRONG: {plain(fault)}")
        if not found.faults:
            print("  the label is at least that of everything that it was made from")
    return 1 if found.faults else 0


def _source(source: Source) -> dict[str, Any]:
    names = ("chunk", "document", "connector", "item", "revision", "digest")
    return {name: getattr(source, name) for name in names} | {"label": wire.render(source.label)}


def _show(args: argparse.Namespace) -> int:
    with opened(args) as reader:
        entries = reader.by_request(args.request)
    if not entries:
        raise NotFound(f"there is no request `{args.request}` in the audit log")
    if args.json:
        print_json([{"index": e.index, "event": json.loads(e.event)} for e in entries])
        return 0
    table(HEADS, [row(e) for e in entries])
    return 0


def _public_key(args: argparse.Namespace) -> int:
    trusted = files.read_public_key(public_key(args))
    vkey = trusted.vkey
    if args.newest:
        with opened(args) as reader:
            vkey = (
                handover.Chain.of([handover.Handover.parse(n) for n in reader.handovers()], trusted).keys[-1].vkey
            )
    if args.json:
        print_json({"public_key": vkey})
    else:
        print(vkey)
    return 0
