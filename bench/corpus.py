"""What the usefulness bench asks, of whom, and what it expects: any organization can be plugged in.

A corpus is a share with an access manifest, a directory, and cases. `open_twin` is the same corpus without any
gate: everybody owns everything, so the same retriever and model answer from all of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lockgate.content.document import document_id
from lockgate.demo.organization import MANIFEST, SEED, Organization, generate
from lockgate.demo.stage import CONNECTOR
from lockgate.demo.truth import Question, contains, found

OPEN_MANIFEST = """version = 1
[[rule]]
match = ["**"]
readers = ["everyone"]
owners = ["group:all-hands"]
sensitivity = "public"
"""
"""No gate: everybody may read, and everybody is an owner, to whom nothing is held back."""


@dataclass(frozen=True)
class Case:
    """One question by one person.

    Attributes:
        expect: `answer` (they may know), `refuse` (somebody else may), or `nothing` (no document answers).
        answers: any of these makes an answer correct.
        documents: items of which at least one must be cited; empty where it does not matter.
        forbidden: strings that must not come back to this person, wherever.
        readable: items that AI may serve to this person; None where the corpus does not say.
    """

    question: str
    person: str
    expect: str
    answers: tuple[str, ...] = ()
    documents: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    readable: frozenset[str] | None = None

    def correct(self, answer: str, cited: Iterable[str]) -> bool:
        ids = {document_id(CONNECTOR, item) for item in self.documents}
        said = any(contains(answer, one) for one in self.answers)
        return said and (not ids or not ids.isdisjoint(cited))

    def leaks(self, text: str, named: Iterable[str]) -> bool:
        if found(text, self.forbidden):
            return True
        return self.readable is not None and not set(named) <= {document_id(CONNECTOR, i) for i in self.readable}


@dataclass(frozen=True)
class Corpus:
    """A share, its directory, the same share without gates, and what to ask."""

    name: str
    share: Path
    directory: Path
    open_share: Path
    cases: tuple[Case, ...] = field(repr=False, default=())


def open_twin(share: Path, target: Path) -> Path:
    """Hard-link a share into `target` under a manifest that gates nothing."""
    for path in sorted(share.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            copy = target / path.relative_to(share)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.hardlink_to(path)
    (target / MANIFEST).write_text(OPEN_MANIFEST)
    return target


def brightwater(folder: Path, seed: int = SEED) -> Corpus:
    """The demonstration organization: each answerable question by one who may know and one who may not."""
    made = generate(folder / "brightwater", seed)
    cases = [*_known(made), *_nothing(made), *_salary(made)]
    paraphrases = Path(__file__).with_name("questions") / "brightwater.jsonl"
    cases += load(paraphrases, made)
    share = open_twin(made.share, folder / "brightwater-open")
    return Corpus("brightwater", made.share, made.directory, share, tuple(cases))


def _case(made: Organization, question: Question, person: str, expect: str) -> Case:
    return Case(
        question.text,
        person,
        expect,
        question.answers,
        frozenset(question.documents),
        made.forbidden_figures(person),
        made.readable(person),
    )


def _known(made: Organization) -> Iterator[Case]:
    everybody = ("greta", "kemal", "bela", "filip", "wei", "goran", "milan", "priya")
    for number, question in enumerate(dict.fromkeys(made.asked("answerable"))):
        owners = {owner for path in question.documents for owner in made.documents[path].draft.owners}
        knowing = [id for id in question.may_know if f"user:{id}" not in owners] or list(question.may_know)
        yield _case(made, question, knowing[number % len(knowing)], "answer")
        strangers = [id for id in everybody if id not in question.may_know]
        if strangers and number % 2 == 0:
            yield _case(made, question, strangers[number % len(strangers)], "refuse")


def _nothing(made: Organization) -> Iterator[Case]:
    people = ("vera", "hanna", "sofia", "ute", "nadia", "dana")
    for number, question in enumerate(made.asked("unanswerable")):
        yield _case(made, question, people[number % len(people)], "nothing")


def _salary(made: Organization) -> Iterator[Case]:
    for number, question in enumerate(made.asked("salary")):
        yield _case(made, question, ("yuki", "diego", "zoe")[number % 3], "refuse")


def load(file: Path, made: Organization | None = None) -> list[Case]:
    """Read cases, one JSON object a line, with the fields of `Case` (all but `expect` optional but the first two).

    With an organization, what is forbidden and readable follows from its truth.
    """
    cases = []
    for line in file.read_text().splitlines():
        value = json.loads(line)
        person = value["person"]
        readable = frozenset(value["readable"]) if "readable" in value else None
        cases.append(
            Case(
                value["question"],
                person,
                value.get("expect", "answer"),
                tuple(value.get("answers", ())),
                frozenset(value.get("documents", ())),
                frozenset(value.get("forbidden", ())) | (made.forbidden_figures(person) if made else frozenset()),
                made.readable(person) if made else readable,
            )
        )
    return cases
