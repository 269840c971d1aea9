"""History gets its labels back (DESIGN, rule 3).

A chat client sends the whole conversation with every turn. What it sends back is not trusted: it may be
replayed, edited, reordered, split, or somebody else's. The gateway keeps, for each subject, keyed digests
("marks") of the text that it showed them, with the label of that text, and never the text.

A text has two kinds of marks: one for each sentence, one for each run of five words. A text is *recognized*
when every word of it lies in something that carries a known mark; then its label is the join of what the marks
carry. Anything else in a place where only the gateway's own words should stand (an assistant message) is
untrusted and takes the join of everything that this subject was shown in the session.

The words that an answer repeats from its own question are the person's: their runs carry no mark of the answer
(`shown_by`), or the same question could not be asked twice. Whole sentences of the answer always do.

Limits, stated: what is retyped in other words, or shorter than five words and no whole sentence, carries no
mark. It is caught by the join of the session in assistant messages, and by detectors in typed ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from lockgate.flow.skeleton import skeleton
from lockgate.labels.label import Integrity, Label, join_all

RUN: Final = 5
"""Words in a run. Shorter runs match by chance, longer ones are torn by small edits."""

_SENTENCE: Final = re.compile(r"(?<=[.!?:;])\s+|\n+")
_WORD: Final = re.compile(r"[^\W_]+")
MARK_BYTES: Final = 12
_SEAM: Final = 400
"""Characters in which the words of a run that began before a piece are looked for."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one text.

    `covers` maps each mark to the word positions that it stands for, half open; `runs` are those of runs.
    """

    words: int
    covers: Mapping[bytes, tuple[tuple[int, int], ...]]
    runs: frozenset[bytes] = frozenset()


NONE: Final = Marks(0, {})
"""The marks of no text."""

Piece: TypeAlias = tuple[bytes, bytes]
"""What has a mark: whether a sentence or a run, and its words. It is text: never stored, recorded or raised."""
_A_SENTENCE: Final = b"s"
_A_RUN: Final = b"r"


class _Digests:
    """Makes the marks of one person. The key and the person are digested once for all of them."""

    def __init__(self, key: bytes, subject: str) -> None:
        person = hashlib.blake2b(subject.encode(), digest_size=16).digest()
        self._sentence = hashlib.blake2b(person + b"s", key=key[:64], digest_size=MARK_BYTES)
        self._run = hashlib.blake2b(person + b"r", key=key[:64], digest_size=MARK_BYTES)

    def sentence(self, words: list[bytes]) -> bytes:
        digest = self._sentence.copy()
        digest.update(b"\0".join(words))
        return digest.digest()

    def piece(self, piece: Piece) -> bytes:
        digest = (self._sentence if piece[0] == _A_SENTENCE else self._run).copy()
        digest.update(piece[1])
        return digest.digest()

    def runs(self, words: list[bytes]) -> list[bytes]:
        """Return the mark of every run, in order."""
        made = []
        for start in range(len(words) - RUN + 1):
            digest = self._run.copy()
            digest.update(b"\0".join(words[start : start + RUN]))
            made.append(digest.digest())
        return made


def _words(text: str) -> list[bytes]:
    return [word.encode() for word in _WORD.findall(text)]


def marks(text: str, *, key: bytes, subject: str) -> Marks:
    """Return the marks of a text as shown to `subject`.

    Case, punctuation, markup, spacing and what nobody sees do not matter (`skeleton`): only the sequence of words
    does. Linear in the text.

    Args:
        text: what was, or might have been, shown.
        key: the deployment's secret, at least 16 bytes.
        subject: identifier of the person; marks of one person never match another's.

    """
    digests = _Digests(key, subject)
    covers: dict[bytes, list[tuple[int, int]]] = {}
    words: list[bytes] = []
    for sentence in _SENTENCE.split(skeleton(text)):
        found = _words(sentence)
        if found:
            span = (len(words), len(words) + len(found))
            words += found
            covers.setdefault(digests.sentence(found), []).append(span)
    runs = digests.runs(words)
    for start, mark in enumerate(runs):
        covers.setdefault(mark, []).append((start, start + RUN))
    return Marks(len(words), {mark: tuple(spans) for mark, spans in covers.items()}, frozenset(runs))


def runs(text: str, *, key: bytes, subject: str) -> frozenset[bytes]:
    """Return the marks of the runs of a text alone: of a name, whose few words are no sentence of anybody's."""
    words = _words(skeleton(text))
    return frozenset(_Digests(key, subject).runs(words)) if len(words) >= RUN else frozenset()


def seams(texts: Sequence[str]) -> list[str]:
    """Return what lies across the borders of texts that go on together: runs of words that none has alone."""
    if len(texts) < 2:
        return []
    made, open_end = [], list[str]()
    for text in texts:
        words = [word.decode() for word in _words(skeleton(text))]
        if len(words) < 2 * RUN:
            open_end += words
            continue
        made.append(" ".join(open_end + words[: RUN - 1]))
        open_end = words[1 - RUN :]
    made.append(" ".join(open_end))
    return made


def pieces(text: str) -> frozenset[Piece]:
    """Return what of a text has marks, for everybody: to compare texts with each other."""
    words: list[bytes] = []
    found: set[Piece] = set()
    for sentence in _SENTENCE.split(skeleton(text)):
        these = _words(sentence)
        if these:
            found.add((_A_SENTENCE, b"\0".join(these)))
            words += these
    found.update((_A_RUN, b"\0".join(words[start : start + RUN])) for start in range(len(words) - RUN + 1))
    return frozenset(found)


def marks_of(several: Collection[Piece], *, key: bytes, subject: str) -> frozenset[bytes]:
    """Return the marks of pieces as shown to `subject`."""
    digests = _Digests(key, subject)
    return frozenset(map(digests.piece, several))


def following(before: str, text: str, *, key: bytes, subject: str) -> frozenset[bytes]:
    """Return the marks that `text` adds after `before`: its own, and of the runs that begin before it.

    For text that is shown piece by piece, where each piece is known before it is shown. A sentence that spans
    pieces has its mark only in the marks of the whole.
    """
    digests = _Digests(key, subject)
    seen = skeleton(text)
    words = _words(skeleton(before[-_SEAM:]))[1 - RUN :] + _words(seen)
    return _sentences(digests, seen) | frozenset(digests.runs(words))


def sentences(text: str, *, key: bytes, subject: str) -> frozenset[bytes]:
    """Return the marks of the sentences of a text: of those of a whole answer, what its pieces lack."""
    return _sentences(_Digests(key, subject), skeleton(text))


def _sentences(digests: _Digests, seen: str) -> frozenset[bytes]:
    split = (_words(sentence) for sentence in _SENTENCE.split(seen))
    return frozenset(digests.sentence(found) for found in split if found)


def shown_by(answer: frozenset[bytes], asked: Marks) -> frozenset[bytes]:
    """Return the marks that an answer leaves: all of its own, but for runs of words of the question itself."""
    return answer - asked.runs


def recognized(text: Marks, known: Mapping[bytes, Label]) -> bool:
    """Tell whether every word of the text lies under a known mark. A text without words is recognized."""
    covered = bytearray(text.words)
    for mark in known.keys() & text.covers.keys():
        for start, end in text.covers[mark]:
            covered[start:end] = b"\1" * (end - start)
    return all(covered)


def label_typed(base: Label, known: Mapping[bytes, Label]) -> Label:
    """Return the label of what a person typed: its own, joined with that of anything pasted that is known."""
    return join_all([base, *known.values()])


def label_replayed(base: Label, text: Marks, known: Mapping[bytes, Label], shown: Label | None) -> Label:
    """Return the label of a message that claims to be earlier conversation.

    Args:
        base: the label of a typed prompt, raised by what detectors find in this text.
        text: its marks.
        known: the marks that this subject was shown, with their labels.
        shown: the join of everything that the subject was shown in the session; None for nothing.

    """
    if recognized(text, known):
        return label_typed(base, known)
    seen = [shown] if shown is not None else []
    return replace(join_all([base, *known.values(), *seen]), integrity=Integrity.UNTRUSTED)
