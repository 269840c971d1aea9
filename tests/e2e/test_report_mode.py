"""Report mode: everything is decided and recorded, and nothing that the sources allow is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.beside import beside
from e2e.lab import FILES, Lab, plant, records, request_id, talking
from e2e.upstream import Upstream
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.content.document import document_id
from lockgate.labels.label import Sensitivity

pytestmark = pytest.mark.slow

MODELS = """
[[models]]
id = "cheap"
base_url = "{cheap}"
model = "cheap"
users = ["everyone"]
ceiling = "general"
[[models]]
id = "for-hr"
base_url = "{secure}"
model = "secure"
users = ["group:hr"]
ceiling = "restricted"
[[assistants]]
id = "stingy"
model = "cheap"
collections = ["brightwater"]
users = ["everyone"]
"""
LOOSE = "When is the move to the harbor office planned?"
NO_AI = "Which color did the board choose on the lighthouse?"
SALARY = "What is the base salary of Goran Ilic in 2026?"
MAIL = "# Mail\n\nPlease check.\n\nGoran Ilic, Test Engineer, base salary 61,387 EUR per year, bonus 4,111 EUR.\n"


@pytest.fixture(scope="module", params=["report", "enforce"])
def pair(
    request: pytest.FixtureRequest, embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Lab, Upstream]]:
    folder = tmp_path_factory.mktemp(request.param)
    plant(folder, {**FILES, "handbook/mail.md": MAIL})

    with beside(folder, embedder, MODELS, mode=request.param) as (lab, server):
        yield request.param, lab, server


async def _effects(lab: Lab, name: str) -> set[str]:
    return {record.effect for record in records(lab.lockgate, name)} - {""}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [(LOOSE, "second week of May"), (NO_AI, "heliotrope"), ("Test Engineer bonus", "4,111")],
)
async def test_what_the_source_allows_is_answered_and_recorded(
    pair: tuple[str, Lab, Upstream], question: str, wanted: str
) -> None:
    """Unreviewed, excluded from AI, held passage: let through in report mode as `observe`, refused otherwise."""
    mode, lab, _ = pair
    async with talking(lab.url, lab.token) as client:
        found = await client.retrieve("staff", question)
        assert found.status == 200
        assert (wanted in found.text) is (mode == "report")
        effects = await _effects(lab, request_id(found))
        assert ("observe" in effects) is (mode == "report")
        answer = await client.ask("staff", question)
        assert answer.status == 200
        assert (wanted in answer.text) <= (mode == "report")
    denied = [r for r in records(lab.lockgate, request_id(found)) if r.effect == "observe"]
    assert all(r.reasons for r in denied)  # it says what enforcing would have refused, and why


async def test_what_the_source_forbids_stays_forbidden(pair: tuple[str, Lab, Upstream]) -> None:
    _, lab, server = pair
    secret = document_id("brightwater", "hr/salaries.md")
    async with talking(lab.url, lab.token) as client:
        for person in ("staff", "owner", "admin", "outsider"):
            server.reset()
            for reply in (
                await client.ask(person, SALARY),
                await client.ask(person, SALARY, "stingy"),
                await client.retrieve(person, SALARY),
                await client.open(person, secret),
            ):
                assert "Salaries" not in reply.text
                assert secret not in reply.text
            assert not any("# Salaries" in prompt or "in 2026 is 61,387" in prompt for _, prompt in server.texts())
        assert (await client.open("outsider", document_id("brightwater", "handbook/gifts.md"))).status == 404
        assert (await client.ask("staff", "Hello", "for-hr")).status == 404
        assert (await client.send("GET", "/v1/exposure?all=true", "staff")).status == 403
        assert (await client.ask("staff", SALARY, token="x.y.z")).status == 401


async def test_a_ceiling_is_observed_and_not_enforced(pair: tuple[str, Lab, Upstream]) -> None:
    mode, lab, server = pair
    async with talking(lab.url, lab.token) as client:
        server.reset()
        reply = await client.ask("hr", SALARY, "stingy")
    assert reply.status == 200
    got = any("61,387" in prompt for _, prompt in server.texts())
    assert got is (mode == "report")
    effects = await _effects(lab, request_id(reply))
    assert ("observe" in effects) is (mode == "report")
    if mode == "report":  # the label still says what it is
        assert reply.label.sensitivity is Sensitivity.RESTRICTED
