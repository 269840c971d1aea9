"""Counts what everybody had in the last hour, and refuses what would be more than the quota."""

from lockgate.journeys.metering.meter import Meter

__all__ = ["Meter"]
