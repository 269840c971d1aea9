"""Where documents come from."""

from __future__ import annotations

from typing import Literal, cast

from lockgate.adapters.files import FilesConnector, LabelRule
from lockgate.adapters.files.globs import Glob
from lockgate.config import Settings
from lockgate.config.settings import Rule
from lockgate.labels.readers import Readers
from lockgate.ports import Connector, Directory


def connectors(settings: Settings, directory: Directory) -> dict[str, Connector]:
    """Return the connector of each collection, by name."""
    return {
        one.name: FilesConnector(
            one.name,
            one.path,
            one.name,
            directory=directory,
            rights=cast(Literal["posix", "manifest"], one.rights),
            above_root=one.above,
            rules=[_rule(rule) for rule in one.rules],
            integrity=one.integrity,
            max_bytes=one.max_bytes,
            taxonomy=settings.labels.taxonomy,
        )
        for one in settings.collections
    }


def _rule(rule: Rule) -> LabelRule:
    return LabelRule(
        match=(Glob(rule.match),),
        sensitivity=rule.sensitivity,
        readers=rule.readers or Readers.everyone(),
        owners=rule.owners,
        integrity=rule.integrity,
        forbidden_uses=rule.forbidden_uses,
    )
