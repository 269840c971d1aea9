"""Offline verification of a log against what was signed.

For somebody who has the records, the checkpoints and the public key, and trusts neither the operator nor this
machine. What each kind of tampering runs into:

    edit            the leaf hash beside the record; else the next signed checkpoint
    delete, insert,
    reorder         the index inside the event (`metadata.sequence`); else the next signed checkpoint
    cut             the last signed checkpoint; if that was cut too, the checkpoint kept elsewhere
    sign again      the public key; if the key was stolen too, the checkpoint kept elsewhere
    another key     the handover in the log, signed by the key before and checked against the place it names
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import orjson

from lockgate.audit import checkpoint, merkle, ocsf
from lockgate.audit.checkpoint import Checkpoint, Verifier
from lockgate.audit.entry import Entry, Lookup
from lockgate.audit.handover import Followed, is_handover, same
from lockgate.audit.record import Kind
from lockgate.errors import Invalid

_BATCH: Final = 1024
_ANSWER: Final = Kind.ANSWER.value
_BITS: Final = {Kind.DECISION.value: 1, Kind.RETRIEVAL.value: 2, Kind.MODEL_CALL.value: 4}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong. `first` to `last` (inclusive) are the records in question, where one can say."""

    what: str
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What verification found. `notes` say what could not be excluded, and must be shown.

    Attributes:
        size: records read.
        root: root over them, where all could be read.
        faults: what is wrong, the first bad record first.
        notes: what this verification cannot tell.

    """

    size: int
    root: bytes
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.faults

    @property
    def first_bad(self) -> int | None:
        """Return the smallest index that a fault names."""
        return min((f.first for f in self.faults if f.first is not None), default=None)


class _Stop(Exception):
    """Ends the pass at the first fault; never leaves this file. `kept`: it rests on the checkpoint kept."""

    def __init__(self, fault: Fault, *, kept: bool = False) -> None:
        super().__init__(fault.what)
        self.fault, self.kept = fault, kept


_Asked: TypeAlias = tuple[str, str, str]
"""Id of the request, who asked, and for whom."""


@dataclass(slots=True)
class _Requests:
    """Which kinds of record each request has, to find answers that lack their decision or their input.

    Records of somebody else, a refusal, and those of another answer do not make an answer complete.
    """

    kinds: dict[_Asked, int] = field(default_factory=dict)
    answers: dict[_Asked, tuple[int, bool]] = field(default_factory=dict)
    doubled: list[Fault] = field(default_factory=list)

    def see(self, index: int, event: dict[str, Any], lookup: Lookup) -> None:
        _, request, kind, subject, effect, _ = lookup
        bit = _BITS.get(kind)
        if bit is None and kind != _ANSWER:
            return
        own = event["unmapped"][ocsf.OWN]
        asked = (request, subject, own.get("on_behalf_of", ""))
        if bit and effect != "deny":
            self.kinds[asked] = self.kinds.get(asked, 0) | bit
        elif bit is None:
            if asked in self.answers:
                first = self.answers[asked][0]
                self.doubled.append(
                    Fault(f"answer `{request}` is there twice (records {first} and {index})", index, index)
                )
            self.answers[asked] = (index, "sources" in own)

    def faults(self) -> Iterator[Fault]:
        yield from self.doubled
        for asked, (index, cites) in self.answers.items():
            request, seen = asked[0], self.kinds.get(asked, 0)
            missing = []
            if not seen & 1:
                missing.append("decision")
            if cites and not seen & 2:
                missing.append("retrieval")
            if not seen & 6:
                missing.append("retrieval or model call")
            if missing:
                what = f"answer `{request}` (record {index}) has no {' and no '.join(missing)} record"
                yield Fault(what, index, index)


@dataclass(slots=True)
class _Pass:
    """One pass over the records, comparing roots wherever a checkpoint states one."""

    checkpoints: Iterator[str]
    keys: Followed
    kept: Checkpoint | None
    nodes: dict[tuple[int, int], bytes] | None
    tree: merkle.Tree = field(default_factory=merkle.Tree)
    pending: list[bytes] = field(default_factory=list)
    requests: _Requests = field(default_factory=_Requests)
    good: int = 0
    last: Checkpoint | None = None
    last_note: str = ""
    next_note: str | None = None
    upcoming: Checkpoint | None = None

    def run(self, entries: Iterable[Entry]) -> None:
        self._advance()
        self._compare()
        at, due = self.size, self._due()
        for entry in entries:
            self.pending.append(self._leaf(entry, at))
            at += 1
            if at == due:
                self._flush()
                self._compare()
                due = self._due()
        self._flush()
        self._end()

    def _due(self) -> int:
        """Return the size at which roots are compared next."""
        size = self.tree.size
        stated = [one.size for one in (self.upcoming, self.kept) if one is not None and one.size > size]
        return min([size + _BATCH, *stated])

    @property
    def size(self) -> int:
        return self.tree.size + len(self.pending)

    def _advance(self) -> None:
        """Step to the next checkpoint of the log."""
        if self.upcoming is not None:
            self.last, self.last_note = self.upcoming, self.next_note or ""
        self.next_note = next(self.checkpoints, None)
        if self.next_note is None:
            self.upcoming = None
            return
        at = self.last.size if self.last else -1
        try:
            self.upcoming = checkpoint.parse(self.next_note)
        except Invalid as error:
            raise _Stop(Fault(f"the checkpoint after size {max(at, 0)} was changed: {error}")) from error
        if self.upcoming.size <= at:
            raise _Stop(Fault(f"the checkpoints are out of order after size {at}"))

    def _leaf(self, entry: Entry, at: int) -> bytes:
        """Look at the record that stands at a place; return its hash."""
        data, stored, stated = entry.event, entry.leaf, entry.lookup
        if entry.index != at:
            raise _Stop(_misplaced(entry.index, at))
        if not isinstance(data, bytes):  # a store can be made to hold anything
            raise _Stop(Fault(f"record {at} was changed: it is no event of this log", at, at))
        leaf = merkle.leaf_hash(data)
        if stored is not None and stored != leaf:
            raise _Stop(Fault(f"record {at} was changed: it does not fit its hash", at, at))
        try:
            event = orjson.loads(data)
            place, lookup = event["metadata"]["sequence"], Lookup.of(event)
            self.requests.see(at, event, lookup)
        except (Invalid, KeyError, TypeError, ValueError, AttributeError) as error:
            raise _Stop(Fault(f"record {at} was changed: it is no event of this log", at, at)) from error
        if orjson.dumps(event, option=orjson.OPT_SORT_KEYS) != data:
            # With a name twice, one reader would see another record than the next.
            raise _Stop(Fault(f"record {at} is not in the one form in which this log is written", at, at))
        if place != at:
            what = f"record {at} says that it is record {place}: records were moved, inserted or deleted"
            raise _Stop(Fault(what, at, at))
        if stated is not None and stated != lookup:
            what = f"the search fields of record {at} were changed: searches may not find it"
            raise _Stop(Fault(what, at, at))
        if is_handover(event):
            self._follow(at, event)
        return leaf

    def _follow(self, at: int, event: dict[str, Any]) -> None:
        try:
            self.keys.see(event)
        except (Invalid, AttributeError) as error:
            raise _Stop(
                Fault(f"record {at} does not hand over the signing key as it says: {error}", at, at)
            ) from error

    def _flush(self) -> None:
        self.tree, made = self.tree.append(self.pending)
        self.pending.clear()
        if self.nodes is None:
            return
        for level, at, digest in made:
            stored = self.nodes.pop((level, at), digest)
            if stored != digest:
                last = ((at + 1) << level) - 1
                what = f"the stored tree over records {at << level} to {last} was changed"
                raise _Stop(Fault(what, at << level, last))

    def _compare(self) -> None:
        """Compare the root with every checkpoint of exactly this size."""
        if self.upcoming is not None and self.upcoming.size == self.tree.size:
            if self.upcoming.root != self.tree.root:
                raise _Stop(self._mismatch(self.next_note or ""))
            try:
                self.keys.look(self.next_note or "", self.tree.size)
            except Invalid as error:
                raise _Stop(Fault(f"the checkpoint of size {self.tree.size} does not hold: {error}")) from error
            self.good = self.tree.size
            self._advance()
        if self.kept is not None and self.kept.size == self.tree.size and self.kept.root != self.tree.root:
            what = f"records 0 to {self.kept.size - 1} are not those of the checkpoint kept elsewhere"
            fault = Fault(f"{what}: they were rewritten and signed again", 0, self.kept.size - 1)
            raise _Stop(fault, kept=True)

    def _mismatch(self, note: str) -> Fault:
        size = self.tree.size
        try:
            # Before the first handover, which may still come, only the trusted key is known.
            checkpoint.verify(note, self.keys.handovers[-1].new if self.keys.handovers else self.keys.trusted)
        except Invalid as error:
            return Fault(f"the checkpoint of size {size} was changed, or what it covers: {error}")
        if size == 0:
            return Fault("the checkpoint of the empty log is wrong")
        span = f"record {self.good}" if size - 1 == self.good else f"records {self.good} to {size - 1}"
        return Fault(f"{span} differ from what was signed: changed, or moved", self.good, size - 1)

    def _end(self) -> None:
        self._compare()
        size = self.tree.size
        while self.upcoming is not None:  # checkpoints that promise more records than there are
            self._advance()
        if self.last is None:
            raise _Stop(Fault("there is no signed checkpoint"))
        if self.last.size > size:
            what = f"record {size} is missing: the log was signed with {self.last.size} records, the tail was cut"
            raise _Stop(Fault(what, size, self.last.size - 1))
        if self.last.size < size:
            what = f"record {self.last.size} is not covered by a checkpoint: records were added"
            raise _Stop(Fault(what, self.last.size, size - 1))
        try:
            self.keys.chain().check(self.last_note)
        except Invalid as error:
            raise _Stop(Fault(f"the last checkpoint (size {self.last.size}) does not hold: {error}")) from error
        if self.kept is not None and self.kept.size > size:
            what = f"record {size} is missing: the kept checkpoint has {self.kept.size} records, the tail was cut"
            raise _Stop(Fault(what, size, self.kept.size - 1), kept=True)
        if self.nodes:
            level, at = min(self.nodes)
            raise _Stop(Fault(f"the stored tree has a node that belongs to no records (level {level}, {at})"))


def _misplaced(found: int, at: int) -> Fault:
    if found > at:
        return Fault(f"record {at} is missing", at, found - 1)
    return Fault(f"record {found} is there twice or out of order", found, found)


def verify(
    entries: Iterable[Entry],
    checkpoints: Iterable[str],
    verifier: Verifier,
    *,
    kept: str | None = None,
    nodes: Mapping[tuple[int, int], bytes] | None = None,
) -> Report:
    """Verify a whole log and return what is wrong with it. Stops at the first fault of its integrity.

    Args:
        entries: every record from 0, in the order of the store.
        checkpoints: the signed notes that came with the log, by size; at least the last one.
        verifier: a public key of the log, whichever (`handover.py`), from where the operator cannot change it.
        kept: a signed note of the same log that was kept elsewhere.
        nodes: the tree as the store keeps it, (level, index) -> hash, if it does.

    """
    old, faults = None, []
    if kept is not None:
        try:
            old = checkpoint.parse(kept)
        except Invalid as error:
            faults.append(Fault(f"the checkpoint kept elsewhere cannot be read: {error}"))
    keys = Followed(verifier)
    state = _Pass(iter(checkpoints), keys, old, None if nodes is None else dict(nodes))
    held = False
    try:
        state.run(entries)
        held = kept is None or _holds(keys, kept)
    except _Stop as stop:
        held = not stop.kept or kept is None or _holds(keys, kept)
        if held:
            faults.append(stop.fault)
    else:
        faults.extend(state.requests.faults())
    if old is not None and not held:
        what = "the checkpoint kept elsewhere is not signed by a key of this log"
        faults.append(Fault(f"{what}: it is of another log, or the record that hands over to its key is gone"))
    return Report(state.size, state.tree.root, tuple(faults), tuple(_notes(keys, old)))


def _holds(keys: Followed, kept: str) -> bool:
    """Tell whether a checkpoint is signed by the key that was in force, as far as the keys were followed."""
    try:
        keys.chain().check(kept)
    except Invalid:
        return False
    return True


def _notes(keys: Followed, kept: Checkpoint | None) -> Iterator[str]:
    """Yield what this verification cannot tell."""
    if kept is None:
        yield (
            "without a checkpoint kept elsewhere it cannot be excluded that the tail was cut back to an earlier "
            "checkpoint, or that the holder of the signing key rewrote and signed the log again"
        )
    else:
        yield f"what happened after the kept checkpoint (from record {kept.size} on) rests on the key alone"
    if not keys.handovers:
        return
    last = keys.handovers[-1]
    yield f"the signing key was replaced {len(keys.handovers)} times, last by record {last.index}"
    if not same(keys.trusted, last.new) and (kept is None or kept.size <= last.index):
        yield (
            "whoever held a key that was replaced could have written another log from there on: verify with the "
            "newest public key, or against a checkpoint kept since"
        )
