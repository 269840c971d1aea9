"""The soak in a bounded form, and its checker against lies: a checker that finds nothing proves nothing."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.soak_load import Asked, Load
from bench.soak_watch import AuditCheck, slope
from bench.soak_world import GROUPS, PEOPLE, Doc, World

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def test_half_a_minute_of_everything_killed_in_the_middle(tmp_path: Path) -> None:
    """kill -9 of the soak, not of the gateway: what it has measured stays, its gateway ends, and it goes on."""
    command = [sys.executable, "-m", "bench.soak", "--minutes", "0.6", "--rate", "6", "--out", str(tmp_path)]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 100
    while not (tmp_path / "soak.json").exists() and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    first.kill()
    first.wait()
    half = json.loads((tmp_path / "soak.json").read_text())
    done = subprocess.run(
        [*command, "--resume"], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    report = json.loads((tmp_path / "soak.json").read_text())
    assert done.returncode == 0, done.stdout[-3000:]
    assert 0.1 < half["minutes"] < 0.55 < report["minutes"] < 1
    assert half["checked"] + 50 < report["checked"]
    assert report["windows"][: len(half["windows"])] == half["windows"]
    assert report["audit"]["checked"] > max(50, half["audit"]["checked"])
    assert set(report["audit"]["verified"]) == {"0"}
    assert "<polyline" in (tmp_path / "soak.svg").read_text()


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, random.Random(5))
    made.start(6)
    return made


def _one(world: World) -> tuple[str, Doc]:
    """Return somebody and a document that they can read, through one group."""
    doc = next(iter(world.docs.values()))
    who, group = PEOPLE[0], sorted(doc.readers.now)[0]
    for each in GROUPS:
        world.member[who, each].set(each == group, time.monotonic() - 30)
    return who, doc


def _load(world: World) -> Load:
    none: Any = None
    return Load("", world, random.Random(1), none, lambda who, life: "", "", grace=0.2)


def _lose(world: World, who: str, doc: Doc, how: str) -> None:
    now = time.monotonic()
    match how:
        case "group":
            for group in GROUPS:
                world.member[who, group].set(False, now)
        case "account":
            world.active[who].set(False, now)
        case "rights":
            doc.readers.set(frozenset(), now)
        case "forgotten":
            world.drop(doc)
        case _:
            doc.level = 2
            world.closed.set(True, now)


@pytest.mark.parametrize("how", ["group", "account", "rights", "forgotten", "policy"])
@pytest.mark.parametrize("shown", ["secret", "id"])
def test_the_checker_sees_what_is_shown_too_late(world: World, how: str, shown: str) -> None:
    who, doc = _one(world)
    load = _load(world)
    text = f"It is {doc.secret if shown == 'secret' else doc.id}, as it were."
    load.check(who, "chat", text, 0)
    _lose(world, who, doc, how)
    load.check(who, "chat", text, 0)
    assert load.tally.violations == []  # within the second
    time.sleep(0.3)
    load.check(who, "chat", text, 0)
    assert [doc.item in one for one in load.tally.violations] == [True]
    assert max(load.tally.late) >= 0.3


def test_what_is_of_nobody_is_seen(world: World) -> None:
    load = _load(world)
    load.check(PEOPLE[0], "chat", "zqaaaaaaaaaa", 0)
    assert len(load.tally.violations) == 1


def test_an_answer_without_its_records_is_a_gap() -> None:
    check = AuditCheck(Path("nowhere"))
    decided = json.dumps({"unmapped": {"lockgate": {"kind": "decision", "effect": "permit"}}}).encode()
    answer, outcome = (json.dumps({"unmapped": {"lockgate": {"kind": k}}}).encode() for k in ("answer", "outcome"))
    for events, gaps in (
        ([decided, answer, outcome], 0),
        ([decided, answer], 1),
        ([answer, outcome], 1),
        ([decided, answer, outcome, outcome], 1),
        ([], 1),
    ):
        check.gaps.clear()
        check._one(Asked("req_1", "chat streamed", 200, 0), events)
        assert len(check.gaps) == gaps, events


@pytest.mark.parametrize(("grows", "low", "high"), [(0.0, -2, 2), (30.0, 20, 40)])
def test_a_leak_is_told_from_noise(grows: float, low: float, high: float) -> None:
    rng = np.random.default_rng(3)
    samples = [(5.0 * n, 200 + grows * 5 * n / 3600 + float(rng.normal(0, 2))) for n in range(720)]
    found, least, most = slope(samples)
    assert low < least <= found <= most < high
