"""Print the figures: every bench in turn, or one of them.

    python -m bench                    all, in some minutes
    python -m bench NAME [ARGUMENTS]   one, in full; its arguments stand in bench/NAME.py

Each runs in a process of its own, so that no bench warms or slows another.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

ALL: Final[tuple[tuple[str, ...], ...]] = (
    ("decision",),
    ("audit",),
    ("gateway",),
    ("gateway", "--retrieval"),
    ("extraction",),
    ("ingest",),
    ("retrieval",),
    ("detectors",),
    ("secrets",),
    ("scanning",),
    ("personal",),
    ("category",),
    ("usefulness", "--every", "4"),
)
"""What `python -m bench` runs, cheap ones first; usefulness asks a fourth of its questions there."""
SINGLE: Final = ("answers", "agree", "soak", "scan", "exposure", "names", "match", "styles")
"""What is run by name alone: it takes minutes, and tells what usefulness or a test tells in part."""


def main(arguments: Sequence[str]) -> int:
    """Run benches; return 1 if one failed."""
    names = sorted({*SINGLE, *(one[0] for one in ALL)})
    if arguments and arguments[0] not in names:
        print(f"{__doc__}\nbenches: {', '.join(names)}", file=sys.stderr)
        return 2
    failed = []
    for name, *rest in [arguments] if arguments else ALL:
        print(f"\n== {' '.join((name, *rest))}", flush=True)
        start = time.monotonic()
        done = subprocess.run([sys.executable, "-m", f"bench.{name}", *rest], check=False)
        print(f"-- {time.monotonic() - start:.0f} s", flush=True)
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed, or short of a goal: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
