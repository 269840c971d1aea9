"""Label what a client sends: the typed prompt, and the history that claims to be earlier conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from lockgate.content.detection import Scan, scan
from lockgate.content.document import Document
from lockgate.content.labeling import demanded, sure_kinds
from lockgate.errors import Invalid
from lockgate.flow.history import (
    NONE,
    Marks,
    Piece,
    following,
    label_replayed,
    label_typed,
    marks,
    marks_of,
    runs,
    seams,
    sentences,
    shown_by,
)
from lockgate.journeys.turns import Turns
from lockgate.labels.label import PUBLIC, Integrity, Label, Sensitivity, join_all
from lockgate.labels.labeled import Labeled
from lockgate.labels.readers import Readers
from lockgate.policy.model import Subject
from lockgate.ports import History, Message

TYPED: Final = Label(
    Sensitivity.GENERAL, Readers.everyone(), Integrity.USER, PUBLIC.retention, frozenset(), frozenset()
)
"""The shipped label of what a person types, before detectors raise it."""

_SHORT: Final = 5
_INLINE: Final = 2_000
"""Characters that are looked at on the event loop (some milliseconds at most); more go to a thread."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as the client sent it. Roles: system, user, assistant."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """The labeled messages, the question that they end in, and the kinds that detectors found.

    `typed` are the marks of the last message, which the person typed just now.
    """

    messages: tuple[Message, ...]
    question: str
    kinds: frozenset[str]
    typed: Marks

    @property
    def label(self) -> Label:
        """Return the join of every message."""
        return join_all(message.content.label for message in self.messages)


_Looked: TypeAlias = tuple[list[Marks], list[frozenset[str]], list[Marks]]
"""Marks and kinds of each text, and marks of what lies across their borders."""
_Recalled: TypeAlias = tuple[list[Marks], list[frozenset[str]], list[Marks], dict[bytes, Label]]
"""The same, with the labels of the marks that are known."""


@dataclass(frozen=True, slots=True)
class Labeler:
    """Gives every message of a conversation its label.

    Attributes:
        history: what each subject was shown.
        key: the deployment's secret for marks.
        typed: label of what a person types; detectors raise it.
        session: how long what was shown counts against unrecognized history.
        through: what is typed by this subject counts as, where its application states that; None for `typed`.
        old: secrets from before, under which what was shown is still recognized.
        turns: who looks at long texts next.
        scan: finds what is in a text.

    """

    history: History
    key: bytes
    typed: Label = TYPED
    session: timedelta = timedelta(hours=12)
    through: Callable[[Subject], Sensitivity | None] = lambda _: None
    old: tuple[bytes, ...] = ()
    turns: Turns = field(default_factory=Turns)
    scan: Scan = scan

    async def label(
        self, subject: Subject, turns: Sequence[Turn], now: datetime, along: Sequence[str] = ()
    ) -> Conversation:
        """Label every turn.

        The last user message is what was typed now: it carries its own label, and that of anything in it that
        the gateway once showed. Every other user or assistant message claims to be history. System messages of
        a client are as trusted as the person. `along` are texts in parameters: they go where the messages go, so
        the last message takes their labels too, and that of what is known across the borders of all these.

        Raises:
            Invalid: there is no user message to answer, or it is not the last one.
            Unavailable: the history cannot be read.

        """
        if not turns or turns[-1].role != "user" or not turns[-1].text.strip():
            raise Invalid("the last message must be from `user` and must not be empty")
        texts = [*(turn.text for turn in turns), *along]
        last = len(turns) - 1
        apart = [number for number, turn in enumerate(turns) if turn.role == "system" or number == last]
        apart += range(len(turns), len(texts))
        marked, found, across, known = await self._looked(subject, texts, [texts[number] for number in apart])
        shown = await self.history.shown(subject, now - self.session)
        messages = []
        typed = self._typed(subject)
        beside = [label_typed(typed, {m: known[m] for one in across for m in one.covers if m in known})]
        beside += [
            label_typed(raised(typed, kinds), {m: known[m] for m in mark.covers if m in known})
            for mark, kinds in zip(marked[len(turns) :], found[len(turns) :], strict=True)
        ]
        for position, (turn, mark, kinds) in enumerate(zip(turns, marked, found, strict=False)):
            base = raised(typed, kinds)
            mine = {m: known[m] for m in mark.covers if m in known}
            if turn.role == "system" or position == last:
                label = join_all([label_typed(base, mine), *(beside if position == last else ())])
            else:
                label = label_replayed(base, mark, mine, shown)
            messages.append(Message(turn.role, Labeled(turn.text, label)))
        return Conversation(tuple(messages), _question(turns), frozenset().union(*found), marked[last])

    async def each(self, subject: Subject, texts: Sequence[str]) -> tuple[list[Label], frozenset[str]]:
        """Label texts that a person sends, each for itself, like what is typed; with the kinds that were found.

        All take the label of what is known across their borders: they go together.

        Raises:
            Unavailable: the history cannot be read.

        """
        marked, found, across, known = await self._looked(subject, texts, texts)
        typed = self._typed(subject)
        spread = {m: known[m] for one in across for m in one.covers if m in known}
        labels = [
            label_typed(raised(typed, kinds), {m: known[m] for m in mark.covers if m in known} | spread)
            for mark, kinds in zip(marked, found, strict=True)
        ]
        return labels, frozenset().union(*found)

    def _typed(self, subject: Subject) -> Label:
        stated = self.through(subject)
        return self.typed if stated is None else replace(self.typed, sensitivity=stated)

    async def _looked(self, subject: Subject, texts: Sequence[str], together: Sequence[str]) -> _Recalled:
        """Look at texts, and return also the labels of the marks that this person was shown."""
        owner = subject.person.name
        if sum(map(len, texts)) <= _INLINE:
            looked = self._look(owner, texts, together)
            return *looked, await self._recall(subject, [*looked[0], *looked[2]])
        async with self.turns.of(owner):  # a long conversation takes a second, in which others must be answered
            looked = await asyncio.to_thread(self._look, owner, texts, together)
            return *looked, await self._recall(subject, [*looked[0], *looked[2]])

    def _look(self, owner: str, texts: Sequence[str], together: Sequence[str]) -> _Looked:
        marked = [self._known_by(text, owner) for text in texts]
        across = [self._known_by(text, owner) for text in seams(together)]
        return marked, [sure_kinds(self.scan(text)) for text in texts], across

    async def _recall(self, subject: Subject, marked: Sequence[Marks]) -> dict[bytes, Label]:
        return await self.history.recall(subject, sorted({m for one in marked for m in one.covers}))

    def _known_by(self, text: str, owner: str) -> Marks:
        """Return the marks of a text under every key: what was shown under an older one is recognized too."""
        mine = marks(text, key=self.key, subject=owner)
        older = [marks(text, key=key, subject=owner) for key in self.old]
        covers = {mark: spans for one in (mine, *older) for mark, spans in one.covers.items()}
        return replace(mine, covers=covers) if older else mine

    def marks(self, subject: Subject, text: str) -> Marks:
        """Return the marks of text that is shown to the subject."""
        return marks(text, key=self.key, subject=subject.person.name)

    def following(self, subject: Subject, asked: Marks, before: str, text: str) -> frozenset[bytes]:
        """Return the marks to keep of a piece of an answer that is shown after what `before` ends in."""
        return shown_by(following(before, text, key=self.key, subject=subject.person.name), asked)

    def shown(self, subject: Subject, asked: Marks, text: str) -> frozenset[bytes]:
        """Return the marks to keep of a whole answer."""
        return shown_by(frozenset(self.marks(subject, text).covers), asked)

    def sentences(self, subject: Subject, asked: Marks, text: str) -> frozenset[bytes]:
        """Return the marks to keep of the sentences of a whole answer: those that came in pieces too."""
        return shown_by(sentences(text, key=self.key, subject=subject.person.name), asked)

    def named(
        self, subject: Subject, documents: Iterable[Document], asked: Marks = NONE
    ) -> list[tuple[list[bytes], Label]]:
        """Return the marks to keep of the titles and paths that stand beside what is shown, each document's own.

        Of runs of words alone: as a sentence, a title such as "Travel" would make a secret of the word.
        """
        key, person, made = self.key, subject.person.name, []
        for one in {document.id: document for document in documents}.values():
            names = runs(one.title, key=key, subject=person) | runs(one.item, key=key, subject=person)
            if kept := shown_by(names, asked):
                made.append((sorted(kept), one.label))
        return made

    async def unmark(self, pieces: Collection[Piece], since: datetime, label: Label) -> int:
        """Drop what everybody's history keeps of these pieces since then; return how many marks that were.

        `label` is that of all that they came from. What was shown under a label above it came from more than that.

        Raises:
            Unavailable: the history cannot be written.

        """
        keys = (self.key, *self.old)
        return await self.history.unmark(
            lambda person: frozenset().union(*(marks_of(pieces, key=key, subject=person) for key in keys)),
            since,
            replace(label.join(self.typed), integrity=Integrity.UNTRUSTED),
        )


def raised(label: Label, kinds: frozenset[str]) -> Label:
    """Return the label raised to what the kinds found in the text demand."""
    return replace(label, sensitivity=max(label.sensitivity, demanded(kinds))) if kinds else label


def _question(turns: Sequence[Turn]) -> str:
    """Return what to search for: the last message, with the one before it where the last is too short alone."""
    asked = [turn.text for turn in turns if turn.role == "user"]
    if len(asked) > 1 and len(asked[-1].split()) < _SHORT:
        return f"{asked[-2]} {asked[-1]}"
    return asked[-1]
