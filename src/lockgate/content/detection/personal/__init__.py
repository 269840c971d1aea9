"""Data of persons. `RULES`: every row about a number; `TOKENS`: every row about what has a literal in it."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.personal import america, asia, contact, europe
from lockgate.content.detection.table import Rule, Token

RULES: Final[tuple[Rule, ...]] = (*america.RULES, *asia.RULES, *europe.RULES)
TOKENS: Final[tuple[Token, ...]] = contact.TOKENS
