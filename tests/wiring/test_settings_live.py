"""Settings that bind everyone are in force without a restart: checked whole, recorded, swapped in one step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from config.samples import BASE
from journeys.places import Log, Stopped, Words
from lockgate.adapters.weights import Weights, shipped
from lockgate.audit.record import Kind, Receipt, Record
from lockgate.config import parse
from lockgate.errors import Unavailable
from lockgate.labels import Sensitivity
from lockgate.ports import Piece, Prompt
from lockgate.storage.threads import Looks
from lockgate.wiring import central
from lockgate.wiring.acceptances import Acceptances
from lockgate.wiring.central import InForce
from lockgate.wiring.models import Models
from lockgate.wiring.named import Named


def no_memory(*_: object) -> None:
    raise MemoryError


class Failing(Log):
    down = False

    async def append(self, records: Sequence[Record], /) -> Receipt:
        if self.down:
            raise Unavailable("the log is full")
        return await super().append(records)


class Scene:
    """A file, and what is in force."""

    def __init__(self, folder: Path) -> None:
        for name in ("share", "other"):
            (folder / name).mkdir()
        self.file = folder / "lockgate.toml"
        self.file.write_text(BASE)
        self.log = Failing()
        self.models = Models(Words(), Weights(folder / "models", shipped()))
        accepted = Acceptances.open(folder / "state", self.log, Stopped())
        self.live = InForce(parse(BASE, self.file), self.models, self.log, Stopped(), accepted, Looks())

    async def write(self, before: str = "", after: str = "", text: str = BASE) -> None:
        assert before in text
        self.file.write_text(text.replace(before, after))
        await self.looks()

    async def looks(self) -> None:
        await self.live.look()
        await self.live.look()

    @property
    def said(self) -> list[tuple[str, dict[str, object]]]:
        return [(one.action, dict(one.facts)) for one in self.log.records]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_change_is_in_force_and_recorded_by_name(scene: Scene):
    await scene.looks()
    before = scene.live.table.upstreams["spare"]
    await scene.write('ceiling = "general"', 'ceiling = "restricted"')
    assert scene.live.table.upstreams["cloud"].card.ceiling.sensitivity is Sensitivity.RESTRICTED
    assert scene.live.table.upstreams["spare"] is before  # what has not changed keeps its client
    (started, first), (applied, second) = scene.said
    assert (started, applied) == ("settings.start", "settings.apply")
    assert second["before"] == first["after"] != second["after"]
    assert second["changed"] == "models.cloud.ceiling"
    assert {one.kind for one in scene.log.records} == {Kind.ADMINISTRATION}
    assert {one.subject for one in scene.log.records} == {"system:settings"}


async def test_a_file_that_changed_while_it_was_opened_is_not_missed(scene: Scene):
    await scene.write("[labels]", "[central]\nregions = []\n[labels]")
    assert scene.live.central.regions == frozenset()


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ('ceiling = "general"', 'ceiling = "top"', 'ceiling = "top"'),
        ('collections = ["share"]', 'collections = ["nowhere"]', 'collections = ["nowhere"]'),
        ('id = "spare"', 'id = "cloud"', "[[models]]"),
        ("port = 9000", "port = ", "port = "),
        ('model = "cloud"', 'model = "cloud"\nuser = ["everyone"]', "user ="),
    ],
)
async def test_a_wrong_file_changes_nothing_and_says_where(
    scene: Scene, before: str, after: str, where: str, caplog: pytest.LogCaptureFixture
):
    await scene.looks()
    table, central = scene.live.table, scene.live.central
    with caplog.at_level(logging.INFO, "lockgate.settings"):
        await scene.write(before, after)
        await scene.looks()
        assert (scene.live.table, scene.live.central) == (table, central)
        assert "lockgate.toml" in scene.live.problem
        text = scene.file.read_text()
        line = text.count("\n", 0, text.index(where)) + 1
        assert f".toml:{line}:" in scene.live.problem or f"line {line}" in scene.live.problem
        assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1
        await scene.write()
        assert not scene.live.problem
    assert [action for action, _ in scene.said] == ["settings.start"]


async def test_a_wrong_model_is_refused_with_the_rest_of_its_file(scene: Scene):
    await scene.looks()
    text = BASE.replace("https://api.example/v1", "http://api.example/v1").replace('"general"', '"restricted"')
    await scene.write(text=text)
    assert "in clear" in scene.live.problem
    assert scene.live.table.upstreams["cloud"].card.ceiling.sensitivity is Sensitivity.GENERAL


async def test_what_needs_a_restart_is_named_and_does_not_count(scene: Scene, caplog: pytest.LogCaptureFixture):
    await scene.looks()
    with caplog.at_level(logging.WARNING, "lockgate.settings"):
        await scene.write("port = 9000", "port = 9001")
    assert scene.live.waiting == ("server.port",)
    assert "needs a restart: server.port" in caplog.text
    assert scene.live.settings.server.port == 9000
    await scene.write()
    assert scene.live.waiting == ()


async def test_nothing_is_in_force_that_is_not_recorded(scene: Scene):
    await scene.looks()
    scene.log.down = True
    await scene.write('id = "spare"\n', 'id = "spare"\nenabled = false\n')
    assert scene.live.central.models["spare"].enabled
    assert "the log is full" in scene.live.problem
    scene.log.down = False
    await scene.looks()
    assert not scene.live.central.models["spare"].enabled
    assert not scene.live.problem


async def test_a_change_that_memory_was_short_for_is_taken_up_when_there_is_some(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    await scene.looks()
    with monkeypatch.context() as short:
        short.setattr(central, "_parsed", no_memory)
        await scene.write('id = "spare"\n', 'id = "spare"\nenabled = false\n')
    assert "short of memory" in scene.live.problem
    assert scene.live.central.models["spare"].enabled
    await scene.looks()
    assert not scene.live.central.models["spare"].enabled
    assert not scene.live.problem


async def test_a_file_that_is_gone_leaves_all_as_it_was(scene: Scene):
    await scene.looks()
    scene.file.unlink()
    await scene.looks()
    assert "there is no" in scene.live.problem
    assert "cloud" in scene.live.table.upstreams
    await scene.write()
    assert not scene.live.problem


class Held:
    """A model that goes on until it is let go, and a client that must stay open as long."""

    def __init__(self) -> None:
        self.go, self.closed = asyncio.Event(), 0

    async def close(self) -> None:
        self.closed += 1

    async def generate(self, prompt: Prompt, /):
        yield Piece("begun")
        await self.go.wait()
        assert not self.closed
        yield Piece(finish="stop")


async def test_a_client_is_closed_when_the_last_answer_on_it_has_ended():
    held = Held()
    named = Named("m", held, held.close)
    async with aclosing(named.generate(Prompt("", ()))) as pieces:
        await anext(pieces)
        await named.retire()
        assert not held.closed
        held.go.set()
        assert [piece.finish async for piece in pieces] == ["stop"]
    assert held.closed == 1
