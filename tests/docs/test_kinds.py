"""The reference of kinds has every kind, the level that it demands, and how it is told.

`LOCKGATE_ACCEPT_KINDS=1 pytest tests/docs/test_kinds.py` writes it anew.
"""

from __future__ import annotations

import os

from docs.tree import DOCS
from lockgate.content.detection.core import DETECTORS, KINDS, ROWS, TOKENS
from lockgate.content.labeling import demanded

PAGE = DOCS / "reference" / "kinds.md"
HEAD = """# Kinds of findings

What `lockgate scan`, `lockgate classify` and `POST /v1/classify` name, and which level a kind demands of a label
([review](../guides/review.md)). "Literal" is what stands in such a value, or beside it; its form is looked at
then, and placeholders are refused. Nothing is ever tried out at a provider. How to add one:
[detectors](../guides/detectors.md). Your own records are `match.<set>`, confidential unless another level
is stated and stands at their end: [exact match](../guides/match.md). A test writes this page.

Beside these there are `business.<name>`, confidential, for each [category](../guides/categories.md) that an
organization teaches; `unexamined.category`, restricted, where one of them is damaged; and `copy.*` for a document
that [is a copy](../guides/similar.md).

"""


def told(kind: str) -> str:
    """Return how a kind is told, in short."""
    literals = dict.fromkeys(anchor for row in TOKENS if row.kind == kind for anchor in row.anchors)
    some = [f"`{one.replace('|', chr(92) + '|')}`" for one in literals]
    ways = ["literal " + ", ".join(some[:4]) + (", ..." if len(some) > 4 else "")] if some else []
    if any(row.kind == kind for row in ROWS):
        ways.append("form and check of a number, words beside it")
    if any(kind in one.kinds for one in DETECTORS):
        ways.append("words around it")
    return "; ".join(ways) or "form and check"


def page() -> str:
    rows = [f"| `{kind}` | {demanded([kind]).name.lower()} | {told(kind)} |" for kind in sorted(KINDS)]
    providers = sum(kind.startswith("secret.") for kind in KINDS)
    return (
        f"{HEAD}{len(KINDS)} kinds, {providers} of them credentials.\n\n"
        "| kind | level | told by |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def test_the_reference_of_kinds_is_complete():
    if os.environ.get("LOCKGATE_ACCEPT_KINDS"):
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page(), "LOCKGATE_ACCEPT_KINDS=1 pytest tests/docs/test_kinds.py"
