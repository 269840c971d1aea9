"""Reading: each passage knows what is in it, and the whole knows what any passage knows."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lockgate.content.detection import scan
from lockgate.content.document import Document, Review, document_id
from lockgate.content.labeling import SURE, UNREAD
from lockgate.content.reading import chunks, read, recalled
from lockgate.labels.label import Integrity, Label, Sensitivity
from lockgate.labels.readers import Readers
from support import NOW

CARD = "card 4111 1111 1111 1111"
PIECE = st.sampled_from(
    ["Harmless words. " * 20, f"{CARD}. ", "# Head\n", "\n\n", "DE89 3704 0044 0532 0130 00\n", "x" * 700]
)


@given(st.lists(PIECE, max_size=12).map("".join))
def test_a_passage_has_the_kinds_of_every_finding_that_touches_it(text: str) -> None:
    reading = read(text)
    sure = [one for one in scan(text) if one.confidence >= SURE]
    for span, kinds in zip(reading.spans, reading.kinds, strict=True):
        touching = {one.kind for one in sure if one.start < span.end and span.start < one.end}
        alone = {one.kind for one in scan(span.text) if one.confidence >= SURE}
        assert kinds == touching | alone
        assert kinds <= reading.proposal.kinds
    assert {one.kind for one in sure} <= reading.proposal.kinds


def test_only_what_the_label_does_not_cover_is_held() -> None:
    reading = read("Harmless words. " * 80 + f"\n\n{CARD}\n")
    general = Label(Sensitivity.GENERAL, Readers.everyone(), Integrity.INTERNAL)
    held = [chunk.held for chunk in chunks("d_1", reading, general, frozenset())]
    assert held.count(True) == 1
    assert not any(chunk.held for chunk in chunks("d_1", reading, general, frozenset({"financial.card"})))
    above = Label(Sensitivity.RESTRICTED, Readers.everyone(), Integrity.INTERNAL)
    assert not any(chunk.held for chunk in chunks("d_1", reading, above, frozenset()))


def test_a_proposal_is_recalled_from_its_evidence() -> None:
    proposal = read(CARD).proposal
    document = Document(
        document_id("s", "a"),
        "s",
        "a",
        "a",
        "docs",
        "1",
        "digest",
        Readers.nobody(),
        Label(),
        Review.UNREVIEWED,
        held=True,
        seen=NOW,
        evidence=proposal.evidence,
    )
    again = recalled(document)
    assert (again.sensitivity, again.kinds) == (proposal.sensitivity, proposal.kinds)
    assert recalled(replace(document, digest="")) is UNREAD
    assert recalled(replace(document, evidence=())).sensitivity is Sensitivity.GENERAL
