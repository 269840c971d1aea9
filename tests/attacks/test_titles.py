"""A title goes into every prompt and citation of its document. It may say what its held passages say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from attacks.http import chat, send, tool
from e2e.beside import MODELS, beside
from e2e.lab import FILES, Lab, plant
from e2e.upstream import Stream, Upstream
from journeys.places import Plain, place
from lockgate.adapters.embed_onnx import MiniLmEmbedder
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
                here.index, Titled(), here.embedder, here.ingest._clock, here.log, here.ingest.settler._directory
            )
            await ingest.run(here.connector)
            assert here.document("menu.txt").title == "menu.txt"

    asyncio.run(story())


@pytest.mark.parametrize("title", ["Menu", "Salaries 2026", "Internal: plan", ""])
def test_other_titles_stay(title: str) -> None:
    assert titled(title) == title


DOORS = {
    "chat": ("/v1/chat/completions", chat("Where is the heliotrope envelope?", "grounded")),
    "stream": ("/v1/chat/completions", chat("Where is the vermilion envelope?", "grounded", stream=True)),
    "retrieve": ("/v1/retrieve", {"query": "saffron envelope"}),
    "mcp": ("/mcp", tool("search", query="indigo envelope")),
}
COLORS = dict(zip(DOORS, ("heliotrope", "vermilion", "saffron", "indigo"), strict=True))
"""A document for each door, so that what one has shown does not help the next."""


def name_of(door: str) -> str:
    return f"{COLORS[door]} Goran Ilic leaves the {COLORS[door]} company on the last of March"


@pytest.fixture(scope="module")
def named(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, Upstream]]:
    """A gateway over a share in which the names of files tell what only a few may know."""
    folder = tmp_path_factory.mktemp("named")
    texts = {f"hr/{name_of(door)}.txt": f"The {COLORS[door]} envelope is in the safe.\n" for door in DOORS}
    plant(folder, {**FILES, **texts})

    with beside(folder, embedder, MODELS, top="passages = 1") as both:
        yield both


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_a_title_that_was_shown_keeps_the_label_of_its_document(named: tuple[Lab, Upstream], door: str) -> None:
    """It stood beside the answer and not in it, so nobody marked it: pasted, it went to any model."""
    lab, server = named
    title, (path, body) = name_of(door), DOORS[door]

    async def said(stream: Stream) -> None:
        await stream.say("In the safe [1]. ")
        await stream.end()

    server.reset(said)
    shown = send(lab.url, "POST", path, body, token=lab.token("hr"))
    assert (shown.status, title in shown.text) == (200, True)
    server.reset()
    for pasted in (title, f"Is it true that {title.lower()}?"):
        reply = send(lab.url, "POST", "/v1/chat/completions", chat(pasted, "cheap"), token=lab.token("hr"))
        assert (reply.status, reply.json.get("error", {}).get("code")) == (403, "above_ceiling"), pasted
    assert server.received == []
