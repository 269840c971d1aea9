"""A witness that has signed a checkpoint too, as C2SP tlog-cosignature says."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.samples import SIGNER, request, running, write
from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit import checkpoint, cosignature, proof
from lockgate.audit.checkpoint import Checkpoint
from lockgate.audit.cosignature import Witness
from lockgate.cli.main import main
from lockgate.errors import Invalid

KEY = Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32)
WITNESS = Witness("witness.example/w1", KEY.public_key())
NOTE = Checkpoint(SIGNER.name, 42, bytes(32)).sign(SIGNER)


def cosigned(note: str, seconds: int = 1679315147, key: Ed25519PrivateKey = KEY, name: str = WITNESS.name) -> str:
    """Sign as the standard says, word for word and without the code under test."""
    text = "\n".join(note.split("\n")[:3]) + "\n"
    signature = key.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    line = WITNESS.key_id + seconds.to_bytes(8) + signature
    return f"{note}— {name} {base64.b64encode(line).decode()}\n"


def test_a_cosigned_checkpoint_verifies_and_is_still_the_logs_own() -> None:
    assert cosignature.verify(cosigned(NOTE), WITNESS) == 1679315147
    assert checkpoint.verify(cosigned(NOTE), SIGNER.verifier).size == 42
    assert Witness.parse(WITNESS.vkey).vkey == WITNESS.vkey


def test_what_the_witness_has_not_signed_does_not_verify() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes([6]) * 32)
    good = cosigned(NOTE)
    line = good.splitlines()[-1].rpartition(" ")[2]
    raw = base64.b64decode(line)
    later = raw[:4] + (1679315148).to_bytes(8) + raw[12:]
    for bad in (
        NOTE,
        cosigned(NOTE, key=other),
        cosigned(NOTE, name="witness.example/w2"),
        good.replace("\n42\n", "\n43\n"),
        good.replace(line, base64.b64encode(later).decode()),
        good.replace(line, base64.b64encode(raw[:-1]).decode()),
        good.replace(line, base64.b64encode(raw[:4] + b"\xff" + raw[5:]).decode()),
    ):
        with pytest.raises(Invalid):
            cosignature.verify(bad, WITNESS)
    for text in ("", "a+b", "w+00000000+AAAA", SIGNER.verifier.vkey, WITNESS.vkey.replace("w1", "w2")):
        with pytest.raises(Invalid):
            Witness.parse(text)


def test_a_proof_can_be_asked_for_with_its_witness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever hands the proof on puts the cosigned checkpoint in; the log need not know the witness."""
    monkeypatch.chdir(tmp_path)
    running(write)(tmp_path / "audit.db", [request(0)])
    reader = AuditReader.open(tmp_path / "audit.db")
    plain = reader.prove([2])[0].render()
    note = reader.checkpoint()
    reader.close()
    Path("key").write_text(SIGNER.verifier.vkey)
    Path("witness").write_text(WITNESS.vkey)
    command = ["audit", "check-proof", "p", "--key", "key", "--witness", "witness"]
    Path("p").write_text(plain)
    assert main(command) == 1
    assert "not cosigned" in capsys.readouterr().out
    Path("p").write_text(plain.replace(note, cosigned(note)))
    assert main(command) == 0
    assert "cosigned by `witness.example/w1` at 2023-03-20" in capsys.readouterr().out
    assert isinstance(proof.parse(Path("p").read_text()), proof.Inclusion)
