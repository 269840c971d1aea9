"""The world of the soak: a share, a directory, policies and settings that change, and the truth about them.

The truth is kept beside the files: for each fact a line of what it was and when. A change is stamped so that the
gateway is never accused wrongly: what is taken away counts from when the file was in place, what is given from
before it was written.
"""

from __future__ import annotations

import bisect
import json
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lockgate.content.document import document_id

COLLECTION: Final = "ledger"
GROUPS: Final = tuple(f"g{n}" for n in range(8))
PEOPLE: Final = tuple(f"p{n:02d}" for n in range(14))
OWNER: Final = "owner"
FORBID: Final = """\
@id("soak-closed")
forbid (principal, action == Lockgate::Action::"read", resource is Lockgate::Document)
when { resource.level >= 2 };
"""
KEPT: Final = 180.0
"""Seconds of the past that the truth remembers: longer than any request takes."""
_NONSENSE: Final = (
    ("directory.toml", "people = [[["),
    ("policies/90-your-own.cedar", "permit (principal, action, resource)"),
    ("lockgate.toml", "mode = "),
)
_SYLLABLES: Final = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]


class Line:
    """What one fact was, and when."""

    def __init__(self, value: Any, at: float) -> None:
        self.times, self.values = [at], [value]

    def set(self, value: Any, at: float) -> None:
        self.times.append(at)
        self.values.append(value)
        while len(self.times) > 2 and self.times[1] < at - KEPT:
            del self.times[0], self.values[0]

    @property
    def now(self) -> Any:
        return self.values[-1]

    def at(self, time: float) -> Any:
        return self.values[max(0, bisect.bisect_right(self.times, time) - 1)]

    def between(self, first: float, last: float) -> list[float]:
        return [one for one in self.times if first < one <= last]


@dataclass
class Doc:
    """A document: its secrets, and who may read it (any of these groups; nobody where it is not there)."""

    item: str
    topic: str
    level: int
    readers: Line
    born: float
    secret: str = ""
    gone: bool = False

    @property
    def id(self) -> str:
        return document_id(COLLECTION, self.item)


@dataclass
class World:
    """Files and truth. Every change is made through a method of this."""

    folder: Path
    rng: random.Random
    docs: dict[str, Doc] = field(default_factory=dict)
    secrets: dict[str, Doc] = field(default_factory=dict)
    by_id: dict[str, Doc] = field(default_factory=dict)
    made: int = 0
    settings: str = ""
    written: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = time.monotonic()
        rng = self.rng
        self.active = {p: Line(True, now) for p in (*PEOPLE, OWNER)}
        self.member = {(p, g): Line(rng.random() < 0.4, now) for p in PEOPLE for g in GROUPS}
        self.member |= {(OWNER, g): Line(True, now) for g in GROUPS}
        self.closed = Line(False, now)
        self.second = Line(True, now)
        """Whether the second model is switched on."""

    # ------------------------------------------------------------------ the truth

    def _reads(self, person: str, doc: Doc, at: float) -> bool:
        if not self.active[person].at(at) or (doc.level >= 2 and self.closed.at(at)):
            return False
        return any(self.member[person, g].at(at) for g in doc.readers.at(at))

    def _moments(self, person: str, doc: Doc, first: float, last: float) -> Iterable[float]:
        lines = [self.active[person], self.closed, doc.readers, *(self.member[person, g] for g in GROUPS)]
        return [first, *sorted(t for line in lines for t in line.between(first, last))]

    def ever(self, person: str, doc: Doc, first: float, last: float) -> bool:
        """Tell whether the person could read it at some moment between."""
        return any(self._reads(person, doc, t) for t in self._moments(person, doc, first, last))

    def always(self, person: str, doc: Doc, first: float, last: float) -> bool:
        """Tell whether the person could read it all that time."""
        return doc.born < first and all(
            self._reads(person, doc, t) for t in self._moments(person, doc, first, last)
        )

    def since(self, person: str, doc: Doc, now: float) -> float:
        """Return for how many seconds the person has not been able to read it; infinity for never."""
        last = [t for t in self._moments(person, doc, now - KEPT, now)]
        for earlier, later in zip(reversed(last), [now, *reversed(last[1:])], strict=True):
            if self._reads(person, doc, earlier):
                return now - later
        return float("inf")

    # ------------------------------------------------------------------ files

    def write(self, name: str, text: str) -> None:
        """Replace a file as a whole, as careful administrators do."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / "fresh.tmp"
        fresh.write_text(text)
        fresh.replace(path)
        self.written[name] = time.monotonic()

    def _directory(self) -> str:
        # Somebody is in no group, so that no document is for everybody: confidential ones would be held back then.
        lines = ['complete = true\n[people.guest]\ngroups = ["all"]\n']
        for person, active in self.active.items():
            groups = [g for g in GROUPS if self.member[person, g].now]
            lines.append(
                f"[people.{person}]\nactive = {json.dumps(active.now)}\ngroups = {json.dumps(['all', *groups])}\n"
            )
        return "".join(lines)

    def _manifest(self) -> str:
        rules = [
            f'[[rule]]\nmatch = ["{doc.item}"]\n'
            f"readers = {json.dumps([f'group:{g}' for g in sorted(doc.readers.now)])}\n"
            f'owners = ["user:{OWNER}"]\nsensitivity = "{("public", "general", "confidential")[doc.level]}"\n'
            for doc in self.docs.values()
            if doc.readers.now
        ]
        return "version = 1\n" + "".join(rules)

    def word(self, syllables: int) -> str:
        return "".join(self.rng.choice(_SYLLABLES) for _ in range(syllables))

    def _text(self, doc: Doc) -> str:
        doc.secret = "zq" + self.word(5)
        self.secrets[doc.secret] = doc
        return (
            f"# Project {doc.topic}\n\nThe code word of project {doc.topic} is {doc.secret}. "
            f"It was agreed with {self.word(3)} in the spring.\n\n"
            f"## Plan\n\nProject {doc.topic} moves to {self.word(3)} and is paid by {self.word(4)}.\n"
        )

    def _write_doc(self, doc: Doc) -> None:
        self.write(f"share/{doc.item}", self._text(doc))

    def start(self, documents: int) -> None:
        """Write everything for the first time."""
        for path in (self.folder / "share").rglob("*.md"):
            path.unlink()
        for _ in range(documents):
            self.create(manifest=False)
        self.write("share/.lockgate-access.toml", self._manifest())
        self.write("directory.toml", self._directory())
        self.write("policies/90-your-own.cedar", "// nothing of our own\n")

    # ------------------------------------------------------------------ changes

    def _change(self, line: Line, value: Any, either: Any, write: Any) -> None:
        """Stamp the union of old and new, write, then stamp the new."""
        line.set(either, time.monotonic())
        held, line.values[-1] = line.values[-1], value  # files are written from what is new
        try:
            write()
        finally:
            line.values[-1] = held
        line.set(value, time.monotonic())

    def toggle_member(self) -> str:
        line = self.member[self.rng.choice(PEOPLE), self.rng.choice(GROUPS)]
        self._change(line, not line.now, True, lambda: self.write("directory.toml", self._directory()))
        return "joins a group" if line.now else "leaves a group"

    def toggle_active(self) -> str:
        off = [p for p in PEOPLE if not self.active[p].now]
        person = off[0] if len(off) > 1 else self.rng.choice(PEOPLE)
        line = self.active[person]
        self._change(line, not line.now, True, lambda: self.write("directory.toml", self._directory()))
        return "comes back" if line.now else "is deactivated"

    def _some_readers(self) -> frozenset[str]:
        return frozenset(self.rng.sample(GROUPS, self.rng.choice((1, 1, 2, 3))))

    def _present(self) -> list[Doc]:
        return [doc for doc in self.docs.values() if doc.readers.now and not doc.gone]

    def change_readers(self) -> str:
        doc, new = self.rng.choice(self._present()), self._some_readers()
        write = lambda: self.write("share/.lockgate-access.toml", self._manifest())  # noqa: E731
        self._change(doc.readers, new, doc.readers.now | new, write)
        return "has other readers"

    def create(self, *, manifest: bool = True) -> str:
        self.made += 1
        now = time.monotonic()
        topic = f"{self.word(2)}-{1000 + self.made}"  # what looks like an identifier decides a search
        level, item = self.rng.choice((1, 1, 2)), f"docs/n{self.made:05d}.md"
        doc = Doc(item, topic, level, Line(frozenset(), now), now)
        self.docs[doc.item] = self.by_id[doc.id] = doc
        self._write_doc(doc)
        doc.readers.set(self._some_readers(), time.monotonic())
        if manifest:
            self.write("share/.lockgate-access.toml", self._manifest())
        return "is new"

    def revise(self) -> str:
        doc = self.rng.choice(self._present())
        self._write_doc(doc)
        doc.born = time.monotonic()
        return "is revised"

    def delete(self) -> str:
        doc = self.rng.choice(self._present())
        self._change(doc.readers, frozenset(), doc.readers.now, (self.folder / "share" / doc.item).unlink)
        self.drop(doc)
        return "is deleted"

    def drop(self, doc: Doc) -> None:
        """Nobody may see it again. Its secrets stay known, so that it would be found in an answer."""
        doc.gone = True
        doc.readers.set(frozenset(), time.monotonic())
        self.docs.pop(doc.item, None)

    def toggle_policy(self) -> str:
        new = not self.closed.now
        text = FORBID if new else "// nothing of our own\n"
        # Closed counts from the end of the writing, open from its beginning: the union is "open".
        self._change(self.closed, new, False, lambda: self.write("policies/90-your-own.cedar", text))
        return "policy closes" if new else "policy opens"

    def toggle_model(self) -> str:
        new = not self.second.now
        on = 'id = "second"\nenabled = true'
        text = self.settings if new else self.settings.replace(on, 'id = "second"\nenabled = false')
        self._change(self.second, new, True, lambda: self.write("lockgate.toml", text))
        return "model on" if new else "model off"

    def garbage(self) -> str:
        """Put nonsense in place of a file that binds: what was in force stays in force.

        Never over a change that is so new that the gateway may not have seen it: it could not know of it.
        """
        name, text = self.rng.choice(_NONSENSE)
        if time.monotonic() - self.written.get(name, 0.0) < 2:
            return "no garbage: too soon"
        held = (self.folder / name).read_text()
        self.write(name, text)
        time.sleep(0.7)
        self.write(name, held)
        return f"garbage in {name}"
