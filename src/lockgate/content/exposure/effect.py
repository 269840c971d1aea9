"""What a fix would do, before it is done: who could find less, and whose AI would get more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lockgate.content.audience import Census
from lockgate.content.document import Document
from lockgate.content.exposure.usage import Usage
from lockgate.labels.label import AI
from lockgate.labels.readers import Readers


@dataclass(frozen=True, slots=True)
class Effect:
    """What changes for people.

    Attributes:
        lose: people who can find documents through Lockgate's labels now and no more then: how many documents.
        used: of these, who used what they lose: how often.
        gain: people whose AI may be served documents then that it may not be served now. What nobody reviewed
            goes to its owner's AI only, so that to review something is also to let its readers' AI have it.

    """

    lose: tuple[tuple[str, int], ...]
    used: tuple[tuple[str, int], ...]
    gain: tuple[tuple[str, int], ...]


def effect(changes: Sequence[tuple[Document, Document]], census: Census, usage: Usage) -> Effect:
    """Return the effect of documents becoming others: pairs of before and after."""
    lose: Counter[int] = Counter()
    gain: Counter[int] = Counter()
    used: Counter[str] = Counter()
    for before, after in changes:
        lost = census.mask(_readers(before)) & ~census.mask(_readers(after))
        lose[lost] += 1
        gain[_served(after, census) & ~_served(before, census)] += 1
        for person in usage.people(before.id) if lost else ():
            if lost & census.mask(Readers.any_of(person)):
                used[person] += usage.by[before.id][person]
    return Effect(_people(lose, census), _sorted(used.items()), _people(gain, census))


def _readers(document: Document) -> Readers:
    return Readers.nobody() if document.label.forbids(AI) else document.label.readers


def _served(document: Document, census: Census) -> int:
    """Return whose AI may be served a document, as a mask."""
    if document.problem or document.label.forbids(AI):
        return 0
    readers = census.mask(document.label.readers)
    if document.reviewed and not document.held:
        return readers
    return readers & census.mask(Readers.any_of(*document.label.owners)) if document.label.owners else 0


def _people(masks: Counter[int], census: Census) -> tuple[tuple[str, int], ...]:
    found: Counter[str] = Counter()
    for mask, documents in masks.items():
        for at, id in enumerate(census.ids) if mask else ():
            if mask >> at & 1:
                found[f"user:{id}"] += documents
    return _sorted(found.items())


def _sorted(found: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))
