"""What a service manager hands over and hears."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs.tree import ROOT
from lockgate.adapters.systemd import Manager, inherited

_CODE = """
import os
from lockgate.adapters.systemd import inherited
from lockgate.errors import Invalid
environment = dict(os.environ)
try:
    found = inherited(environment, os.getpid())
    print(found.getsockname()[1] if found else None, os.get_inheritable(3) if found else "")
except Invalid as error:
    print(error, "|", error.remedy)
print(sorted(name for name in environment if name.startswith("LISTEN")))
"""


def child(handed: socket.socket | None, script: str = "LISTEN_PID=$$ LISTEN_FDS=1") -> list[str]:
    """Start a process with a socket as file descriptor 3."""
    number = handed.fileno() if handed else 0
    move = f"exec 3<&{number};" if handed else ""
    done = subprocess.run(
        ["bash", "-c", f'{move} {script} exec "$@"', "bash", sys.executable, "-c", _CODE],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")},
        pass_fds=(number,) if handed else (),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_listening_socket_is_taken_and_told_to_nobody_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        assert child(bound) == [f"{port} False", "[]"]
        assert child(bound, "LISTEN_PID=1 LISTEN_FDS=1")[0].startswith("None")
        assert child(bound, "LISTEN_PID=$$ LISTEN_FDS=2")[0].startswith("socket activation: 2 sockets")
    assert child(None, "") == ["None ", "[]"]


def test_what_does_not_listen_is_refused() -> None:
    with socket.socket() as idle, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
        for one in (idle, packets):
            said = child(one)[0]
            assert "no listening TCP socket" in said
            assert "ListenStream" in said
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert "no listening TCP socket" in child(ours)[0]


def test_nothing_is_taken_where_nothing_was_handed_over() -> None:
    assert inherited({}, os.getpid()) is None
    assert inherited({"LISTEN_FDS": "1"}, os.getpid()) is None


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(address)
        line.settimeout(2)
        yield line


@pytest.mark.parametrize("abstract", [False, True])
def test_a_manager_hears(tmp_path: Path, *, abstract: bool) -> None:
    name = f"@lockgate-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with listening(name.replace("@", "\0", 1) if abstract else name) as line:
        manager = Manager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, 7)
        manager.tell("READY=1")
        assert line.recv(100) == b"READY=1"
    assert manager.watchdog == 3
    manager.tell("STOPPING=1")  # nobody listens any more, and nobody is told


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "3000000"},
        {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3", "WATCHDOG_PID": "8"},
        {"NOTIFY_SOCKET": "vsock:2:1"},
    ],
)
def test_without_a_manager_nothing_is_told(environment: dict[str, str]) -> None:
    manager = Manager(environment, 7)
    assert manager.watchdog == 0
    manager.tell("READY=1")
