"""What differs between two configurations, by name, and what of it counts at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.samples import BASE
from lockgate.config import Settings, parse
from lockgate.config.changes import changes, taken_up


def settings(folder: Path, text: str = BASE) -> Settings:
    for name in ("share", "other"):
        (folder / name).mkdir(exist_ok=True)
    return parse(text, folder / "lockgate.toml")


@pytest.mark.parametrize(
    ("before", "after", "said", "live"),
    [
        ('ceiling = "general"', 'ceiling = "restricted"', "models.cloud.ceiling", True),
        ('model = "big"\n', 'model = "bigger"\n', "models.cloud.model", True),
        ('users = ["group:staff"]', 'users = ["group:hr"]', "assistants.assistant.users", True),
        ("[labels]", '[central]\nregions = ["eu"]\n[labels]', "central.regions", True),
        ("[labels]", '[[applications]]\nid = "x"\n[labels]', "applications.x (added)", True),
        ('id = "cli"', 'id = "cli"\nceiling = "restricted"', "applications.cli.ceiling", True),
        ("port = 9000", "port = 9001", "server.port", False),
        ('prompt = "general"', 'prompt = "confidential"', "labels.prompt", False),
        ('data = "state"', 'data = "elsewhere"', "data", False),
        ('path = "other"', 'path = "share"', "collections.other.path", False),
        ('[[models]]\nid = "spare"\nkind = "extractive"\n', "", "models.spare (removed)", True),
        ('[[collections]]\nname = "other"\npath = "other"\n', "", "collections.other (removed)", True),
        ("[labels]", '[[collections]]\nname = "new"\npath = "share"\n[labels]', "collections.new (added)", False),
    ],
)
def test_a_change_has_a_name(tmp_path: Path, before: str, after: str, said: str, live: bool):
    assert before in BASE
    old, new = settings(tmp_path), settings(tmp_path, BASE.replace(before, after))
    assert [(str(one), one.live) for one in changes(old, new)] == [(said, live)]
    assert not changes(old, old)
    together = taken_up(old, new)
    assert not [one for one in changes(together, new) if one.live]  # what is live is taken up whole,
    assert changes(old, together) == (changes(old, new) if live else ())  # and nothing else is


def test_the_order_of_models_is_no_matter_but_that_of_reroutes_is(tmp_path: Path):
    old = settings(tmp_path, BASE.replace('model = "cloud"', 'model = "cloud"\nreroute = ["cloud", "spare"]'))
    new = settings(tmp_path, BASE.replace('model = "cloud"', 'model = "cloud"\nreroute = ["spare", "cloud"]'))
    assert [str(one) for one in changes(old, new)] == ["assistants.assistant.reroute"]
