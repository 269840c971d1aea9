"""Credentials of no one provider: keys in armor and without, signed tokens, hashes, passwords in addresses."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import B64, A, B, W, holds_private_key, not_placeholder, token
from lockgate.content.detection.table import Token

_PEM: Final = (
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----)[\s\S]){0,8000}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
)
_LINE: Final = r"[ \t]{0,4}"
_SALT: Final = r"[./0-9A-Za-z]"


def _password(value: str) -> bool:
    """Tell whether what stands behind a user's name is a password and no placeholder, number or path."""
    return not_placeholder(value) and not value.isdigit()


KEYS: Final[tuple[Token, ...]] = (
    token("private_key", "-----BEGIN", _PEM, 0.99),
    token("private_key", "----", r"---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----", 0.97),
    token("private_key", "PuTTY-User-Key-File-", r"PuTTY-User-Key-File-[0-9]: {1,2}[a-z0-9-]{3,40}", 0.97),
    token("private_key", "b3BlbnNzaC1rZXktdjEA", rf"b3BlbnNzaC1rZXktdjEA{B64}{{40,8000}}"),
    token(
        "private_key",
        "IBADANBgkqhkiG9w0BAQEFAASC",
        rf"(?<!{B64})MII[A-P]{B64}{{2}}IBADANBgkqhkiG9w0BAQEFAASC{B64}{{60,8000}}={{0,2}}",
        lead=6,
    ),
    token(
        "private_key",
        "IBAAKCA IBAAKBg",
        rf"(?<!{B64})MII[A-P]{B64}{{2}}IBAAK(?:CA|Bg){B64}{{60,8000}}={{0,2}}",
        lead=6,
    ),
    token(
        "private_key",
        "LS0tLS1CRUdJTi",
        rf"(?<!{B64})LS0tLS1CRUdJTi{B64}{{40,12000}}={{0,2}}",
        check=holds_private_key,
    ),
    token("pkcs12", "IBAzCC", rf"(?<!{B64})MII[A-P]{B64}[AQgw]IBAzCC{B64}{{200,16000}}={{0,2}}", lead=6),
    token(
        "jwk",
        '"kty"',
        rf'"kty"{_LINE}:{_LINE}"(?:RSA|EC|OKP|oct)"[^{{}}]{{0,1500}}?"[dk]"{_LINE}:{_LINE}"(?P<v>{W}{{20,1400}})"',
    ),
    token("jwk", '"d"', rf'"d"{_LINE}:{_LINE}"(?P<v>{W}{{20,1400}})"(?=[^{{}}]{{0,1500}}"kty")'),
    token("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    token(
        "wireguard",
        "PrivateKey PresharedKey",
        rf"(?:Private|Preshared)Key{_LINE}={_LINE}(?P<v>[0-9A-Za-z+/]{{43}}=)",
    ),
    token(
        "minisign",
        "encrypted secret key",
        r"(?:minisign|rsign|signify)? ?encrypted secret key\r?\n(?P<v>[0-9A-Za-z+/]{60,300}={0,2})",
        lead=9,
    ),
    token("crypto_wallet", "xprv", rf"{B}xprv{A}{{107,108}}(?!{A})"),
    token("nostr", "nsec1", rf"{B}nsec1[02-9ac-hj-np-z]{{58}}(?!{A})"),
)
SIGNED: Final[tuple[Token, ...]] = (
    token("jwt", "eyJ", rf"{B}eyJ{W}{{10,480}}\.(?:eyJ{W}{{8,4000}}|{W}{{30,4000}})(?:\.{W}{{0,2000}})?", 0.9),
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
HASHES: Final[tuple[Token, ...]] = (
    token("password_hash", "$2a$ $2b$ $2x$ $2y$", rf"\$2[abxy]\$[0-9]{{2}}\${_SALT}{{53}}(?!{_SALT})", 0.9),
    token(
        "password_hash",
        "$1$ $5$ $6$ $apr1$",
        rf"\$(?:1|5|6|apr1)\$(?:rounds=[0-9]{{1,9}}\$)?{_SALT}{{1,16}}\${_SALT}{{22,86}}(?!{_SALT})",
        0.9,
    ),
    token(
        "password_hash",
        "$y$ $gy$ $7$",
        rf"\$(?:g?y|7)\${_SALT}{{2,16}}\${_SALT}{{1,86}}\${_SALT}{{43}}(?!{_SALT})",
        0.9,
    ),
    token(
        "password_hash",
        "$argon2",
        r"\$argon2(?:id|i|d)\$(?:v=[0-9]{1,3}\$)?[a-z0-9=,]{5,60}\$[0-9A-Za-z+/]{8,100}\$[0-9A-Za-z+/]{16,200}",
        0.9,
    ),
    token(
        "password_hash",
        "pbkdf2",
        rf"pbkdf2[_-]?(?:sha[0-9]{{1,3}})?[$:][0-9]{{3,8}}[$:][0-9A-Za-z+/.=]{{4,90}}[$:]{B64}{{20,180}}={{0,2}}",
        0.9,
    ),
    token(
        "password_hash",
        "{SSHA {SHA {SMD5} {CRYPT}",
        r"\{(?:S?SHA(?:256|384|512)?|SMD5|CRYPT)\}[0-9A-Za-z+/$.]{13,180}={0,2}",
        0.9,
    ),
    token(
        "password_hash",
        "SCRAM-SHA-256$",
        r"SCRAM-SHA-256\$[0-9]{3,7}:[0-9A-Za-z+/=]{8,60}\$[0-9A-Za-z+/=]{30,60}:[0-9A-Za-z+/=]{30,60}",
        0.9,
    ),
    token("password_hash", "$P$ $H$", rf"\$[PH]\$[5-9A-Z]{_SALT}{{30}}(?!{_SALT})", 0.9),
    token(
        "kerberos_hash",
        "$krb5tgs$ $krb5asrep$ $krb5pa$",
        r"\$krb5(?:tgs|asrep|pa)\$[0-9]{1,2}\$[^\s\"']{32,4000}",
        0.9,
    ),
    token(
        "ntlm_hash",
        "aad3b435b51404eeaad3b435b51404ee",
        r"aad3b435b51404eeaad3b435b51404ee:(?P<v>[0-9a-fA-F]{32})(?![0-9A-Za-z])",
        0.9,
    ),
)
PLACES: Final[tuple[Token, ...]] = (
    token(
        "url_password",
        "://",
        r"://[^\s:/@\"'<>]{0,64}:(?P<v>[^\s/@\"'<>{}$]{2,100})@(?=[0-9A-Za-z_.\[{$%-])",
        0.9,
    ),
    token(
        "dsn_password",
        "@tcp( @unix(",
        r"(?<![^\s\"'=`(])[\w.-]{1,32}:(?P<v>[^\s:@/\"']{3,64})@(?:tcp|unix)\(",
        0.9,
        lead=98,
    ),
    token(
        "command_password",
        "-u --user --proxy-user",
        r"(?<![^\s])(?:-u|--user|--proxy-user)[ =]?[\"']?[\w.@%+\\-]{1,64}:(?P<v>[^\s\"'$<>{}]{3,100})",
        0.75,
        check=_password,
    ),
    token(
        "command_password", "sshpass", r"(?<![\w-])sshpass {1,4}-p {0,4}[\"']?(?P<v>[^\s\"'$<>{}]{3,100})", 0.85
    ),
    token(
        "netrc",
        "login",
        r"(?<=\s)login\s{1,8}\S{1,100}\s{1,8}password\s{1,8}(?P<v>[^\s\"'$<>{}]{3,100})",
        0.9,
    ),
)
TOKENS: Final = (*KEYS, *SIGNED, *HASHES, *PLACES)
