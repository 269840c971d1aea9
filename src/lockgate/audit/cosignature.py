"""Cosignatures of witnesses: C2SP `tlog-cosignature` v1, Ed25519 (signature type 0x04).

A witness signs a checkpoint after it has seen that the log continues what it signed before. Whoever wants that of
a proof need not trust the log's operator about forks: the witness would not have signed two.

Signed are two lines, `cosignature/v1` and `time <seconds>`, and the body of the checkpoint. The line below the
note has the key id, the time in eight bytes, and the signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lockgate.audit import checkpoint
from lockgate.errors import Invalid

_TYPE: Final = b"\x04"
_LENGTH: Final = 8 + 64


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness's name and public key. Text form: a C2SP vkey of type 0x04."""

    name: str
    key: Ed25519PublicKey

    @property
    def key_id(self) -> bytes:
        """Return the first four bytes of SHA-256(name || 0x0A || type || key)."""
        raw = self.name.encode() + b"\n" + _TYPE + self.key.public_bytes_raw()
        return hashlib.sha256(raw).digest()[:4]

    @property
    def vkey(self) -> str:
        """Return the text form."""
        data = base64.b64encode(_TYPE + self.key.public_bytes_raw()).decode()
        return f"{self.name}+{self.key_id.hex()}+{data}"

    @classmethod
    def parse(cls, text: str) -> Witness:
        """Read the text form.

        Raises:
            Invalid: it is not one, or not of the type that cosigns.

        """
        parts = text.strip().split("+", 2)
        try:
            data = base64.b64decode(parts[2].encode("ascii"), validate=True)
        except (IndexError, binascii.Error, ValueError) as error:
            raise Invalid("a public key of a witness reads `<name>+<key id>+<base64>`") from error
        if len(data) != 33 or data[:1] != _TYPE:
            raise Invalid("the key of the witness is not one for cosignatures with Ed25519 (type 4)")
        found = cls(checkpoint.check_name(parts[0]), Ed25519PublicKey.from_public_bytes(data[1:]))
        if found.key_id.hex() != parts[1]:
            raise Invalid("the key id does not fit the key of the witness")
        return found


def body(note: str, seconds: int) -> bytes:
    """Return what a witness signs of a note at a time (seconds of the epoch)."""
    return f"cosignature/v1\ntime {seconds}\n{note.rpartition(chr(10) * 2)[0]}\n".encode()


def verify(note: str, witness: Witness) -> int:
    """Return when a witness has cosigned a checkpoint, in seconds of the epoch. Other signatures are passed over.

    Raises:
        Invalid: it has not, or the cosignature is wrong.

    """
    for name, key_id, raw in checkpoint.signatures(note):
        if name != witness.name or key_id != witness.key_id:
            continue
        if len(raw) != _LENGTH or (seconds := int.from_bytes(raw[:8])) >= 2**63:
            raise Invalid("the cosignature is malformed")
        try:
            witness.key.verify(raw[8:], body(note, seconds))
        except InvalidSignature as error:
            raise Invalid("the cosignature of the witness is wrong") from error
        return seconds
    raise Invalid(f"the checkpoint is not cosigned by `{witness.name}`")
