"""Scan: what sensitive data is where, which label it should have and why, and who can reach it.

1. Walk (`journey.py`): every target's items with their rights, which are taken as they are now.
2. Look (`work.py`, wherever the engine puts it): fetch, extract, detect and propose, for what is new or changed.
3. Report (`report.py`): counts, and rows worst first, from what the state knows.

Nothing is counted twice: an item's outcome replaces what was known of it, whoever did the work and how often.
"""

from lockgate.journeys.scan.journey import Progress, Scan, Scope, Target, Watch
from lockgate.journeys.scan.work import Looking, ScanMany, unread

__all__ = ["Looking", "Progress", "Scan", "ScanMany", "Scope", "Target", "Watch", "unread"]
