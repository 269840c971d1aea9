"""Handovers: how one signing key of a log is followed by the next, so that whoever trusts one can follow.

A handover is a C2SP signed note that the old key and the new key both sign:

    lockgate audit key handover v1
    lockgate.example/audit          the log
    42                              index of its record, so the number of records before it
    lockgate.example/audit+...      the old key
    lockgate.example/audit+...      the new key

    — lockgate.example/audit ...    signed by the old key: it names its successor
    — lockgate.example/audit ...    signed by the new key: it was there

It stands in the log as a record, and the checkpoint over exactly that record is signed by both keys too. Its first
line has spaces, so it can never be taken for a checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from lockgate.audit import checkpoint, ocsf
from lockgate.audit.checkpoint import Checkpoint, Signer, Verifier
from lockgate.audit.fields import LIMIT
from lockgate.audit.record import Kind, Record
from lockgate.errors import Invalid

ACTION: Final = "audit.rotate_key"
"""What a record of a handover is called. No other record may be."""
SUBJECT: Final = "system:audit-key"
"""Whose record it is; stores find handovers by it."""
_HEAD: Final = "lockgate audit key handover v1"
_MOST: Final = 1000
"""Handovers that are followed at most."""


@dataclass(frozen=True, slots=True)
class Handover:
    """From one key to the next, at a place of the log."""

    index: int
    old: Verifier
    new: Verifier

    @property
    def body(self) -> str:
        """Return the text that both sign."""
        return f"{_HEAD}\n{self.old.name}\n{self.index}\n{self.old.vkey}\n{self.new.vkey}\n"

    @classmethod
    def parse(cls, note: str) -> Handover:
        """Return a handover whose two signatures hold. It says nothing about whether to trust the old key.

        Raises:
            Invalid: it is none, or one of the signatures does not hold.

        """
        lines = note.rpartition("\n\n")[0].split("\n") if isinstance(note, str) else []
        if len(lines) != 5 or lines[0] != _HEAD:
            raise Invalid("this is no handover of an audit signing key")
        index = lines[2]
        if not (index.isascii() and index.isdecimal()) or str(int(index[:19])) != index:
            raise Invalid("the place of the handover is not a number")
        found = cls(int(index), Verifier.parse(lines[3]), Verifier.parse(lines[4]))
        if not found.old.name == found.new.name == lines[1]:
            raise Invalid("the keys of the handover are of another log")
        if same(found.old, found.new):
            raise Invalid("the handover is from a key to itself")
        if found.body != "\n".join(lines) + "\n":
            raise Invalid("this is no handover of an audit signing key")
        checkpoint.check_note(note, found.old)
        checkpoint.check_note(note, found.new)
        return found

    @classmethod
    def of(cls, event: dict[str, Any]) -> Handover:
        """Return the handover of an event that was recorded as one.

        Raises:
            Invalid: it holds none, or another than its place in the log.

        """
        facts = event["unmapped"][ocsf.OWN].get("facts", {})
        found = cls.parse(facts.get("handover", ""))
        if found.index != event["metadata"]["sequence"]:
            raise Invalid(f"the handover was made for record {found.index}")
        return found


def note_of(event: dict[str, Any]) -> str:
    """Return the signed note in the event of a handover."""
    return str(event["unmapped"][ocsf.OWN].get("facts", {}).get("handover", ""))


def is_handover(event: dict[str, Any]) -> bool:
    """Tell whether an event was recorded as a handover."""
    return bool(event["unmapped"][ocsf.OWN].get("action") == ACTION)


def record(index: int, old: Signer, new: Signer, now: datetime, request_id: str, asked_by: str = "") -> Record:
    """Return the record of a handover at `index`.

    Raises:
        Invalid: the name of the log is too long for a record.

    """
    handed = Handover(index, old.verifier, new.verifier)
    note = checkpoint.sign_note(handed.body, old, new)
    if len(note) > LIMIT:
        raise Invalid("the name of the log is too long for its key to be replaced")
    facts = [("handover", note), ("new_key", new.verifier.vkey), ("old_key", old.verifier.vkey)]
    if asked_by:
        facts.append(("requested_by", asked_by))
    return Record(
        Kind.ADMINISTRATION,
        now,
        request_id,
        subject=SUBJECT,
        action=ACTION,
        resource_type="system",
        resource_id="audit",
        outcome="completed",
        facts=tuple(sorted(facts)),
    )


def same(one: Verifier, other: Verifier) -> bool:
    """Tell whether two public keys are the same: name and all of the key, not its short id."""
    return one.name == other.name and one.key.public_bytes_raw() == other.key.public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Chain:
    """The keys of a log from first to last. Make one with `of`.

    Attributes:
        keys: each handed over to the next; one more than `handovers`.
        handovers: by place.

    """

    keys: tuple[Verifier, ...]
    handovers: tuple[Handover, ...]

    @classmethod
    def of(cls, handovers: Sequence[Handover], trusted: Verifier) -> Chain:
        """Return the chain that one trusted key belongs to, wherever in it that stands.

        Forward, each key was named by the one before. Backward, each has signed who was before it.

        Raises:
            Invalid: they are no chain, or the trusted key is not in it.

        """
        if len(handovers) > _MOST:
            raise Invalid("there are too many handovers")
        keys = [handovers[0].old if handovers else trusted]
        last = -1
        for one in handovers:
            if not same(one.old, keys[-1]) or one.index <= last:
                raise Invalid(f"the handover at record {one.index} is not from the key before it")
            if any(same(one.new, known) for known in keys):
                raise Invalid(f"the handover at record {one.index} goes back to a key that was replaced")
            keys.append(one.new)
            last = one.index
        if not any(same(trusted, known) for known in keys):
            raise Invalid("no handover leads from the public key to the keys of this log")
        return cls(tuple(keys), tuple(handovers))

    def at(self, size: int) -> Verifier:
        """Return the key in force for a checkpoint over `size` records; at a handover, the new one."""
        return self.keys[sum(one.index < size for one in self.handovers)]

    def check(self, note: str) -> Checkpoint:
        """Return a checkpoint that is signed by the key in force at its size; where keys changed, by both.

        Raises:
            Invalid: it is not.

        """
        found = checkpoint.parse(note)
        checkpoint.verify(note, self.at(found.size))
        if any(one.index == found.size - 1 for one in self.handovers):
            checkpoint.verify(note, self.at(found.size - 1))
        return found


@dataclass(slots=True)
class Followed:
    """The keys of a log while its records are read one after the other, by somebody who trusts one of them."""

    trusted: Verifier
    handovers: list[Handover] = field(default_factory=list)

    def see(self, event: dict[str, Any]) -> None:
        """Follow the handover in an event.

        Raises:
            Invalid: it is none, or does not continue from the key before it.

        """
        found = Handover.of(event)
        Chain.of([*self.handovers, found], found.new)
        if found.new.name != self.trusted.name:
            raise Invalid("it is of another log than the public key")
        self.handovers.append(found)

    def look(self, note: str, size: int) -> None:
        """See that a checkpoint met on the way is by the key in force; by both, fully, where the key changes.

        Before the first handover that key is not known yet. Elsewhere the key's id must do: that the last
        checkpoint is signed is what counts, and it commits to all records.

        Raises:
            Invalid: it is not.

        """
        if not self.handovers:
            return
        last = self.handovers[-1]
        if last.index == size - 1:
            checkpoint.check_note(note, last.old)
            checkpoint.check_note(note, last.new)
        elif (last.new.name, last.new.key_id) not in {(name, id_) for name, id_, _ in checkpoint.signatures(note)}:
            raise Invalid("it is not signed by the key in force")

    def chain(self) -> Chain:
        """Return the chain as far as it was read.

        Raises:
            Invalid: the trusted key is not in it.

        """
        return Chain.of(self.handovers, self.trusted)
