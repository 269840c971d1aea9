"""What an upstream is sent."""

from __future__ import annotations

from typing import Final

import orjson

from lockgate.content.extractive import NOTHING_FOUND
from lockgate.content.fence import fence, neutralize, rules
from lockgate.errors import Invalid
from lockgate.ports import Prompt

RESERVED: Final = frozenset(
    {"model", "messages", "stream", "stream_options", "n", "tools", "tool_choice", "functions", "function_call"}
    | {"parallel_tool_calls", "modalities", "audio", "store", "metadata", "web_search_options", "prediction"}
)
"""Parameters that this adapter sets itself or never sends, whatever the configuration lists."""


def request_body(model: str, prompt: Prompt, boundary: str, *, ask_usage: bool) -> bytes:
    """Return the JSON body. Passages are fenced by `boundary`; template tokens are broken everywhere.

    Only the operator's instructions become a system message beside passages. A `system` message of the client has
    the integrity of its user, so it is then shown as theirs; without instructions it passes as it came.

    Raises:
        Invalid: a parameter is one that this adapter sets itself.

    """
    if clash := RESERVED & {name for name, _ in prompt.params}:
        raise Invalid(f"the parameter `{min(clash)}` cannot be passed to an upstream")
    system = [prompt.instructions] if prompt.instructions else []
    if prompt.grounded or prompt.passages:
        system.append(rules(boundary, NOTHING_FOUND))
    messages = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    for message in prompt.messages:
        text = neutralize(message.content.value)
        if message.role == "system" and system:
            messages.append({"role": "user", "content": f"(from the user's application)\n{text}"})
        else:
            messages.append({"role": message.role, "content": text})
    if prompt.passages:
        data = fence([(p.number, p.title, p.text.value) for p in prompt.passages], boundary)
        if messages[-1]["role"] != "user":
            messages.append({"role": "user", "content": ""})
        messages[-1] = {"role": "user", "content": f"{data}\n\n{messages[-1]['content']}"}
    body: dict[str, object] = dict(prompt.params) | {"model": model, "messages": _merged(messages)}
    body["stream"] = not prompt.whole
    if ask_usage and not prompt.whole:
        body["stream_options"] = {"include_usage": True}
    return orjson.dumps(body)


def _merged(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Join neighbors of one role (many chat templates insist on alternation), and make text encodable."""
    merged: list[dict[str, str]] = []
    for message in messages:
        text = message["content"].encode("utf-8", "replace").decode("utf-8")
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1]["content"] += f"\n\n{text}"
        else:
            merged.append({"role": message["role"], "content": text})
    return merged
