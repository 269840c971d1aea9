"""What a value behind a name such as `password` or `api_key` is: a secret, a word, a placeholder, or code."""

from __future__ import annotations

import re
from collections import Counter
from math import log2
from typing import Final

from lockgate.content.detection.secrets.forms import is_placeholder

# Values that are code: attribute paths, calls, constants, variables, templates, paths, plain numbers.
_CODE: Final = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*(?:(?:\.|->|::|\()[A-Za-z_\"'(*&]?.*)|[A-Za-z_]\w*\[.*"
    r"|[A-Z]+(?:_[A-Z0-9]+)+|[a-z]+(?:_[a-z0-9]+)+|[&*]?[a-z]+(?:[A-Z][a-z]+)+[0-9]{0,2}|%\w+%?"
    r"|[$@#%{(\[&:|=?].*|[/~.].*|https?:.*|[0-9.]+|[-+]+.*"
)
# What is no secret in quotes either: templates, names of fields and constants, addresses, paths of files, numbers.
_QUOTED: Final = re.compile(
    r"[A-Z]+(?:_[A-Z0-9]+)+|[a-z]+(?:[_.-][a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+|%\w+%?|[$@#%{(\[&:|=?].*|[/~.].*"
    r"|https?:.*|[0-9.]+|[-+]+.*|[a-zA-Z_]\w*(?:\.[a-zA-Z_]+)*\([\w.,()=-]*"
)
_FILE: Final = re.compile(
    r"(?i).{0,200}\.(?:pem|key|crt|cer|der|p12|pfx|jks|json|ya?ml|toml|txt|xml|html?|[jt]sx?|py|rb|go|php|java"
    r"|properties|env|conf|cfg|local|com|org|io|net)"
)
_WORDS: Final = re.compile(
    r"(?i)placeholder|your[-_ ]?[a-z]{3}|redacted|dummy|fake|change[-_]?me|todo|<[a-z/!]|env\b|passw|passphrase"
    r"|pass$|^test|^foo|kennwort|contrase|secret$|^secret|token|api[-_]?key|username|^string|undefined|required|missing"
    r"|invalid|example|^(?:sample|bar|none|null|nil|true|false|empty|hidden|unknown)$"
)
_STEPS: Final = re.compile(r"(?i)0123|1234|abcd")
_PARTS: Final = re.compile("[-_.+/=]")
_MIXED: Final = re.compile("[0-9].*[A-Za-z]|[A-Za-z].*[0-9]")
LONGEST: Final = 300
"""What is longer, in characters, is no key but something encrypted."""
_UUID: Final = re.compile(r"(?i)[0-9a-z]{8}-(?:[0-9a-z]{4}-){3}[0-9a-z]{12}")


def entropy(value: str) -> float:
    """Return bits for a character, by how often each stands in the value."""
    size = len(value)
    return -sum(count / size * log2(count / size) for count in Counter(value).values())


def _counts(value: str) -> tuple[int, int]:
    """Return how many digits and letters there are."""
    return sum(map(str.isdigit, value)), sum(map(str.isalpha, value))


def is_random(value: str, least: int) -> bool:
    """Tell whether a value looks drawn by a machine: long, of letters and digits well mixed, and no UUID."""
    if not least <= len(value) <= LONGEST:
        return False
    digits, letters = _counts(value)
    return (
        digits >= 3
        and letters >= 3
        and digits + letters >= 0.85 * len(value)
        and entropy(value) >= 2.9
        and any(len(part) >= 8 and _MIXED.search(part) for part in _PARTS.split(value))
        and not _UUID.fullmatch(value)
        and not _FILE.fullmatch(value)
    )


def _no_secret(value: str, quoted: bool) -> bool:
    pattern = _QUOTED if quoted else _CODE
    return bool(
        is_placeholder(value) or _WORDS.search(value) or pattern.fullmatch(value) or _FILE.fullmatch(value)
    )


def password(value: str, quoted: bool, env: bool) -> float:
    """Return how sure it is that a value so named is a password; 0 for code, words and placeholders."""
    if len(value) > LONGEST or _no_secret(value, quoted):
        return 0.0
    digits, letters = _counts(value)
    if digits and letters and (quoted or len(value) >= 6):
        return 0.8
    if not value.isascii():
        return 0.0
    if len(value) > digits + letters and letters and len(value) >= 6:
        return 0.65
    return 0.55 if (quoted or env) and not value.istitle() and letters >= 6 else 0.0


def key(value: str, quoted: bool, env: bool) -> float:
    """Return the same of a key or token: longer, and drawn by a machine."""
    if len(value) > LONGEST or _no_secret(value, quoted) or (len(value) < 16 and _STEPS.search(value)):
        return 0.0
    digits, letters = _counts(value)
    if len(value) >= 12 and digits >= 2 and letters >= 2:
        return 0.8 if len(value) >= 20 else 0.6
    if not value.isascii() or value.istitle():
        return 0.0
    return 0.55 if (quoted or env) and letters >= 16 else 0.0


def weak(value: str, quoted: bool, least: int = 20) -> float:
    """Return the same behind a name that says little (`key`): only what is random, and `least` long."""
    return 0.0 if not is_random(value, least) or _no_secret(value, quoted) else 0.6


def is_uuid(value: str) -> bool:
    """Tell whether a value is an identifier that some providers use as their keys too."""
    return _UUID.fullmatch(value) is not None and len(set(value)) > 6
