"""The reference of the command line has every command and every argument."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from docs.tree import DOCS
from lockgate.cli.main import parser

TEXT = (DOCS / "reference" / "cli.md").read_text("utf-8")


def commands(one: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield every command below a parser."""
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield child
                yield from commands(child)


def section(command: str) -> str:
    """Return what the reference says about a command."""
    found = re.search(rf"^##+ `{re.escape(command)}`\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"the reference has no section `{command}`"
    return found[1]


def arguments(command: argparse.ArgumentParser) -> list[str]:
    """Return the names of a command's own arguments: long options, and what stands without one."""
    own = (
        one for one in command._actions if not isinstance(one, argparse._SubParsersAction | argparse._HelpAction)
    )
    return [one.option_strings[-1] if one.option_strings else str(one.metavar or one.dest) for one in own]


def test_every_command_and_argument_is_in_the_reference():
    for command in commands(parser()):
        text = section(command.prog)
        for name in arguments(command):
            assert re.search(rf"^\| `(?:[^`]*[ ,])?{re.escape(name)}[ `]", text, re.MULTILINE), (
                f"`{command.prog}` lacks `{name}`"
            )


def test_the_reference_names_the_exit_codes():
    for code in (0, 1, 2, 3, 130):
        assert f"| {code} |" in TEXT


def test_the_reference_names_no_command_that_is_not_there():
    assert set(re.findall(r"^##+ `(lockgate [^`]+)`", TEXT, re.MULTILINE)) == {
        one.prog for one in commands(parser())
    }
