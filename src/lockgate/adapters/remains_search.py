"""Looks for byte strings in every file of a folder: a program of its own, run by path, that needs nothing else.

It must never run inside the gateway. Whoever opens and closes a file loses every POSIX lock that their process has
on it. A gateway that looked into its own databases would have them unlocked under it: the next process that reads
one (`lockgate audit verify`) would take it for unused, and cut its shared memory or remove its write-ahead log.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_BLOCK = 8 << 20


def _in(path: Path, probes: list[bytes]) -> list[int]:
    overlap = max(map(len, probes), default=1) - 1
    found: set[int] = set()
    tail = b""
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                seen = tail + block
                found.update(n for n, probe in enumerate(probes) if n not in found and probe in seen)
                tail = seen[-overlap:] if overlap else b""
    except FileNotFoundError:
        return []  # a write-ahead log that was just emptied
    return sorted(found)


def main() -> int:
    """Read probes (a list of hex) on standard input; write which files hold which, or what cannot be read."""
    folder = Path(sys.argv[1])
    probes = [bytes.fromhex(one) for one in json.loads(sys.stdin.read())]
    found: dict[str, list[int]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        name = str(path.relative_to(folder))
        try:
            if held := _in(path, probes):
                found[name] = held
        except OSError:
            print(json.dumps({"unreadable": name}))
            return 1
    print(json.dumps({"found": found}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
