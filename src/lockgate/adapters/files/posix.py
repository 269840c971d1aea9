"""POSIX rights as readers: owner, group, mode and access control lists (acl(5), IEEE 1003.1e draft 17).

The kernel picks one class for an account (owner, else named user, else groups, else other) and looks at that
class alone; a class with fewer rights than a later one is an exception ("all of staff, but not Bob") that a
conjunction of any-of clauses cannot state. Whatever would need such an exception is left out and noted, so that
readers are never wider than the kernel, whoever is a member of what.

Layout of `system.posix_acl_access`: `u32 version = 2`, then entries `u16 tag, u16 permissions, u32 id`,
little-endian (linux/include/uapi/linux/posix_acl_xattr.h).
"""

from __future__ import annotations

import os
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.errors import Invalid
from lockgate.labels.readers import EVERYONE, Readers

READ: Final = 4
SEARCH: Final = 1
XATTR: Final = "system.posix_acl_access"
FOREIGN: Final = ("system.nfs4_acl", "system.nfs4acl", "system.richacl", "system.cifs_acl", "security.NTACL")
"""Attributes that hold rights which mode and POSIX ACL only approximate."""

_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20


@dataclass(frozen=True, slots=True)
class Access:
    """The rights on one file or directory, the mask already applied. Permissions are bits of rwx (4, 2, 1)."""

    uid: int
    owner: int
    users: tuple[tuple[int, int], ...]
    groups: tuple[tuple[int, int], ...]
    other: int


def access(status: os.stat_result, acl: bytes | None) -> Access:
    """Return the rights that a file's status and its ACL attribute (None if it has none) state.

    Raises:
        Invalid: the attribute is malformed.

    """
    mode, uid, gid = status.st_mode, status.st_uid, status.st_gid
    if acl is None:
        return Access(uid, mode >> 6 & 7, (), ((gid, mode >> 3 & 7),), mode & 7)
    if len(acl) < 4 or (len(acl) - 4) % 8 or struct.unpack_from("<I", acl)[0] != 2:
        raise Invalid("its access control list is in an unknown form")
    entries = list(struct.iter_unpack("<HHI", acl[4:]))
    single = Counter(tag for tag, _, _ in entries)
    if any(single[tag] != 1 for tag in (_USER_OBJ, _GROUP_OBJ, _OTHER)) or single[_MASK] > 1:
        raise Invalid("its access control list is incomplete")
    if any(tag not in (_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER) for tag in single):
        raise Invalid("its access control list has an unknown kind of entry")
    if (single[_USER] or single[_GROUP]) and not single[_MASK]:
        raise Invalid("its access control list lacks a mask")
    mask = next((permissions for tag, permissions, _ in entries if tag == _MASK), 7)
    (owner,) = (permissions for tag, permissions, _ in entries if tag == _USER_OBJ)
    (other,) = (permissions for tag, permissions, _ in entries if tag == _OTHER)
    return Access(
        uid,
        owner,
        tuple((id, p & mask) for tag, p, id in entries if tag == _USER and id != uid),
        tuple(
            (gid if tag == _GROUP_OBJ else id, p & mask) for tag, p, id in entries if tag in (_GROUP_OBJ, _GROUP)
        ),
        other,
    )


@dataclass(frozen=True, slots=True)
class Names:
    """How accounts and groups of the host map to identifiers; unmapped is None. `others` stands for `other`."""

    account: Callable[[int], str | None]
    group: Callable[[int], str | None]
    others: str | None


def readers(chain: Sequence[tuple[Access, int]], names: Names) -> tuple[Readers, tuple[str, ...]]:
    """Return who holds the wanted permission on every link of a path, and notes on what was left out.

    `chain` holds each directory with `SEARCH`, then the file with `READ`.
    """
    accounts = _accounts(chain, names)
    clauses, notes = set(), []
    for link, wanted in chain:
        clause, note = _clause(link, wanted, accounts, names)
        clauses.add(clause)
        if note and note not in notes:
            notes.append(note)
    return Readers(frozenset(clauses)), tuple(notes)


def _accounts(chain: Sequence[tuple[Access, int]], names: Names) -> dict[int, str]:
    """Map the accounts on the path. Two accounts of one person count as neither: each alone may be refused."""
    found = {id for link, _ in chain for id in (link.uid, *(user for user, _ in link.users))}
    mapped = {id: name for id in found if (name := names.account(id)) is not None}
    times = Counter(mapped.values())
    return {id: name for id, name in mapped.items() if times[name] == 1}


def _clause(link: Access, wanted: int, accounts: dict[int, str], names: Names) -> tuple[frozenset[str], str]:
    def has(permissions: int) -> bool:
        return permissions & wanted == wanted

    holders = {id for id, permissions in ((link.uid, link.owner), *link.users) if has(permissions)}
    clause = {accounts[id] for id in holders if id in accounts}
    named_all = has(link.owner) and all(has(permissions) for _, permissions in link.users)
    groups = [id for id, permissions in link.groups if has(permissions)]
    if not named_all:
        lost = bool(groups) or has(link.other)
        return frozenset(
            clause
        ), "its owner or a named account has fewer rights than a group, which is left out" * lost
    clause.update(name for id in groups if (name := names.group(id)) is not None and name != EVERYONE)
    if not has(link.other):
        return frozenset(clause), ""
    if len(groups) < len(link.groups):
        return frozenset(clause), "a group has fewer rights than `other`, which is left out"
    if names.others is not None and names.others != EVERYONE:
        clause.add(names.others)
    return frozenset(clause), ""
