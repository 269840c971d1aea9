"""`lockgate scan` in tests: a folder that every account can reach, the command, and its processes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lockgate.cli.main import main

CARD = "4111 1111 1111 1111"
KEY = "AKIA" + "IOSFODNN7EXAMPLQ"


@contextmanager
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that every account can reach: those of pytest are below one that only its owner may enter."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield filled(Path(place) / "share")


def filled(root: Path) -> Path:
    (root / "hr").mkdir(parents=True)
    (root / "hr" / "pay.txt").write_text(f"first\nher card {CARD} expires\n")
    (root / "hr" / "pay.txt").chmod(0o600)
    (root / "deploy.txt").write_text(f"AWS={KEY}\n")
    (root / "harmless.txt").write_text("nothing to see\n")
    return root


def scan(*arguments: str) -> int:
    return main(["scan", "--workers", "1", *arguments])


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def below(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in (child, *below(child))]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False
