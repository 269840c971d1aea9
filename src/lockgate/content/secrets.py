"""Detectors of credentials: tokens with a provider's prefix, private keys, connection strings, passwords.

A finding begins where the secret begins. Private keys and signed tokens may be long, but are known as such
within `reach` characters. Text in normal form (`detectors.scan` sees to it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lockgate.content.finding import Finding


@dataclass(frozen=True, slots=True)
class Token:
    """A credential with a form of its own. `anchor` is a literal that is in every one: the cheap first look."""

    kind: str
    anchor: str
    pattern: re.Pattern[str]
    confidence: float = 0.97


def _token(kind: str, anchor: str, pattern: str, confidence: float = 0.97) -> Token:
    return Token(f"secret.{kind}", anchor, re.compile(pattern), confidence)


_B: Final = r"(?<![0-9A-Za-z])"
_W: Final = r"[0-9A-Za-z_-]"
_PEM: Final = (
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----)[\s\S]){0,8000}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?"
)

TOKENS: Final = (
    _token("private_key", "PRIVATE KEY", _PEM, 0.99),
    *(
        _token("aws_access_key", prefix, rf"{_B}{prefix}[0-9A-Z]{{16}}(?![0-9A-Za-z])")
        for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")
    ),
    _token("gcp_api_key", "AIza", rf"{_B}AIza{_W}{{35}}(?!{_W})"),
    _token("gcp_oauth", "ya29.", rf"{_B}ya29\.{_W}{{20,300}}"),
    _token("gcp_oauth_client", "GOCSPX-", rf"{_B}GOCSPX-{_W}{{24,32}}"),
    _token("azure_storage_key", "AccountKey=", r"(?<=AccountKey=)[0-9A-Za-z+/]{20,100}={0,2}"),
    _token("azure_shared_key", "SharedAccessKey=", r"(?<=SharedAccessKey=)[0-9A-Za-z+/]{20,100}={0,2}"),
    _token("azure_client_secret", "Q~", rf"{_B}[0-9A-Za-z_~.-]{{3}}[0-9]Q~[0-9A-Za-z_~.-]{{31,34}}"),
    _token("azure_sas", "sig=", r"(?<=sig=)[0-9A-Za-z%+/]{43,70}(?:=|%3[Dd])"),
    _token("azure_devops", "AZDO", rf"{_B}[0-9A-Za-z]{{76}}AZDO[0-9A-Za-z]{{4}}(?![0-9A-Za-z])"),
    _token("github", "gh", rf"{_B}gh[pousr]_[0-9A-Za-z]{{36,251}}"),
    _token("github", "github_pat_", rf"{_B}github_pat_{_W}{{22,255}}"),
    _token("gitlab", "gl", rf"{_B}gl(?:pat|ptt|dt|rt|ffct|soat|imt|agent|oas|cbt)-{_W}{{19,300}}"),
    _token("slack", "xox", rf"{_B}xox[abeoprs]-{_W}{{10,250}}"),
    _token("slack", "xapp-", rf"{_B}xapp-[0-9]-{_W}{{20,250}}"),
    _token("slack_webhook", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/[0-9A-Za-z/_]{20,120}"),
    _token("stripe", "k_live_", rf"{_B}[rs]k_live_[0-9A-Za-z]{{16,250}}"),
    _token("stripe", "k_test_", rf"{_B}[rs]k_test_[0-9A-Za-z]{{16,250}}", 0.8),
    _token("stripe", "whsec_", rf"{_B}whsec_[0-9A-Za-z+/]{{24,64}}"),
    _token("openai", "T3BlbkFJ", rf"{_B}sk-{_W}{{16,100}}T3BlbkFJ{_W}{{16,100}}"),
    _token("openai", "sk-", rf"{_B}sk-(?:proj|svcacct|admin|None)-{_W}{{40,200}}"),
    _token("anthropic", "sk-ant-", rf"{_B}sk-ant-[0-9a-z]{{2,12}}-{_W}{{60,120}}"),
    _token("huggingface", "hf_", rf"{_B}hf_[0-9A-Za-z]{{34,40}}"),
    _token("npm", "npm_", rf"{_B}npm_[0-9A-Za-z]{{36}}(?![0-9A-Za-z])"),
    _token("pypi", "pypi-AgE", rf"{_B}pypi-AgE{_W}{{50,300}}"),
    _token("sendgrid", "SG.", rf"{_B}SG\.{_W}{{16,32}}\.{_W}{{32,64}}"),
    _token("shopify", "shp", rf"{_B}shp(?:at|ca|pa|ss)_[0-9a-fA-F]{{32}}"),
    _token("digitalocean", "_v1_", rf"{_B}do[opr]_v1_[0-9a-f]{{64}}"),
    _token("databricks", "dapi", rf"{_B}dapi[0-9a-f]{{32}}(?:-[0-9])?(?![0-9A-Za-z])"),
    _token("vault", "hvs.", rf"{_B}hvs\.{_W}{{24,150}}"),
    _token("terraform", ".atlasv1.", rf"{_B}[0-9A-Za-z]{{14}}\.atlasv1\.{_W}{{60,70}}"),
    _token("docker", "dckr_pat_", rf"{_B}dckr_pat_{_W}{{27}}"),
    _token("grafana", "gl", rf"{_B}gl(?:c|sa)_[0-9A-Za-z+/_]{{32,200}}={{0,2}}"),
    _token("newrelic", "NRA", rf"{_B}NRAK-[0-9A-Z]{{27}}(?![0-9A-Za-z])|{_B}[0-9a-z]{{36}}NRAL(?![0-9A-Za-z])"),
    _token("telegram", ":AA", rf"{_B}[0-9]{{8,10}}:AA{_W}{{33}}(?!{_W})"),
    _token("google_service", '"private_key_id"', r'(?<="private_key_id": ")[0-9a-f]{40}'),
    _token("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _token("planetscale", "pscale_", rf"{_B}pscale_(?:tkn|pw|oauth)_{_W}{{32,64}}"),
    _token("postman", "PMAK-", rf"{_B}PMAK-[0-9a-f]{{24}}-[0-9a-f]{{34}}"),
    _token("groq", "gsk_", rf"{_B}gsk_[0-9A-Za-z]{{48,56}}(?![0-9A-Za-z])"),
    _token("deepseek", "sk-", rf"{_B}sk-[0-9a-f]{{32}}(?![0-9A-Za-z])"),
    _token("figma", "figd_", rf"{_B}figd_{_W}{{36,44}}"),
    _token("atlassian", "ATATT3", rf"{_B}ATATT3{_W}{{60,250}}"),
    _token("square", "sq0", rf"{_B}sq0(?:atp|csp|idp)-{_W}{{22,43}}"),
    _token("heroku", "HRKU-", rf"{_B}HRKU-[0-9A-Za-z-]{{36,64}}"),
    _token("supabase", "sbp_", rf"{_B}sbp_(?:v0_)?[0-9a-f]{{40}}"),
    _token("doppler", "dp.", rf"{_B}dp\.(?:pt|st|ct|sa|scim|audit)\.[0-9A-Za-z]{{40,44}}"),
    _token("dynatrace", "dt0c01.", rf"{_B}dt0c01\.[0-9A-Z]{{24}}\.[0-9A-Z]{{64}}"),
    _token("discord_webhook", "/api/webhooks/", rf"discord(?:app)?\.com/api/webhooks/[0-9]+/{_W}{{40,90}}"),
    _token("teams_webhook", "IncomingWebhook/", r"webhook\w*/[0-9a-f@-]{60,90}/IncomingWebhook/[0-9A-Za-z/-]{9,}"),
    _token(
        "jwt",
        "eyJ",
        rf"{_B}eyJ{_W}{{10,480}}\.(?:eyJ{_W}{{8,4000}}|{_W}{{30,4000}})(?:\.{_W}{{0,2000}})?",
        0.9,
    ),
    _token(
        "url_password",
        "://",
        r"(?<=://)[^\s:/@\"'<>]{0,64}:(?P<v>[^\s/@\"'<>{}$]{2,100})@(?=[0-9A-Za-z_.\[{$%-])",
        0.9,
    ),
    _token(
        "http_basic",
        "asic ",
        r"(?i:authorization[\"' ]{0,4}[:=,] ?[\"']{0,2}basic |^basic )(?P<v>[0-9A-Za-z+/]{12,400}={0,2})",
        0.85,
    ),
    _token("http_bearer", "earer ", r"[Bb]earer (?P<v>(?=\S{0,80}[0-9])[0-9A-Za-z_.~+/-]{20,2000}={0,2})", 0.85),
)  # fmt: skip


class ProviderTokens:
    """Keys and tokens that can be told by their form alone."""

    name = "secret.token"
    version = "1"
    kinds = frozenset(token.kind for token in TOKENS)
    reach = 512

    def scan(self, text: str, /) -> tuple[Finding, ...]:
        """Return the credentials in a text in normal form."""
        by = f"{self.name}@{self.version}"
        found = []
        for token in TOKENS:
            if token.anchor in text:
                for match in token.pattern.finditer(text):
                    group = "v" if "v" in token.pattern.groupindex else 0
                    if not is_placeholder(match.group(group)):
                        found.append(Finding(*match.span(group), token.kind, token.confidence, by))
        return tuple(found)


# ---------------------------------------------------------------- passwords and keys by their names

_STEMS: Final = (
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "key",
    "kennwort",
    "contrase",
    "identified by",
    "credential",
)
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


def is_placeholder(value: str) -> bool:
    """Tell whether a value stands for a secret instead of being one."""
    lower = value.lower()
    return (
        len(set(value)) < 3
        or any(mark in lower for mark in ("${", "{{", "xxxx", "****", "..."))
        or value.startswith("<")
        or lower in ("pass", "password", "passwd", "pwd")
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

    def scan(self, text: str, /) -> tuple[Finding, ...]:
        """Return named secrets in a text in normal form: the value is the span."""
        lower = text.lower()
        for stem in _STEMS:
            if stem in lower:
                break
        else:
            return ()
        found = {}
        for match in self._matches(text):
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

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        yield from _ASSIGNED.finditer(text)
        if " -" in text or text.startswith("-"):
            yield from _FLAG.finditer(text)
