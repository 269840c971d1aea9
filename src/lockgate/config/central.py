"""Read `[central]` and `[[quotas]]`: what binds everyone."""

from __future__ import annotations

from lockgate.config.settings import CentralSettings, QuotaSettings
from lockgate.config.table import Table
from lockgate.config.words import level
from lockgate.labels.label import Sensitivity
from lockgate.labels.wire import Taxonomy


def central(table: Table, taxonomy: Taxonomy) -> CentralSettings:
    """Return what binds everyone.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    made = CentralSettings(
        regions=_named(table, "regions"),
        purposes=_named(table, "purposes"),
        default_purpose=table.get("default_purpose", str, ""),
        sensitive_from=level(table, "sensitive_from", taxonomy, Sensitivity.CONFIDENTIAL),
    )
    if made.default_purpose and made.default_purpose not in (made.purposes or ()):
        raise table.fail("default_purpose", "is not one of `purposes`", "Add it to `purposes`.")
    table.done()
    return made


def quota(table: Table) -> QuotaSettings:
    """Return a quota.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    who = frozenset(table.principals("who"))
    if not who:
        raise table.fail("who", "is missing", 'Name whom it is for: `who = ["everyone"]`, or groups, or people.')
    made = QuotaSettings(
        who=who,
        requests_per_hour=_most(table, "requests_per_hour"),
        tokens_per_hour=_most(table, "tokens_per_hour"),
        sensitive_chunks_per_hour=_most(table, "sensitive_chunks_per_hour"),
        spend_per_hour=table.number("spend_per_hour", 0, 0, 10**9) if "spend_per_hour" in table.values else None,
        streams=_most(table, "streams"),
    )
    table.done()
    return made


def _most(table: Table, key: str) -> int | None:
    """Return a limit; None where the file does not have the key."""
    found = table.whole(key, 0, 0, 10**12)
    return found if key in table.values else None


def _named(table: Table, key: str) -> frozenset[str] | None:
    """Return a list of names as a set; None where the file does not have the key."""
    names = frozenset(table.names(key))
    return names if key in table.values else None
