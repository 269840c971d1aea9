"""The reader of documents dies with whoever started it, also where its input stays open."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

import lockgate

_STARTER = """
import subprocess, sys, time
worker = [sys.executable, "-P", "-m", "lockgate.adapters.extraction.worker", "1500000000", "60", "1000"]
print(subprocess.Popen(worker, stdin=int(sys.argv[1]), stdout=int(sys.argv[2])).pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it dies at its next look at its input")
def test_a_reader_dies_with_its_starter() -> None:
    ask, give = os.pipe()
    answer, told = os.pipe()
    source = str(Path(lockgate.__file__).parents[1])
    starter = subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(ask), str(told)],
        stdout=subprocess.PIPE,
        pass_fds=(ask, told),
        env={**os.environ, "PYTHONPATH": source},
    )
    assert starter.stdout is not None
    with starter.stdout as out:
        pid = int(out.readline())
    os.write(give, struct.pack(">II", 5, 5) + b"a.txt" + b"hello")
    assert os.read(answer, 4)  # it is confined now
    starter.kill()
    starter.wait()
    until = time.monotonic() + 10
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(pid)  # though `give` is open still
    for end in (ask, give, answer, told):
        os.close(end)
