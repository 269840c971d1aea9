"""`lockgate why`: explain why a person's AI is or is not shown a document."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import getpass
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from lockgate.cli.remote import Call, add_options, default_url, gateway
from lockgate.cli.running import open_running
from lockgate.cli.terminal import plain
from lockgate.journeys.why import Explanation, Step

if TYPE_CHECKING:
    from lockgate.wiring import Lockgate

_ABOUT: Final = """\
Explains step by step why a document is or is not shown to a person's AI: the source as it is now, what the person
lacks, the label and who reviewed it, what was found in it, what is held back, and the decision with its policies.

  lockgate why pay/2026.xlsx --as bo
  lockgate why hr-share/pay/2026.xlsx --as bo     as lists and citations show it

While `serve` runs, it alone has the state folder open, so it must be asked: with --remote. Then you are who your
login or LOCKGATE_TOKEN says, and must be an administrator.

  lockgate why pay/2026.xlsx --as bo --remote

Without --remote it is for whoever may read the configuration and the keys. Each question is recorded.
Exit code 1: it is not shown."""
_MARKS: Final = {True: "yes", False: "NO", None: "-"}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    command = commands.add_parser(
        "why",
        help="explain why a person is or is not shown a document",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("document", help="its path in the source, collection/path, or its id")
    command.add_argument("--as", dest="person", required=True, help="id of the person in the directory")
    command.add_argument(
        "--through", default="", metavar="APPLICATION", help="registered application (default: any)"
    )
    command.add_argument("--config", default="lockgate.toml", help="configuration (default: %(default)s)")
    command.add_argument("--remote", action="store_true", help="ask the running gateway; --url and --by do so too")
    command.add_argument("--json", action="store_true", help="print JSON")
    add_options(command, acting="--by")
    command.set_defaults(url=None)  # so that one that is given can be told from none
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    return asyncio.run(_open_and_run(args))


async def _open_and_run(args: argparse.Namespace) -> int:
    if args.remote or args.url or args.acting:
        args.url = args.url or default_url()
        async with gateway(args) as client:
            return await ask(client.call, args.document, args.person, args.through, as_json=args.json)
    async with open_running(Path(args.config)) as running:
        return await run(running, args.document, args.person, args.through, as_json=args.json)


async def run(running: Lockgate, document: str, person: str, through: str = "", *, as_json: bool) -> int:
    """Explain and print."""
    found = await running.why.explain(f"operator:{getpass.getuser()}", person, document, through)
    return _print(found, as_json)


async def ask(call: Call, document: str, person: str, through: str = "", *, as_json: bool) -> int:
    """Let the running gateway explain, over `call`, and print."""
    query = f"as={quote(person, safe='')}" + (f"&application={quote(through, safe='')}" if through else "")
    told = await call("GET", f"/v1/documents/{quote(document)}/why?{query}", None)
    found = Explanation(
        told["person"],
        told["document"],
        told["connector"],
        str(told["item"]).removeprefix(f"{told['connector']}/"),
        told["title"],
        told["shown"],
        told["opens"],
        tuple(Step(step["name"], step["passes"], step["says"]) for step in told["steps"]),
        tuple(told["remedies"]),
    )
    return _print(found, as_json)


def _print(found: Explanation, as_json: bool) -> int:
    if as_json:
        print(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2))
    else:
        print("\n".join(map(plain, table(found))))
    return 0 if found.shown else 1


def table(found: Explanation) -> Iterator[str]:
    """Yield the explanation for people."""
    shown = "is shown to" if found.shown else "is NOT shown to"
    opens = "may" if found.opens else "may not"
    yield f"{found.connector}:{found.item} {shown} the AI of {found.person}, who {opens} open it."
    width = max(len(step.name) for step in found.steps)
    for step in found.steps:
        yield f"  {_MARKS[step.passes]:>3}  {step.name:<{width}}  {step.says}"
    for remedy in found.remedies:
        yield f"  What can be done: {remedy}"
