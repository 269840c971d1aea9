"""Checkpoints follow C2SP signed-note and tlog-checkpoint, and nothing else passes for one."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from lockgate.audit.checkpoint import Checkpoint, Signer, Verifier, parse, verify
from lockgate.errors import Invalid

SIGNER = Signer("example.org/audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Signer("example.org/audit", Ed25519PrivateKey.from_private_bytes(bytes(32)))
CHECKPOINT = Checkpoint("example.org/audit", 42, bytes(range(32)))
NOTE = CHECKPOINT.sign(SIGNER)

PUBLISHED = [
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
]


@pytest.mark.parametrize("vkey", PUBLISHED)
def test_published_keys_are_read_and_written_alike(vkey: str) -> None:
    assert Verifier.parse(vkey).vkey == vkey


def test_the_published_note_verifies_with_the_published_key() -> None:
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    verifier = Verifier.parse(PUBLISHED[0])
    assert signature[:4] == verifier.key_id
    verifier.key.verify(signature[4:], text.encode())


def test_the_form_is_the_published_one() -> None:
    lines = NOTE.split("\n")
    assert lines[:2] == ["example.org/audit", "42"]
    assert base64.b64decode(lines[2]) == bytes(range(32))
    assert lines[3] == ""
    assert lines[4].startswith("— example.org/audit ")
    assert lines[5:] == [""]


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_what_is_signed_is_read_back(size: int, root: bytes) -> None:
    made = Checkpoint("example.org/audit", size, root)
    assert verify(made.sign(SIGNER), SIGNER.verifier) == made


def test_signatures_of_witnesses_are_passed_over() -> None:
    witness = Signer("witness", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    extra = CHECKPOINT.sign(witness).split("\n")[4]
    assert verify(NOTE + extra + "\n", SIGNER.verifier) == CHECKPOINT
    assert (
        verify(CHECKPOINT.body + "\n" + extra + "\n" + NOTE.split("\n")[4] + "\n", SIGNER.verifier) == CHECKPOINT
    )


def test_an_own_key_does_not_help() -> None:
    with pytest.raises(Invalid, match="not signed by this key"):
        verify(CHECKPOINT.sign(OTHER), SIGNER.verifier)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(Invalid, match="another log"):
        verify(Checkpoint("elsewhere", 42, bytes(32)).sign(SIGNER), SIGNER.verifier)


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 0x7E))
def test_changing_any_character_is_seen(at: int, by: int) -> None:
    changed = NOTE[:at] + chr((ord(NOTE[at]) ^ by) & 0x7F) + NOTE[at + 1 :]
    with pytest.raises(Invalid):
        verify(changed, SIGNER.verifier)


@given(st.text(max_size=200) | st.text("— \n+=0a", max_size=60))
def test_any_text_is_a_checkpoint_or_invalid(text: str) -> None:
    for function in (parse, Verifier.parse):
        with pytest.raises(Invalid):
            function(text)


@pytest.mark.parametrize("size", ["", "-1", "042", "4 2", "٤٢", "1e3", str(2**63), "9" * 5000])
def test_odd_sizes_are_refused(size: str) -> None:
    with pytest.raises(Invalid):
        parse(NOTE.replace("\n42\n", f"\n{size}\n"))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_names_that_break_the_form_are_refused(name: str) -> None:
    with pytest.raises(Invalid):
        Signer(name, SIGNER.key)


def test_printing_a_signer_shows_no_private_key() -> None:
    assert SIGNER.key.private_bytes_raw().hex() not in repr(SIGNER)
    assert SIGNER.verifier.vkey in repr(SIGNER)
