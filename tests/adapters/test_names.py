"""The model of names: only the pinned file is read."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest

from lockgate.adapters.names import load, read
from lockgate.content.names.model import KINDS, TAGS
from lockgate.errors import Unavailable


def test_the_shipped_model_is_the_pinned_one_and_whole():
    model = load()
    assert model.weights.shape == (len(model.keys), TAGS)
    assert model.sure.shape == (len(KINDS), len(model.steps) + 1)
    assert (np.diff(model.sure, axis=1) >= 0).all()
    assert (model.known.numbers[1:-1] > model.known.numbers[:-2]).all()


def test_another_file_is_refused():
    data = bytearray(resources.files("lockgate.adapters.names").joinpath("names.npz").read_bytes())
    assert len(data) < 5_000_000
    data[len(data) // 2] ^= 1
    with pytest.raises(Unavailable, match="pinned"):
        read(bytes(data))
    with pytest.raises(Unavailable, match="pinned"):
        read(b"")
