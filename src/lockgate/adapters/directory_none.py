"""`ports.Directory` where none is configured: it knows nobody, so no account of a host maps to anyone."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.ports import Person


class NoDirectory:
    """Knows nobody and nothing."""

    @property
    def version(self) -> str:
        """Return the one version there is."""
        return "none"

    @property
    def others(self) -> str | None:
        """Return None: `other` is nobody."""
        return None

    def person(self, id: str, /) -> Person | None:
        """Return None."""
        return None

    def people(self) -> Sequence[Person]:
        """Return nobody."""
        return ()

    def members(self, group: str, /) -> frozenset[str]:
        """Return nobody."""
        return frozenset()

    def account(self, host_account: str, /) -> str | None:
        """Return None: unmapped."""
        return None

    def host_group(self, host_group: str, /) -> str | None:
        """Return None: unmapped."""
        return None
