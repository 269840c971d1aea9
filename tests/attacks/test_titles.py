"""A title goes into every prompt and citation of its document. It may say what its held passages say."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from journeys.places import Plain, place
from lockgate.content.reading import titled
from lockgate.journeys.ingest import Ingest
from lockgate.ports import Extracted

PAY = "Base salary of Goran Ilic: 61,387 EUR per year"


@pytest.mark.parametrize("title", [PAY, "Card 4111 1111 1111 1111", "IBAN DE89 3704 0044 0532 0130 00"])
def test_a_title_that_holds_a_finding_is_not_shown(tmp_path: Path, title: str) -> None:
    """Metadata of a file are in no passage, so no detector ever saw them."""

    class Titled(Plain):
        async def extract(self, name: str, data: bytes, /) -> Extracted:
            return Extracted("Lentil soup on Monday.", title)

    async def story() -> None:
        async with place(tmp_path) as here:
            here.write("menu.txt", "Lentil soup on Monday.")
            ingest = Ingest(
                here.index, Titled(), here.embedder, here.ingest._clock, here.log, here.ingest._settler._directory
            )
            await ingest.run(here.connector)
            assert here.document("menu.txt").title == "menu.txt"

    asyncio.run(story())


@pytest.mark.parametrize("title", ["Menu", "Salaries 2026", "Internal: plan", ""])
def test_other_titles_stay(title: str) -> None:
    assert titled(title) == title
