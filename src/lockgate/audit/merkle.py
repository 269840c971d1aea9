"""The Merkle tree of RFC 6962 section 2.1, grown at its right edge.

A leaf is `SHA-256(0x00 || data)`, a node `SHA-256(0x01 || left || right)`. `Tree` keeps only the roots of the
perfect subtrees that make up the log (a compact range, at most one per bit of the size), so appending needs no
stored node. Proofs ask a `Nodes` function for perfect subtrees: `nodes(level, i)` is the hash over leaves
`i * 2**level` up to `(i + 1) * 2**level`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from lockgate.errors import Invalid

Nodes: TypeAlias = Callable[[int, int], bytes]

EMPTY: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962 section 2.1)."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of hashes of equal level."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


@dataclass(frozen=True, slots=True)
class Tree:
    """The right edge of a log: its size, and the roots of its perfect subtrees from the largest down."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaves: Sequence[bytes], /) -> tuple[Tree, list[tuple[int, int, bytes]]]:
        """Return the tree after more leaf hashes, and the nodes that became perfect: (level, index, hash).

        The new nodes are those above the leaves, in the order in which they were completed.
        """
        size, peaks, made = self.size, list(self.peaks), []
        for leaf in leaves:
            peaks.append(leaf)
            size += 1
            level, rest = 0, size
            while rest % 2 == 0:  # one merge for every bit that the addition carried over
                right = peaks.pop()
                peaks[-1] = node_hash(peaks[-1], right)
                level, rest = level + 1, rest // 2
                made.append((level, rest - 1, peaks[-1]))
        return Tree(size, tuple(peaks)), made

    @property
    def root(self) -> bytes:
        """Return the Merkle tree hash of everything appended so far."""
        if not self.peaks:
            return EMPTY
        root = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            root = node_hash(peak, root)
        return root

    @classmethod
    def load(cls, size: int, nodes: Nodes) -> Tree:
        """Return the right edge of a stored log of `size` leaves."""
        return cls(size, tuple(nodes(level, at >> level) for level, at in _perfect(0, size)))


def _perfect(start: int, stop: int) -> list[tuple[int, int]]:
    """Return the perfect subtrees over [start, stop) as (level, first leaf); `start` is aligned (a left edge)."""
    parts = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        parts.append((level, start))
        start += 1 << level
    return parts


def _range(start: int, stop: int, nodes: Nodes) -> bytes:
    """Return MTH(D[start:stop]) for a range that is a node of the tree's recursive definition."""
    return Tree(stop - start, tuple(nodes(level, at >> level) for level, at in _perfect(start, stop))).root


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the audit path of leaf `index` in the tree of `size` leaves (RFC 6962 section 2.1.1).

    Raises:
        Invalid: there is no such leaf.

    """
    if not 0 <= index < size:
        raise Invalid(f"the log of {size} records has no record {index}")
    path, start, stop = [], 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_range(middle, stop, nodes))
            stop = middle
        else:
            path.append(_range(start, middle, nodes))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the proof that the first `old` of `size` leaves are unchanged (RFC 6962 section 2.1.2).

    Raises:
        Invalid: `old` is not between 1 and `size`.

    """
    if not 0 < old <= size:
        raise Invalid(f"there is no consistency proof from size {old} to {size}")
    path, start, stop, whole = [], 0, size, True
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(_range(middle, stop, nodes))
            stop = middle
        else:
            path.append(_range(start, middle, nodes))
            start, whole = middle, False
    if not whole:
        path.append(_range(start, stop, nodes))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `leaf` (a leaf hash) is at `index` of the tree with this size and root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for part in proof:
        if last == 0:
            return False
        if at % 2 or at == last:
            found = node_hash(part, found)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            found = node_hash(found, part)
        at, last = at // 2, last // 2
    return last == 0 and found == root


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether the tree (size, root) extends the tree (old, old_root) (RFC 9162 section 2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    parts = list(proof) if old & (old - 1) else [old_root, *proof]
    if not parts:
        return False
    at, last = old - 1, size - 1
    while at % 2:
        at, last = at // 2, last // 2
    first = second = parts[0]
    for part in parts[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            first, second = node_hash(part, first), node_hash(part, second)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            second = node_hash(second, part)
        at, last = at // 2, last // 2
    return last == 0 and first == old_root and second == root
