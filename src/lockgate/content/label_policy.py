"""From findings to labels by an organization's own rules (`policies/labels.toml`), on top of what a kind demands.

What a kind demands in `labeling.py` is a floor in code: it also guards passages, prompts and answers. Rules raise
a document above it, by what was found how often and how surely, and by where the document lies. All rules that fit
count, and the strictest level wins, so more findings never lower a label. The digest of their text is the version
that every decision about a label names.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lockgate.content.document import Evidence
from lockgate.content.globs import Globs
from lockgate.content.labeling import Hit, Proposal, level_of
from lockgate.labels.label import Retention, Sensitivity


class Kinds:
    """Globs over kinds. A name covers what is below it (`pii` covers `pii.ssn`); `*` stands for anything."""

    __slots__ = ("_pattern", "names")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        each = [f"(?:{fnmatch.translate(form)})" for name in names for form in (name, f"{name}.*")]
        self._pattern = re.compile("|".join(each) or r"(?!)")

    def covers(self, kind: str) -> bool:
        """Tell whether a kind is one of them."""
        return self._pattern.match(kind) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: if everything that it states is so, the document is at least at its level.

    Attributes:
        name: unique; label decisions name it.
        level: at least this.
        kinds: what is counted. None: the rule is about the place alone.
        count: so many findings of these kinds together, at least.
        confidence: a kind whose surest finding is below this does not count. 0 to 1.
        along: kinds of which each must be there too.
        collections: only in these; empty is in all.
        paths: only there; None is everywhere.
        forbidden_uses, owners, retention: what it adds to the label.
        line: where it stands in the file.

    """

    name: str
    level: Sensitivity
    kinds: Kinds | None = None
    count: int = 1
    confidence: float = 0.0
    along: tuple[Kinds, ...] = ()
    collections: frozenset[str] = frozenset()
    paths: Globs | None = None
    path_names: tuple[str, ...] = ()
    forbidden_uses: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    retention: Retention = field(default_factory=Retention)
    line: int = 0

    def hit(self, evidence: Sequence[Evidence], collection: str, path: str) -> Hit | None:
        """Return why it fits a document with this evidence at this place; None if it does not."""
        if self.collections and collection not in self.collections:
            return None
        sure = [one for one in evidence if one.confidence >= self.confidence]
        mine = [one for one in sure if self.kinds is not None and self.kinds.covers(one.kind)]
        counted = sum(one.count for one in mine)
        if self.kinds is not None and counted < self.count:
            return None
        beside = [one for kinds in self.along for one in sure if kinds.covers(one.kind)]
        if not all(any(kinds.covers(one.kind) for one in sure) for kinds in self.along):
            return None
        if self.paths is not None and not self.paths.matches(path):  # last: it costs the most
            return None
        found = frozenset(one.kind for one in (*mine, *beside))
        why = f"{counted} x {', '.join(sorted(found))}" if self.kinds is not None else "its place"
        return Hit(
            self.name,
            self.level,
            found,
            f"rule `{self.name}`: {why} demands {self.level.name.lower()}",
            self.forbidden_uses,
            self.owners,
            self.retention,
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """A label that files state themselves, and the level that it is here.

    Attributes:
        names: the label's id (GUID), name or attribute (`https://.../attr/.../value/...`), globs, without case.
        level: at least this.

    """

    names: tuple[str, ...]
    level: Sensitivity

    def fits(self, stated: Iterable[str]) -> bool:
        """Tell whether one of the words that a file states is this label."""
        words = [one.casefold() for one in stated]
        return any(fnmatch.fnmatchcase(word, name.casefold()) for name in self.names for word in words)


@dataclass(frozen=True, slots=True)
class LabelPolicy:
    """The rules in force.

    Attributes:
        version: digest of the file's text; empty where there are no rules at all.
        levels: kinds that demand more here than everywhere; the longest prefix counts.
        rules: see `Rule`.
        marks: see `Mark`; the first that fits counts.
        text: of the file, so that old decisions can be explained.

    """

    version: str = ""
    levels: Mapping[str, Sensitivity] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    marks: tuple[Mark, ...] = ()
    text: str = ""

    def hits(self, evidence: Sequence[Evidence], collection: str, path: str) -> tuple[Hit, ...]:
        """Return every rule that fits, the strictest first."""
        found = [hit for one in evidence if (hit := self._raised(one)) is not None]
        found += [hit for rule in self.rules if (hit := rule.hit(evidence, collection, path)) is not None]
        return tuple(sorted(found, key=lambda one: (-one.level, one.rule)))

    def applied(self, proposal: Proposal, collection: str, path: str) -> Proposal:
        """Return the proposal raised by every rule that fits. It is never lower than without."""
        hits = self.hits(proposal.evidence, collection, path)
        if not hits:
            return proposal
        return replace(
            proposal,
            sensitivity=max(proposal.sensitivity, *(one.level for one in hits)),
            reasons=(*proposal.reasons, *(one.why for one in hits)),
            hits=hits,
        )

    def of_text(self, proposal: Proposal) -> Proposal:
        """Return the proposal for a text that lies nowhere, as `applied`; a rule about a place does not fit it."""
        anywhere = tuple(one for one in self.rules if not one.collections and one.paths is None)
        return replace(self, rules=anywhere).applied(proposal, "", "")

    def _raised(self, one: Evidence) -> Hit | None:
        name = prefix_of(one.kind, self.levels)
        level = self.levels[name] if name else Sensitivity.PUBLIC
        if level <= level_of(one.kind):
            return None
        why = f"{one.count} x {one.kind} demands {level.name.lower()} here (`levels`: {name})"
        return Hit(f"levels.{name}", level, frozenset({one.kind}), why)


NO_RULES = LabelPolicy()
"""No rules: kinds demand what they demand everywhere."""


def prefix_of(kind: str, levels: Mapping[str, Sensitivity]) -> str:
    """Return the longest prefix of a kind that is in a table; empty for none."""
    name = kind
    while name and name not in levels:
        name = name.rpartition(".")[0]
    return name


def version_of(text: str) -> str:
    """Return the version of rules: the beginning of the SHA-256 of their text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
