"""The answerer that needs no language model: it quotes the sentences that answer, with citations, or abstains.

It is a `ports.Model` and depends on nothing but its prompt: no state is kept between questions, no cache, no
statistics of the corpus. What a passage says is quoted at most; nothing in it is followed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

import numpy as np

from lockgate.content.extractive import (
    FINALISTS,
    NOTHING_FOUND,
    Candidate,
    Nearness,
    Similar,
    about,
    agrees,
    choose,
    content_words,
    lexical,
    measure,
    shortlist,
)
from lockgate.content.question import Question, analyze
from lockgate.content.units import Unit, units
from lockgate.ports import Embedder, Piece, Prompt, Vectors

QUESTION_CHARS = 2000
COMPARED_WORDS = 96
LEFT_OUT_WORDS = 12


class ExtractiveModel:
    """`ports.Model`: cited sentences out of `Prompt.passages` that answer the last user message."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def generate(self, prompt: Prompt, /) -> AsyncGenerator[Piece, None]:
        """Yield one piece for each cited sentence, then the end; or `NOTHING_FOUND`."""
        passages = [(passage.title, passage.text.value) for passage in prompt.passages]
        chosen = await self.answer(question_of(prompt), passages)
        if not chosen:
            yield Piece(NOTHING_FOUND)
        for position, unit in enumerate(chosen):
            number = prompt.passages[unit.passage].number
            yield Piece(f"{' ' if position else ''}{unit.text} [{number}]", cited=(number,))
        yield Piece(finish="stop")

    async def answer(self, text: str, passages: Sequence[tuple[str, str]]) -> list[Unit]:
        """Return what answers, best first and then in order of the text; nothing, if nothing does."""
        question = analyze(text)
        return choose(question, await self.candidates(question, passages))

    async def candidates(self, question: Question, passages: Sequence[tuple[str, str]]) -> list[Candidate]:
        """Return the most likely units with what speaks for each."""
        found, short = await asyncio.to_thread(_shortlist, question, passages)
        if not short:
            return []
        alone, with_context = [found[i].claim for i in short], [about(found[i]) for i in short]
        vectors = await self._embedder.embed([question.text, *alone, *with_context])
        cosines = vectors[1:] @ vectors[0]
        here, around = cosines[: len(short)], cosines[len(short) :]
        strength = sum(word.weight for word in question.words) or 1.0
        ranks = [float(c) + lexical(question, found[i]) / strength for i, c in zip(short, around, strict=True)]
        finalists = sorted(range(len(short)), key=lambda k: (-ranks[k], short[k]))[:FINALISTS]
        similar, gains = await self._compare(question, [found[short[k]] for k in finalists], vectors, finalists)
        median = float(np.median(around))
        out = []
        for place, k in enumerate(finalists):
            unit = found[short[k]]
            near = Nearness(float(here[k]), float(around[k]), float(around[k]) - median, gains[place], similar)
            values = measure(question, unit, " ".join(passages[unit.passage]), near)
            if agrees(values):
                out.append(Candidate(unit, values))
        return out

    async def _compare(
        self, question: Question, finalists: Sequence[Unit], vectors: Vectors, rows: Sequence[int]
    ) -> tuple[Similar, list[dict[str, float]]]:
        """Compare word with word, and the question without each of its words with each finalist."""
        asked = [word.text.lower() for word in question.words if not word.name]
        others = [word for unit in finalists for word in content_words(f"{unit.claim} {unit.context}")]
        vocabulary = list(dict.fromkeys(asked + others))[:COMPARED_WORDS]
        left_out = [word.text for word in question.words[:LEFT_OUT_WORDS]]
        embedded = await self._embedder.embed([*vocabulary, *(_without(question.text, word) for word in left_out)])
        place = {word: row for row, word in enumerate(vocabulary)}
        known = embedded[: len(vocabulary)]
        units_alone = vectors[1:][list(rows)]
        falls = (units_alone @ vectors[0])[:, None] - units_alone @ embedded[len(vocabulary) :].T

        def similar(one: str, other: str) -> float:
            if one in place and other in place:
                return float(known[place[one]] @ known[place[other]])
            return 0.0

        return similar, [dict(zip(left_out, map(float, row), strict=True)) for row in falls]


def question_of(prompt: Prompt) -> str:
    """Return the last thing that the user said; empty if nothing."""
    said = [message.content.value for message in prompt.messages if message.role == "user"]
    return said[-1][-QUESTION_CHARS:] if said else ""


def _without(text: str, word: str) -> str:
    return " ".join(re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", " ", text).split())


def _shortlist(question: Question, passages: Sequence[tuple[str, str]]) -> tuple[list[Unit], list[int]]:
    found = units(passages)
    return found, shortlist(question, found)
