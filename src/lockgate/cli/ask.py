"""`lockgate ask`: ask a question from the terminal."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any, Final

from lockgate.cli.remote import add_options, gateway
from lockgate.errors import Invalid

_COLORS: Final = (32, 34, 33, 31)
"""ANSI colors of the four levels, from the lowest to the highest."""

_EXAMPLES: Final = """examples:
  lockgate ask "Up to what value may I accept gifts?" --as jonas      in a demonstration
  lockgate login && lockgate ask "Who approves travel?"               with your own login
  git diff | lockgate ask -                                           the question from standard input"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    ask = commands.add_parser(
        "ask",
        help="ask a question and see the answer with its label and citations",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ask.add_argument("question", help="the question; - reads it from standard input")
    ask.add_argument("--model", default="assistant", help="which model or assistant (default: assistant)")
    ask.add_argument("--json", action="store_true", help="print the whole response as JSON")
    add_options(ask)
    ask.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer as it comes. Exit code 1 if nothing was found."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    question = sys.stdin.read() if args.question == "-" else args.question
    if not question.strip():
        raise Invalid("the question is empty")
    body = {"model": args.model, "messages": [{"role": "user", "content": question}]}
    async with gateway(args) as client:
        if args.json:
            answer = await client.call("POST", "/v1/chat/completions", body)
            print(json.dumps(answer, indent=2, ensure_ascii=False))
            return int(answer["lockgate"]["abstained"])
        found: dict[str, Any] = {}
        async for event in client.events("/v1/chat/completions", body | {"stream": True}):
            for choice in event.get("choices", []):
                print(_printable(choice["delta"].get("content") or ""), end="", flush=True)
            found = event.get("lockgate", found)
    print()
    _print_label(found)
    return int(found.get("abstained", False))


def _printable(text: str) -> str:
    """Return text without control characters: an answer must not drive the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _print_label(found: dict[str, Any]) -> None:
    label = found["label"]
    name = str(label["sensitivity"])
    readers = ", and also ".join(" or ".join(clause) or "nobody" for clause in label["readers"])
    print(f"\n{_colored(name)}  readable by {readers}")
    if reason := _reason(found):
        print(_printable(f"  because {reason}"))
    if found["notice"]:
        print(_printable(found["notice"]))
    for one in found["citations"]:
        print(_printable(f"  [{one['number']}] {one['title']}  ({one['item']})"))
    print(f"  answered by {found['model']}, request {found['request_id']}")


def _reason(found: dict[str, Any]) -> str:
    """Return what the answer's level comes from, where nothing that is cited has it; else nothing.

    The label is that of everything that the model was given: what was sent, and passages, cited or not.
    """
    level = found["label"]["sensitivity"]
    if any(one["label"]["sensitivity"] == level for one in found["citations"]):
        return ""
    if found["prompt_label"]["sensitivity"] == level:
        return "the question itself has this label"
    return "the model was given passages with this label, none of which is cited"


def _colored(name: str) -> str:
    """Return the level's name in its color, where the output is a terminal."""
    order = ("public", "general", "confidential", "restricted")
    if not sys.stdout.isatty() or name not in order:
        return f"[{name}]"
    return f"\x1b[1;{_COLORS[order.index(name)]}m {name} \x1b[0m"
