"""Composition root: settings -> adapters -> journeys -> app. The only package that knows every other."""

from lockgate.wiring.core import Parts, open_lockgate
from lockgate.wiring.running import Lockgate

__all__ = ["Lockgate", "Parts", "open_lockgate"]
