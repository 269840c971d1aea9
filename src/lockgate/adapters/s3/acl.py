"""Access control lists of buckets and objects, and the blocks that overrule them.

See "Access control list (ACL) overview" and "Blocking public access to your Amazon S3 storage" in the Amazon S3
User Guide. An object's list says who may read it; a bucket's says who may list names and who may write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.errors import Invalid

READS: Final = frozenset({"READ", "FULL_CONTROL"})
WRITES: Final = frozenset({"WRITE", "FULL_CONTROL"})
_PERMISSIONS: Final = READS | WRITES | {"READ_ACP", "WRITE_ACP"}
_GROUPS: Final = "http://acs.amazonaws.com/groups/"
ALL: Final = {
    f"{_GROUPS}global/AllUsers": "everybody on the network",
    f"{_GROUPS}global/AuthenticatedUsers": "every account of the cloud",
}
"""Groups that are not bounded by any organization."""


@dataclass(frozen=True, slots=True)
class Acl:
    """A list: its owner, and permissions by grantee. Grantees are canonical ids or addresses of groups."""

    owner: str
    grants: tuple[tuple[str, str], ...]
    unknown: bool = False

    def who(self, permissions: frozenset[str]) -> frozenset[str]:
        """Return the grantees that have any of these permissions."""
        return frozenset(name for name, permission in self.grants if permission in permissions)


@dataclass(frozen=True, slots=True)
class Block:
    """What of public access is blocked. `certain` is False where that could not be asked.

    `BlockPublicAcls` and `BlockPublicPolicy` refuse new grants and leave those that are there: they do not count.
    """

    ignore_acls: bool = False
    restrict: bool = False
    certain: bool = True

    def join(self, other: Block, /) -> Block:
        """Return what two blocks (of account and bucket) do together."""
        return Block(
            self.ignore_acls or other.ignore_acls, self.restrict or other.restrict, self.certain and other.certain
        )


UNKNOWN: Final = Block(certain=False)


def parse(answer: Mapping[str, Any]) -> Acl:
    """Read an answer to GetObjectAcl or GetBucketAcl. What is not understood is `unknown` and lets nobody in.

    Raises:
        Invalid: it is no list at all.

    """
    owner, grants = answer.get("Owner", {}), answer.get("Grants", [])
    if not isinstance(owner, Mapping) or not isinstance(grants, list):
        raise Invalid("its access list is malformed")
    found, unknown = [], False
    for grant in grants:
        grantee = grant.get("Grantee", {}) if isinstance(grant, Mapping) else {}
        permission = grant.get("Permission") if isinstance(grant, Mapping) else None
        kind = grantee.get("Type") if isinstance(grantee, Mapping) else None
        name = grantee.get({"CanonicalUser": "ID", "Group": "URI"}.get(str(kind), "")) if kind else None
        if isinstance(name, str) and name and isinstance(permission, str) and permission in _PERMISSIONS:
            found.append((name, permission))
        else:
            unknown = True
    id = owner.get("ID", "")
    return Acl(id if isinstance(id, str) else "", tuple(found), unknown)


def block(answer: Mapping[str, Any]) -> Block:
    """Read an answer to GetPublicAccessBlock, of a bucket or an account."""
    stated = answer.get("PublicAccessBlockConfiguration")
    if not isinstance(stated, Mapping):
        return UNKNOWN
    return Block(stated.get("IgnorePublicAcls") is True, stated.get("RestrictPublicBuckets") is True)
