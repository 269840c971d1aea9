"""Proofs for somebody who has nothing of the log: files that a public key alone checks.

Inclusion is C2SP `tlog-proof` (v1). Its `extra` is JSON: `event` (the record as it was hashed) or `leaf` (its hash
alone, so that the proof tells nothing about it), and `keys`: the handovers since the log's first key, if any.

    c2sp.org/tlog-proof@v1
    extra <base64>
    index 73894
    <base64 hash>                   RFC 6962 inclusion path, from the leaf up
    (empty line)
    <signed checkpoint>

Consistency has no file format at C2SP. From its line `old` to the end of the first checkpoint this one is the body
that a C2SP `tlog-witness` is sent; the older checkpoint follows:

    lockgate.audit/consistency@v1
    extra <base64>
    old 20852014
    <base64 hash>                   RFC 6962 consistency proof
    (empty line)
    <signed checkpoint, newer>
    (empty line)
    <signed checkpoint, older>
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from lockgate.audit import checkpoint, merkle
from lockgate.audit.checkpoint import Checkpoint, Verifier
from lockgate.audit.handover import Chain, Handover
from lockgate.errors import Invalid

INCLUSION: Final = "c2sp.org/tlog-proof@v1"
CONSISTENCY: Final = "lockgate.audit/consistency@v1"
_MOST: Final = 4 << 20
_DEEP: Final = 64
"""Hashes in an inclusion path at most; a consistency proof has up to twice as many."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A record is at its place in a signed log.

    Attributes:
        index: its place.
        path: RFC 6962 inclusion path.
        note: the signed checkpoint.
        event: the record's bytes; None tells its hash alone.
        leaf: the record's leaf hash.
        handovers: signed notes, from the log's first key on.

    """

    index: int
    path: tuple[bytes, ...]
    note: str
    event: bytes | None
    leaf: bytes
    handovers: tuple[str, ...] = ()

    def render(self) -> str:
        """Return the file."""
        shown = {"event": self.event.decode()} if self.event is not None else {"leaf": _text(self.leaf)}
        lines = [INCLUSION, _extra(shown, self.handovers), f"index {self.index}", *map(_text, self.path)]
        return "\n".join(lines) + f"\n\n{self.note}"


@dataclass(frozen=True, slots=True)
class Consistency:
    """A signed log is the beginning of a later one. `path` is RFC 6962's proof; see `Inclusion`."""

    path: tuple[bytes, ...]
    old: str
    new: str
    handovers: tuple[str, ...] = ()

    def render(self) -> str:
        """Return the file."""
        extra = [_extra({}, self.handovers)] if self.handovers else []
        size = checkpoint.parse(self.old).size
        lines = [CONSISTENCY, *extra, f"old {size}", *map(_text, self.path)]
        return "\n".join(lines) + f"\n\n{self.new}\n{self.old}"


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof shows.

    Attributes:
        proof: what was checked.
        tree: what the (newer) checkpoint commits to.
        old: what the older one does; None for inclusion.
        keys: the keys of the log that were followed, from the first on.

    """

    proof: Inclusion | Consistency
    tree: Checkpoint
    old: Checkpoint | None
    keys: tuple[Verifier, ...]

    @property
    def note(self) -> str:
        """Return the signed (newer) checkpoint."""
        return self.proof.note if isinstance(self.proof, Inclusion) else self.proof.new


def parse(text: str) -> Inclusion | Consistency:
    """Read a proof, without believing it: see `check`.

    Raises:
        Invalid: it is none.

    """
    head, _, rest = text.partition("\n\n")
    lines = head.split("\n")
    kind = lines.pop(0)
    if len(text) > _MOST or kind not in (INCLUSION, CONSISTENCY):
        raise Invalid("this is not a proof")
    extra = _opened(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else {}
    keys = extra.pop("keys", [])
    if not isinstance(keys, list) or not all(isinstance(one, str) for one in keys):
        raise Invalid("the keys in the proof are not a list of notes")
    number = _number(lines.pop(0) if lines else "", "index " if kind == INCLUSION else "old ")
    if len(lines) > 2 * _DEEP:
        raise Invalid("the path of the proof is too long")
    path = tuple(_hash(line) for line in lines)
    if kind == INCLUSION:
        event, leaf = _revealed(extra)
        return Inclusion(number, path, rest, event, leaf, tuple(keys))
    if extra:
        raise Invalid("the proof has extra data that is not known")
    # Each note has exactly one empty line, so the second one ends the newer note.
    body, _, after = rest.partition("\n\n")
    signed, gap, old = after.partition("\n\n")
    if not gap or checkpoint.parse(old).size != number:
        raise Invalid("the proof lacks its older checkpoint")
    return Consistency(path, old, f"{body}\n\n{signed}\n", tuple(keys))


def check(
    proof: Inclusion | Consistency, trusted: Verifier, *, event: bytes | None = None, kept: str | None = None
) -> Proven:
    """Return what a proof shows to somebody who trusts one public key of the log, whichever of them.

    Args:
        proof: read from a file that anybody may have made.
        trusted: from somewhere that the operator cannot change.
        event: the record that must be the proven one, byte for byte.
        kept: a checkpoint that was kept elsewhere, which must be one of those in the proof.

    Raises:
        Invalid: it shows nothing, and why.

    """
    chain = Chain.of([Handover.parse(note) for note in proof.handovers], trusted)
    # Only the last key may speak: whoever stole an older one could sign another beginning of the log, and the true
    # handovers beside it would make that look like what the newest key stands for.
    newest = proof.note if isinstance(proof, Inclusion) else proof.new
    if chain.handovers and checkpoint.parse(newest).size <= chain.handovers[-1].index:
        raise Invalid("the checkpoint is older than the last handover in the proof")
    old = None
    if isinstance(proof, Inclusion):
        tree = chain.check(proof.note)
        if not merkle.verify_inclusion(proof.leaf, proof.index, tree.size, proof.path, tree.root):
            raise Invalid("the record is not at this place of the signed log")
        if event is not None and merkle.leaf_hash(event) != proof.leaf:
            raise Invalid("the proof is of another record")
        if proof.event is not None:
            _placed(proof.event, proof.index)
    else:
        tree, old = chain.check(proof.new), chain.check(proof.old)
        if event is not None:
            raise Invalid("a proof of consistency is of no single record")
        if not extends(old, tree, proof.path):
            raise Invalid("the newer log does not continue the older one: one of them was rewritten")
    if kept is not None and checkpoint.parse(kept) not in (tree, old):
        raise Invalid("the proof is about another checkpoint than the one that was kept")
    return Proven(proof, tree, old, chain.keys)


def extends(old: Checkpoint, tree: Checkpoint, path: Sequence[bytes]) -> bool:
    """Tell whether one tree is the beginning of another."""
    if old.size == 0:  # every log continues the empty one
        return old.root == merkle.EMPTY and not path
    return merkle.verify_consistency(old.size, tree.size, old.root, tree.root, path)


def _placed(event: bytes, index: int) -> None:
    try:
        place = orjson.loads(event)["metadata"]["sequence"]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("the record in the proof is no event of a Lockgate log") from error
    if place != index:
        raise Invalid("the record says that it stands at another place")


# ------------------------------------------------------------------ text


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _extra(shown: dict[str, str], handovers: Sequence[str]) -> str:
    value: dict[str, Any] = {**shown, "keys": list(handovers)} if handovers else dict(shown)
    return f"extra {_text(orjson.dumps(value))}"


def _raw(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"{what} is not base64") from error
    if _text(raw) != text:
        raise Invalid(f"{what} is not base64")
    return raw


def _hash(text: str) -> bytes:
    raw = _raw(text, "a hash of the proof")
    if len(raw) != 32:
        raise Invalid("a hash of the proof is not a SHA-256 hash")
    return raw


def _opened(text: str) -> dict[str, Any]:
    try:
        value = orjson.loads(_raw(text, "the extra data of the proof"))
    except ValueError as error:
        raise Invalid("the extra data of the proof is not JSON") from error
    if not isinstance(value, dict):
        raise Invalid("the extra data of the proof is not JSON")
    return value


def _revealed(extra: dict[str, Any]) -> tuple[bytes | None, bytes]:
    if set(extra) == {"event"} and isinstance(extra["event"], str):
        event = extra["event"].encode()
        return event, merkle.leaf_hash(event)
    if set(extra) == {"leaf"} and isinstance(extra["leaf"], str):
        return None, _hash(extra["leaf"])
    raise Invalid("the proof says neither its record nor the record's hash")


def _number(line: str, name: str) -> int:
    digits = line.removeprefix(name)
    if not line.startswith(name) or not (digits.isascii() and digits.isdecimal()):
        raise Invalid(f"the proof lacks its line `{name.strip()}`")
    if str(int(digits[:19])) != digits:
        raise Invalid(f"the number `{name.strip()}` of the proof is out of range")
    return int(digits)
