"""Signed checkpoints: C2SP `signed-note` v1.0.0 around C2SP `tlog-checkpoint` v1.0.0, signed with Ed25519.

    lockgate.example/audit          origin, also the name of the key
    42                              number of records
    Qj...=                          base64 of the RFC 6962 root

    — lockgate.example/audit b64(key id || signature)

Any tool that reads checkpoints of the Go checksum database or of Certificate Transparency can check one. Keys are
handed in; nothing here makes or stores one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lockgate.errors import Invalid

_ED25519: Final = b"\x01"
_DASH: Final = "— "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_MAX_NOTE: Final = 64 * 1024
_MAX_SIZE: Final = 2**63


def _b64(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"{what} is not base64") from error
    if base64.b64encode(raw).decode() != text:  # one way to write each value
        raise Invalid(f"{what} is not base64")
    return raw


def check_name(name: str) -> str:
    """Return a key name or origin.

    Raises:
        Invalid: it is empty, or has a space, a plus sign or a control character (signed-note, "Signatures").

    """
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise Invalid(
            "the name of an audit log must be without spaces and plus signs, such as `example.org/audit`"
        )
    return name


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name. Text form: `<name>+<key id, hex>+<base64 of type and key>` (a C2SP vkey)."""

    name: str
    key: Ed25519PublicKey
    key_id: bytes = field(init=False, repr=False, compare=False)
    """The first four bytes of SHA-256(name || 0x0A || type || key)."""

    def __post_init__(self) -> None:
        raw = self.name.encode() + b"\n" + _ED25519 + self.key.public_bytes_raw()
        object.__setattr__(self, "key_id", hashlib.sha256(raw).digest()[:4])

    @property
    def vkey(self) -> str:
        """Return the text form."""
        data = base64.b64encode(_ED25519 + self.key.public_bytes_raw()).decode()
        return f"{self.name}+{self.key_id.hex()}+{data}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Read the text form.

        Raises:
            Invalid: it is not one, its key id does not fit its key, or the key is not Ed25519.

        """
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise Invalid("a public key of an audit log reads `<name>+<key id>+<base64>`")
        data = _b64(parts[2], "the public key")
        if len(data) != 33 or data[:1] != _ED25519:
            raise Invalid("the public key is not an Ed25519 key")
        found = cls(check_name(parts[0]), Ed25519PublicKey.from_public_bytes(data[1:]))
        if found.key_id.hex() != parts[1]:
            raise Invalid("the key id does not fit the public key")
        return found


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key with its name. Printing one shows the public part only."""

    name: str
    key: Ed25519PrivateKey
    verifier: Verifier = field(init=False, compare=False)
    """The public part."""

    def __post_init__(self) -> None:
        check_name(self.name)
        object.__setattr__(self, "verifier", Verifier(self.name, self.key.public_key()))

    def __repr__(self) -> str:
        return f"Signer({self.verifier.vkey})"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: which log, how many records, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, *signers: Signer) -> str:
        """Return the signed note. Two sign where one key hands over to the next, see `handover.py`."""
        return sign_note(self.body, *signers)


def sign_note(body: str, *signers: Signer) -> str:
    """Return a text, which ends with a newline, with the signature of each signer (C2SP signed-note)."""
    lines = []
    for signer in signers:
        signature = signer.verifier.key_id + signer.key.sign(body.encode())
        lines.append(f"{_DASH}{signer.name} {base64.b64encode(signature).decode()}\n")
    return f"{body}\n{''.join(lines)}"


def signatures(note: str) -> list[tuple[str, bytes, bytes]]:
    """Return the signatures below a note: name, key id, and what was signed with.

    Raises:
        Invalid: this is no signed note.

    """
    _, blank, text = note.rpartition("\n\n")
    found = []
    for line in text.splitlines():
        name, _, value = line.removeprefix(_DASH).partition(" ")
        if not blank or not line.startswith(_DASH) or not name or not value:
            raise Invalid("this is not a signed checkpoint")
        raw = _b64(value, "a signature of the checkpoint")
        found.append((name, raw[:4], raw[4:]))
    return found


def check_note(note: str, verifier: Verifier) -> None:
    """Check that a note is signed by `verifier`'s key. Signatures of other keys are passed over.

    Raises:
        Invalid: malformed, not signed by this key, or the signature is wrong.

    """
    body = note.rpartition("\n\n")[0]
    for name, key_id, signature in signatures(note):
        if name != verifier.name or key_id != verifier.key_id:
            continue
        try:
            verifier.key.verify(signature, f"{body}\n".encode())
        except InvalidSignature as error:
            raise Invalid("the signature of the checkpoint is wrong") from error
        return
    raise Invalid("the checkpoint is not signed by this key")


def parse(note: str) -> Checkpoint:
    """Return what a note says, without checking who signed it: see `verify`.

    Raises:
        Invalid: it is not a checkpoint.

    """
    if not isinstance(note, str):  # a store can be made to hold anything
        raise Invalid("this is not a signed checkpoint")
    body, blank, signatures = note.rpartition("\n\n")
    lines = body.split("\n")
    if len(note) > _MAX_NOTE or not blank or not signatures.startswith(_DASH) or len(lines) < 3 or not all(lines):
        raise Invalid("this is not a signed checkpoint")
    if _CONTROL.search(note):
        raise Invalid("this is not a signed checkpoint")
    origin, size, root = lines[:3]
    if not (size.isascii() and size.isdecimal()) or str(int(size[:20])) != size or int(size) >= _MAX_SIZE:
        raise Invalid("the size in the checkpoint is not a number")
    hashed = _b64(root, "the root in the checkpoint")
    if len(hashed) != 32:
        raise Invalid("the root in the checkpoint is not a SHA-256 hash")
    return Checkpoint(origin, int(size), hashed)


def verify(note: str, verifier: Verifier) -> Checkpoint:
    """Return the checkpoint that `verifier`'s key has signed. Signatures of other keys are passed over.

    Raises:
        Invalid: malformed, of another log, not signed by this key, or the signature is wrong.

    """
    found = parse(note)
    if found.origin != verifier.name:
        raise Invalid("the checkpoint is of another log than the public key")
    check_note(note, verifier)
    return found


def signed_by(note: str, verifier: Verifier) -> bool:
    """Tell whether this key has signed a checkpoint."""
    try:
        verify(note, verifier)
    except Invalid:
        return False
    return True
