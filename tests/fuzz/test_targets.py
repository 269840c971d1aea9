"""Every parser, from its seeds and what once broke one, for a moment. `make fuzz` runs each for minutes."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.engine import once, run, seeds
from fuzz.samples import SEEDS
from fuzz.targets import TARGETS, Target

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 0.3


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_once_broke_it(target: Target) -> None:
    for data in seeds(target):
        assert once(target, data) == ""


def test_every_folder_of_seeds_has_its_target() -> None:
    assert {one.name for one in SEEDS.iterdir()} <= {one.name for one in TARGETS}


@pytest.mark.slow
def test_every_parser_for_a_moment() -> None:
    """In a process of its own: a crash of native code, or a hang, is a finding too."""
    paths = os.pathsep.join(str(ROOT / one) for one in ("src", "tests"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "fuzz.run", "--seconds", str(SECONDS)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert len(re.findall(r" \d+ inputs ok$", done.stdout, re.MULTILINE)) == len(TARGETS)


def test_the_engine_finds_what_is_there(tmp_path: Path) -> None:
    """A parser that fails in one rare way is found out."""

    def takes(data: bytes) -> None:
        if b"null" in data and b"\x00" in data:
            raise KeyError

    target = Target("broken", takes, (b'{"a": 1, "b": [2]}',))
    _, failed = run(target, 2.0, random.Random(1), tmp_path)
    assert len(failed) == 1
