"""Composition root: settings -> adapters -> journeys -> app. The only module that knows every other."""
