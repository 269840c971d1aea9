"""A disk that is full, read-only or dead, and keys that are gone: closed, told in words, and whole again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.lab import plant
from faults.harness import gateway, reset

pytestmark = pytest.mark.slow
ENV = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
# In a mount namespace of its own: a small disk for the state of a real gateway.
STORY = """
import os, subprocess, sys
from pathlib import Path
from e2e.lab import plant
from faults.harness import gateway, whole

ASK = {"query": "Up to what value may I accept gifts from suppliers?"}

def remount(how, state):
    subprocess.run(["mount", "-o", f"remount,{how}", str(state)], check=True)

def main():
    folder = Path(sys.argv[1])
    state = folder / "state"
    state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs", str(state)], check=True)
    plant(folder)
    with gateway(folder, "http://127.0.0.1:9/v1") as one:
        assert one.send("/v1/retrieve", ASK, "staff").status == 200
        with (state / "ballast").open("wb") as ballast:
            try:
                while True:
                    ballast.write(bytes(65536))
                    ballast.flush()
            except OSError:
                pass
        told = []
        for number in range(400):
            got = one.send("/v1/retrieve", ASK, "staff")
            told.append(got.status)
            assert got.status in (200, 503), got
            if got.status == 503:
                assert "35 EUR" not in got.raw, got.raw
                if told.count(503) > 10:
                    break
        assert told.count(503) > 10, told
        assert 200 not in told[told.index(503):], "went on although the disk is full"
        (state / "ballast").unlink(missing_ok=True)
        assert one.send("/v1/retrieve", ASK, "staff").status == 200
    whole(folder)
    # A file whose medium is dead: this process's own memory at address 0, which gives EIO.
    gifts = folder / "share" / "handbook" / "gifts.md"
    os.utime(gifts, (1, 1))
    subprocess.run(["mount", "--bind", f"/proc/{os.getpid()}/mem", str(gifts)], check=True)
    with gateway(folder, "http://127.0.0.1:9/v1") as again:
        got = again.send("/v1/retrieve", ASK, "staff")
        assert got.status == 200
        assert "35 EUR" not in got.raw, got.raw
    subprocess.run(["umount", str(gifts)], check=True)
    with gateway(folder, "http://127.0.0.1:9/v1") as again:
        assert "35 EUR" in again.send("/v1/retrieve", ASK, "staff").raw
    remount("ro", state)
    try:
        with gateway(folder, "http://127.0.0.1:9/v1"):
            raise SystemExit("it serves from a read-only disk")
    except (AssertionError, EOFError) as error:
        assert "Unavailable" in str(error), error
    remount("rw", state)
    whole(folder)
    print("ok")

if __name__ == "__main__":
    main()
"""


@pytest.mark.needs_root
def test_a_disk_that_is_full_and_then_read_only(tmp_path: Path) -> None:
    story = tmp_path / "story.py"
    story.write_text(STORY)
    command = ["unshare", "-rm", sys.executable, str(story), str(tmp_path)]
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("ok")


@pytest.mark.parametrize("name", ["master.key", "audit.pem", "history.key"])
def test_a_key_that_is_gone_loses_and_shows_nothing(tmp_path: Path, name: str) -> None:
    """Without its key the gateway does not start anew over what it cannot read; with it, all is there again."""
    template = tmp_path / "template"
    template.mkdir()
    plant(template)
    url = "http://127.0.0.1:9/v1"
    with gateway(template, url) as one:
        assert one.send("/v1/retrieve", {"query": "gifts from suppliers"}, "staff").status == 200
    folder = reset(template, tmp_path / "run")
    key = folder / "state" / "keys" / name
    held = key.read_bytes()
    key.unlink()
    with pytest.raises(AssertionError, match=r"lockgate\.errors"), gateway(folder, url):
        pass
    key.write_bytes(held)
    key.chmod(0o600)
    with gateway(folder, url) as one:
        got = one.send("/v1/retrieve", {"query": "gifts from suppliers"}, "staff")
        assert got.status == 200
        assert "35 EUR" in got.raw
