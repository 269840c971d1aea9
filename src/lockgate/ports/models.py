"""The ports of models: what goes to one, what comes back, and what is registered about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lockgate.labels.label import Label
from lockgate.labels.labeled import Labeled
from lockgate.labels.readers import Readers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. Roles: system, user, assistant."""

    role: str
    content: Labeled[str]


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved passage as a model sees it: number for citations, title, text."""

    number: int
    title: str
    text: Labeled[str]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything that goes to a model. `passages` are data, never instructions; adapters fence them.

    `params` are sampling parameters that passed the edge's allow-list (temperature, max_tokens, ...). `whole`:
    nothing of the answer is shown before its end, so it need not come in pieces.
    """

    instructions: str
    messages: tuple[Message, ...]
    passages: tuple[Passage, ...] = ()
    grounded: bool = False
    params: tuple[tuple[str, object], ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the upstream states them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a model's output. The last one carries `finish` and, where known, `usage`.

    `cited` are numbers of the passages that this piece rests on, where the model can tell (the extractive
    one can). `dropped` names what an upstream sent unasked and was not passed on (`tool_calls`). `withdrawn` is
    set by Lockgate alone: a right has ended, so nothing more may be told of what the answer rests on.
    """

    text: str = ""
    finish: str = ""
    usage: Usage | None = None
    cited: tuple[int, ...] = ()
    dropped: tuple[str, ...] = ()
    withdrawn: bool = False


class Model(Protocol):
    """An upstream model. Its output is untrusted input."""

    def generate(self, prompt: Prompt, /) -> AsyncIterator[Piece]:
        """Yield pieces; stop the upstream when the iterator is closed.

        Raises:
            Unavailable: refused, timed out, stalled, or answered with something malformed.
            Invalid: the upstream says that the request is too long for it.

        """
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors that a client asked for, a row for each text; None for `usage` where nobody counted."""

    vectors: NDArray[np.float32]
    usage: Usage | None = None


class VectorModel(Protocol):
    """A model that makes vectors for clients. Its output is untrusted input. Raises what `Model` does."""

    async def vectors(
        self, texts: Sequence[str], dimensions: int | None, extras: Sequence[tuple[str, object]], /
    ) -> Embedded: ...


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is registered about a model: who may use it, and the highest label that it may be given."""

    id: str
    users: Readers
    ceiling: Label
    provider: str = ""
    version: str = ""
    extra_params: frozenset[str] = field(default=frozenset())
