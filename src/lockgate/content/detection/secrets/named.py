"""Passwords and keys that are told by the name in front: `password: ...`, `api_key = ...`, `snyk token ...`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.content.detection.secrets import values
from lockgate.content.detection.secrets.providers import PROVIDERS, provider
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
    "application",
    "license",
    "subscription",
    "client",
)
_OTHER: Final = "".join(
    f"(?<!{one}.)" for one in ("encrypted", "wrapped", "public", "pub", "primary", "foreign", "cache", "sort")
)
"""What a key is called that opens nothing."""
_CALLS: Final = (
    r"pass(?:word|wort|wd|phrase|code|ord)?s?|pwd|pswd|kennwort|contrase(?:ñ|n)a|mot de passe|wachtwoord|senha"
    r"|has(?:ł|l)o|l(?:ö|o)senord|salasana|parola|(?:ş|s)ifre|adgangskode|kodeord|heslo|jelsz(?:ó|o)|lozinka"
    r"|(?:п|П)ароль|密码|密碼|パスワード|비밀번호"
)
_NAME: Final = (
    rf"(?P<password>{_CALLS}|(?<![a-z])(?:pw|psk)|identified by)"
    r"|(?P<key>client.?secret|secret(?:.?(?:access.?)?key)?|(?:access|auth|refresh|bearer|api|id|app)?.?token"
    r"|credentials?" + "".join(f"|(?<={front})[ _-]?key" for front in _KEY_OF) + ")"
    rf"|{_OTHER}(?P<weak>key)"
)
_CLOSE: Final = r"[\\\"'`\])]{0,4}"
_KIND_OF: Final = (
    r"(?::[ ]?(?:str|string)[ ]?=|,?(?: ?\{)?\r?\n?[ \t]{0,24}[\"']?(?:value|content|default)[\"']?[ ]?[:=])"
)
"""A type, or the name of a field beside: `- name: DB_PASSWORD` and `value: ...` in the next line."""
_HEAD: Final = re.compile(
    rf"(?i)(?:{_NAME})"
    r"(?:(?P<below>[\"']?:[ \t]{0,8}\r?\n[ \t]{0,24})"
    rf"|{_CLOSE}(?:{_KIND_OF}|[ \t]{{0,8}}(?:=>|:=|!?={{1,3}}|:|>|,(?=[ ]?[\"'])))[ \t]{{0,24}}|\((?=\\?[\"'])"
    r"|(?: (?:for|of|für|to|von) [^\n:=]{1,40}?)? (?:is|ist|lautet|est|es|was)[ :]{1,2}"
    r"|[ \t]{1,24}(?=[\"'`]))"
    r"(?P<q>\\?[\"'`])?"
)
_VALUE: Final = re.compile(r"[^\s\"'`<>,;)\]}\\&]{4,301}")
_BETWEEN: Final = re.compile(r"[^\s\"'`\\]{4,301}")
"""What may stand between quotes: there everything belongs to the value."""
_ENDS: Final = re.compile(r"[\"'`]?[,;]?[ \t]{0,8}(?:[\r\n}]|\Z)")
_CALLED: Final = (
    rf"(?:{_CALLS}|pw|psk|identified by|secret(?:[ _-]?key)?|token|credentials?|(?:"
    + "|".join(_KEY_OF)
    + ")[ _-]?key)"
)
_FLAG: Final = re.compile(
    r"(?i)(?<![^\s])-{1,2}(?:(?P<password>pass(?:word|phrase|wd)?|pwd)|(?P<key>[a-z-]{0,24}(?:secret|token|key)))"
    r"[ =](?P<q>[\"'])?"
)
_SPACED: Final = re.compile(r"(?i)(?:identified by|_pass(?:word)?|_pwd) (?=[^\s\"'`])")
_LOOSE: Final = re.compile(
    rf"(?i)(?:secret|private|access|token|{_OTHER}key)(?:[ _-]?(?:key|token|code))?[ :=._-]{{1,3}}(?=[0-9a-z])"
)
_LONG: Final = re.compile(r"[0-9A-Za-z_+/=.-]{16,301}")
_ENV: Final = re.compile(r"[A-Z0-9_]{0,40}$")
_ANCHORS: Final = (
    _CALLED + rf"{_CLOSE}(?:[ \t]{{0,8}}(?:[=:>]|!=|,[ ]?[\"'])|\(\\?[\"'])",
    _CALLED + r"[\"']?,?(?: ?\{)?\r?\n?[ \t]{0,24}[\"']?(?:value|content|default)[\"']?[ ]?[:=]",
    rf"key{_CLOSE}(?:[ \t]{{0,8}}(?:=|:|=>|:=)|,)[ \t]{{0,8}}\\?[\"'`]?[0-9a-z+/_=.-]{{16}}",
    _CALLED + " (?:for|of|für|to|von|is|ist|lautet|est|es|was)[ :]",
    _CALLED + "[ \t]{1,24}[\"'`]",
    "-(?:pass(?:word|phrase|wd)?|pwd)[ =]",
    "-[a-z-]{0,24}(?:secret|token|key)[ =]",
    "(?:identified by|_pass|_password|_pwd) ",
    r"(?:secret|private|access|token|key|code)[ :=._-]{1,3}[0-9a-z][0-9a-z_+/=.-]{15}",
)
BEFORE: Final = 72
"""How far before the end of an anchor a name may begin."""
AFTER: Final = 72
"""How far behind it the value may begin."""


class NamedSecrets:
    """Passwords and keys that are told by the name in front: `password: ...`, `api_key = ...`."""

    name = "secret.named"
    version = "2"
    kinds = frozenset({"secret.password", "secret.generic"} | {f"secret.{one}" for one in PROVIDERS})
    reach = 320
    anchors: tuple[str, ...] = _ANCHORS

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return named secrets in a text in normal form: the value is the span; of several readings the surest."""
        best: dict[int, tuple[float, int, str]] = {}
        for pattern, judge in ((_HEAD, _assigned), (_FLAG, _flag), (_SPACED, _spaced), (_LOOSE, _loose)):
            for head in _heads(pattern, text, places):
                for start, end, kind, sure in judge(text, head):
                    best[start] = max(best.get(start, (0.0, 0, "")), (sure, end, kind))
        return tuple(
            Finding(start, end, kind, sure, f"{self.name}@{self.version}")
            for start, (sure, end, kind) in sorted(best.items())
        )


Said = Iterator[tuple[int, int, str, float]]


def _heads(pattern: re.Pattern[str], text: str, places: Sequence[int]) -> Iterator[re.Match[str]]:
    """Yield every match that begins before a place, by at most `BEFORE`, also one inside another."""
    start = 0
    for place in places:
        start = max(start, place - BEFORE)
        while start <= place and (first := pattern.search(text, start, place + AFTER)):
            if first.start() > place:
                break
            start = first.start() + 1
            if match := pattern.match(text, first.start()):
                yield match
        start = max(start, place + 1)


def _assigned(text: str, head: re.Match[str]) -> Said:
    quoted = bool(head["q"])
    match = (_BETWEEN if quoted else _VALUE).match(text, head.end())
    if not match:
        return
    start, end = match.span()
    value = match.group()
    if quoted and text[end : end + 1] not in ('"', "'", "`", "\\"):
        return  # a phrase, not a value
    env = text[start - 1] == "=" and bool(_ENV.match(head.group().partition("=")[0]))
    if head["password"] is not None:
        kind, sure = "password", values.password(value, quoted, env)
    else:
        sure = 0.0 if head["weak"] else values.key(value, quoted, env)
        kind, sure = _of_provider(text, head, value, quoted, sure)
    if head["below"] and (sure < 0.8 or len(value) < 8 or not _ENDS.match(text, end)):
        return  # a line of its own says less
    if sure:
        yield start, end, f"secret.{kind}", sure


def _flag(text: str, head: re.Match[str]) -> Said:
    if match := _VALUE.match(text, head.end()):
        value, quoted = match.group(), bool(head["q"])
        if head["password"] is None:
            kind, sure = "secret.generic", values.weak(value, quoted, 16)
        else:
            kind, sure = "secret.password", values.password(value, quoted, False)
        if sure:
            yield *match.span(), kind, sure


def _spaced(text: str, head: re.Match[str]) -> Said:
    match = _VALUE.match(text, head.end())
    if match and (sure := values.password(match.group(), False, False)) >= 0.8:
        yield *match.span(), "secret.password", sure


def _loose(text: str, head: re.Match[str]) -> Said:
    if match := _LONG.match(text, head.end()):
        kind, sure = _of_provider(text, head, match.group(), False, 0.0)
        if sure:
            yield *match.span(), f"secret.{kind}", sure


def _of_provider(text: str, head: re.Match[str], value: str, quoted: bool, sure: float) -> tuple[str, float]:
    """Return kind and confidence of a key; beside a provider's name less is asked of it."""
    sure = sure or values.weak(value, quoted)
    beside = 0.75 if values.weak(value, quoted, 16) else 0.7 if values.is_uuid(value) else 0.0
    if (sure or beside) and (known := provider(text, head.start(), head.end())):
        return known, max(sure, beside)
    return "generic", sure
