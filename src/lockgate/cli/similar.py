"""`lockgate similar`: copies of a document, and who may read them."""

from __future__ import annotations

import argparse
import json
from typing import Final
from urllib.parse import quote

from lockgate.cli.remote import Call, add_options, at_gateway
from lockgate.cli.terminal import plain

_ABOUT: Final = """\
Lists documents that hold the same as one: copies, versions, and what it was pasted into, the most alike first.
`in` is the part of the asked document that stands in the other one, `of` the part of the other one that stands in
it. WIDER: somebody may read the other one who may not read the asked one. For administrators; recorded.

  lockgate similar hr/pay/2026.xlsx
  lockgate similar d_3f0c... --json

Exit code 1: a copy has a broader audience."""
_COPY: Final = 0.7


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    command = commands.add_parser(
        "similar",
        help="find copies of a document, and who may read them",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("document", help="its id, or collection/path")
    command.add_argument("--json", action="store_true", help="print JSON")
    add_options(command)
    command.set_defaults(run=lambda args: at_gateway(args, work))


async def work(args: argparse.Namespace, call: Call) -> int:
    """Ask, and print. Exit code 1 if a copy has a broader audience."""
    found = (await call("GET", f"/v1/exposure/similar/{quote(args.document, safe='/')}", None))["data"]
    if args.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    elif not found:
        print("nothing holds the same")
    for one in () if args.json else found:
        wider = "WIDER" if one["wider"] else "     "
        level = one["label"]["sensitivity"]
        shares = f"in {one['of_asked']:4.0%}  of {one['of_this']:4.0%}  {wider}"
        line = f"{shares}  {one['people']:>6,} people  {level:<12}  {one['item']}"
        print(plain(line).replace("\n", " "))
    return int(any(one["wider"] and one["of_asked"] >= _COPY for one in found))
