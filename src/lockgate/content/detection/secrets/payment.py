"""Credentials of payment and commerce."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import B, W, token
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    token("stripe", "sk_live_ rk_live_", rf"{B}[rs]k_live_[0-9A-Za-z]{{16,250}}"),
    token("stripe", "sk_test_ rk_test_", rf"{B}[rs]k_test_[0-9A-Za-z]{{16,250}}", 0.8),
    token("stripe", "whsec_", rf"{B}whsec_[0-9A-Za-z+/]{{24,64}}"),
    token("shopify", "shpat_ shpca_ shppa_ shpss_", rf"{B}shp(?:at|ca|pa|ss)_[0-9a-fA-F]{{32}}"),
    token("square", "sq0atp- sq0csp- sq0idp-", rf"{B}sq0(?:atp|csp|idp)-{W}{{22,43}}"),
)
