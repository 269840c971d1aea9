"""What ranking needs of a document, as bytes and back."""

from __future__ import annotations

import numpy as np
import pytest

from lockgate.content.ranking import passages
from lockgate.storage.index_payload import pack_columns, unpack_columns


@pytest.mark.parametrize("ordinals", [[], [0], [0, 1, 2], [1, 2, 3], [0, 2, 5], list(range(300))])
def test_columns_come_back_as_they_were_whether_their_ordinals_are_shared_or_not(ordinals):
    rows = np.eye(max(1, len(ordinals)), 8, dtype=np.float32)[: len(ordinals)]
    made = passages("d", ordinals, (f"word{one} word" for one in ordinals), rows)
    data = pack_columns(made)
    found, again = unpack_columns("d", data), unpack_columns("e", data)
    for name in ("ordinals", "vectors", "terms", "counts", "ends", "lengths"):
        if ordinals or name != "vectors":
            wanted, one = getattr(made, name), getattr(found, name)
            assert one.dtype == wanted.dtype
            assert np.array_equal(one, wanted)
    usual = ordinals == list(range(len(ordinals))) and len(ordinals) <= 256
    assert (found.ordinals is again.ordinals) is usual
    assert not found.ordinals.flags.writeable
