"""The local embedding model as a `ports.VectorModel`: the one that the index uses, for clients.

The index cuts a passage that is too long for the model, since its words are searched too. A client has nothing but
the vector, so a text that is too long is refused: its vector would leave out the end without a word.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.errors import Invalid
from lockgate.ports import Embedded, Embedder, Usage


class LocalVectors:
    """`ports.VectorModel` over a `ports.Embedder`."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def vectors(
        self, texts: Sequence[str], dimensions: int | None, extras: Sequence[tuple[str, object]], /
    ) -> Embedded:
        """See `ports.VectorModel`.

        Raises:
            Invalid: a text is too long, another length is asked for, or a parameter is not the model's.

        """
        made = self._embedder
        if extras:
            raise Invalid(f"this model takes no parameter `{extras[0][0][:60]}`", code="unsupported_parameter")
        if dimensions not in {None, made.dimensions}:
            raise Invalid(
                f"this model makes vectors of {made.dimensions} dimensions, and no others",
                code="unsupported_value",
            )
        counted = await made.tokens(texts)
        for place, tokens in enumerate(counted):
            if tokens > made.most_tokens:
                raise Invalid(
                    f"text {place} of `input` has more than the {made.most_tokens} tokens that this model reads",
                    code="context_length_exceeded",
                    remedy="Split it, and ask for a vector of each part.",
                )
        return Embedded(await made.embed(texts), Usage(sum(counted)))
