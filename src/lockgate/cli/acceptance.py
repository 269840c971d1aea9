"""`lockgate models responsibilities`, `accept`, `withdraw`: what is ours to answer for, and who accepts it."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

from lockgate.adapters import acceptances
from lockgate.adapters.clock import SystemClock
from lockgate.cli.terminal import plain
from lockgate.config import Settings, load
from lockgate.config.settings import ModelSettings
from lockgate.errors import Invalid, NotFound
from lockgate.policy.acceptance import Acceptance
from lockgate.policy.responsibilities import ROWS, Responsibility, Runs

LONGEST: Final = timedelta(days=366)
"""An acceptance without an end in sight is none."""


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the verbs."""
    about = "what is ours, the provider's or shared, by who runs the model"
    show = verbs.add_parser(
        "responsibilities", help=about, description=f"Shows {about}, and who accepted the risk."
    )
    show.add_argument("model", nargs="?", metavar="MODEL", help="id of a model; default: all")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run=_responsibilities)
    take = verbs.add_parser(
        "accept",
        help="accept the risk of a model that we run ourselves, until a date",
        description="Writes the acceptance into the state folder. A running gateway records it and takes it up "
        "within a second. It covers the model as it is configured now: another address needs another acceptance.",
    )
    take.add_argument("model", metavar="MODEL", help="id of a model")
    take.add_argument("--until", required=True, metavar="DATE", help="last day, YYYY-MM-DD (UTC), within a year")
    take.add_argument("--by", required=True, metavar="NAME", help="who accepts the risk")
    take.add_argument("--reason", required=True, metavar="TEXT", help="why")
    take.set_defaults(run=_accept)
    back = verbs.add_parser("withdraw", help="take an acceptance back: the model stops within a second")
    back.add_argument("model", metavar="MODEL", help="id of a model")
    back.set_defaults(run=_withdraw)
    for verb in (show, take, back):
        verb.add_argument("--config", type=Path, default=Path("lockgate.toml"), help="default: lockgate.toml")


def _model(settings: Settings, id: str) -> ModelSettings:
    for one in settings.models:
        if one.id == id:
            return one
    known = ", ".join(f"`{one.id}`" for one in settings.models)
    raise NotFound(
        f"there is no model `{id}` in `{settings.file}`", remedy=f"There are: {known}." if known else ""
    )


def _described(one: ModelSettings, acceptance: Acceptance | None, now: datetime) -> dict[str, Any]:
    runs = Runs(one.responsibility) if one.responsibility else None
    active = not one.needs_acceptance or (acceptance is not None and acceptance.covers(one.terms, now))
    rows = [] if runs is None else [_row(row, runs) for row in ROWS]
    stated = None
    if acceptance is not None:
        stated = {
            "by": acceptance.by,
            "reason": acceptance.reason,
            "accepted": acceptance.accepted.isoformat(),
            "until": acceptance.until.isoformat(),
            "last_day": acceptance.last_day.isoformat(),
            "of_this_model": acceptance.terms == one.terms,
        }
    return {
        "model": one.id,
        "kind": one.kind,
        "responsibility": one.responsibility,
        "needs_acceptance": one.needs_acceptance,
        "active": active,
        "acceptance": stated,
        "rows": rows,
    }


def _row(row: Responsibility, runs: Runs) -> dict[str, Any]:
    bearer = row.bearer(runs).value
    return {"id": row.id, "layer": row.layer, "what": row.what, "bearer": bearer, "moved": row.moves(runs)}


def _responsibilities(args: argparse.Namespace) -> int:
    settings = load(args.config)
    chosen = settings.models if args.model is None else (_model(settings, args.model),)
    known, now = acceptances.load(settings.data), SystemClock().now()
    shown = [_described(one, known.get(one.id), now) for one in chosen]
    if args.json:
        print(json.dumps({"models": shown}, indent=2))
        return 0
    for one in shown:
        _print(one)
    return 0


def _print(one: dict[str, Any]) -> None:
    how = {"": "not stated who runs it", "saas": "a finished service", "paas": "a model as a service"}
    if one["kind"] == "extractive":
        how[""] = "part of Lockgate: code, without a model behind it"
    print(f"{one['model']}: {how.get(one['responsibility'], 'ours to run')}")
    for row in one["rows"]:
        print(f"  {'->' if row['moved'] else '  '} {row['bearer']:<9} {row['layer']:<12} {row['what']}")
    found = one["acceptance"]
    if one["needs_acceptance"] and not one["active"]:
        print(f"  not active: lockgate models accept {one['model']} --until DATE --by NAME --reason TEXT")
    elif found is not None:
        print(
            plain(f"  risk accepted by {found['by']} to the end of {found['last_day']} (UTC): {found['reason']}")
        )
    print()


def _accept(args: argparse.Namespace) -> int:
    settings, now = load(args.config), SystemClock().now()
    one = _model(settings, args.model)
    if not one.needs_acceptance:
        raise Invalid(f"`{one.id}` is not ours to run, so there is no such risk to accept")
    for name in ("by", "reason"):
        said = getattr(args, name)
        if not said.strip() or len(said) > 500 or not said.isprintable():
            raise Invalid(f"`--{name}` must be one line of 1 to 500 characters, none of them for control")
    until = _end_of(args.until)
    if not now < until <= now + LONGEST:
        raise Invalid(f"`--until {args.until}` must be a day from today on, within a year")
    acceptances.accept(settings.data, one.id, Acceptance(args.by, args.reason, now, until, one.terms))
    print(f"The risk of `{one.id}` is accepted by {args.by} to the end of {args.until} (UTC).")
    return 0


def _withdraw(args: argparse.Namespace) -> int:
    settings = load(args.config)
    acceptances.withdraw(settings.data, args.model)
    print(f"The risk of `{args.model}` is not accepted any more.")
    return 0


def _end_of(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"`{text}` is no date", remedy="Write it like 2027-03-31.") from error
    return datetime.combine(day, time(), UTC) + timedelta(days=1)
