"""Names of people, organizations and places by a small model, behind the rules. See docs/models/names.md."""

from lockgate.content.names.finder import NameFinder
from lockgate.content.names.model import NameModel

__all__ = ["NameFinder", "NameModel"]
