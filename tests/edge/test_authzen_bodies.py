"""Any JSON in any place of an AuthZEN request is answered or refused, as a plain reading of the standard says."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from edge.authzen_fixture import FixturePdp, client
from lockgate.edge.body import Limits
from lockgate.errors import Unavailable
from lockgate.journeys.decisions import Kind, Search

PROFILE = settings(suppress_health_check=list(HealthCheck), deadline=None)
VALID: dict[str, Any] = {
    "subject": {"type": "user", "id": "alice", "properties": {"role": "admin"}},
    "action": {"name": "read", "properties": {"soft": True}},
    "resource": {"type": "record", "id": "record-1", "properties": {"status": "active"}},
    "context": {"time": "now"},
    "page": {"limit": 2, "properties": {"sort": "x"}},
    "more": {"type": 1},
}
PLACES = [
    (),
    *((part,) for part in VALID),
    *((part, name) for part, value in VALID.items() for name in value),
    *((part, "properties", "x") for part in ("subject", "action", "resource")),
]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def http() -> TestClient:
    return client(FixturePdp())


def change(place: tuple[str, ...], value: Any, drop: bool) -> Any:
    body: Any = copy.deepcopy(VALID)
    if not place:
        return body if drop else value
    inside = body
    for name in place[:-1]:
        inside = inside[name]
    if drop:
        inside.pop(place[-1], None)
    else:
        inside[place[-1]] = value
    return body


def text(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 1024


def entity(value: Any, *, searched: bool) -> bool:
    good = isinstance(value, dict) and text(value.get("type")) and isinstance(value.get("properties", {}), dict)
    return good and (searched or text(value.get("id")))


def readable(body: Any, kind: Kind | None) -> bool:
    """Say whether a body is well formed: for an evaluation (None) or for a search."""
    if not isinstance(body, dict) or not isinstance(body.get("context", {}), dict):
        return False
    action, page = body.get("action"), body.get("page", {})
    named = (
        isinstance(action, dict) and text(action.get("name")) and isinstance(action.get("properties", {}), dict)
    )
    whole = entity(body.get("subject"), searched=kind is Kind.SUBJECT)
    whole = whole and entity(body.get("resource"), searched=kind is Kind.RESOURCE)
    if kind is None:
        return whole and named
    limit = page.get("limit", 1) if isinstance(page, dict) else None
    paged = isinstance(page, dict) and "token" not in page and isinstance(page.get("properties", {}), dict)
    return whole and paged and type(limit) is int and limit >= 1 and (named or kind is Kind.ACTION)


@PROFILE
@given(st.sampled_from([None, *Kind]), st.sampled_from(PLACES), ANYTHING, st.booleans())
def test_a_body_is_taken_exactly_when_it_is_well_formed(
    http: TestClient, kind: Kind | None, place: tuple[str, ...], value: Any, drop: bool
) -> None:
    body = change(place, value, drop)
    paths = ["evaluation", "evaluations"] if kind is None else [f"search/{kind}"]
    for path in paths:
        answer = http.post(
            f"/access/v1/{path}", content=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == (200 if readable(body, kind) else 400), (path, body)
        shown = answer.json()
        if answer.status_code == 200:
            assert isinstance(
                shown["decision"] if kind is None else shown["results"], bool if kind is None else list
            )
        else:
            assert shown["code"] in {"invalid_request", "invalid_json"}


@PROFILE
@given(st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING, st.booleans()), min_size=1, max_size=5))
def test_an_entry_of_a_batch_spoils_no_other(http: TestClient, changes: list[tuple[Any, Any, bool]]) -> None:
    entries = [change(*one) for one in changes]
    wanted = [http.post("/access/v1/evaluation", json=one) for one in entries]
    answer = http.post("/access/v1/evaluations", json={"evaluations": entries})
    assert answer.status_code == 200
    for one, alone in zip(answer.json()["evaluations"], wanted, strict=True):
        if alone.status_code == 200:
            assert one == alone.json()
        else:
            assert (one["decision"], one["context"]["error"]["status"]) == (False, 400)


@pytest.mark.parametrize("depth", [200, 300, 900, 5000])
def test_depth_is_answered_or_refused(http: TestClient, depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    for part in ("context", "more"):
        body = json.dumps(VALID | {part: 0}).replace(f'"{part}": 0', f'"{part}": {deep}')
        for path in ("evaluation", "search/subject"):
            answer = http.post(f"/access/v1/{path}", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code in {200, 400}


def test_a_hundred_thousand_keys_are_ignored(http: TestClient) -> None:
    many = {f"k{number}": number for number in range(50_000)}
    assert http.post("/access/v1/evaluation", json=VALID | many).json() == {"decision": True}
    assert (
        client(FixturePdp(), limits=Limits(body_bytes=1000))
        .post("/access/v1/evaluation", json=VALID | many)
        .status_code
        == 413
    )


def test_what_cannot_be_recorded_is_not_answered() -> None:
    class Closed(FixturePdp):
        async def evaluate(self, *_: Any) -> Any:
            raise Unavailable("the log is down")

        async def search(self, *_: Any) -> Any:
            raise Unavailable("the log is down")

    http = client(Closed())
    for path in ("evaluation", "evaluations", "search/subject", "search/resource", "search/action"):
        answer = http.post(f"/access/v1/{path}", json=VALID, headers={"X-Request-ID": "1"})
        assert (answer.status_code, answer.headers["x-request-id"]) == (503, "1")
        assert "decision" not in answer.text
        assert "results" not in answer.text


def test_a_defect_is_a_500_without_an_answer() -> None:
    class Broken(FixturePdp):
        async def search(self, *_: Search) -> Any:
            raise ZeroDivisionError("s3cret")

    answer = client(Broken()).post("/access/v1/search/action", json=VALID)
    assert answer.status_code == 500
    assert "s3cret" not in answer.text
