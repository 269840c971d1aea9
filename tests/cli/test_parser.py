"""The command line as a whole: options of one command never share a place, and help is quick to come."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from lockgate import __version__
from lockgate.cli.main import main, parser


def commands(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (subs,) = (a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return dict(subs.choices)


def test_no_two_options_of_a_command_share_a_destination() -> None:
    for name, command in commands(parser()).items():
        places = [a.dest for a in command._actions if a.option_strings or a.nargs != 0]
        assert len(places) == len(set(places)), name


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        parser().parse_args(["--version"])
    assert capsys.readouterr().out == f"lockgate {__version__}\n"


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    told = capsys.readouterr().out
    assert told.startswith("usage: lockgate")
    assert all(f"    {name} " in told for name in commands(parser()))


def test_help_loads_no_adapter_that_is_slow_to_load() -> None:
    slow = ("onnxruntime", "starlette")
    code = f"import sys, lockgate.cli.main as m; m.parser(); print([n for n in {slow} if n in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
