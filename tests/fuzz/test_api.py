"""Schemathesis against a running gateway: what fits the OpenAPI document, and what does not.

Bounded by default. `make fuzz` runs it for `LOCKGATE_FUZZ_SECONDS` an operation.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from e2e.lab import Lab, in_thread, opened, plant
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.content.document import document_id
from lockgate.edge.openapi import OPERATIONS, document

pytestmark = pytest.mark.slow
SECONDS = float(os.environ.get("LOCKGATE_FUZZ_SECONDS", "0"))
EXAMPLES = 15
HANG = 20.0
PEOPLE = ("staff", "owner", "hr", "steward", "admin", "auditor", "outsider")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("api")
    plant(folder)
    # `public_url` opens the metadata; without the embeddings model a whole door would be 404.
    with in_thread(lambda: opened(folder, embedder, models=_VECTORS)) as made:
        yield made


_VECTORS = '[[models]]\nid = "vectors"\nkind = "embeddings"\nusers = ["everyone"]\nceiling = "restricted"\n'


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        yield made


@pytest.fixture(autouse=True)
def no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where the server has logged a defect, whatever it answered."""
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []


def described() -> dict[str, Any]:
    """Return the document with names that are there among those that are invented: random ones open no door."""
    found: dict[str, Any] = json.loads(json.dumps(document()))
    for name, schema in found["components"]["schemas"].items():
        if "model" in schema.get("properties", {}):
            known = "vectors" if name == "EmbeddingsRequest" else "assistant"
            schema["properties"]["model"] = {"anyOf": [{"const": known}, {"type": "string", "minLength": 1}]}
    there = {
        "document": [document_id("brightwater", path) for path in ("handbook/gifts.md", "loose/plan.md")],
        "model": ["assistant"],
        "person": ["staff"],
    }
    for methods in found["paths"].values():
        for operation in methods.values():
            operation["security"] = []  # credentials are the test's own business
            for one in operation["parameters"]:
                if one["name"] in there:
                    one["schema"] = {"anyOf": [{"enum": there[one["name"]]}, one["schema"]]}
    return found


SCHEMA = schemathesis.openapi.from_dict(described())


def _judge(case: Any, answer: Response, began: float) -> None:
    assert time.monotonic() - began < HANG
    assert "Traceback" not in answer.text
    if answer.status_code == 405:  # an empty piece of a path names another route
        return
    if answer.status_code == 503 and case.path != "/readyz":
        assert answer.headers["retry-after"]
    case.validate_response(answer, checks=CHECKS)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda value: value)
def test_every_answer_is_described(
    lab: Lab, session: requests.Session, method: str, path: str, mode: GenerationMode
) -> None:
    operation = SCHEMA[path][method]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
        pytest.skip("nothing of it can be wrong")
    guarded = OPERATIONS[method, path].guarded
    until = time.monotonic() + SECONDS

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(operation.as_strategy(mode), st.sampled_from(PEOPLE), st.integers(0, 4))
    def run(case: Any, person: str, dice: int) -> None:
        headers = {"Authorization": f"Bearer {lab.token(person)}"} if guarded else {}
        began = time.monotonic()
        answer = case.call(base_url=lab.url, headers=headers, session=session, timeout=HANG)
        _judge(case, answer, began)
        if guarded and not dice:
            for shown in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
                alone = case.call(base_url=lab.url, headers=shown, session=session, timeout=HANG)
                assert alone.status_code in {401, 405} or "unknown_route" in alone.text

    for number in itertools.count(20261124):
        seed(number)(run)()
        if time.monotonic() >= until:
            break
