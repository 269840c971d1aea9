"""Credentials of no one provider: keys in armor, signed tokens, passwords in addresses and in headers."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import B, W, token
from lockgate.content.detection.table import Token

_PEM: Final = (
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----)[\s\S]){0,8000}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
)

TOKENS: Final[tuple[Token, ...]] = (
    token("private_key", "-----BEGIN", _PEM, 0.99),
    token("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    token("jwt", "eyJ", rf"{B}eyJ{W}{{10,480}}\.(?:eyJ{W}{{8,4000}}|{W}{{30,4000}})(?:\.{W}{{0,2000}})?", 0.9),
    token(
        "url_password",
        "://",
        r"://[^\s:/@\"'<>]{0,64}:(?P<v>[^\s/@\"'<>{}$]{2,100})@(?=[0-9A-Za-z_.\[{$%-])",
        0.9,
    ),
    token(
        "http_basic",
        "authorization",
        r"(?i:authorization[\"' ]{0,4}[:=,] ?[\"']{0,2}basic )(?P<v>[0-9A-Za-z+/]{12,400}={0,2})",
        0.85,
        fold=True,
    ),
    token("http_basic", "basic", r"\A(?i:basic )(?P<v>[0-9A-Za-z+/]{12,400}={0,2})", 0.85, fold=True),
    token(
        "http_bearer",
        "bearer",
        r"[Bb]earer (?P<v>(?=\S{0,80}[0-9])[0-9A-Za-z_.~+/-]{20,2000}={0,2})",
        0.85,
        fold=True,
    ),
)
