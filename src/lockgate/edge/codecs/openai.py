"""What OpenAI's APIs have in common: sampling parameters, roles, usage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lockgate.edge.codecs.fields import Check, between, stops, whole_from
from lockgate.ports import Usage

SAMPLING: Final[Mapping[str, Check]] = {
    "temperature": between(0, 2),
    "top_p": between(0, 1),
    "presence_penalty": between(-2, 2),
    "frequency_penalty": between(-2, 2),
    "max_tokens": whole_from(1),
    "seed": whole_from(-(2**63)),
    "stop": stops,
}
ROLES: Final = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}

DONE: Final = b"data: [DONE]\n\n"
"""Closes a stream that ended well, of chat and legacy completions."""


def usage(counted: Usage) -> dict[str, int]:
    """Return token counts as chat and legacy completions name them."""
    return {
        "prompt_tokens": counted.prompt_tokens,
        "completion_tokens": counted.completion_tokens,
        "total_tokens": counted.prompt_tokens + counted.completion_tokens,
    }
