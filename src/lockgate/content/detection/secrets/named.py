"""Passwords and keys that are told by the name in front: `password: ...`, `api_key = ...`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final

from lockgate.content.detection.context import around
from lockgate.content.detection.secrets.forms import is_placeholder
from lockgate.content.finding import Finding

_KEY_OF: Final = (
    "api",
    "access",
    "auth",
    "private",
    "account",
    "consumer",
    "encryption",
    "signing",
    "master",
    "service",
)
_NAME: Final = (
    r"(?P<password>pass(?:word|wort|wd|phrase|code)?s?|pwd|pswd|(?<![a-z])pw|kennwort|contrase(?:ñ|n)a"
    r"|mot de passe|identified by)"
    r"|(?P<key>client.?secret|secret(?:.?(?:access.?)?key)?|(?:access|auth|refresh|bearer|api|id|app)?.?token"
    r"|credentials?" + "".join(f"|(?<={front})[ _-]?key" for front in _KEY_OF) + ")"
)
_ASSIGNED: Final = re.compile(
    rf"(?i)(?:{_NAME})"
    r"(?P<s>[\\\"'`\])]{0,4}[ \t]{0,8}(?:=>|:=|={1,3}|:|>|,(?=[ ]?[\"']))[ \t]{0,8}"
    r"|(?: (?:for|of|für|to|von) [^\n:=]{1,40}?)? (?:is|ist|lautet|est|es|was)[ :]{1,2}"
    r"|[ ]{1,3}(?=[\"'`]))"
    r"(?P<q>\\?[\"'`])?(?P<v>[^\s\"'`<>,;)\]}\\]{4,200})"
)
_CALLED: Final = (
    r"(?:pass(?:word|wort|wd|phrase|code)?s?|pwd|pswd|pw|kennwort|contrase(?:ñ|n)a|mot de passe|identified by"
    r"|secret|token|credentials?|(?:" + "|".join(_KEY_OF) + ")[ _-]?key)"
)
_ANCHORS: Final = (
    _CALLED + r"[\\\"'`\])]{0,4}[ \t]{0,8}(?:[=:>]|,[ ]?[\"'])",
    _CALLED + " (?:for|of|für|to|von|is|ist|lautet|est|es|was)[ :]",
    _CALLED + "[ ]{1,3}[\"'`]",
    "-(?:pass(?:word|phrase|wd)?|pwd)[ =]",
)
_FLAG: Final = re.compile(
    r"(?i)(?<![^\s])-{1,2}(?P<password>pass(?:word|phrase|wd)?|pwd)[ =](?P<q>[\"'])?(?P<v>[^\s\"'<>,;]{4,100})"
)

_ENV: Final = re.compile(r"[A-Z0-9_]{0,40}$")
# Values that are code: attribute paths, calls, constants, variables, templates, paths, plain numbers.
_CODE: Final = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*(?:(?:\.|->|::|\()[A-Za-z_\"'(*&]?.*)|[A-Za-z_]\w*\[.*"
    r"|[A-Z]+(?:_[A-Z0-9]+)+|[a-z]+(?:_[a-z0-9]+)+|[&*]?[a-z]+(?:[A-Z][a-z0-9]+)+[0-9]?|%\w+%?"
    r"|[$@#%{(\[&:|=?].*|[/~.].*|https?:.*|[0-9.]+|[-+]+.*"
)
_WORDS: Final = re.compile(
    r"(?i)placeholder|your[-_ ]|redacted|dummy|fake|change[-_]?me|todo|<|env\b|passw|passphrase|pass$|^test|^foo"
    r"|kennwort|contrase|secret$|^secret|token|api[-_]?key|username|^string|undefined|required|missing|invalid"
    r"|^(?:example|sample|bar|none|null|nil|true|false|empty|hidden|unknown)$"
)


def _judge(value: str, quoted: bool, password: bool, env: bool) -> float:
    """Return how sure it is that a value so named is a secret; 0 for code, words and placeholders."""
    if is_placeholder(value) or _WORDS.search(value) or _CODE.fullmatch(value):
        return 0.0
    digits = sum(c.isdigit() for c in value)
    letters = sum(c.isalpha() for c in value)
    plain = value.isascii() and not value.istitle()
    if password:
        if digits and letters and (quoted or len(value) >= 6):
            return 0.8
        if len(value) > digits + letters and letters and len(value) >= 6:
            return 0.65
        return 0.55 if (quoted or env) and plain and letters >= 6 else 0.0
    if len(value) >= 12 and digits >= 2 and letters >= 2:
        return 0.8 if len(value) >= 20 else 0.6
    return 0.55 if (quoted or env) and plain and letters >= 16 else 0.0


class NamedSecrets:
    """Passwords and keys that are told by the name in front: `password: ...`, `api_key = ...`."""

    name = "secret.named"
    version = "1"
    kinds = frozenset({"secret.password", "secret.generic"})
    reach = 320
    anchors: tuple[str, ...] = _ANCHORS

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return named secrets in a text in normal form: the value is the span."""
        found = {}
        for match in chain(around(_ASSIGNED, text, places, 64, 320), around(_FLAG, text, places, 16, 120)):
            start, end = match.span("v")
            quoted = bool(match.group("q"))
            if quoted and text[end : end + 1] not in ('"', "'", "`", "\\"):
                continue  # a phrase, not a value
            password = match.group("password") is not None
            env = text[start - 1] == "=" and bool(_ENV.match(match.group().partition("=")[0]))
            sure = _judge(match.group("v"), quoted, password, env)
            if sure:
                kind = "secret.password" if password else "secret.generic"
                found[start] = Finding(start, end, kind, sure, f"{self.name}@{self.version}")
        return tuple(sorted(found.values()))
