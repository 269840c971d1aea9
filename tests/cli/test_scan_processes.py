"""A scan whose processes are killed loses nothing, counts nothing twice, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import lockgate
from cli.scans import CARD, alive, below, lines, scan, shared

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with shared(tmp_path, monkeypatch) as found:
        yield found


def test_a_killed_scan_leaves_no_process_and_goes_on_where_it_was(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(60):
        (share / f"{number}.txt").write_text(f"card {CARD}\n" * 2000)
    command = [sys.executable, "-m", "lockgate", "scan", str(share), "--workers", "2"]
    source = str(Path(lockgate.__file__).parents[1])
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": source})
    until = time.monotonic() + 60
    seen: list[int] = []
    while time.monotonic() < until and len(seen) < 4 and process.poll() is None:  # two workers with their readers
        seen = below(process.pid)
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert len(seen) >= 2
    while any(map(alive, seen)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(alive, seen))
    assert scan(str(share), "--resume", "--format", "jsonl") == 0
    *rows, summary = lines(capsys.readouterr().out)
    assert (summary["items"], summary["read"], summary["findings"]) == (63, 63, 120_002)
    assert len({one["item"] for one in rows}) == len(rows) == 62
    assert scan(str(share), "--format", "jsonl") == 0
    assert lines(capsys.readouterr().out)[-1]["read"] == 0


def test_an_interrupted_scan_keeps_what_it_did_and_leaves_no_process(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1000):
        (share / f"{number}.txt").write_text(f"card {CARD}\n" * 1000)
    source = str(Path(lockgate.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "lockgate", "scan", str(share), "--workers", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    until = time.monotonic() + 60
    while len(seen := below(process.pid)) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == b"lockgate: interrupted\n"
    assert seen
    while (
        any(map(alive, seen)) and time.monotonic() < until
    ):  # readers end just after the workers that started them
        time.sleep(0.05)
    assert not any(map(alive, seen))
    assert scan(str(share), "--resume", "--format", "jsonl") == 0
    assert lines(capsys.readouterr().out)[-1]["items"] == 1003


def test_workers_that_are_killed_change_nothing_of_what_is_found(share: Path, tmp_path: Path) -> None:
    for number in range(200):
        (share / f"{number}.txt").write_text(f"card {CARD}\n" * 1000)
    assert scan(str(share), "--format", "jsonl", "--output", str(tmp_path / "calm")) == 0
    source = str(Path(lockgate.__file__).parents[1])
    arguments = ["--format", "jsonl", "--output", str(tmp_path / "storm"), "--state", str(tmp_path / "other.db")]
    process = subprocess.Popen(
        [sys.executable, "-m", "lockgate", "scan", str(share), "--workers", "2", *arguments],
        env={**os.environ, "PYTHONPATH": source},
    )
    first: list[int] = []
    until = time.monotonic() + 60
    while len(first) < 2 and process.poll() is None and time.monotonic() < until:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        first = [worker for worker in map(int, children) if below(worker)]  # who has a reader has begun to read
        time.sleep(0.005)
    for worker in first:  # and nobody who does at the second try what one of these did not finish
        os.kill(worker, signal.SIGKILL)
    assert process.wait() == 0
    assert first
    calm, storm = (lines((tmp_path / name).read_text()) for name in ("calm", "storm"))
    assert storm[:-1] == calm[:-1]
    assert storm[-1]["findings"] == calm[-1]["findings"] == 200_002
    assert storm[-1]["read"] == 203
