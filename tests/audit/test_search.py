"""Searches find exactly what a plain reading of every record finds, in pages of any size."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.samples import HR, SALES, running, write
from lockgate.adapters import audit_reader
from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit.record import Kind, Record
from lockgate.audit.search import Query, moment
from lockgate.cli.main import main
from lockgate.errors import Invalid
from lockgate.labels import PUBLIC, Label, Sensitivity
from lockgate.labels.readers import Readers
from support import NOW

USERS = ["", "user:ann", "user:anna", 'user:"quoted"', "user:jürgen", "user:\\", "service:etl"]
APPS = ["", "assistant", "assistant-2", "bürö"]
TYPES = ["", "model", "tool", "document"]
NAMES = ["", "gpt", "gpt-4", "assistant", "user:ann"]
EFFECTS = ["", "permit", "deny", "observe"]
ACTIONS = ["", "prompt", "read"]
LABELS: list[Label | None] = [
    None, PUBLIC, SALES, HR, Label(Sensitivity.RESTRICTED, Readers.any_of("user:ann", "group:hr"))
]  # fmt: skip
SIZE = 400


def drawn() -> list[Record]:
    """Return records of every mixture, always the same."""
    pick = random.Random(7).choice
    return [
        Record(
            pick(list(Kind)),
            NOW + timedelta(seconds=pick(range(60))),
            f"req-{pick(range(40))}",
            subject=pick(USERS),
            on_behalf_of=pick(["", "", *USERS]),
            application=pick(APPS),
            action=pick(ACTIONS),
            resource_type=pick(TYPES),
            resource_id=pick(NAMES),
            label=pick(LABELS),
            effect=pick(EFFECTS),
            actors=tuple({pick(USERS) for _ in range(pick([0, 0, 2]))} - {""}),
            reasons=(pick(USERS + APPS),),
        )
        for _ in range(SIZE)
    ]


RECORDS = drawn()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("log") / "audit.db"
    running(write)(path, [RECORDS[at : at + 50] for at in range(0, SIZE, 50)])
    opened = AuditReader.open(path)
    yield opened
    opened.close()


def plain(one: Record, asked: dict[str, Any]) -> bool:
    """Tell what a person would say who reads the record with the conditions beside it."""
    says = {
        "user": lambda v: v in (one.subject, one.on_behalf_of) or v in one.actors,
        "application": lambda v: one.application == v,
        "model": lambda v: (one.resource_type, one.resource_id) == ("model", v),
        "tool": lambda v: (one.resource_type, one.resource_id) == ("tool", v),
        "request_id": lambda v: one.request_id == v,
        "kind": lambda v: one.kind is v,
        "action": lambda v: one.action == v,
        "effect": lambda v: one.effect == v,
        "label": lambda v: one.label is not None and one.label.sensitivity >= v,
        "reader": lambda v: one.label is not None and any(v in clause for clause in one.label.readers.clauses),
        "since": lambda v: one.time.timestamp() * 1000 >= v,
        "until": lambda v: one.time.timestamp() * 1000 < v,
    }
    return all(says[name](value) for name, value in asked.items())


MOMENTS = st.integers(-1000, 61_000).map(lambda ms: int(NOW.timestamp() * 1000) + ms)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "user": st.sampled_from([*USERS[1:], "user:an", "ann"]),
        "application": st.sampled_from(APPS[1:]),
        "model": st.sampled_from(NAMES[1:]),
        "tool": st.sampled_from(NAMES[1:]),
        "request_id": st.integers(0, 41).map("req-{}".format),
        "kind": st.sampled_from(Kind),
        "action": st.sampled_from(ACTIONS[1:]),
        "effect": st.sampled_from(EFFECTS[1:]),
        "label": st.sampled_from(Sensitivity),
        "reader": st.sampled_from(["group:hr", "user:ann", "group:sales", "everyone", "group:h"]),
        "since": MOMENTS,
        "until": MOMENTS,
    },
)


@given(asked=ASKED, limit=st.integers(1, 60), most=st.integers(1, 120), window=st.integers(1, 90))
def test_pages_together_are_exactly_what_a_plain_reading_finds(
    reader: AuditReader, asked: dict[str, Any], limit: int, most: int, window: int
) -> None:
    expected = [at for at in range(SIZE - 1, -1, -1) if plain(RECORDS[at], asked)]
    found: list[int] = []
    before: int | None = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_reader, "_WINDOW", window)
        while True:
            page = reader.find(Query(**asked), before=before, limit=limit, most=most)
            assert len(page.entries) <= limit
            assert page.size == SIZE
            found += [one.index for one in page.entries]
            if page.before is None:
                break
            assert before is None or page.before < before, "a page goes on"
            before = page.before
    assert found == expected


def test_the_samples_have_something_to_find() -> None:
    """Otherwise the test above would compare nothing with nothing."""
    for asked in ({"user": "user:ann"}, {"model": "gpt"}, {"tool": "gpt"}, {"reader": "user:ann"}):
        assert 3 < sum(plain(one, asked) for one in RECORDS) < SIZE - 3


def test_what_is_no_text_is_no_condition() -> None:
    with pytest.raises(Invalid):
        Query(user="\udcff")
    for text in ("yesterday", "", "2026-13-01", "9" * 40):
        with pytest.raises(Invalid):
            moment(text)
    assert moment("2026-11-24") == moment("2026-11-24T00:00:00Z") == moment("2026-11-24T01:00:00+01:00")


def test_the_record_of_a_search_says_what_was_looked_for() -> None:
    asked = Query(user="user:ann", kind=Kind.ANSWER, label=Sensitivity.RESTRICTED, since=0)
    assert asked.told() == (("kind", "answer"), ("label", "restricted"), ("since", 0), ("user", "user:ann"))


def test_the_command_finds_and_pages(
    reader: AuditReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    base = ["audit", "search", "--log", str(reader.path)]
    assert main([*base, "--user", "user:ann", "--label", "restricted", "--limit", "3"]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 4
    assert "there may be more: --before" in told.err
    assert main([*base, "--since", "never"]) == 2
    assert main([*base, "--limit", "0"]) == 2
    assert main([*base, "--user", "user:nobody", "--json"]) == 0
    assert '"records": []' in capsys.readouterr().out
