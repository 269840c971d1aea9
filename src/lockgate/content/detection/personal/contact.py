"""How to reach a person."""

from __future__ import annotations

import re
import string
from typing import Final

from lockgate.content.detection.table import Token

_LOCAL: Final = string.ascii_letters + string.digits + "._%+'-"
_MAIL: Final = re.compile(
    r"[0-9A-Za-z][0-9A-Za-z._%+'-]{0,63}@(?:[0-9A-Za-z-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![0-9A-Za-z-])"
)

TOKENS: Final[tuple[Token, ...]] = (Token("pii.email", ("@",), _MAIL, 0.95, lead=64, front=_LOCAL),)
