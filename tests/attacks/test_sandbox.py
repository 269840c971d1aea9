"""Somebody has taken over the reader of foreign formats. What do they hold?"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lockgate

TRIES = """
import ctypes, json, os, socket, sys, threading
from lockgate.adapters.extraction import worker
from lockgate.adapters.extraction.formats import read

read("warm-up.eml", worker._MAIL)
assert len(os.listdir("/proc/self/task")) == 1, "threads that began before are not confined"
os.geteuid = lambda: 1000  # as an ordinary account: it stays who it is
worker._confine(4_000_000_000)
read("a.html", b"<p>still reads</p>")
libc = ctypes.CDLL(None, use_errno=True)
tries = {
    "read a secret": lambda: open(sys.argv[1]).read(),
    "list a folder": lambda: os.listdir("/"),
    "write a file": lambda: open(sys.argv[1] + ".new", "w"),
    "delete a file": lambda: os.unlink(sys.argv[1]),
    "read the parent's environment": lambda: open(f"/proc/{os.getppid()}/environ").read(),
    "speak UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "speak TCP": lambda: socket.create_connection(("127.0.0.1", 9)),
    "speak to a local service": lambda: socket.socket(socket.AF_UNIX),
    "start a program": lambda: os.execv("/bin/sh", ["sh", "-c", "true"]),
    "ask by io_uring": lambda: refused(min(0, libc.syscall(425, 4, ctypes.create_string_buffer(120)))),
    "be many": os.fork,
    "trace the parent": lambda: refused(libc.ptrace(16, os.getppid(), 0, 0)),
    "end the parent": lambda: os.kill(os.getppid(), 0),
}

def refused(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "refused")

def attempt(name):
    try:
        tries[name]()
    except OSError as error:
        done[name] = error.errno in (1, 13)
    else:
        done[name] = False

done = {}
def everything():
    for name in tries:
        attempt(name)
thread = threading.Thread(target=everything)
thread.start()
thread.join()
print(json.dumps(done))
"""


def landlock() -> int:
    return int(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means are Linux's")
def test_a_reader_that_was_taken_over_holds_nothing(tmp_path: Path) -> None:
    """As an ordinary account it could read the keys of the state folder and send them away."""
    if (version := landlock()) < 1:
        pytest.skip("this kernel has no Landlock")
    secret = tmp_path / "master.key"
    secret.write_text("secret")
    source = str(Path(lockgate.__file__).resolve().parent.parent)
    found = subprocess.run(
        [sys.executable, "-c", TRIES, str(secret)],
        env={"PYTHONPATH": source, "PATH": os.defpath},
        capture_output=True,
        check=True,
        timeout=60,
    )
    closed = json.loads(found.stdout)
    if version < 6:
        closed.pop("end the parent")
    assert all(closed.values()), {name for name, shut in closed.items() if not shut}
    assert secret.read_text() == "secret"
