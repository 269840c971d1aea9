"""What to look for in storage to tell whether a document is still there. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, pairwise
from typing import Final

from lockgate.content.document import Chunk, Document

_PASSAGES: Final = 24
_WORDS: Final = 40
_PIECE: Final = 48
_SHORTEST: Final = 8
_WORD: Final = re.compile(r"[^\W_][\w.\-@/]*[^\W_]")
_NUMBER: Final = re.compile(r"\d")
_LOG: Final = "audit.db"
"""Names of the log's files begin so."""


class Trace(StrEnum):
    """What a probe stands for."""

    TEXT = "text"
    WORD = "word"
    TITLE = "title"
    PATH = "path"
    KEY = "key or ciphertext"


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing to look for. Its bytes are content: they are never shown, recorded or raised."""

    kind: Trace
    data: bytes


@dataclass(frozen=True, slots=True)
class Remain:
    """Something that is still there: of what kind, in which file, how many probes found it."""

    kind: Trace
    file: str
    count: int


def probes(
    document: Document, chunks: Sequence[Chunk], traces: Sequence[bytes], others: Sequence[Document], own: str
) -> tuple[Probe, ...]:
    """Return what to look for: pieces and rare words of passages all over the text, names, key and ciphertext.

    A title that another document has too tells nothing, so it is left out; and so are words that storage itself
    has (`own`: names of its columns), or that stand in what is known of other documents.
    """
    texts = [one.text for one in chunks]
    found = [Probe(Trace.KEY, trace) for trace in traces]
    if not any(document.title in one.title or document.title in one.item for one in others):
        found += _of(Trace.TITLE, [document.title])
    found += _of(Trace.PATH, [document.item])
    step = max(1, len(texts) // _PASSAGES)
    for text in texts[::step]:
        lines = sorted((line.strip() for line in text.splitlines()), key=len, reverse=True)
        found += _of(Trace.TEXT, [line[:_PIECE] for line in lines[:2]])
    named = "\n".join((document.title, document.item, own, *map(repr, others)))
    words = {word for text in texts for word in _WORD.findall(text)}
    rare = sorted(words, key=lambda word: (not _NUMBER.search(word), -len(word), word))
    found += _of(Trace.WORD, islice((word for word in rare if word not in named), _WORDS))
    return tuple({one.data: one for one in found}.values())


def _of(kind: Trace, texts: Iterable[str]) -> list[Probe]:
    """Return probes for texts as they are, and as JSON would write them."""
    found = []
    for text in texts:
        plain = text.encode("utf-8", "surrogatepass")
        forms = {plain, json.dumps(text)[1:-1].encode()}
        found += [Probe(kind, form) for form in sorted(forms) if len(form) >= _SHORTEST]
    return found


def distinctive(wanted: Sequence[Probe], before: Mapping[int, Sequence[str]]) -> tuple[Probe, ...]:
    """Return the probes without words that the log holds anyhow: it never holds text, so they are its own."""
    return tuple(
        probe
        for number, probe in enumerate(wanted)
        if probe.kind is not Trace.WORD or not any(file.startswith(_LOG) for file in before.get(number, ()))
    )


def remains(
    document: Document, wanted: Sequence[Probe], found: Mapping[int, Sequence[str]]
) -> tuple[tuple[Remain, ...], tuple[Remain, ...]]:
    """Return what must not be there any more, and what is kept on purpose: the log's names of what it recorded."""
    counts: dict[tuple[bool, Trace, str], int] = {}
    for number, files in found.items():
        kind = wanted[number].kind
        named = kind is Trace.PATH or (kind is Trace.TITLE and document.title in document.item)
        for file in files:
            key = (named and file.startswith(_LOG), kind, file)
            counts[key] = counts.get(key, 0) + 1
    every = [(kept, Remain(kind, file, count)) for (kept, kind, file), count in sorted(counts.items())]
    return tuple(one for kept, one in every if not kept), tuple(one for kept, one in every if kept)


def seams(chunks: Sequence[Chunk]) -> list[str]:
    """Return the texts, and what lies across borders of passages: history has marks of such runs of words too."""
    texts = [one.text for one in chunks]
    ends = [" ".join((*one.split()[-8:], *following.split()[:8])) for one, following in pairwise(texts)]
    return texts + ends
