"""`POST /v1/classify` over HTTP: exact places, whose fault it is, and nothing of a text anywhere else."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attacks.http import Reply, send
from cli.test_classify import RULES
from e2e.lab import Lab, in_thread, opened, plant, records
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.policy_files import SHIPPED
from lockgate.edge.classify_api import MOST

pytestmark = pytest.mark.slow
CARD = "4111 1111 1111 1111"
TEXT = f"Ⅷ 😀 card {CARD}"


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("classify")
    plant(folder)
    shutil.copytree(SHIPPED, folder / "policies")
    (folder / "policies" / "labels.toml").write_text(RULES)
    with in_thread(lambda: opened(folder, embedder, top='policies = "policies"')) as made:
        yield made


def ask(lab: Lab, body: Any, who: str = "outsider") -> Reply:
    return send(lab.url, "POST", "/v1/classify", body, token=lab.token(who) if who else "")


def test_one_is_answered_by_itself_and_many_in_order(lab: Lab) -> None:
    one = ask(lab, {"id": "a", "text": TEXT}).json
    (found,) = one["findings"]
    assert TEXT[found["start"] : found["end"]] == CARD  # code points, whatever is before
    assert (found["kind"], one["label"]["sensitivity"], one["id"]) == ("financial.card", "confidential", "a")
    many = ask(lab, {"texts": [{"id": 2, "text": ""}, {"id": 1, "text": TEXT}, {"id": 2, "text": "lunch"}]}).json
    assert [row["id"] for row in many["data"]] == [2, 1, 2]
    assert many["data"][1] == {name: one[name] for name in ("findings", "label")} | {"id": 1}
    assert [row["label"]["sensitivity"] for row in many["data"]] == ["general", "confidential", "general"]


def test_long_texts_are_the_same_as_short_ones(lab: Lab) -> None:
    before = "It rained all day. " * 1000
    (found,) = ask(lab, {"id": 1, "text": before + TEXT}).json["findings"]
    assert (before + TEXT)[found["start"] : found["end"]] == CARD


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 400, "`id`"),
        ([], 400, "object"),
        ({"id": 1}, 400, "`text`"),
        ({"id": True, "text": CARD}, 400, "`id`"),
        ({"id": "x" * 1001, "text": CARD}, 400, "`id`"),
        ({"id": 1, "text": [CARD]}, 400, "`text`"),
        ({"id": 1, "text": CARD, "kinds": ["a"]}, 400, "`kinds`"),
        ({"texts": []}, 400, "`texts`"),
        ({"texts": CARD}, 400, "`texts`"),
        ({"texts": [{"id": 1, "text": "a"}, CARD]}, 400, "`texts[1]`"),
        ({"texts": [{"id": 1, "text": "a"}, {"text": CARD}]}, 400, "`texts[1].id`"),
        ({"texts": [{"id": 1, "text": "a"}], "text": CARD}, 400, "`text`"),
        ({"texts": [{"id": 1, "text": ""}] * (MOST + 1)}, 413, "texts"),
        ({"id": 1, "text": "a" * 400_001}, 413, "400000"),
    ],
)
def test_what_is_wrong_is_named_and_never_quoted(lab: Lab, body: Any, status: int, named: str) -> None:
    reply = ask(lab, body)
    assert (reply.status, named in reply.json["detail"]) == (status, True), reply.text
    assert CARD not in reply.text


def test_it_is_recorded_without_the_text_and_nothing_else_keeps_it(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "5500 0000 0000 0004"
    with caplog.at_level(logging.DEBUG):
        reply = ask(lab, {"id": f"id {secret}", "text": f"card {secret}"}, "staff")
    (one,) = records(lab.lockgate, reply.headers["lockgate-request-id"])
    version = lab.lockgate.ingest.rules.version
    facts = {"characters": 24, "label_rules": version, "texts": 1}
    assert (one.subject, one.action, dict(one.facts)) == ("user:staff", "classify", facts)
    assert reply.json["label"]["rules"] == version
    assert secret not in caplog.text
    for file in (lab.folder / "state").rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_the_rules_of_the_gateway_count_and_those_about_a_place_do_not(lab: Lab) -> None:
    texts = [{"id": 1, "text": f"{CARD} 5500 0000 0000 0004"}, {"id": 2, "text": CARD}]
    rows = ask(lab, {"texts": texts}).json["data"]
    assert [row["label"]["sensitivity"] for row in rows] == ["restricted", "confidential"]
    assert [row["label"]["forbidden_uses"] for row in rows] == [["ai"], []]
    assert rows[0]["label"]["reasons"][-1] == "rule `many`: 2 x financial.card demands restricted"


def test_nobody_asks_without_a_token(lab: Lab) -> None:
    assert ask(lab, {"id": 1, "text": TEXT}, "").status == 401
