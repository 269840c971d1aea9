"""What is true about the demonstration: who may read what, what AI may serve to whom, which answers are right.

Lockgate never sees this. It is kept beside the share, as `truth.json`, for the story, the tests and the benches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from lockgate.demo.draft import Clauses, Draft
from lockgate.demo.people import BY_ID, PEOPLE, identifiers
from lockgate.demo.questions import SALARY_PHRASINGS, UNANSWERABLE

ACTIVE: Final = tuple(member.id for member in PEOPLE if member.active)
_SEPARATOR: Final = re.compile(r"(?<=\d)[.,'’   ](?=\d{3}(?!\d))")


def allowed(clauses: Clauses) -> tuple[str, ...]:
    """Return the ids of the active people who satisfy every clause."""
    held = {id: identifiers(id) for id in ACTIVE}
    return tuple(id for id in ACTIVE if all(not held[id].isdisjoint(clause) for clause in clauses))


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return a text without what sets thousands apart, in lower case and with single spaces."""
    return " ".join(_SEPARATOR.sub("", text).casefold().split())


def found(text: str, many: Iterable[str]) -> tuple[str, ...]:
    """Return which of `many` stand in `text`, however their digits are grouped and their spaces fall."""
    hay = plain(text)
    return tuple(wanted for wanted in many if _stands(hay, plain(wanted)))


def _stands(hay: str, needle: str) -> bool:
    if needle not in hay:  # nearly always; the borders are looked at only where it matters
        return False
    left, right = (r"(?<!\w)" if needle[0].isalnum() else ""), (r"(?!\w)" if needle[-1].isalnum() else "")
    return re.search(left + re.escape(needle) + right, hay) is not None


def contains(text: str, wanted: str) -> bool:
    """Tell whether `wanted` stands in `text`; see `found`."""
    return bool(found(text, (wanted,)))


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth about one document.

    Attributes:
        draft: what was written.
        may_read: who can open it in the source, ids of active people.
        ai: to whom AI may serve it as things stand: its readers, or its owner alone where its label is not
            reviewed or it is held, or nobody where AI is excluded.
        should_read: who should be able to read it, once the mess is cleaned up.

    """

    draft: Draft
    may_read: tuple[str, ...]
    ai: tuple[str, ...]
    should_read: tuple[str, ...]

    @classmethod
    def of(cls, draft: Draft) -> Truth:
        """Work out the truth about a draft from what it states about itself."""
        may_read = allowed(draft.readers)
        ai = () if "ai" in draft.forbidden else may_read
        if not draft.declared or draft.held:
            ai = tuple(id for id in ai if not identifiers(id).isdisjoint(draft.owners))
        return cls(draft, may_read, ai, allowed(draft.right_readers))

    @property
    def sensitive(self) -> bool:
        """Tell whether it would hurt if it got out."""
        return self.draft.sensitivity in {"confidential", "restricted"}

    @property
    def overshared(self) -> bool:
        """Tell whether it was planted as a case: sensitive in whole or in a passage, and open to too many."""
        draft = self.draft
        more = set(self.may_read) - set(self.should_read)
        return bool(draft.held or draft.held_canaries or (self.sensitive and more))

    def to_json(self) -> dict[str, Any]:
        """Return the entry in `truth.json`."""
        draft = self.draft
        return {
            "path": draft.path,
            "title": draft.title,
            "family": draft.family,
            "readers": [list(clause) for clause in draft.readers],
            "owners": list(draft.owners),
            "declared": draft.declared or None,
            "right": {"sensitivity": draft.sensitivity, "readers": [list(c) for c in draft.right_readers]},
            "integrity": draft.integrity,
            "forbidden_uses": list(draft.forbidden),
            "held": draft.held,
            "overshared": self.overshared,
            "secrets": draft.secrets,
            "sensitive": self.sensitive,
            "canaries": list(draft.canaries),
            "held_canaries": list(draft.held_canaries),
            "may_read": list(self.may_read),
            "ai": list(self.ai),
            "should_read": list(self.should_read),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer.

    Attributes:
        text: what is asked.
        kind: `answerable`, `unanswerable`, or `salary` (one of the many phrasings).
        answers: any of these makes an answer correct; empty where nothing answers.
        documents: paths that answer.
        may_know: ids of those whom AI may tell. Everybody else must not learn it.

    """

    text: str
    kind: str
    answers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    may_know: tuple[str, ...] = ()

    def correct(self, answer: str) -> bool:
        """Tell whether an answer says what is right."""
        return any(contains(answer, one) for one in self.answers)

    def to_json(self) -> dict[str, Any]:
        """Return the entry in `truth.json`."""
        return {
            "text": self.text,
            "kind": self.kind,
            "answers": list(self.answers),
            "documents": list(self.documents),
            "may_know": list(self.may_know),
            "may_not_know": [id for id in ACTIVE if id not in self.may_know],
        }


def questions(truths: Iterable[Truth]) -> tuple[Question, ...]:
    """Return every question: those that documents answer, those that nothing answers, those about pay."""
    many = tuple(truths)
    asks = {ask.text: ask for truth in many for ask in truth.draft.asks}
    copies = {truth.draft.blocks: {ask.text for ask in truth.draft.asks} for truth in many if truth.draft.asks}
    told = {text: [truth for truth in many if text in copies.get(truth.draft.blocks, ())] for text in asks}
    answerable = [
        Question(
            text,
            "answerable",
            ask.answers,
            tuple(truth.draft.path for truth in told[text]),
            tuple(id for id in ACTIVE if any(id in truth.ai for truth in told[text])),
        )
        for text, ask in asks.items()
    ]
    nothing = [Question(text, "unanswerable") for text in UNANSWERABLE]
    pay = [Question(text, "salary", may_know=allowed((("group:hr",),))) for text in SALARY_PHRASINGS]
    return (*answerable, *nothing, *pay)


def people_json() -> list[dict[str, Any]]:
    """Return everybody, with all they hold, for `truth.json`."""
    return [
        {"id": id, "name": one.name, "active": one.active, "identifiers": sorted(identifiers(id))}
        for id, one in BY_ID.items()
    ]
