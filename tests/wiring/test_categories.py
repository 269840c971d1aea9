"""A gateway takes categories up while it serves: recorded first, and what is damaged is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.test_categories import file_of, keep
from content.taught import document
from journeys.places import Log, Stopped
from lockgate.adapters import categories as kept
from lockgate.content.categories.sorter import UNEXAMINED
from lockgate.storage.threads import Looks
from lockgate.wiring.categories import Categories

PAY = document("payroll", 4711)


class Scene:
    def __init__(self, data: Path) -> None:
        self.data, self.folder = data, data / kept.FOLDER
        self.log, self.looks = Log(), Looks()

    async def open(self) -> None:
        self.live = await Categories.open(self.data, self.log, Stopped())

    async def look(self) -> None:
        for _ in range(2):
            await self.live.look(self.looks)

    @property
    def kinds(self) -> set[str]:
        return {one.kind for one in self.live.sorter.find(PAY)}

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(one.action, one.resource_id) for one in self.log.records]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.looks.close()


async def test_a_category_is_taken_up_and_withdrawn_while_it_serves(scene: Scene):
    await scene.open()
    await scene.look()
    assert scene.kinds == set()
    assert scene.said == []
    keep(scene.folder, "payroll")
    await scene.look()
    assert scene.kinds == {"business.payroll"}
    assert scene.said == [("category.apply", "payroll")]
    facts = dict(scene.log.records[0].facts)
    assert facts["by"] == "ann"
    assert facts["examples"] == 30
    assert facts["precision"] == 1
    assert len(str(facts["digest"])) == 64
    await scene.look()
    assert len(scene.said) == 1
    kept.remove(scene.folder, "payroll")
    await scene.look()
    assert scene.kinds == set()
    assert scene.said[1:] == [("category.withdraw", "payroll")]


async def test_a_category_that_memory_was_short_for_is_taken_up_when_there_is_some(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    def no_memory(*_: object) -> None:
        raise MemoryError

    await scene.open()
    await scene.look()
    keep(scene.folder, "payroll")
    with monkeypatch.context() as short:
        short.setattr(kept, "sorter", no_memory)
        with pytest.raises(MemoryError):
            await scene.look()
    await scene.look()
    assert scene.kinds == {"business.payroll"}


async def test_a_model_that_is_swapped_is_told_and_nothing_counts_as_examined(
    scene: Scene, caplog: pytest.LogCaptureFixture
):
    keep(scene.folder, "payroll", "forecast")
    file_of(scene.folder, "payroll").write_bytes(file_of(scene.folder, "forecast").read_bytes())
    with caplog.at_level(logging.WARNING, "lockgate.categories"):
        await scene.open()
    assert scene.kinds == {UNEXAMINED}
    assert "held as not examined" in caplog.text
    assert dict(scene.log.records[-1].facts)["damaged"] is True
    keep(scene.folder, "payroll")  # trained again
    await scene.look()
    assert scene.kinds == {"business.payroll"}
    assert scene.live.problem == ""


@pytest.mark.parametrize("bad", [b"{", None])
async def test_a_list_that_is_damaged_or_gone_leaves_nothing_examined(scene: Scene, bad: bytes | None):
    keep(scene.folder, "payroll")
    await scene.open()
    await scene.look()
    good = (scene.folder / kept.LIST).read_bytes()
    (scene.folder / kept.LIST).unlink()
    if bad is not None:
        (scene.folder / kept.LIST).write_bytes(bad)
    await scene.look()
    assert scene.kinds == {UNEXAMINED}
    assert scene.live.problem
    await scene.open()
    assert scene.kinds == {UNEXAMINED}
    (scene.folder / kept.LIST).write_bytes(good)
    await scene.look()
    assert scene.kinds == {"business.payroll"}
