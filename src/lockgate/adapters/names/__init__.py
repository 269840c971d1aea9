"""The model of names that the package ships: plain arrays, checked by hash before they are read."""

from __future__ import annotations

import hashlib
import io
from importlib import resources
from typing import Final

import numpy as np

from lockgate.adapters.names.pinned import SHA256, VERSION
from lockgate.content.names import NameModel
from lockgate.errors import Unavailable

FILE: Final = "names.npz"


def load() -> NameModel:
    """Return the model. Blocking: some tens of milliseconds.

    Raises:
        Unavailable: the file is missing, or is not the one that was pinned.

    """
    try:
        data = resources.files(__package__).joinpath(FILE).read_bytes()
    except OSError as error:
        raise Unavailable("the model of names is not there", remedy="Install Lockgate again.") from error
    return read(data)


def read(data: bytes) -> NameModel:
    """Return the model of these bytes, if they are the pinned ones.

    Raises:
        Unavailable: they are not.

    """
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise Unavailable("the model of names is not the pinned one", remedy="Install Lockgate again.")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return NameModel.of(VERSION, {name: arrays[name] for name in arrays.files})
