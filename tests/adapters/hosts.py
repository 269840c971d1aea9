"""A directory for tests whose host accounts and groups are what a table says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lockgate.ports import Person


@dataclass
class Host:
    """Implements `ports.Directory` from plain tables. Unknown is None."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    others: str | None = None
    everybody: Sequence[Person] = ()
    version: str = "1"

    def person(self, id: str, /) -> Person | None:
        return next((person for person in self.everybody if person.id == id), None)

    def people(self) -> Sequence[Person]:
        return self.everybody

    def members(self, group: str, /) -> frozenset[str]:
        return frozenset(person.id for person in self.everybody if group in person.groups)

    def account(self, host_account: str, /) -> str | None:
        return self.accounts.get(host_account)

    def host_group(self, host_group: str, /) -> str | None:
        return self.groups.get(host_group)
