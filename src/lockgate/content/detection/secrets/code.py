"""Credentials of forges, registries of packages, and tools of development."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import END, B, W, token
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    token("github", "ghp_ gho_ ghu_ ghs_ ghr_", rf"{B}gh[pousr]_[0-9A-Za-z]{{36,251}}"),
    token("github", "github_pat_", rf"{B}github_pat_{W}{{22,255}}"),
    token(
        "gitlab",
        "glpat- glptt- gldt- glrt- glffct- glsoat- glimt- glagent- gloas- glcbt-",
        rf"{B}gl(?:pat|ptt|dt|rt|ffct|soat|imt|agent|oas|cbt)-{W}{{19,300}}",
    ),
    token("npm", "npm_", rf"{B}npm_[0-9A-Za-z]{{36}}{END}"),
    token("pypi", "pypi-AgE", rf"{B}pypi-AgE{W}{{50,300}}"),
    token("docker", "dckr_pat_", rf"{B}dckr_pat_{W}{{27}}"),
    token("postman", "PMAK-", rf"{B}PMAK-[0-9a-f]{{24}}-[0-9a-f]{{34}}"),
    token("figma", "figd_", rf"{B}figd_{W}{{36,44}}"),
    token("atlassian", "ATATT3", rf"{B}ATATT3{W}{{60,250}}"),
)
