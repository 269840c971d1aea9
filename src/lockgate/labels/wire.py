"""Labels on the wire: one JSON object, and one HTTP header that carries it.

`parse(render(label)) == label`, and `parse_header(header(label)) == label`. Unknown or missing fields are
refused: a label that is half understood is not a label.

    {"sensitivity": "confidential", "readers": [["group:hr", "user:ann"]], "integrity": "internal",
     "retention": {"delete_by": "2030-01-01", "keep_until": null, "holds": []},
     "owners": ["group:hr"], "forbidden_uses": []}
"""

from __future__ import annotations

import base64
import binascii
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from lockgate.errors import Invalid
from lockgate.labels.label import Integrity, Label, Retention, Sensitivity
from lockgate.labels.readers import Readers

_NONE: Final[frozenset[str]] = frozenset()
_NO_DUTIES: Final = Retention()
_FIELDS: Final = {"sensitivity", "readers", "integrity", "retention", "owners", "forbidden_uses"}
_RETENTION: Final = {"delete_by", "keep_until", "holds"}


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The organization's names for the four levels, from the lowest to the highest.

    Raises:
        Invalid: not four distinct, non-empty names.

    """

    names: tuple[str, str, str, str] = ("public", "general", "confidential", "restricted")

    def __post_init__(self) -> None:
        if len(self.names) != 4 or len(set(self.names)) != 4 or not all(n.strip() for n in self.names):
            raise Invalid("a taxonomy needs four distinct names, from the lowest level to the highest")

    def name(self, level: Sensitivity) -> str:
        """Return the organization's name for a level."""
        return self.names[level]

    def level(self, name: str) -> Sensitivity:
        """Return the level with this name.

        Raises:
            Invalid: no level has it.

        """
        if name not in self.names:
            raise Invalid(f"`{name}` is no level of the taxonomy; it has: {', '.join(self.names)}")
        return Sensitivity(self.names.index(name))


STANDARD: Final = Taxonomy()


def render(label: Label, taxonomy: Taxonomy = STANDARD) -> dict[str, Any]:
    """Return the JSON object for a label, in a stable order."""
    keep = label.retention
    return {
        "sensitivity": taxonomy.name(label.sensitivity),
        "readers": sorted(sorted(clause) for clause in label.readers.clauses),
        "integrity": label.integrity.name.lower(),
        "retention": {
            "delete_by": keep.delete_by.isoformat() if keep.delete_by else None,
            "keep_until": keep.keep_until.isoformat() if keep.keep_until else None,
            "holds": sorted(keep.holds),
        },
        "owners": sorted(label.owners),
        "forbidden_uses": sorted(label.forbidden_uses),
    }


def _names(value: object, what: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Invalid(f"`{what}` must be a list of names")
    # The same few names, or none, stand on a hundred thousand labels: each is kept once.
    return frozenset(map(sys.intern, value)) or _NONE


def _day(value: object, what: str) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _bad_day(what)
    except ValueError:
        return _bad_day(what)


def _bad_day(what: str) -> date:
    raise Invalid(f"`{what}` must be a date such as 2030-01-31, or null")


def _exact(value: object, fields: set[str], what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or set(value) != fields:
        raise Invalid(f"{what} must have exactly the fields: {', '.join(sorted(fields))}")
    return value


def parse(value: object, taxonomy: Taxonomy = STANDARD) -> Label:
    """Return the label that a JSON object states.

    Raises:
        Invalid: anything missing, unknown, or of the wrong type.

    """
    fields = _exact(value, _FIELDS, "a label")
    readers = fields["readers"]
    if not isinstance(readers, list) or not readers:
        raise Invalid("`readers` must be a non-empty list of clauses")
    retention = _exact(fields["retention"], _RETENTION, "`retention`")
    duties = Retention(
        _day(retention["delete_by"], "delete_by"),
        _day(retention["keep_until"], "keep_until"),
        _names(retention["holds"], "holds"),
    )
    integrity = fields["integrity"]
    if not isinstance(integrity, str) or integrity.upper() not in Integrity.__members__:
        raise Invalid(f"`integrity` must be one of: {', '.join(m.name.lower() for m in Integrity)}")
    return Label(
        taxonomy.level(str(fields["sensitivity"])),
        Readers(frozenset(_names(clause, "readers") for clause in readers)),
        Integrity[integrity.upper()],
        duties if duties != _NO_DUTIES else _NO_DUTIES,
        _names(fields["owners"], "owners"),
        _names(fields["forbidden_uses"], "forbidden_uses"),
    )


@lru_cache(maxsize=256)
def header(label: Label, taxonomy: Taxonomy = STANDARD) -> str:
    """Return the value of the `Lockgate-Label` header: `<level>; v=1; l=<base64url of the JSON>`.

    The level in front is for people and log filters; programs read the whole label.
    """
    body = json.dumps(render(label, taxonomy), ensure_ascii=True, separators=(",", ":")).encode()
    level = base64.urlsafe_b64encode(body).decode().rstrip("=")
    return f"{label.sensitivity.name.lower()}; v=1; l={level}"


def parse_header(value: str, taxonomy: Taxonomy = STANDARD) -> Label:
    """Return the label of a `Lockgate-Label` header.

    Raises:
        Invalid: the header is not in the form that `header` writes.

    """
    level, _, rest = value.partition("; v=1; l=")
    try:
        raw = base64.b64decode(rest + "=" * (-len(rest) % 4), altchars=b"-_", validate=True)
        label = parse(json.loads(raw), taxonomy)
    except (ValueError, binascii.Error, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("the Lockgate-Label header is malformed") from error
    if level != label.sensitivity.name.lower():
        raise Invalid("the Lockgate-Label header contradicts itself")
    return label
