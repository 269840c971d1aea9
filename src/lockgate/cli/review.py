"""`lockgate review`: look at what waits for you, and accept or correct its label, one key each."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from lockgate.cli.remote import Call, add_options, at_gateway
from lockgate.cli.terminal import plain
from lockgate.content.suggestion import is_note
from lockgate.errors import Invalid, LockgateError

"""Method, path, body: asks the gateway, returns its JSON object."""

_ABOUT: Final = """\
What nobody has reviewed goes to its owner's AI only; what is sensitive and too widely readable is held back
from everybody else's. Here owners and stewards say what is right. Without options it goes through the list,
worst first:

  a  accept the proposed label        n  no AI: keep it out of every model, people still open it
  c  correct the label                s  skip
  v  view a passage                   u  undo the last one
  q  quit"""
_EXAMPLES: Final = """examples:
  lockgate review                                             one by one
  lockgate review --list --json                               what waits, for programs
  lockgate review --accept handbook/travel.md                 accept one proposal
  lockgate review --set d_3f2a... --readers group:hr          state who may read it
  lockgate review --rule 'handbook/**' --proposed general     accept many at once
  lockgate review --rule 'pay/**' --readers group:hr,user:cfo --sensitivity restricted
  lockgate review --set press/q3.txt --sensitivity public --reason 'published on 3 November'
  lockgate review --show press/q3.txt                         its label, who reviewed it last, and why"""
_KEYS: Final = "a/c/n/s/v/u/q"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    review = commands.add_parser(
        "review",
        help="accept or correct the labels of your documents",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = review.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="only print what waits")
    what.add_argument(
        "--accept", metavar="DOC", help="accept the proposal for a document: its id or `collection/path`"
    )
    what.add_argument("--set", metavar="DOC", help="state another label for a document, even a settled one")
    what.add_argument("--rule", metavar="GLOB", help="review everything under `collection/path`")
    what.add_argument("--show", metavar="DOC", help="show a document: its label, who reviewed it last, and why")
    what.add_argument("--undo", action="store_true", help="take back your last review")
    review.add_argument("--sensitivity", metavar="LEVEL", help="with --set or --rule: the level")
    review.add_argument(
        "--readers",
        action="append",
        metavar="A,B",
        help="with --set or --rule: any of these may read; repeat: all must hold; never wider than the source",
    )
    review.add_argument("--no-ai", action="store_true", help="with --set or --rule: keep it out of every model")
    review.add_argument("--proposed", metavar="LEVEL", help="with --rule: only those with this proposal")
    review.add_argument("--broad", action="store_true", help="yes, so many people shall find it")
    review.add_argument(
        "--reason", metavar="TEXT", help="why, in words: needed where a label becomes lower than it was"
    )
    review.add_argument("--limit", type=int, default=100, help="at most so many (default: %(default)s)")
    review.add_argument("--json", action="store_true", help="print JSON")
    add_options(review)
    review.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Review. Exit code 1 if something still waits."""
    return at_gateway(args, work)


async def work(args: argparse.Namespace, call: Call) -> int:
    """Do what the arguments say, over `call`."""
    if not (args.set or args.rule) and (args.sensitivity or args.readers or args.no_ai):
        raise Invalid("a label needs a document or a rule", remedy="add --set DOC or --rule GLOB")
    why = {"reason": args.reason} if args.reason else {}
    if args.undo:
        return _print(args, (await call("POST", "/v1/reviews/undo", why))["data"], "undone")
    if args.show:
        return _print(args, [await call("GET", f"/v1/reviews/{quote(args.show)}", None)], "")
    if args.rule:
        body = {"pattern": args.rule, "proposed": args.proposed, **_stated(args), **why}
        return _print(args, (await call("POST", "/v1/reviews/rule", body))["data"], "reviewed")
    if args.accept or args.set:
        wanted = args.accept or args.set
        if args.set and not (args.sensitivity or args.readers or args.no_ai):
            raise Invalid("nothing is stated", remedy="add --sensitivity, --readers or --no-ai")
        one = await call("GET", f"/v1/reviews/{quote(wanted)}", None)
        body = {"document": one["document"], "version": one["version"], **_stated(args), **why}
        return _print(args, [await call("POST", "/v1/reviews", body)], "reviewed")
    listed: list[dict[str, Any]] = (await call("GET", f"/v1/reviews?limit={args.limit}", None))["data"]
    if args.list or args.json or not sys.stdin.isatty():
        _print(args, listed, "waits")
        return int(bool(listed))
    return await Session(call, input, print).through(listed)


def _stated(args: argparse.Namespace) -> dict[str, Any]:
    body: dict[str, Any] = {"broad": args.broad}
    if args.sensitivity:
        body["sensitivity"] = args.sensitivity
    if args.readers:
        body["readers"] = [[name.strip() for name in clause.split(",") if name.strip()] for clause in args.readers]
    if args.no_ai:
        body["forbidden_uses"] = ["ai"]
    return body


class Session:
    """Goes through a list with a person, one key each.

    Args:
        call: asks the gateway.
        ask: prints a question and returns the line that was typed.
        say: prints a line.

    """

    def __init__(self, call: Call, ask: Callable[[str], str], say: Callable[[str], None]) -> None:
        self._call = call
        self._ask = ask
        self._say = say

    async def through(self, listed: list[dict[str, Any]]) -> int:
        """Return 0 when nothing of the list waits any longer, else 1."""
        done: list[int] = []
        place = 0
        while place < len(listed):
            one = listed[place]
            self._say("")
            for line in described(one, f"{place + 1} of {len(listed)}"):
                self._say(line)
            key = (await asyncio.to_thread(self._ask, f"{_KEYS} > ")).strip().lower()[:1]
            if key == "q":
                break
            try:
                step = await self._key(key, one)
            except LockgateError as error:
                self._say(f"  {error}. {error.remedy}")
                continue
            if step > 0:
                done.append(place)
            if step > 0 or key == "s":
                place += 1
            elif step < 0 and done:
                place = done.pop()
        left = len(listed) - len(done)
        self._say(f"\n{left} of {len(listed)} still wait.")
        return int(left > 0)

    async def _key(self, key: str, one: dict[str, Any]) -> int:
        """Carry a key out. Return 1 for one more done, -1 for one taken back, 0 else."""
        seen = {"document": one["document"], "version": one["version"]}
        match key:
            case "a":
                return await self._send(seen)
            case "n":
                return await self._send(seen | {"forbidden_uses": ["ai"]})
            case "c":
                return await self._send(seen | self._correction())
            case "u":
                return -1 if await self._sent("/v1/reviews/undo", {}) else 0
            case "v":
                for passage in one["passages"][:3]:
                    path = f"/v1/reviews/{one['document']}/passages/{passage['ordinal']}"
                    self._say(plain((await self._call("GET", path, None))["text"]))
            case "s":
                pass
            case _:
                self._say(f"  the keys are {_KEYS}")
        return 0

    def _correction(self) -> dict[str, Any]:
        level = self._ask("  level (empty: as proposed) > ").strip()
        readers = self._ask("  readers, such as group:hr,user:ann (empty: as in the source) > ").strip()
        stated: dict[str, Any] = {"sensitivity": level} if level else {}
        if readers:
            stated["readers"] = [[name.strip() for name in readers.split(",") if name.strip()]]
        if not stated:
            raise Invalid("nothing is stated", remedy="Accept it with `a`.")
        return stated

    async def _send(self, body: dict[str, Any]) -> int:
        after = await self._sent("/v1/reviews", body)
        if after is None:
            return 0
        self._say(f"  {_label(after)}")
        return 1

    async def _sent(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Send a review; ask for a second word or a reason where one is wanted, and return None without it."""
        try:
            after = await self._call("POST", path, body)
        except LockgateError as error:
            if error.code == "too_broad" and "broad" not in body:
                self._say(f"  {error}.")
                if self._ask("  type `yes` if that is wanted > ").strip().lower() != "yes":
                    return None
                return await self._sent(path, body | {"broad": True})
            if error.code == "reason_needed" and "reason" not in body:
                self._say(f"  {error}.")
                reason = self._ask("  why, in words (empty: leave it as it is) > ").strip()
                return await self._sent(path, body | {"reason": reason}) if reason else None
            raise
        if path.endswith("/undo"):
            self._say("  taken back")
        return after


def described(one: dict[str, Any], number: str) -> list[str]:
    """Return a document that waits, in lines for people. Kinds and counts, never a value."""
    found = ", ".join(f"{one['count']} x {one['kind']}" for one in one["evidence"]) or "nothing sensitive found"
    grants = " and ".join("(" + " or ".join(f"{n} {c}" for n, c in clause) + ")" for clause in one["grants"])
    where = ", ".join(str(passage["ordinal"]) for passage in one["passages"][:10])
    return [
        plain(f"[{number}] {one['item']}"),
        plain(f"  {'; '.join(one['why'])}"),
        plain(f"  found: {found}" + (f" (passage {where})" if where else "")),
        plain(f"  proposed: {one['level']}; {_people(one['people'])} could find it: {grants or 'nobody'}"),
        plain(f"  owners: {', '.join(one['owners']) or 'none is left'}. {one['todo']}"),
        *(plain(f"  {note}") for each in one["notes"] if is_note(note := each.removeprefix("text: "))),
        *_last(one.get("last")),
    ]


def _last(last: dict[str, Any] | None) -> list[str]:
    if last is None:
        return []
    why = f": {last['reason']}" if last["reason"] else ""
    return [plain(f"  {last['action']} by {' and '.join(last['by'])} at {last['at'][:16]}{why}")]


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _label(one: dict[str, Any]) -> str:
    label = one["label"]
    readers = " and ".join(" or ".join(clause) or "nobody" for clause in label["readers"])
    no_ai = ", no AI" if {"ai", "*"} & set(label["forbidden_uses"]) else ""
    return plain(f"{one['item']}: {label['sensitivity']}, readable by {readers}{no_ai}")


def _print(args: argparse.Namespace, data: list[dict[str, Any]], word: str) -> int:
    if args.json:
        print(json.dumps(data, indent=2, ensure_ascii=False))
        return 0
    for place, one in enumerate(data, start=1):
        lines = described(one, str(place)) if "version" in one else [f"{word}: {_label(one)}"]
        print("\n".join(lines))
    if not data:
        print("nothing waits for you")
    return 0
