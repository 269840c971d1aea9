"""The planted mess: the judge of lists is right, cases vary with the seed, and Lockgate lists them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from journeys.places import Log, Words
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.extraction.extractor import KreuzbergExtractor
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.content.document import Document
from lockgate.content.exposure import Exposure, Surroundings, exposures
from lockgate.demo.exposed import PRECISION, RECALL, Judged, judged
from lockgate.demo.organization import SEED, Organization, generate, plan
from lockgate.demo.truth import Truth
from lockgate.journeys.exposure import census, left
from lockgate.journeys.ingest import Ingest


async def taken_in(organization: Organization, folder: Path) -> tuple[list[Document], list[Exposure]]:
    directory = DirectoryFile.open(organization.directory)
    index = await MemoryIndex.open(folder / "index", FileKeys.open(folder / "master.key"))
    extractor = KreuzbergExtractor()
    connector = FilesConnector("brightwater", organization.share, "b", directory=directory, rights="manifest")
    try:
        await Ingest(index, extractor, Words(), SystemClock(), Log(), directory).run(connector)
        documents = list(index.documents())
    finally:
        await extractor.close()
        await index.close()
        connector.close()
    return documents, exposures(documents, census(directory), around=Surroundings(left(directory)))


@pytest.mark.parametrize("seed", [SEED, 1234])
def test_what_is_planted_is_listed_first(tmp_path: Path, seed: int) -> None:
    organization = generate(tmp_path / "b", seed)
    documents, listed = asyncio.run(taken_in(organization, tmp_path))
    told = judged(organization.documents, documents, listed)
    assert told.cases >= 50
    assert told.precision >= PRECISION
    assert told.secrets_found == told.secrets >= 15
    assert told.recall >= RECALL, told.missed
    worse = judged(organization.documents, documents, listed[10:])
    assert worse.recall < told.recall
    by_chance = told.cases / len(listed)
    assert by_chance < 0.65
    assert judged(organization.documents, documents, listed[::-1]).precision < by_chance


def test_an_empty_list_finds_nothing_and_nothing_planted_is_all_found() -> None:
    truths = {draft.path: Truth.of(draft) for draft in plan(3)}
    nothing = judged(truths, [], [])
    assert (nothing.found, nothing.first, nothing.recall, nothing.good) == (0, 0, 0.0, False)
    assert len(nothing.missed) == nothing.cases + nothing.secrets
    assert Judged(0, 0, 0, 0, 0, 0, (), ()).good


def test_the_cases_vary_with_the_seed_and_their_figures_are_told() -> None:
    one, other = (
        {draft.path: draft for draft in plan(seed) if draft.family in {"exports", "handover"}} for seed in (1, 2)
    )
    assert set(one) != set(other)
    assert not {value for draft in one.values() for value in draft.canaries} & {
        value for draft in other.values() for value in draft.canaries
    }
    assert sum(draft.secrets for draft in one.values()) == 10
