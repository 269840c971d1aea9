"""Sets of exact match for tests, under a key of their own."""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.content.match.build import Builder, Built
from lockgate.content.match.hashes import Hashes
from lockgate.content.match.matcher import Matcher
from lockgate.content.match.sets import Terms

HASHES = Hashes.of(b"k" * 32)
CUSTOMERS = [
    ("Anna Müller", "DE89370400440532013000", "4711.00", "1985-03-07"),
    ("Jürgen Strauß", "GB82WEST12345698765432", "12345.50", "1990-12-24"),
    ("王小明", "80016643", "99.90", "1979-01-31"),
    ("Søren O'Neill-Łukasz", "NO9386011117947", "1,250,000.00", "2001-10-09"),
    *(
        (f"Person N{i}x Q{i}y", f"XX{i:012d}", f"{i + 8000}.25", f"19{i % 80 + 10}-11-{i % 28 + 1:02d}")
        for i in range(60)
    ),
]


def built(rows: Sequence[Sequence[str]], *, force: bool = False, name: str = "customers", **terms: int) -> Built:
    """Return a set of rows; `terms` are `require` and `within`."""
    columns = tuple(f"c{at}" for at in range(len(rows[0])))
    builder = Builder(
        Terms(name, columns, require=terms.get("require", 2), within=terms.get("within", 200)), HASHES, force
    )
    builder.add(rows)
    return builder.finish()


def matcher(rows: Sequence[Sequence[str]], **terms: int) -> Matcher:
    return Matcher(HASHES, [built(rows, force=False, name="customers", **terms).made])


def spans(one: Matcher, text: str) -> list[str]:
    return [text[found.start : found.end] for found in one.scan(text)]
