"""HostDirectory: the accounts and groups of this machine as people, where no directory is configured.

It answers "who can reach it" for a folder of a machine that nobody has configured anything on: each account that
somebody can log in with counts as a person, and `other` of the permission bits stands for all of them.
"""

from __future__ import annotations

import grp
import hashlib
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lockgate.ports import Person

ACCOUNTS: Final = "group:accounts-of-this-machine"
"""The identifier that stands for every account of this machine."""
_NO_LOGIN: Final = ("nologin", "false", "sync", "halt", "shutdown")


@dataclass(frozen=True, slots=True)
class HostDirectory:
    """Implements `ports.Directory` over the user and group databases of the host, as they were when it was read.

    `version` is the digest of both.
    """

    _people: MappingProxyType[str, Person]
    _members: MappingProxyType[str, frozenset[str]]
    version: str

    @classmethod
    def read(cls) -> HostDirectory:
        """Read both databases once."""
        accounts = [one for one in pwd.getpwall() if one.pw_shell.rpartition("/")[2] not in _NO_LOGIN]
        names = {one.gr_gid: one.gr_name for one in grp.getgrall()}
        groups: dict[str, set[str]] = {one.pw_name: {ACCOUNTS} for one in accounts}
        for account in accounts:
            groups[account.pw_name].add(f"group:{names.get(account.pw_gid, account.pw_gid)}")
        for group in grp.getgrall():
            for member in group.gr_mem:
                if member in groups:
                    groups[member].add(f"group:{group.gr_name}")
        people = {name: Person(name, name, frozenset(mine)) for name, mine in sorted(groups.items())}
        held: dict[str, set[str]] = {}
        for one in people.values():
            for identifier in one.groups:
                held.setdefault(identifier, set()).add(one.id)
        members = {identifier: frozenset(ids) for identifier, ids in held.items()}
        told = repr([(one.id, sorted(one.groups)) for one in people.values()])
        version = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
        return cls(MappingProxyType(people), MappingProxyType(members), version)

    @property
    def others(self) -> str | None:
        """Return the group of all accounts: what POSIX `other` stands for."""
        return ACCOUNTS

    def person(self, id: str, /) -> Person | None:
        """Return an account that somebody can log in with."""
        return self._people.get(id)

    def people(self) -> Sequence[Person]:
        """Return these accounts, in the order of their names."""
        return tuple(self._people.values())

    def members(self, group: str, /) -> frozenset[str]:
        """Return the names of the accounts in a group."""
        return self._members.get(group, frozenset())

    def account(self, host_account: str, /) -> str | None:
        """Return `user:NAME`: here every account is somebody, also one without a login."""
        return f"user:{host_account}"

    def host_group(self, host_group: str, /) -> str | None:
        """Return `group:NAME`."""
        return f"group:{host_group}"
