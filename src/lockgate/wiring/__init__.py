"""Composition root: settings -> adapters -> journeys -> app. The only package that knows every other."""

from lockgate.wiring.core import Lockgate, Parts, open_lockgate

__all__ = ["Lockgate", "Parts", "open_lockgate"]
