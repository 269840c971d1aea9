"""Passwords told by where they stand: in commands, connection strings, calls, and files of settings."""

from __future__ import annotations

import re
from base64 import b32decode, b64decode
from binascii import Error, crc_hqx
from typing import Final

from lockgate.content.detection.secrets.forms import B64, END, A, B, H, is_mixed, not_placeholder, token
from lockgate.content.detection.table import Token

_V: Final = r"(?P<v>[^\s\"'$%<>{}]{3,100})"
_USUAL: Final = re.compile(
    r"(?i)(?:my|your|the|db|user|some|new|old)?[-_]?(?:pass(?:word|wd|phrase)?|pwd|secret|token|key)[0-9]?"
    r"|test|none|null|true|false|\*+|x+|\.+"
)


def _password(value: str) -> bool:
    """Tell whether what stands where a password belongs is one, and no number, name of it, or path."""
    return (
        not_placeholder(value)
        and not value.isdigit()
        and not _USUAL.fullmatch(value)
        and value[0] not in "-/\\&|;"
    )


def _drawn(value: str) -> bool:
    return _password(value) and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _pair(value: str) -> bool:
    """Tell whether base64 holds a user's name, a colon, and a password (RFC 7617, section 2)."""
    try:
        user, colon, rest = b64decode(value + "=" * (-len(value) % 4)).decode().partition(":")
    except (Error, ValueError):
        return False
    return bool(user and colon and len(rest) > 2) and user.isprintable() and _password(rest)


def _basic(value: str) -> bool:
    return _pair(value) or (
        not_placeholder(value)
        and any(map(str.islower, value))
        and any(map(str.isupper, value))
        and (value.endswith("=") or any(map(str.isdigit, value)))
    )


def _seed(value: str) -> bool:
    """Tell whether the check sum of a seed of NATS is right (its CRC-16 is CCITT's, low byte first)."""
    data = b32decode(value + "=" * (-len(value) % 8))
    return crc_hqx(data[:-2], 0) == int.from_bytes(data[-2:], "little")


def _row(
    kind: str, anchors: tuple[str, ...], pattern: str, confidence: float, *, fold: bool = False, lead: int = 0
) -> Token:
    """Return a row whose anchors may hold spaces."""
    return Token(f"secret.{kind}", anchors, re.compile(pattern), confidence, fold, _password, lead)


COMMANDS: Final[tuple[Token, ...]] = (
    token("command_password", "-pass", rf"(?<!\S)-pass(?:in|out)?[ =][\"']?pass:{_V}", 0.85, check=_password),
    token(
        "command_password",
        "psexec",
        rf"(?i:psexec)[^\n]{{0,160}}?\s-p\s{{1,4}}[\"']?{_V}",
        0.8,
        fold=True,
        check=_password,
    ),
    token(
        "command_password",
        "mysql mariadb",
        rf"(?:mysql|mariadb)[a-z-]{{0,12}} [^\n|;]{{0,160}}?(?<=\s)-p[\"']?{_V}",
        0.8,
        check=_drawn,
    ),
    token(
        "command_password",
        "redis-cli",
        rf"redis-cli [^\n|;]{{0,120}}?(?<=\s)-a\s{{1,4}}[\"']?{_V}",
        0.85,
        check=_password,
    ),
    token(
        "command_password",
        "smbclient rpcclient winexe",
        rf"(?:smbclient|rpcclient|winexe) [^\n|;]{{0,120}}?(?<=\s)-U[ =]?[\"']?[\w.\\/-]{{1,64}}%{_V}",
        0.85,
        check=_password,
    ),
    _row(
        "command_password",
        ("login -",),
        rf"login -(?=[^\n]{{0,120}}-?u)[^\n|;]{{0,120}}?(?<=[\s-])p[ =][\"']?{_V}",
        0.8,
    ),
    _row("command_password", ("net use",), rf"(?i:net use) [^\n]{{0,120}}?\s{_V} /(?i:user):", 0.8, fold=True),
    _row(
        "command_password",
        ("identified with",),
        r"(?i:identified with [\"'`]?\w{3,32}[\"'`]? (?:by|as) )[\"'](?P<v>[^\s\"']{3,100})[\"']",
        0.85,
        fold=True,
    ),
)
CALLS: Final[tuple[Token, ...]] = (
    token(
        "password",
        "convertto-securestring",
        r"(?i:ConvertTo-SecureString(?:\s{1,4}-(?:string|asplaintext|force)){0,3}\s{1,4})[\"']?"
        r"(?P<v>[^\"'\n\s$-][^\"'\n\s]{2,100})",
        0.85,
        fold=True,
        check=_password,
    ),
    token(
        "password",
        "NetworkCredential( UsernamePasswordCredentials( PasswordAuthentication(",
        r"(?:NetworkCredential|UsernamePasswordCredentials|PasswordAuthentication)\(\s{0,4}[\"'][^\"'\n]{1,80}"
        r"[\"'],\s{0,4}[\"'](?P<v>[^\"'\n\s]{3,100})[\"']",
        0.85,
        check=_password,
    ),
    token(
        "http_basic",
        "\"basic 'basic `basic",
        rf"[\"'`](?i:basic) (?P<v>{B64}{{12,400}}={{0,2}})(?=[\"'`])",
        0.8,
        fold=True,
        check=_basic,
    ),
    token(
        "http_basic",
        '"auth" _auth',
        rf"(?:\"auth\"|_auth)\s{{0,4}}[:=]\s{{0,4}}[\"']?(?P<v>{B64}{{10,400}}={{0,2}})(?!{B64})",
        0.9,
        check=_pair,
    ),
    token(
        "http_bearer",
        "authorization",
        r"(?i:authorization[\"' ]{0,4}[:=,] ?[\"']{0,2}bearer )"
        r"(?P<v>[0-9A-Za-z_.~+/-]{14,19}(?![0-9A-Za-z_.~+/-]))",
        0.75,
        fold=True,
        check=_drawn,
    ),
)
SETTINGS: Final[tuple[Token, ...]] = (
    _row(
        "dsn_password",
        ("user id=", "userid=", "uid=", "user=", "username="),
        r"(?i:(?:user ?id|uid|user|username)=[^;\"'\n]{1,64};\s?(?:[\w ]{1,40}=[^;\"'\n]{0,64};\s?){0,3}"
        r"(?:password|pwd)=)(?P<v>[^;\"'\s$%{}<>]{4,100})(?=[;\"'\s]|\Z)",
        0.8,
        fold=True,
    ),
    token(
        "dsn_password",
        "jdbc:oracle:",
        r"jdbc:oracle:[a-z0-9]{3,5}:[^\s/@\"':]{1,64}/(?P<v>[^\s/@\"'${}<>]{2,100})@",
        0.9,
        check=_password,
    ),
    token(
        "dsn_password",
        "sqlplus",
        r"sqlplus(?: -\w{1,8}){0,3} [\"']?[\w.]{1,32}/(?P<v>[^\s/@\"'&${}<>]{2,64})@",
        0.85,
        check=_password,
    ),
    token(
        "dsn_password",
        ":5432:",
        r"(?<!\S)[\w.*-]{1,60}:5432:[^:\s]{1,63}:[^:\s]{1,63}:(?P<v>[^:\s${}<>]{3,100})(?!\S)",
        0.85,
        lead=60,
        check=_password,
    ),
    token(
        "url_password",
        "://",
        r"://[^\s:/@\"'<>]{1,64}@[^\s:/@\"'<>]{1,64}:(?P<v>[^\s/@\"'<>{}$]{2,100})@(?=[0-9A-Za-z_.\[{$%-])",
        0.85,
        check=_password,
    ),
    token(
        "wordpress",
        "AUTH_KEY AUTH_SALT LOGGED_IN_KEY LOGGED_IN_SALT NONCE_KEY NONCE_SALT",
        r"(?:AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT)(?P<q>[\"']),[ \t]{0,8}[\"'](?P<v>[^\"'\n]{40,80})[\"']",
        0.9,
    ),
    Token(
        "secret.password_hash",
        ("password 7 ", "key 7 "),
        re.compile(r"(?:password|key) 7 (?P<v>(?:0[0-9]|1[0-5])(?:[0-9A-Fa-f]{2}){3,40})(?!\w)"),
        0.85,
    ),
    token("password_hash", "$8$ $9$", r"\$[89]\$[./0-9A-Za-z]{14}\$[./0-9A-Za-z]{43}(?![./0-9A-Za-z])", 0.9),
    _row("vault", ("Unseal Key ",), rf"Unseal Key [0-9]{{1,2}}: (?P<v>{B64}{{43,44}}=?|{H}{{66}})(?!{B64})", 0.95),
    Token(
        "secret.vault",
        ("s.",),
        re.compile(rf"(?<![0-9A-Za-z._$])s\.{A}{{24}}(?![0-9A-Za-z.(])"),
        0.85,
        check=is_mixed,
        tail=("0-9A-Za-z", 24),
    ),
    token(
        "sonarqube",
        "sonar.login sonar.token",
        rf"sonar\.(?:login|token)[\"']?[=:, ]{{1,4}}[\"']?(?P<v>{H}{{40}}){END}",
    ),
    Token(
        "secret.nats",
        ("SU", "SA", "SO", "SN", "SC", "SX"),
        re.compile(rf"{B}S[UAONCX][A-Z2-7]{{56}}{END}"),
        0.97,
        check=_seed,
        tail=("A-Z2-7", 56),
    ),
)
TOKENS: Final = (*COMMANDS, *CALLS, *SETTINGS)
