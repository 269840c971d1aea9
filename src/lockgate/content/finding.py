"""Finding: something that a detector saw in a text."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One occurrence. It says what and where, never the value.

    A named tuple, because a scan makes thousands of them for a megabyte.

    Attributes:
        start, end: half-open span in Unicode code points of the text as given.
        kind: lower case, dotted, stable, such as `financial.card` or `secret.aws_access_key`.
        confidence: 0 to 1; below 0.5 is a shape without a valid checksum or context.
        detector: `name@version` of what found it.

    """

    start: int
    end: int
    kind: str
    confidence: float
    detector: str
