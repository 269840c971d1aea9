"""Generate the demonstration organization: a share full of documents, a directory, and the truth about both.

The same seed gives the same bytes, whatever the machine. Everything is planned before anything is left out, so
that a corpus without one family has exactly the other files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lockgate.demo.draft import Draft
from lockgate.demo.people import directory_toml
from lockgate.demo.place import MARK
from lockgate.demo.rights import manifest_toml
from lockgate.demo.texts import business, company, hr, management, mess, sharing, technical
from lockgate.demo.truth import Question, Truth, found, people_json, questions
from lockgate.demo.world import World
from lockgate.demo.writers import render
from lockgate.errors import Conflict

MANIFEST: Final = ".lockgate-access.toml"
SEED: Final = 7
"""The seed of the demonstration that everybody sees."""
_MODIFIED: Final = 1_790_000_000
"""The time that every file bears, seconds since 1970: with it, the whole tree is the same each time."""
_FAMILIES: Final = (hr, company, business, technical, management, mess, sharing)


@dataclass(frozen=True, slots=True)
class Organization:
    """A generated organization.

    Attributes:
        share: the root of the documents, with the access manifest in it.
        directory: the file that names people and groups.
        truth_file: what is true, outside of the share.
        documents: the truth by path.
        questions: what can be asked, with what is right.

    """

    seed: int
    share: Path
    directory: Path
    truth_file: Path
    documents: dict[str, Truth]
    questions: tuple[Question, ...]

    def asked(self, kind: str) -> tuple[Question, ...]:
        """Return the questions of one kind."""
        return tuple(one for one in self.questions if one.kind == kind)

    def readable(self, person: str) -> frozenset[str]:
        """Return the paths that AI may serve to a person."""
        return frozenset(path for path, truth in self.documents.items() if person in truth.ai)

    def forbidden_figures(self, person: str) -> frozenset[str]:
        """Return the planted figures that no answer to this person may show."""
        known: set[str] = set()
        every: set[str] = set()
        for truth in self.documents.values():
            draft = truth.draft
            every |= {*draft.canaries, *draft.held_canaries}
            if person in truth.ai:
                known |= set(draft.canaries)
                if f"user:{person}" in draft.owners:
                    known |= set(draft.held_canaries)
        return frozenset(every - known)

    def leaks(self, person: str, text: str) -> tuple[str, ...]:
        """Return the planted figures in a text that this person may not be told."""
        return tuple(sorted(found(text, self.forbidden_figures(person))))


def plan(seed: int) -> tuple[Draft, ...]:
    """Return every document of the organization, in a stable order, without writing anything.

    Raises:
        Conflict: two documents have the same path.

    """
    world = World(seed)
    written = [draft for family in _FAMILIES for draft in family.drafts(world)]
    drafts = [replace(draft, secrets=_secrets(draft, world)) for draft in written]
    paths = [draft.path for draft in drafts]
    if len(set(paths)) != len(paths):
        twice = sorted({path for path in paths if paths.count(path) > 1})
        raise Conflict(f"the demonstration plans two documents at `{twice[0]}`")
    return tuple(sorted(drafts, key=lambda draft: draft.path))


def _secrets(draft: Draft, world: World) -> int:
    """Return how many planted secrets stand in a draft."""
    text = repr(draft.blocks)
    return sum(one in text for one in world.secrets)


def generate(folder: Path, seed: int = SEED, *, without: AbstractSet[str] = frozenset()) -> Organization:
    """Write the organization into an empty folder and return it with its truth.

    Args:
        folder: where `share/`, `directory.toml` and `truth.json` are written; made if absent.
        seed: what everything follows from.
        without: families whose documents are left out (`hr`); all other files are the same bytes.

    Raises:
        Conflict: the folder has something in it.

    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(path.name != MARK for path in folder.iterdir()):
        raise Conflict(
            "the folder for the demonstration is not empty", remedy="Name a new folder, or empty this one."
        )
    share = folder / "share"
    drafts = [draft for draft in plan(seed) if draft.family not in without]
    for draft in drafts:
        _write(share / draft.path, render(draft))
    _write(share / MANIFEST, manifest_toml().encode())
    _write(folder / "directory.toml", directory_toml().encode())
    truths = {draft.path: Truth.of(draft) for draft in drafts}
    asked = questions(truths.values())
    _write(folder / "truth.json", _truth_json(seed, truths, asked))
    return Organization(seed, share, folder / "directory.toml", folder / "truth.json", truths, asked)


def _truth_json(seed: int, truths: dict[str, Truth], asked: tuple[Question, ...]) -> bytes:
    value = {
        "seed": seed,
        "people": people_json(),
        "documents": [truth.to_json() for truth in truths.values()],
        "questions": [question.to_json() for question in asked],
    }
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)
    os.utime(path, (_MODIFIED, _MODIFIED))
