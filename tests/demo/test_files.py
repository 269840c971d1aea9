"""Files of the demonstration are valid: the library that Lockgate reads with gets every word out of them."""

from __future__ import annotations

import random
import re

import kreuzberg
import pytest

from lockgate.demo import identifiers
from lockgate.demo.draft import Draft, Table
from lockgate.demo.organization import Organization
from lockgate.demo.writers import WRITERS, render

OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    "md": "text/markdown",
    "txt": "text/plain",
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
    "eml": "message/rfc822",
    "docx": f"{OFFICE}.wordprocessingml.document",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", re.sub(r"(?<=\d),(?=\d{3})", "", text))


def read(draft: Draft) -> str:
    return str(kreuzberg.extract_bytes_sync(render(draft), TYPES[draft.path.rpartition(".")[2]]).content)


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_every_word_comes_back(suffix: str) -> None:
    table = Table(("Name", "Base <salary>"), (("Jürgen & Söhne", "84,217"), ("Zoë (left)", "71,003")))
    texts = () if suffix == "csv" else ("# Heading", 'A "quoted" <text> & more, 20 °C. ' * 90, "Straße \\ (two)")
    draft = Draft(
        f"a.{suffix}",
        "Title für alle",
        "x",
        (*texts, table),
        (("everyone",),),
        (),
        "public",
        mail=("a@b", "c@d", "2026-03-04"),
    )
    got, wanted = (
        words(read(draft)),
        " ".join([*texts, *table.header, *(cell for row in table.rows for cell in row)]),
    )
    missing = set(words(wanted)) - set(got)
    assert not missing
    assert got.count("quoted") >= (
        0 if suffix == "csv" else 90
    )  # the library may take repeats in a PDF for a table


def test_planted_figures_come_back_from_every_file(brightwater: Organization) -> None:
    for path, truth in brightwater.documents.items():
        if not path.startswith(("hr/", "finance/heron", "engineering/runbooks", "sales/mail", "shared/")):
            continue  # a few hundred extractions are enough for a commit
        got = "".join(words(read(truth.draft)))
        for figure in (*truth.draft.canaries, *truth.draft.held_canaries):
            assert "".join(words(figure)) in got, (path, figure)


def luhn_is_right(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(d), 10)) for d in even)) % 10 == 0


def test_checksums_are_right_and_ranges_are_those_for_tests() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        card = identifiers.card(rng).replace(" ", "")
        assert len(card) == 16
        assert card.startswith("424242")
        assert luhn_is_right(card)
        iban = identifiers.iban(rng).replace(" ", "")
        assert len(iban) == 22
        assert int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
        assert iban[4:12] == "00000000"
        assert identifiers.ssn(rng).startswith("987-65-432")
        tax = identifiers.tax_id(rng)
        assert len(tax) == 11
        assert tax[0] == "0"
        product = 10
        for digit in tax[:-1]:
            product = ((int(digit) + product) % 10 or 10) * 2 % 11
        assert (11 - product) % 10 == int(tax[-1])
        assert sorted(map(tax[:-1].count, set(tax[:-1])))[-1] == 2
        assert re.fullmatch(r"AKIA[A-Z2-7]{16}", identifiers.aws_key(rng))
