"""Who may read an object: bucket policy, access lists and public access blocks together.

A grant lets in whom the table of principals names for it, and nobody else. What lets in everybody on the network
lets in everyone here. Where something is not understood or could not be asked, readers are narrower than the
source's, and `reach` says who might be able to read all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from lockgate.adapters.s3 import acl as lists
from lockgate.adapters.s3.acl import Acl, Block
from lockgate.adapters.s3.policy import BucketPolicy, Public, Reading
from lockgate.labels.label import Integrity
from lockgate.labels.readers import EVERYONE, Readers
from lockgate.ports.items import Rights

Names: TypeAlias = Callable[[str], frozenset[str]]
"""From a principal (ARN, account, canonical id) to identifiers of the directory; empty for nobody known."""

OPEN: Final = "everybody on the network may read it"
_UNSURE: Final = "everybody on the network may be able to read it"


@dataclass(frozen=True, slots=True)
class Bucket:
    """What counts for every object of a bucket.

    Attributes:
        policy: None where it could not be read; `problem` then says why.
        block: of bucket and account together.
        acl: of the bucket itself; None where it could not be read.
        enforced: whether access lists are out of force (bucket owner enforced).

    """

    policy: BucketPolicy | None
    block: Block
    acl: Acl | None
    enforced: bool
    problem: str = ""

    @property
    def writable_by_all(self) -> bool:
        """Tell whether everybody may be able to put objects here. A list that cannot be read may say so."""
        open_ = self.acl is None or bool(self.acl.who(lists.WRITES) & lists.ALL.keys())
        by_list = open_ and not (self.enforced or self.block.ignore_acls)
        return by_list or (self.policy is not None and self.policy.writable_by_all() and not self.block.restrict)


@dataclass
class _Sum:
    """What grants add up to."""

    names: Names
    readers: set[str] = field(default_factory=set)
    unsure: bool = False
    unmapped: bool = False
    notes: list[str] = field(default_factory=list)

    def grant(self, principal: str) -> None:
        known = self.names(principal)
        self.unmapped = self.unmapped or not known
        self.readers |= known

    def open(self, how: str, certain: bool) -> None:
        if certain:
            self.readers.add(EVERYONE)
            self.notes.append(f"{OPEN}: {how}")
        else:
            self.unsure = True
            self.notes.append(f"{_UNSURE}: {how}")


def rights(bucket: Bucket, key: str, acl: Acl | str | None, names: Names, integrity: Integrity) -> Rights:
    """Return who may read an object.

    Args:
        bucket: what counts for all of its objects.
        key: of the object.
        acl: its access list; why that cannot be read; None where lists are out of force.
        names: of principals.
        integrity: how far documents of this source may steer an action.

    """
    found = _Sum(names)
    said = bucket.policy.reading(key) if bucket.policy else Reading(problem=bucket.problem)
    _by_policy(found, bucket, said)
    if isinstance(acl, Acl):
        _by_list(found, bucket.block, acl)
    owner = acl.owner if isinstance(acl, Acl) else bucket.acl.owner if bucket.acl else ""
    owners = frozenset(one for one in names(owner) if one != EVERYONE) if owner else frozenset()
    trust = Integrity.UNTRUSTED if bucket.writable_by_all else integrity
    if bucket.writable_by_all:
        found.notes.append("everybody on the network may be able to write here")
    if found.unmapped:
        found.notes.append("who may read it in the source includes principals that the table does not name")
    notes = (*found.notes, *said.notes)
    reach = Readers.everyone() if found.unsure else Readers.any_of(*found.readers)
    if said.closed:
        return Rights(Readers.nobody(), owners, trust, notes=said.notes)
    problem = said.problem or (acl if isinstance(acl, str) else "")
    if problem:
        return Rights(Readers.nobody(), owners, trust, notes=notes, problem=problem, reach=reach)
    readers = Readers.any_of(*found.readers)
    return Rights(readers, owners, trust, notes=notes, reach=reach)


def _by_policy(found: _Sum, bucket: Bucket, said: Reading) -> None:
    block, public = bucket.block, bucket.policy is not None and bucket.policy.public
    if public and (block.restrict or not block.certain):
        # While a policy is public, this block also cuts off the other accounts that it names.
        found.notes.append("its policy is public, which is or may be blocked: what it grants is left out")
        found.unsure = found.unsure or (not block.restrict and said.public is not Public.NO)
        return
    for one in sorted(said.principals):
        found.grant(one)
    if said.public is not Public.NO:
        found.open("the bucket policy", said.public is Public.YES)


def _by_list(found: _Sum, block: Block, acl: Acl) -> None:
    for one in sorted(acl.who(lists.READS)):
        if one in lists.ALL:
            if not block.ignore_acls:
                found.open(f"its access list names {lists.ALL[one]}", block.certain)
        elif one != acl.owner:
            found.grant(one)
    if acl.owner and acl.owner in acl.who(lists.READS):
        found.readers |= found.names(acl.owner)
    if acl.unknown:
        found.notes.append("a grant of its access list is left out: it is not understood")
