"""A model that we run ourselves answers nobody before its risk is accepted, nor after that has ended."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.samples import BASE
from journeys.places import Log, Words
from lockgate.adapters import acceptances
from lockgate.adapters.weights import Weights, shipped
from lockgate.audit.record import Record
from lockgate.config import Settings, parse
from lockgate.errors import Invalid, NotFound
from lockgate.policy.acceptance import Acceptance
from lockgate.policy.model import AccessRequest, Action, Context, Resource
from lockgate.storage.threads import Looks
from lockgate.wiring.acceptances import Acceptances
from lockgate.wiring.central import InForce
from lockgate.wiring.models import Models
from support import NOW, person

OURS = BASE.replace('id = "cloud"\n', 'id = "cloud"\nresponsibility = "iaas"\n')


class Moved:
    now_is = NOW

    def now(self) -> datetime:
        return self.now_is


class Scene:
    def __init__(self, folder: Path) -> None:
        for name in ("share", "other"):
            (folder / name).mkdir(exist_ok=True)
        self.file, self.state = folder / "lockgate.toml", folder / "state"
        self.file.write_text(OURS)
        self.settings: Settings = parse(OURS, self.file)
        self.log, self.clock = Log(), Moved()
        self.live = self.opened()

    def opened(self) -> InForce:
        models = Models(Words(), Weights(self.state / "models", shipped()))
        accepted = Acceptances.open(self.state, self.log, self.clock)
        return InForce(self.settings, models, self.log, self.clock, accepted, Looks())

    def accept(self, until: timedelta = timedelta(days=100), terms: str = "") -> None:
        cloud = next(one for one in self.settings.models if one.id == "cloud")
        ends = self.clock.now() + until
        acceptances.accept(
            self.state, "cloud", Acceptance("A. Berg", "pilot", self.clock.now(), ends, terms or cloud.terms)
        )

    async def look(self) -> None:
        for _ in range(2):
            await self.live.look()

    def active(self, model: str = "cloud") -> bool:
        context = Context(self.clock.now(), "req_1")
        request = AccessRequest(person("ann"), Action.PROMPT, Resource("model", model), context)
        return self.live.central.judge(request).permits

    @property
    def said(self) -> list[Record]:
        return [one for one in self.log.records if one.resource_type == "model"]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_it_is_not_active_before_and_is_after_and_each_is_recorded(scene: Scene):
    await scene.look()
    assert not scene.active()
    assert scene.active("spare")
    scene.accept()
    await scene.look()
    assert scene.active()
    acceptances.withdraw(scene.state, "cloud")
    await scene.look()
    assert not scene.active()
    assert [one.action for one in scene.said] == ["model.accept", "model.withdraw"]
    assert dict(scene.said[0].facts)["by"] == "A. Berg"


async def test_it_ends_by_itself_and_is_warned_of_before(scene: Scene, caplog: pytest.LogCaptureFixture):
    scene.accept(timedelta(days=20))
    await scene.look()
    caplog.clear()
    with caplog.at_level(logging.WARNING, "lockgate.models"):
        scene.clock.now_is += timedelta(days=5)
        await scene.look()
        assert not caplog.records
        for _ in range(3):
            scene.clock.now_is += timedelta(days=2)
            await scene.look()
            await scene.look()
        assert len(caplog.records) == 3  # once a day that it is looked at
        assert "until 2026-12-14 only" in caplog.text
        assert scene.active()
        scene.clock.now_is = NOW + timedelta(days=20)
        assert not scene.active()
        await scene.look()
        assert "is not active" in caplog.text


async def test_it_covers_the_model_that_was_meant_and_no_other(scene: Scene):
    scene.accept()
    await scene.look()
    scene.file.write_text(OURS.replace("https://api.example/v1", "https://elsewhere.example/v1"))
    await scene.look()
    assert not scene.active()
    scene.file.write_text(OURS.replace('ceiling = "general"', 'ceiling = "public"'))
    await scene.look()
    assert scene.active()


async def test_it_survives_a_restart(scene: Scene):
    scene.accept()
    scene.live = scene.opened()
    assert scene.active()


async def test_a_damaged_file_accepts_nothing_new(scene: Scene, caplog: pytest.LogCaptureFixture):
    scene.accept()
    await scene.look()
    (scene.state / acceptances.NAME).write_text('{"acceptances": {"cloud": {}}}')
    await scene.look()
    assert scene.active()
    assert "damaged" in caplog.text
    scene.live = scene.opened()
    assert not scene.active()
    with pytest.raises(Invalid):
        scene.accept()
    (scene.state / acceptances.NAME).unlink()
    with pytest.raises(NotFound):
        acceptances.withdraw(scene.state, "cloud")


async def test_a_file_that_is_gone_takes_everything_back(scene: Scene):
    scene.accept()
    await scene.look()
    (scene.state / acceptances.NAME).unlink()
    await scene.look()
    assert not scene.active()


@pytest.mark.parametrize(
    ("kind", "stated", "is_ours"),
    [
        ('kind = "local"', "", True),
        ('kind = "local"', 'responsibility = "saas"', None),
        ('kind = "extractive"', "", False),
        ('kind = "extractive"', 'responsibility = "iaas"', None),
        ('base_url = "https://x.example/v1"\nmodel = "m"', "", False),
        ('base_url = "https://x.example/v1"\nmodel = "m"', 'responsibility = "paas"', False),
        ('base_url = "https://x.example/v1"\nmodel = "m"', 'responsibility = "iaas"', True),
    ],
)
def test_what_is_ours_to_run(tmp_path: Path, kind: str, stated: str, is_ours: bool | None):
    text = f'[[models]]\nid = "m"\n{kind}\n{stated}\n'
    if is_ours is None:
        with pytest.raises(Invalid, match="responsibility"):
            parse(text, tmp_path / "lockgate.toml")
    else:
        assert parse(text, tmp_path / "lockgate.toml").models[0].needs_acceptance == is_ours
