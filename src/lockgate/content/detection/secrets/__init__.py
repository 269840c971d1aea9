"""Credentials. `TOKENS`: every row, of all families; what has no form of its own is in `named`."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets import (
    ai,
    cloud,
    code,
    general,
    messaging,
    operations,
    payment,
    people,
    places,
)
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    *general.TOKENS,
    *cloud.TOKENS,
    *code.TOKENS,
    *ai.TOKENS,
    *payment.TOKENS,
    *messaging.TOKENS,
    *operations.TOKENS,
    *people.TOKENS,
    *places.TOKENS,
)
