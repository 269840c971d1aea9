"""The organization's rules for labels: from the folder of policies, else those that are shipped."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lockgate.adapters.policy_files import SHIPPED
from lockgate.config import Settings
from lockgate.config.label_rules import NAME, read_rules
from lockgate.content.label_policy import LabelPolicy
from lockgate.content.labeling import Limit
from lockgate.errors import Invalid, NotFound, Unavailable
from lockgate.journeys.ingest import Report
from lockgate.journeys.labels import Labels
from lockgate.labels.wire import STANDARD, Taxonomy

if TYPE_CHECKING:
    from lockgate.wiring.running import Lockgate

KEPT: Final = "label-rules"
"""The folder of the state folder with the text of every version that was in force."""
_VERSION: Final = re.compile("[0-9a-f]{16}")


def taxonomy(settings: Settings | None) -> Taxonomy:
    """Return the names of the levels; without a configuration, the usual ones."""
    return settings.labels.taxonomy if settings is not None else STANDARD


def place(settings: Settings | None) -> Path:
    """Return the file that counts."""
    own = settings.policies / NAME if settings is not None and settings.policies is not None else None
    return own if own is not None and own.exists() else SHIPPED / NAME


def load(settings: Settings | None) -> LabelPolicy:
    """Return the rules in force.

    Raises:
        Invalid: the file is wrong; the message names file and line.
        Unavailable: it cannot be read.

    """
    file = place(settings)
    # What is shipped is in the words of the standard levels, whatever an organization calls them.
    return read_rules(file, STANDARD if file.parent == SHIPPED else taxonomy(settings))


def in_force(settings: Settings) -> LabelPolicy:
    """Return the rules in force, and keep their text in the state folder. Raises as `load` and `keep`."""
    rules = load(settings)
    keep(settings.data, rules)
    return rules


def keep(data: Path, rules: LabelPolicy) -> None:
    """Keep the text of rules by its version in the state folder, for decisions that name it.

    Raises:
        Unavailable: it cannot be written.

    """
    file = data / KEPT / f"{rules.version}.toml"
    if not rules.version or file.exists():
        return
    beside = file.with_suffix(".new")
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        beside.write_text(rules.text, encoding="utf-8")
        beside.chmod(0o600)
        os.replace(beside, file)
    except OSError as error:
        raise Unavailable(f"the rules for labels cannot be kept in `{data}`: {error.strerror}") from error


def kept(data: Path, version: str, names: Taxonomy) -> LabelPolicy:
    """Return the rules of an earlier version.

    Raises:
        NotFound: this state folder never had them.

    """
    file = data / KEPT / f"{version}.toml"
    if not _VERSION.fullmatch(version) or not file.exists():
        raise NotFound(
            "no rules of this version were ever in force here", remedy="`lockgate audit` names versions."
        )
    found = read_rules(file, STANDARD if version == load(None).version else names)
    if found.version != version:
        raise Invalid(f"`{file}` was changed: it is no longer version {version}")
    return found


async def apply(running: Lockgate, account: str, names: Iterable[str] | None = None) -> dict[str, Report]:
    """Apply the rules in force to these collections, or to all, and return what each ingest did. It is recorded.

    Raises:
        Unavailable: the log cannot take it, or a source cannot be asked.

    """
    await journey(running).applied(running.ingest.rules, account)
    wanted = running.connectors.keys() if names is None else set(names)
    return {name: await running.ingest.run(one) for name, one in running.connectors.items() if name in wanted}


def journey(running: Lockgate) -> Labels:
    """Return the journey over what is open."""
    bounds = running.settings.labels
    return Labels(
        running.index,
        running.directory,
        running.clock,
        running.audit,
        running.connectors,
        Limit(bounds.broad_share, bounds.broad_people),
    )
