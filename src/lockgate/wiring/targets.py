"""What can be scanned: from the text that a person types to the connector that reads it.

To add a source, write its adapter for `ports.Connector`, a module of `wiring.sources`, and one line in `SCHEMES`.
Opening must be cheap and must not wait for the source: each process of a scan opens its targets for itself. The
name of the connector is what reports and the state of a scan show, so it never holds a password; two targets of
one name are taken for the same source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, TypeAlias

from lockgate.adapters.directory_none import NoDirectory
from lockgate.errors import Invalid
from lockgate.ports import Connector
from lockgate.wiring.sources import files
from lockgate.wiring.sources.common import TargetOptions

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)

FETCHING: Final = NoDirectory()
"""The directory of those who only fetch."""

Opener: TypeAlias = Callable[[str, TargetOptions], Connector]


def open_target(text: str, options: TargetOptions) -> Connector:
    """Return the connector of what a person calls `text`: a path, or an address with a scheme.

    Raises:
        Invalid: there is no such scheme, or nothing at this path.

    """
    scheme = _SCHEME.match(text)
    name = scheme[1].lower() if scheme else ""
    opener = SCHEMES.get(name)
    if opener is None:
        known = ", ".join(f"`{one}://`" for one in sorted(SCHEMES) if one)
        raise Invalid(
            f"targets that begin with `{name}://` are unknown", remedy=f"Give a path, or one of: {known}."
        )
    return opener(text, options)


def _later(module: str) -> Opener:
    """Return what opens the targets of a source, whose module is loaded when something is opened."""

    def opener(text: str, options: TargetOptions) -> Connector:
        found: Opener = import_module(f"lockgate.wiring.sources.{module}").target
        return found(text, options)

    return opener


SCHEMES: Final[Mapping[str, Opener]] = {
    "": files.target,
    "file": files.target,
    "s3": _later("s3"),
    "postgres": _later("postgres"),
    "postgresql": _later("postgres"),
    "mbox": _later("mailbox"),
    "maildir": _later("mailbox"),
    "graph": _later("graph"),
    "git": _later("git"),
    "collection": _later("collection"),
}
"""Scheme to what opens it; "" is a path. What needs a library of its own is loaded when it is asked for."""
