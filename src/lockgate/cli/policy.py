"""`lockgate policy`: check, test and explain policies without a running server."""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from lockgate.adapters.policy_files import SHIPPED, copy_shipped, load, load_cases
from lockgate.errors import Invalid, Unavailable
from lockgate.policy.cases import Outcome, parse_request, run
from lockgate.policy.decision import Decision, Effect
from lockgate.policy.explain import Explanation, explain
from lockgate.policy.model import Action, Use
from lockgate.policy.monotone import concerns

_DEFAULT = "default: `policies` of ./lockgate.toml, else the shipped ones"
_EXPLAIN = """\
Give a request as a file, in the form of a decision case (docs/guides/policy.md), or as flags:

  lockgate policy explain --subject user:ann --groups hr --action read --resource document:salaries \\
      --readers group:hr --sensitivity restricted --reviewed --use ai

What is not given has its worst value: unreviewed, held back, readable by nobody, high risk.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the group `policy`."""
    group = commands.add_parser("policy", help="check, test and explain policies")
    verbs = group.add_subparsers(dest="verb", metavar="VERB", required=True)

    check = verbs.add_parser("check", help="refuse invalid policies; name conditions where less trust gives more")
    check.add_argument("--strict", action="store_true", help="exit 1 if a concern is not accepted by its policy")
    check.set_defaults(run=_check)

    test = verbs.add_parser("test", help="run the decision cases beside the policies (cases/*.yaml)")
    test.set_defaults(run=_test)

    why = verbs.add_parser(
        "explain",
        help="show what both judges say to a request, and what would change it",
        description=_EXPLAIN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    why.add_argument("--request", type=Path, metavar="FILE", help="a request in YAML or JSON; `-` reads stdin")
    why.add_argument("--subject", metavar="KIND:ID", help="user:ann, service:etl or agent:bot")
    why.add_argument("--groups", metavar="A,B", default="", help="groups of the subject")
    why.add_argument("--for", dest="person", metavar="ID", help="the user that an agent or service acts for")
    why.add_argument("--for-groups", metavar="A,B", default="", help="groups of that user")
    why.add_argument("--action", choices=[str(one) for one in Action], default="read")
    why.add_argument("--resource", metavar="TYPE:ID", default="document:d", help="document, answer, model, system")
    why.add_argument(
        "--readers", action="append", metavar="A,B", help="any of these may read; repeat: all must hold"
    )
    why.add_argument("--sensitivity", choices=["public", "general", "confidential", "restricted"])
    why.add_argument("--owners", metavar="A,B", default="", help="owners, such as user:ann,group:hr")
    why.add_argument("--reviewed", action="store_true", help="the label is reviewed and not held back")
    why.add_argument("--no-ai", action="store_true", help="the owner has excluded it from AI")
    why.add_argument("--use", choices=[str(one) for one in Use], default="ai")
    why.add_argument("--purpose", default="")
    why.add_argument("--risk", choices=["low", "medium", "high"], default="high")
    why.add_argument("--assurance", type=int, default=0)
    why.add_argument("--compliant", action="store_true", help="the device is compliant")
    why.set_defaults(run=_explain)

    copy = verbs.add_parser("copy", help="copy the shipped policies into a folder of yours, to change them there")
    copy.add_argument("to", type=Path, metavar="FOLDER", help="a folder that is not there yet")
    copy.set_defaults(run=_copy)

    for verb in (check, test):
        verb.add_argument("folder", nargs="?", type=Path, help=_DEFAULT)
    why.add_argument("--folder", type=Path, help=_DEFAULT)
    for verb in (check, test, why):
        verb.add_argument("--json", action="store_true", help="for programs")


def _folder(args: argparse.Namespace) -> Path:
    """Return the folder that is meant: named, configured here, or shipped.

    Raises:
        Invalid: the configuration here cannot be read.

    """
    if args.folder is not None:
        return Path(args.folder)
    config = Path("lockgate.toml")
    try:
        named = tomllib.loads(config.read_text("utf-8")).get("policies")
    except FileNotFoundError:
        return SHIPPED
    except (OSError, ValueError) as error:
        raise Invalid(f"cannot read `{config}`", remedy="Name the folder of the policies.") from error
    return SHIPPED if not isinstance(named, str) else config.parent / named


def _copy(args: argparse.Namespace) -> int:
    copy_shipped(args.to)
    print(f'Copied to `{args.to}`. Next: set `policies = "{args.to}"` in lockgate.toml.')
    return 0


def _check(args: argparse.Namespace) -> int:
    policies = load(_folder(args))
    found = [one for rule in policies.rules for one in concerns(rule)]
    open_ones = [one for one in found if not one.accepted]
    if args.json:
        listed = [
            {
                "policy": one.rule.id,
                "file": one.rule.statement.file,
                "line": one.rule.statement.line,
                "concern": one.what,
                "accepted": one.rule.accepted,
            }
            for one in found
        ]
        _print_json({"version": policies.version, "policies": len(policies.rules), "concerns": listed})
    else:
        print(f"{len(policies.rules)} policies are valid (version {policies.version})")
        for one in found:
            print(f"{'accepted' if one.accepted else 'concern '}  {one}")
            if one.accepted:
                print(f"          because it {one.rule.accepted}")
        if not open_ones:
            print("less trust never gives more access, but for what is accepted above" if found else
                  "less trust never gives more access")  # fmt: skip
    return 1 if args.strict and open_ones else 0


def _test(args: argparse.Namespace) -> int:
    folder = _folder(args)
    policies, cases = load(folder), load_cases(folder)
    if not cases:
        raise Invalid(f"`{folder}` holds no decision cases (cases/*.yaml)", remedy="Write the first one.")
    outcomes = run(policies, cases)
    failed = [one for one in outcomes if not one.passed]
    if args.json:
        _print_json({"version": policies.version, "cases": [_outcome(one) for one in outcomes]})
    else:
        for one in outcomes:
            mark = "ok  " if one.passed else "FAIL"
            print(f"{mark}  {one.case.want:<6}  {one.case.file}: {one.case.name}")
            for difference in one.differences:
                print(f"      {difference}: {'; '.join(sorted(one.decision.reasons))}")
        print(f"{len(outcomes) - len(failed)} of {len(outcomes)} cases as wanted")
    return 1 if failed else 0


def _outcome(one: Outcome) -> dict[str, Any]:
    return {
        "file": one.case.file,
        "name": one.case.name,
        "want": one.case.want,
        "passed": one.passed,
        "differences": list(one.differences),
        **_decision(one.decision),
    }


def _explain(args: argparse.Namespace) -> int:
    request = parse_request(_tree(args.request) if args.request else _flags(args))
    found = explain(load(_folder(args)), request)
    if args.json:
        _print_json(
            {
                "decision": _decision(found.decision),
                "labels": _decision(found.labels),
                "policies": _decision(found.policies),
                "text": {one.id: one.statement.text for one in found.rules},
                "changes": list(found.changes),
            }
        )
    else:
        _print_explanation(found)
    return 0 if found.decision.permits else 1


def _print_explanation(found: Explanation) -> None:
    request, decision = found.request, found.decision
    resource = f"{request.resource.type} `{request.resource.id}`"
    parties = " for ".join(f"`{one.name}`" for one in request.subject.parties)
    print(f"{_effect(decision).upper()}: {parties} {request.action} {resource}")
    for name, judge in (("labels", found.labels), ("policies", found.policies)):
        print(f"  {name:<9} {_effect(judge):<7} {'; '.join(sorted(judge.reasons))}")
    for title, values in (
        ("oblige", sorted(map(str, decision.obligations))),
        ("errors", sorted(decision.errors)),
        ("advice", sorted(decision.remedies)),
    ):
        for value in values:
            print(f"  {title:<9} {value}")
    for rule in found.rules:
        print(f"\n{rule.statement.place}\n{rule.statement.text}")
    turned = "denied" if decision.permits else "permitted"
    print(
        f"\nIt would be {turned} if:"
        if found.changes
        else f"\nNo one or two changes that were tried make it {turned}."
    )
    for change in found.changes:
        print(f"  - {change}")


def _flags(args: argparse.Namespace) -> dict[str, Any]:
    """Return the request that the flags describe, in the form of a case."""
    if not args.subject:
        raise Invalid("say who asks", remedy="Give --subject user:NAME, or --request FILE.")
    kind, _, name = args.subject.partition(":")
    subject: dict[str, Any] = {kind: name, "groups": _split(args.groups), "risk": args.risk}
    subject["assurance"] = args.assurance
    if args.person:
        subject["for"] = {"user": args.person.removeprefix("user:"), "groups": _split(args.for_groups)}
    kind, _, name = args.resource.partition(":")
    resource: dict[str, Any] = {kind: name, "reviewed": args.reviewed, "held": not args.reviewed}
    resource["forbidden_uses"] = ["ai"] if args.no_ai else []
    resource["owners"] = _split(args.owners)
    if args.readers:
        resource["readers"] = [_split(clause) for clause in args.readers]
    if args.sensitivity:
        resource["sensitivity"] = args.sensitivity
    context = {"use": args.use, "purpose": args.purpose, "device_compliant": args.compliant}
    return {"subject": subject, "action": args.action, "resource": resource, "context": context}


def _split(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _tree(path: Path) -> object:
    try:
        return yaml.safe_load(sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unavailable(f"`{path}` cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid(f"`{path}` is neither YAML nor JSON") from error


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "effect": _effect(decision),
        "reasons": sorted(decision.reasons),
        "remedies": sorted(decision.remedies),
        "obligations": sorted(map(str, decision.obligations)),
        "policies": sorted(decision.policies),
        "errors": sorted(decision.errors),
        "policy_version": decision.policy_version,
    }


def _effect(decision: Decision) -> str:
    return str(Effect.PERMIT if decision.permits else Effect.DENY)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2))
