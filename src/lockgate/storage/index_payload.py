"""What documents say, encrypted: one blob for what ranking needs, one for the passages.

Both are AES-256-GCM under the document's own key with a random nonce. The associated data binds purpose, document
id and generation, so that blobs cannot be swapped between documents, or for an older version of the same one.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from lockgate.content.document import Chunk, Document
from lockgate.content.ranking import Passages
from lockgate.errors import Invalid, Unavailable
from lockgate.ports import Vectors

_NONCE: Final = 12
_HEAD: Final = struct.Struct("<4sIII")
_MAGIC: Final = b"LGP1"
COLUMNS: Final = "columns"
TEXTS: Final = "texts"
SKETCH: Final = "sketch"
_USUAL: Final = 256
"""Passages up to which documents share the array of their ordinals."""

LONGEST: Final = 1.001
"""Vectors have length 1; this much is rounding."""


def check_passages(document: Document, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Check that passages and vectors belong to a document and to each other.

    Raises:
        Invalid: they do not.

    """
    ordinals = [one.ordinal for one in chunks]
    if any(one.document != document.id for one in chunks):
        raise Invalid("passages must belong to their document")
    if ordinals != sorted(set(ordinals)) or min(ordinals, default=0) < 0:
        raise Invalid("passages must stand in the order of distinct ordinals")
    if len(vectors) != len(chunks) or (chunks and vectors.ndim != 2):
        raise Invalid("there must be one vector for each passage")
    if chunks and not (np.linalg.norm(vectors, axis=1) <= LONGEST).all():
        raise Invalid("vectors must be finite and of length 1")


def new_key() -> bytes:
    """Return a fresh 256-bit key for one document."""
    return AESGCM.generate_key(256)


def seal(key: bytes, purpose: str, id: str, generation: str, data: bytes) -> bytes:
    """Return nonce and ciphertext of `data`."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, _bound(purpose, id, generation))


def unseal(key: bytes, purpose: str, id: str, generation: str, blob: bytes) -> bytes:
    """Return what `seal` was given.

    Raises:
        Unavailable: the blob, or what it is bound to, was changed.

    """
    try:
        return AESGCM(key).decrypt(blob[:_NONCE], blob[_NONCE:], _bound(purpose, id, generation))
    except (InvalidTag, ValueError) as error:
        raise Unavailable(f"the stored content of `{id}` was changed", code="tampered") from error


def _bound(purpose: str, id: str, generation: str) -> bytes:
    return "\0".join(("lockgate index payload 1", purpose, id, generation)).encode()


def pack_columns(passages: Passages) -> bytes:
    """Return what ranking needs of a document as bytes (little endian)."""
    n, m = len(passages.ordinals), len(passages.terms)
    d = passages.vectors.shape[1] if n else 0
    arrays = (
        passages.vectors.astype("<f4", copy=False),
        passages.terms.astype("<u4", copy=False),
        passages.ordinals.astype("<u4"),
        passages.ends.astype("<u4"),
        passages.lengths.astype("<u4"),
        passages.counts,
    )
    return b"".join((_HEAD.pack(_MAGIC, n, m, d), *(array.tobytes() for array in arrays)))


@lru_cache(maxsize=_USUAL + 1)
def _counted(n: int) -> NDArray[np.int32]:
    """Return 0 to n - 1: the ordinals of nearly every document, kept once for each length."""
    made = np.arange(n, dtype=np.int32)
    made.flags.writeable = False
    return made


def unpack_columns(id: str, data: bytes) -> Passages:
    """Return what `pack_columns` was given.

    Raises:
        Unavailable: the bytes are not in that form.

    """
    try:
        magic, n, m, d = _HEAD.unpack_from(data)
        shapes = (("<f4", n * d), ("<u4", m), ("<i4", n), ("<i4", n), ("<i4", n), ("u1", m))
        arrays, offset = [], _HEAD.size
        for kind, count in shapes:
            arrays.append(np.frombuffer(data, kind, count, offset))
            offset += np.dtype(kind).itemsize * count
    except (struct.error, ValueError, OverflowError) as error:
        raise Unavailable(f"the stored content of `{id}` is damaged", code="tampered") from error
    if magic != _MAGIC or offset != len(data):
        raise Unavailable(f"the stored content of `{id}` is of a form that this version cannot read")
    vectors, terms, ordinals, ends, lengths, counts = arrays
    if n <= _USUAL and np.array_equal(ordinals, _counted(n)):
        ordinals = _counted(n)
    return Passages(
        id,
        ordinals.astype(np.int32, copy=False),
        vectors.reshape(n, d).astype(np.float32, copy=False),
        terms.astype(np.uint32, copy=False),
        counts,
        ends.astype(np.int32, copy=False),
        lengths.astype(np.int32, copy=False),
    )


def pack_texts(chunks: Sequence[Chunk]) -> bytes:
    """Return the passages as bytes. Which of them are held is in the catalogue: it changes without them."""
    rows = [[one.ordinal, one.start, one.end, sorted(one.kinds), one.text] for one in chunks]
    return json.dumps(rows, ensure_ascii=True, separators=(",", ":")).encode()


def unpack_texts(id: str, data: bytes, held: frozenset[int]) -> tuple[Chunk, ...]:
    """Return the passages that `pack_texts` was given, in order.

    Raises:
        Unavailable: the bytes are not in that form.

    """
    try:
        return tuple(
            Chunk(id, ordinal, text, start, end, ordinal in held, frozenset(kinds))
            for ordinal, start, end, kinds, text in json.loads(data)
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise Unavailable(f"the stored content of `{id}` is damaged", code="tampered") from error
