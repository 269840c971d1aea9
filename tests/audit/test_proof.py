"""Proofs as whoever has only the public key sees them; forging one must fail."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.samples import SIGNER, THIEF, request, running, write
from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit import checkpoint, merkle, proof
from lockgate.audit.checkpoint import Checkpoint
from lockgate.audit.proof import Consistency, Inclusion
from lockgate.errors import Conflict, Invalid, NotFound

KEY = SIGNER.verifier


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("log") / "audit.db"
    running(write)(path, [request(i) for i in range(60)])
    opened = AuditReader.open(path)
    yield opened
    opened.close()


def inclusion(reader: AuditReader, index: int, **how: bool) -> Inclusion:
    return reader.prove([index], **how)[0]


def test_every_record_is_proven_and_its_file_reads_back(reader: AuditReader) -> None:
    for index, made in zip(range(300), reader.prove(range(300)), strict=True):
        again = proof.parse(made.render())
        assert again == made
        shown = proof.check(again, KEY)
        assert (shown.tree.size, made.index) == (300, index)
        assert made.event == reader.get(index).event


def test_the_file_is_a_tlog_proof(reader: AuditReader) -> None:
    """Line by line as c2sp.org/tlog-proof says, with nothing of ours but the extra data."""
    made = inclusion(reader, 41)
    head, note = made.render().split("\n\n", 1)
    first, extra, index, *path = head.split("\n")
    assert (first, index) == ("c2sp.org/tlog-proof@v1", "index 41")
    assert json.loads(base64.b64decode(extra.removeprefix("extra "))) == {"event": reader.get(41).event.decode()}
    assert [base64.b64decode(one) for one in path] == list(reader.inclusion_proof(41))
    assert note == reader.checkpoint()


def test_a_proof_tells_nothing_but_its_record_or_that_ones_hash(reader: AuditReader) -> None:
    told = inclusion(reader, 7).render()
    others = [reader.get(i).event for i in range(300) if i != 7]
    raw = base64.b64decode(told.split("\n")[1].removeprefix("extra "))
    assert not any(one in raw for one in others)
    hidden = inclusion(reader, 7, reveal=False)
    text = hidden.render()
    assert base64.b64decode(text.split("\n")[1].removeprefix("extra ")) == orjson.dumps(
        {"leaf": base64.b64encode(merkle.leaf_hash(reader.get(7).event)).decode()}
    )
    shown = proof.check(proof.parse(text), KEY)
    assert isinstance(shown.proof, Inclusion)
    assert shown.proof.event is None
    assert proof.check(hidden, KEY, event=reader.get(7).event)
    with pytest.raises(Invalid, match="another record"):
        proof.check(hidden, KEY, event=reader.get(8).event)


def test_a_proof_of_another_record_place_tree_or_key_fails(reader: AuditReader) -> None:
    made, other = inclusion(reader, 7), inclusion(reader, 8)
    tree = checkpoint.parse(made.note)
    forged = Checkpoint(tree.origin, tree.size, bytes(32))
    for bad in (
        Inclusion(8, made.path, made.note, made.event, made.leaf),
        Inclusion(7, other.path, made.note, made.event, made.leaf),
        Inclusion(7, made.path, made.note, other.event, other.leaf),
        Inclusion(7, made.path[:-1], made.note, made.event, made.leaf),
        Inclusion(7, (*made.path, bytes(32)), made.note, made.event, made.leaf),
        Inclusion(7, made.path, forged.body + made.note[len(tree.body) :], made.event, made.leaf),
        Inclusion(7, made.path, tree.sign(THIEF), made.event, made.leaf),
    ):
        with pytest.raises(Invalid):
            proof.check(proof.parse(bad.render()), KEY)
    with pytest.raises(Invalid, match="not signed by this key"):
        proof.check(made, THIEF.verifier)


@given(at=st.integers(0, 10_000), by=st.integers(1, 127))
def test_a_changed_character_proves_nothing_else(reader: AuditReader, at: int, by: int) -> None:
    text = inclusion(reader, 41).render()
    at %= len(text)
    changed = text[:at] + chr(ord(text[at]) ^ by) + text[at + 1 :]
    try:
        shown = proof.check(proof.parse(changed), KEY)
    except Invalid:
        return
    assert isinstance(shown.proof, Inclusion)
    assert (shown.proof.index, shown.proof.event) == (41, reader.get(41).event)


@given(st.one_of(st.text(max_size=400), st.binary(max_size=300).map(lambda raw: raw.decode("latin-1"))))
def test_any_text_is_a_proof_or_invalid(text: str) -> None:
    for head in ("", f"{proof.INCLUSION}\n", f"{proof.INCLUSION}\nextra ", f"{proof.CONSISTENCY}\nold "):
        with pytest.raises(Invalid):
            proof.check(proof.parse(head + text), KEY)


def test_every_earlier_checkpoint_is_proven_to_go_on(reader: AuditReader) -> None:
    notes = list(reader.checkpoints())
    for old in notes:
        made = reader.prove_consistency(old)
        again = proof.parse(made.render())
        assert again == made
        shown = proof.check(again, KEY, kept=old)
        assert shown.old == checkpoint.parse(old)
    middle = reader.prove_consistency(notes[3], notes[9])
    assert proof.check(proof.parse(middle.render()), KEY).tree == checkpoint.parse(notes[9])
    with pytest.raises(Invalid, match="another checkpoint"):
        proof.check(middle, KEY, kept=notes[5])
    with pytest.raises(Invalid):
        reader.prove_consistency(notes[9], notes[3])


def test_the_middle_of_a_consistency_proof_is_what_a_witness_is_sent(reader: AuditReader) -> None:
    notes = list(reader.checkpoints())
    text = reader.prove_consistency(notes[5]).render()
    body = text.partition("\n")[2].removesuffix(f"\n{notes[5]}")
    lines, _, note = body.partition("\n\n")
    first, *path = lines.split("\n")
    assert first == f"old {checkpoint.parse(notes[5]).size}"
    assert [base64.b64decode(one) for one in path] == list(reader.consistency_proof(25))
    assert note == reader.checkpoint()


def test_a_fork_has_no_proof(reader: AuditReader, tmp_path: Path) -> None:
    """Two logs that one key signed: no file makes one the beginning of the other."""
    running(write)(tmp_path / "audit.db", [request(i) for i in range(100, 140)])
    fork = AuditReader.open(tmp_path / "audit.db")
    with pytest.raises(Conflict, match="rewritten"):
        reader.prove_consistency(fork.checkpoint())
    path = reader.consistency_proof(200)
    for bad in (
        Consistency(path, fork.checkpoint(), reader.checkpoint()),
        Consistency((), *[reader.checkpoint()] * 2),
    ):
        if bad.old == bad.new:
            assert proof.check(bad, KEY)
            continue
        with pytest.raises(Invalid, match="rewritten"):
            proof.check(proof.parse(bad.render()), KEY)
    with pytest.raises(NotFound):
        fork.prove([200])
    fork.close()
