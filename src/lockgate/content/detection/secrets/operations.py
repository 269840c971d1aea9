"""Credentials of infrastructure and of what watches it."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import END, B, W, token
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    token("vault", "hvs.", rf"{B}hvs\.{W}{{24,150}}"),
    token("terraform", ".atlasv1.", rf"{B}[0-9A-Za-z]{{14}}\.atlasv1\.{W}{{60,70}}", lead=14),
    token("grafana", "glc_ glsa_", rf"{B}gl(?:c|sa)_[0-9A-Za-z+/_]{{32,200}}={{0,2}}"),
    token("newrelic", "NRAK-", rf"{B}NRAK-[0-9A-Z]{{27}}{END}"),
    token("newrelic", "NRAL", rf"{B}[0-9a-z]{{36}}NRAL{END}", lead=36),
    token(
        "doppler",
        "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.",
        rf"{B}dp\.(?:pt|st|ct|sa|scim|audit)\.[0-9A-Za-z]{{40,44}}",
    ),
    token("dynatrace", "dt0c01.", rf"{B}dt0c01\.[0-9A-Z]{{24}}\.[0-9A-Z]{{64}}"),
)
