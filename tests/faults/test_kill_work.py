"""kill -9 at every durable step of what changes the state: nothing is halved, and it can be ended or repeated."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from e2e.lab import FILES, plant
from faults.harness import at_each, reset, whole, work
from faults.work import SECRET, SECRET_FILE, WORK

pytestmark = pytest.mark.slow
FULL = os.environ.get("LOCKGATE_FAULTS") == "all"
FEW = 4
"""In CI so many points of each work, spread over all of it; `make soak` takes every one."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    plant(folder, {**FILES, SECRET_FILE: f"# Merger\n\n{SECRET}\n"})
    work(folder, nothing)
    return folder


async def nothing(lockgate: object, stack: object) -> None:
    """Open and sync, no more."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", WORK)
def test_at_every_durable_step(template: Path, tmp_path: Path, name: str) -> None:
    begin, check = WORK[name]
    dry = work(reset(template, tmp_path / "run"), begin)
    assert dry is not None
    points = dry["seen"]
    assert len(points) > 5, points
    few = sorted({1 + round(n * (len(points) - 1) / (FEW - 1)) for n in range(FEW)})

    def killed(at: int, _: str) -> None:
        folder = reset(template, tmp_path / "run")
        work(folder, begin, at)
        whole(folder)
        work(folder, check)
        whole(folder)

    at_each(name, points, range(1, len(points) + 1) if FULL else few, killed)
