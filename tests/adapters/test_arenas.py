"""Threads share the C library's heaps, and what is only held there is given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="heaps of glibc are looked at")

PROGRAM = """
import ctypes, re, sys, threading
from lockgate.adapters import arenas
told = arenas.few() if sys.argv[1] == "few" else None
gate = threading.Barrier(9)
def work():
    block = [bytearray(5000) for _ in range(100)]
    gate.wait()
    gate.wait()
several = [threading.Thread(target=work) for _ in range(8)]
for one in several: one.start()
gate.wait()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
file = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
gate.wait()
for one in several: one.join()
print(told, len(re.findall("<heap nr", open(sys.argv[2]).read())))
"""


def test_threads_share_two_heaps(tmp_path: object) -> None:
    def heaps(how: str) -> tuple[str, int]:
        command = [sys.executable, "-c", PROGRAM, how, f"{tmp_path}/info"]
        told, many = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return told, int(many)

    told, many = heaps("few")
    if told == "False":
        pytest.skip("another C library")
    assert many <= 2
    assert heaps("as it is")[1] > 2


HOLES = """
from pathlib import Path
from lockgate.adapters import arenas
def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
blocks = [bytes(3000) for _ in range(30000)]
kept = blocks[::100]
del blocks
before = held()
told = arenas.trim()
print(told, before - held())
"""


def test_holes_between_what_is_in_use_are_given_back() -> None:
    command = [sys.executable, "-c", HOLES]
    told, given = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if told == "False":
        pytest.skip("another C library")
    assert int(given) > 60_000_000
