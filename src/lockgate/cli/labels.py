"""`lockgate labels`: rules from findings to labels: check them, see what they would change, explain, apply."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lockgate.cli import labels_suggest
from lockgate.cli.terminal import plain
from lockgate.config import load
from lockgate.config.label_rules import read_rules
from lockgate.errors import NotFound

if TYPE_CHECKING:
    from lockgate.config import Settings
    from lockgate.content.label_policy import LabelPolicy
    from lockgate.journeys.labels import Change, Labels
    from lockgate.wiring import Lockgate

_ABOUT: Final = """\
Rules from findings to labels stand in `labels.toml` in your folder of policies, else Lockgate's own count. They
raise documents above what their content demands everywhere; a machine never lowers a label.

  lockgate labels check labels.toml              what contradicts, can never fit, or changes nothing; exit code 1
  lockgate labels simulate --rules labels.toml   which documents would change, and why; nothing is changed
  lockgate labels apply                          apply the rules of the configuration to the whole catalogue
  lockgate labels explain hr/pay.xlsx            why a document has its label; --version for an older decision
  lockgate labels suggest --collection hr --model assistant    let a model suggest labels, which only raise

simulate, explain and apply work on the state folder, so no gateway may be working on it. A gateway applies new
rules itself when it starts. suggest asks a running gateway."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    group = commands.add_parser(
        "labels",
        help="rules from findings to labels: check, simulate, apply, explain",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = group.add_subparsers(dest="what", metavar="WHAT", required=True)
    check = inner.add_parser("check", help="find rules that contradict, can never fit, or change nothing")
    check.add_argument("file", nargs="?", type=Path, help="the rules (default: those in force)")
    check.set_defaults(run=run_check)
    simulate = inner.add_parser("simulate", help="list what would change, and why")
    simulate.add_argument("--rules", type=Path, metavar="FILE", help="rules to try (default: those in force)")
    simulate.set_defaults(run=run_simulate)
    apply = inner.add_parser("apply", help="apply the rules in force to every document")
    apply.set_defaults(run=run_apply)
    explain = inner.add_parser("explain", help="say why a document has its label")
    explain.add_argument("document", help="its id, or collection/path")
    explain.add_argument("--version", help="of the rules that a decision names (default: those in force)")
    explain.set_defaults(run=run_explain)
    labels_suggest.add(inner)
    for one in (check, simulate, apply, explain):
        one.add_argument("--config", type=Path, default=Path("lockgate.toml"), help="default: lockgate.toml")
        one.add_argument("--json", action="store_true", help="print JSON")


def run_check(args: argparse.Namespace) -> int:
    """Check. Exit code 1 if something should be mended. Without a configuration, levels have their usual names."""
    from lockgate.content.detection import KINDS
    from lockgate.content.label_lint import problems
    from lockgate.content.stated import UNKNOWN
    from lockgate.wiring import labels, match

    try:
        settings = load(args.config)
    except NotFound:
        settings = None
    rules = labels.load(settings) if args.file is None else read_rules(args.file, labels.taxonomy(settings))
    own = match.kinds(settings.data if settings else None)
    found = problems(rules, {*KINDS, *own, UNKNOWN, *_learned(settings)})
    if args.json:
        print(json.dumps({"version": rules.version, "problems": found}, indent=2))
        return 1 if found else 0
    print(f"version {rules.version}: {len(rules.rules)} rules, {len(rules.marks)} labels of other systems")
    for one in found:
        print(plain(f"  {one}"))
    return 1 if found else 0


def _learned(settings: Settings | None) -> set[str]:
    from lockgate.adapters import categories
    from lockgate.content.categories.model import KIND

    listed = categories.entries(settings.data / categories.FOLDER) if settings is not None else {}
    return {KIND + name for name in listed}


def run_simulate(args: argparse.Namespace) -> int:
    """List what would change."""
    return asyncio.run(_simulate(args))


async def _simulate(args: argparse.Namespace) -> int:
    from lockgate.cli.running import open_running
    from lockgate.wiring import labels

    settings = load(args.config)
    rules = read_rules(args.rules, settings.labels.taxonomy) if args.rules else labels.load(settings)
    async with open_running(args.config) as running:
        found = [one async for one in _labels(running).simulate(rules)]
    rows = [_row(one, settings) for one in found]
    if args.json:
        print(json.dumps({"version": rules.version, "changes": rows}, indent=2, ensure_ascii=False))
        return 0
    for row in rows:
        print(plain(f"{row['before']:<13}-> {row['after']:<13}{'held  ' if row['held'] else ''}{row['document']}"))
        print(plain(f"    {'; '.join(row['why'])}"))
    print(f"version {rules.version}: {len(rows)} documents would change. Nothing has.")
    return 0


def _row(one: Change, settings: Settings) -> dict[str, Any]:
    names = settings.labels.taxonomy
    added = sorted(one.after.label.forbidden_uses - one.before.label.forbidden_uses)
    return {
        "document": f"{one.after.collection}/{one.after.item}",
        "id": one.after.id,
        "before": names.name(one.before.label.sensitivity),
        "after": names.name(one.after.label.sensitivity),
        "held": one.after.held,
        "forbidden_uses": added,
        "why": list(one.why),
    }


def run_apply(args: argparse.Namespace) -> int:
    """Apply the rules in force."""
    return asyncio.run(_apply(args))


async def _apply(args: argparse.Namespace) -> int:
    from lockgate.cli.running import open_running
    from lockgate.wiring import labels

    async with open_running(args.config) as running:
        rules = running.ingest.rules
        done = {name: one.relabeled for name, one in (await labels.apply(running, getpass.getuser())).items()}
    if args.json:
        print(json.dumps({"version": rules.version, "changed": done}, indent=2))
        return 0
    for name, count in done.items():
        print(plain(f"{name}: {count:,} documents changed"))
    print(f"version {rules.version} is applied")
    return 0


def run_explain(args: argparse.Namespace) -> int:
    """Say why."""
    return asyncio.run(_explain(args))


async def _explain(args: argparse.Namespace) -> int:
    from lockgate.cli.running import open_running
    from lockgate.wiring import labels

    settings = load(args.config)
    names = settings.labels.taxonomy
    rules: LabelPolicy
    rules = labels.kept(settings.data, args.version, names) if args.version else labels.load(settings)
    async with open_running(args.config) as running:
        document, proposal = _labels(running).explain(args.document, rules)
    told = {
        "document": f"{document.collection}/{document.item}",
        "label": names.name(document.label.sensitivity),
        "review": document.review.value,
        "held": document.held,
        "version": rules.version,
        "proposed": names.name(proposal.sensitivity),
        "why": list(proposal.reasons),
        "notes": list(document.notes),
    }
    if args.json:
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    print(plain(f"{told['document']}: {told['label']} ({told['review']}{', held' if document.held else ''})"))
    print(f"  proposed by version {rules.version}: {told['proposed']}")
    for one in (*proposal.reasons, *document.notes):
        print(plain(f"    {one}"))
    return 0


def _labels(running: Lockgate) -> Labels:
    from lockgate.wiring import labels

    return labels.journey(running)
