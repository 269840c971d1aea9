"""`lockgate demo`: a running Lockgate over an invented company, in one command."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lockgate.cli.page import show

if TYPE_CHECKING:
    from lockgate.demo.run import Stage


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    demo = commands.add_parser(
        "demo",
        help="a running Lockgate over an invented company, with a page to try it",
        description="Generates an invented company with people, rights and 357 documents, takes them in with real "
        "models on this machine, and serves the gateway and one page on loopback. Its issuer gives tokens of the "
        "company's people to the account that started it; it exists in this command alone.",
    )
    demo.add_argument(
        "--check", action="store_true", help="play the whole story unattended; exit 1 on a difference"
    )
    demo.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    demo.add_argument("--port", type=int, default=8420, help="port on 127.0.0.1 (default 8420; 0 for a free one)")
    demo.add_argument(
        "--folder",
        type=Path,
        default=Path("demo-data"),
        help="where it is generated, anew each time; empty, new or an earlier one's",
    )
    demo.add_argument("--report", action="store_true", help='run in `mode = "report"`: refuse nothing, record all')
    demo.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demonstration until it is interrupted, or play the story."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from lockgate.demo.run import check, demonstration  # loads every adapter: not for `lockgate --help`

    began = time.monotonic()
    print("Lockgate demo: preparing models and documents (the first time takes a minute or two)", flush=True)
    folder = args.folder.absolute()
    port = 0 if args.check and args.port == 8420 else args.port
    async with demonstration(folder, port, "report" if args.report else "enforce", _say) as running:
        print(f"Ready after {time.monotonic() - began:.0f} s: {running.base_url}", flush=True)
        if args.check:
            return 0 if await check(running, folder, _say) else 1
        await show(running.base_url, running.key, lambda: _snippets(running), browser=not args.no_browser)
        print("\nstopping", flush=True)
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _snippets(running: Stage) -> None:
    """Print what to paste: the same question as two people, by curl and by the openai client."""
    url, question = running.base_url, "What is the base salary of Goran Ilic in 2026?"
    body = json.dumps({"model": "assistant", "messages": [{"role": "user", "content": question}]})
    for person, who in (("jonas", "Jonas, Human Resources"), ("sofia", "Sofia, Sales")):
        print(
            f"""
# {who}
export TOKEN=$({_command()} token --url {url} --as {person})
curl -s {url}/v1/chat/completions -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d '{body}'
{_command()} ask --url {url} --as {person} "{question}\""""
        )
    print(
        f"""
# From Python, with any OpenAI client: change base_url, and give the token as API key
import os, openai
client = openai.OpenAI(base_url="{url}/v1", api_key=os.environ["TOKEN"])
asked = [{{"role": "user", "content": "{question}"}}]
print(client.chat.completions.create(model="assistant", messages=asked).choices[0].message.content)

The page, for you alone: {running.page}   (Ctrl-C stops)""",
        flush=True,
    )


def _command() -> str:
    """Return how this very command is called, so that what is printed can be pasted."""
    found = Path(sys.argv[0])
    return os.path.relpath(found) if found.is_file() and found.name == "lockgate" else "lockgate"
