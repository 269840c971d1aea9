"""Data of persons and companies.

`RULES`: every row about a number; `TOKENS`: what has a literal in it; `DETECTORS`: what no row can say.
"""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.personal import (
    addresses,
    america,
    asia,
    contact,
    dates,
    europe,
    identifiers,
    names,
    network,
    papers,
    phones,
    traits,
    work,
)
from lockgate.content.detection.table import Detector, Rule, Token

RULES: Final[tuple[Rule, ...]] = (*america.RULES, *asia.RULES, *europe.RULES, *dates.RULES)
TOKENS: Final[tuple[Token, ...]] = (*contact.TOKENS, *network.TOKENS, *papers.TOKENS)
DETECTORS: Final[tuple[Detector, ...]] = (
    network.Coins(),
    network.Hosts(),
    network.Places(),
    papers.Vehicles(),
    papers.Codes(),
    *identifiers.FIELDS,
    phones.Phones(),
    *dates.DETECTORS,
    *names.DETECTORS,
    *addresses.DETECTORS,
    *traits.SPECIAL,
    *work.DETECTORS,
)
