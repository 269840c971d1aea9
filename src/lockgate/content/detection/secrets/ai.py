"""Credentials of providers of models."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import END, B, W, token
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    token("openai", "T3BlbkFJ", rf"{B}sk-{W}{{16,100}}T3BlbkFJ{W}{{16,100}}", lead=103),
    token(
        "openai", "sk-proj- sk-svcacct- sk-admin- sk-None-", rf"{B}sk-(?:proj|svcacct|admin|None)-{W}{{40,200}}"
    ),
    token("anthropic", "sk-ant-", rf"{B}sk-ant-[0-9a-z]{{2,12}}-{W}{{60,120}}"),
    token("huggingface", "hf_", rf"{B}hf_[0-9A-Za-z]{{34,40}}"),
    token("groq", "gsk_", rf"{B}gsk_[0-9A-Za-z]{{48,56}}{END}"),
    token("deepseek", "sk-", rf"{B}sk-[0-9a-f]{{32}}{END}"),
)
