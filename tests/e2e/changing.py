"""Change `lockgate.toml` of a running lab, and change it back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from e2e.lab import Lab


@contextmanager
def changed(lab: Lab, before: str, after: str, *, wait: bool = True) -> Iterator[None]:
    """Replace a part of the file while the block runs."""
    path = lab.folder / "lockgate.toml"
    text = path.read_text()
    assert before in text
    was = lab.lockgate.in_force.settings
    path.write_text(text.replace(before, after))
    try:
        if wait:
            until(lambda: lab.lockgate.in_force.settings != was)
        yield
    finally:
        path.write_text(text)
        until(lambda: lab.lockgate.in_force.settings == was)


def until(done: Callable[[], bool]) -> None:
    """Wait a few seconds at most."""
    deadline = time.monotonic() + 5
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert done(), "what was changed is not in force"
