"""Settings that bind everyone are taken up, however the file is written."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from attacks.http import chat, send
from e2e.changing import until
from e2e.lab import Lab, in_thread, opened, plant
from journeys.places import Words

GIFTS = "Up to what value may I accept gifts from suppliers?"
OPEN = 'kind = "extractive"\nusers = ["everyone"]'
SHUT = 'kind = "extractive"\nusers = ["group:hr"]'


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    plant(tmp_path)
    with in_thread(lambda: opened(tmp_path, Words())) as made:
        yield made


def status(lab: Lab) -> int:
    return send(lab.url, "POST", "/v1/chat/completions", chat(GIFTS), token=lab.token("staff")).status


def test_a_change_that_keeps_size_and_time_of_the_file(lab: Lab) -> None:
    """As `rsync --times --inplace` and tools of configuration write: the file looked as if nothing had changed."""
    path = lab.folder / "lockgate.toml"
    assert status(lab) == 200
    until(lambda: bool(lab.lockgate.in_force._digest))
    time.sleep(0.4)  # the second look has been
    before, text = path.stat(), path.read_text()
    assert OPEN in text
    with path.open("r+") as file:
        file.write(text.replace(OPEN, SHUT))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    until(lambda: status(lab) == 404)


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link to itself"])
def test_what_is_no_file_changes_nothing_and_is_not_waited_for(lab: Lab, kind: str) -> None:
    """To open a pipe waits for whoever writes into it: the watch ended there, and no later change counted."""
    path = lab.folder / "lockgate.toml"
    text = path.read_text()
    until(lambda: bool(lab.lockgate.in_force._digest))
    path.unlink()
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    else:
        path.symlink_to(path)
    until(lambda: bool(lab.lockgate.in_force.problem))
    assert status(lab) == 200
    path.rmdir() if kind == "a folder" else path.unlink()
    path.write_text(text.replace(OPEN, SHUT))
    until(lambda: status(lab) == 404)
    assert lab.lockgate.in_force.problem == ""
