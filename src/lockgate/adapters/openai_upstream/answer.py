"""What an upstream answers, folded and checked: each value may be of any type."""

from __future__ import annotations

from typing import Final

import orjson

from lockgate.errors import Unavailable
from lockgate.ports import Piece, Usage

_FINISH: Final = {"stop": "stop", "length": "length", "content_filter": "content_filter"} | {
    "tool_calls": "stop",  # the calls are dropped, and a client must not wait for them
    "function_call": "stop",
}
_UNASKED: Final = frozenset(
    {"tool_calls", "function_call", "audio", "refusal", "reasoning_content", "reasoning", "annotations"}
)


class Answer:
    """Folds the events of one answer, or a whole one. Everything is checked: each value may be of any type."""

    def __init__(self, limit: int, part: str = "delta") -> None:
        self.done = False
        self._part = part
        self._left = limit
        self._finish = ""
        self._usage: Usage | None = None
        self._dropped: set[str] = set()

    def take(self, event: str | bytes) -> str:
        """Return what there is to pass on of one event."""
        if self.done:
            return ""
        if len(event) < 16 and event.strip() == "[DONE]":
            self.done = True
            return ""
        try:
            chunk = orjson.loads(event)
        except orjson.JSONDecodeError as error:
            raise malformed("it is not JSON") from error
        if not isinstance(chunk, dict):
            raise malformed("it is not an object")
        if chunk.get("error"):
            raise Unavailable("the upstream reported an error in its answer")
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))
        choices = chunk.get("choices") or []
        if not isinstance(choices, list):
            raise malformed("`choices` is not a list")
        text = "".join(self._choice(choice) for choice in choices)
        self._left -= len(text)
        if self._left < 0:
            raise Unavailable("the upstream wrote more than the limit", code="upstream_too_long")
        return text

    def _choice(self, choice: object) -> str:
        if not isinstance(choice, dict):
            raise malformed("a choice is not an object")
        if choice.get("index", 0) != 0:
            self._dropped.add("choices")
            return ""
        delta = choice.get(self._part) or {}
        text = delta.get("content") if isinstance(delta, dict) else None
        if not isinstance(delta, dict) or not isinstance(text, str | None):
            raise malformed(f"a {self._part} is not text")
        for name in delta.keys() & _UNASKED:
            if delta[name]:
                self._dropped.add(name)
        if text and self._finish:
            raise malformed("text after the end")
        if (reason := choice.get("finish_reason")) is not None:
            if not isinstance(reason, str) or reason not in _FINISH:
                raise Unavailable("the upstream ended for a reason that is not known")
            self._finish = _FINISH[reason]
        return text or ""

    def last(self) -> Piece:
        """Return the closing piece.

        Raises:
            Unavailable: the stream was cut before the answer ended.

        """
        if not self._finish:
            raise Unavailable("the upstream broke off in the middle of its answer", code="upstream_cut")
        return Piece(finish=self._finish, usage=self._usage, dropped=tuple(sorted(self._dropped)))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else 0


def malformed(what: str) -> Unavailable:
    """Return the error for an answer that is not one."""
    return Unavailable(f"the upstream's answer is malformed: {what}", code="upstream_malformed")
