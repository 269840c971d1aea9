"""What a piece of data is: the label algebra. Pure; imports nothing of Lockgate but `errors`."""

from lockgate.labels.label import AI, ALL_USES, PUBLIC, Integrity, Label, Retention, Sensitivity, join_all
from lockgate.labels.labeled import Labeled
from lockgate.labels.readers import EVERYONE, Readers

__all__ = [
    "AI",
    "ALL_USES",
    "EVERYONE",
    "PUBLIC",
    "Integrity",
    "Label",
    "Labeled",
    "Readers",
    "Retention",
    "Sensitivity",
    "join_all",
]
