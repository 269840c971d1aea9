"""Data of persons. `RULES`: every row about a number, of all parts of the world."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.personal import america, asia, europe
from lockgate.content.detection.table import Rule

RULES: Final[tuple[Rule, ...]] = (*america.RULES, *asia.RULES, *europe.RULES)
