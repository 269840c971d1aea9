"""Composition root: settings -> adapters -> journeys -> app. The only module that knows every other.

`open_lockgate` opens everything in order and closes it in reverse. One process at a time writes the state
folder; the audit log's lock says so.
"""

from __future__ import annotations

from importlib import metadata
from typing import Final

VERSION: Final = metadata.version("lockgate")
