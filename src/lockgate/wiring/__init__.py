"""Composition root: settings -> adapters -> journeys -> app. The only package that knows every other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lockgate.wiring.core import Parts, open_lockgate
    from lockgate.wiring.running import Lockgate

__all__ = ["Lockgate", "Parts", "open_lockgate"]


def __getattr__(name: str) -> Any:
    """Load the gateway when it is asked for: a scan's processes need none of it."""
    if name not in __all__:
        raise AttributeError(name)
    from lockgate.wiring import core, running

    return getattr(running if name == "Lockgate" else core, name)
