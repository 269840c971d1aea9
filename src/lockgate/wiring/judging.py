"""Judgements of findings: where they are kept, and under which key values are hashed."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from lockgate.adapters.judgement_log import SqliteJudgements
from lockgate.adapters.secret_file import load_or_create
from lockgate.ports import Keys

KEY: Final = "values.key"


def open_judgements(state: Path, keys: Keys, stack: AsyncExitStack) -> SqliteJudgements:
    """Open what people said of findings; the stack closes it.

    Without the key that it was hashed with, no rejection counts: a new key is made, and people judge again.

    Raises:
        Unavailable: the database of the index or the key cannot be used.

    """
    secret = load_or_create(state / "keys" / KEY)
    judged = SqliteJudgements.open(state / "index", keys, secret)
    stack.callback(judged.close)
    return judged
