"""The certification scenario of AuthZEN 1.0, every level and section; the numbers are its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from edge.authzen_fixture import ACTIONS, RECORDS, SUBJECTS, URL, FixturePdp, client
from lockgate.journeys.decisions import Entity, Question

EVALUATION, EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"
SUBJECT, RESOURCE, ACTION = (f"/access/v1/search/{what}" for what in ("subject", "resource", "action"))
READ, WRITE = {"name": "read"}, {"name": "write"}
WHEN = {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}


def user(id: str, **properties: Any) -> dict[str, Any]:
    return {"type": "user", "id": id} | ({"properties": properties} if properties else {})


def record(number: int, **properties: Any) -> dict[str, Any]:
    return {"type": "record", "id": f"record-{number}"} | ({"properties": properties} if properties else {})


def ask(subject: Any, action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"subject": subject, "action": action, "resource": resource, **more}


ALICE, BOB, ADMIN = user("alice"), user("bob"), user("bob", role="admin")
ARCHIVED = record(2, status="archived")
BASIC = ask(ALICE, READ, record(1))


@pytest.fixture(scope="module")
def pdp() -> FixturePdp:
    return FixturePdp()


@pytest.fixture(scope="module")
def http(pdp: FixturePdp) -> TestClient:
    return client(pdp)


def decisions(answer: Any) -> list[bool]:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found = [one["decision"] for one in answer.json()["evaluations"]]
    assert all(isinstance(one, bool) for one in found)
    return found


CASES = {
    "2.2.1 rule 1": (BASIC, True),
    "rule 2": (ask(ALICE, WRITE, record(1)), True),
    "rule 3": (ask(BOB, READ, record(1)), True),
    "2.2.2 rule 4": (ask(BOB, WRITE, record(1)), False),
    "2.2.3 with context": (ask(ALICE, READ, record(1), context=WHEN), True),
    "2.2.4 rule 5": (ask(ALICE, WRITE, ARCHIVED), False),
    "2.2.5 rule 6": (ask(ADMIN, WRITE, ARCHIVED), True),
    "2.2.6 rule 7": (ask(ALICE, {"name": "delete", "properties": {"soft": True}}, record(1)), True),
    "2.2.7 rule 8": (ask(ALICE, {"name": "delete", "properties": {"soft": False}}, record(1)), False),
    "2.2.8 more properties": (
        ask(
            user("alice", department="Sales", role="manager"),
            {"name": "read", "properties": {"method": "GET"}},
            record(1, status="active", owner="bob"),
        ),
        True,
    ),
    "2.2.9 unknown fields": (BASIC | {"foo": "bar", "futureField": {"nested": True}}, True),
}


@pytest.mark.parametrize(("body", "wanted"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
def test_basic(http: TestClient, path: str, body: Any, wanted: bool) -> None:
    """Without `evaluations` the endpoint for many is the one for one (3.4.2)."""
    answer = http.post(path, json=body)
    assert (answer.status_code, answer.json()) == (200, {"decision": wanted})
    assert answer.headers["content-type"] == "application/json"


def test_properties_decide_and_not_names(http: TestClient) -> None:
    assert http.post(EVALUATION, json=ask(ALICE, WRITE, record(1, status="archived"))).json() == {
        "decision": False
    }
    assert http.post(EVALUATION, json=ask(ALICE, WRITE, record(2, status="active"))).json() == {"decision": True}


MALFORMED = {
    "2.4.1 no subject": {"action": READ, "resource": record(1)},
    "2.4.1 no action": {"subject": ALICE, "resource": record(1)},
    "2.4.1 no resource": {"subject": ALICE, "action": READ},
    "2.4.2 subject without type": ask({"id": "alice"}, READ, record(1)),
    "2.4.2 subject without id": ask({"type": "user"}, READ, record(1)),
    "2.4.2 action without name": ask(ALICE, {}, record(1)),
    "2.4.2 resource without type": ask(ALICE, READ, {"id": "record-1"}),
    "2.4.2 resource without id": ask(ALICE, READ, {"type": "record"}),
    "2.4.6 subject is text": ask("alice", READ, record(1)),
    "2.4.6 action.name is a number": ask(ALICE, {"name": 123}, record(1)),
    "id is a number": ask({"type": "user", "id": 1}, READ, record(1)),
    "type is null": ask({"type": None, "id": "alice"}, READ, record(1)),
    "type is empty": ask({"type": "", "id": "alice"}, READ, record(1)),
    "resource is a list": ask(ALICE, READ, [record(1)]),
    "context is text": ask(ALICE, READ, record(1), context="x"),
    "context is null": ask(ALICE, READ, record(1), context=None),
    "subject properties are a list": ask(ALICE | {"properties": []}, READ, record(1)),
    "action properties are text": ask(ALICE, READ | {"properties": "x"}, record(1)),
    "resource properties are true": ask(ALICE, READ, record(1) | {"properties": True}),
    "a name without end": ask(user("a" * 1025), READ, record(1)),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
def test_malformed_requests_are_400(http: TestClient, pdp: FixturePdp, path: str, body: Any) -> None:
    pdp.asked.clear()
    answer = http.post(path, json=body)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert not pdp.asked


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, SUBJECT, RESOURCE, ACTION])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"subject": ', "application/json"),
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"null", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"subject": {"type": "user", "id": "\xff"}}', "application/json"),
        (b'{"subject": {"type": "user", "id": "\\ud800"}}', "application/json"),
        (b"{}", "text/plain"),
        (b"{}", "application/x-www-form-urlencoded"),
        (b"{}", ""),
    ],
)
def test_what_is_no_json_object_is_400(http: TestClient, path: str, data: bytes, kind: str) -> None:
    """2.4.3 to 2.4.5."""
    assert http.post(path, content=data, headers={"Content-Type": kind}).status_code == 400


def test_a_content_type_may_have_parameters(http: TestClient) -> None:
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert http.post(EVALUATION, content=json.dumps(BASIC), headers=kind).json() == {"decision": True}


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, SUBJECT, RESOURCE, ACTION])
@pytest.mark.parametrize("body", [BASIC, {}], ids=["good", "malformed"])
def test_the_callers_id_of_a_request_comes_back(http: TestClient, path: str, body: Any) -> None:
    """2.5: on every response, with or without a token."""
    for id in ("bfe9eb29-ab87", "x y;z=1", "a" * 4000):
        answer = http.post(path, json=body, headers={"X-Request-ID": id})
        assert answer.headers["x-request-id"] == id
    unknown = http.post(path, json=body, headers={"X-Request-ID": "q", "Authorization": ""})
    assert (unknown.status_code, unknown.headers["x-request-id"]) == (401, "q")
    assert "x-request-id" not in http.post(path, json=body).headers


def test_asking_again_gives_the_same(http: TestClient) -> None:
    """2.6."""
    for body, wanted in CASES.values():
        assert [http.post(EVALUATION, json=body).json()["decision"] for _ in range(3)] == [wanted] * 3


BATCHES: dict[str, tuple[Any, list[bool]]] = {
    "3.2.2 actions, in order": (
        {"subject": BOB, "resource": record(1), "evaluations": [{"action": READ}, {"action": WRITE}]},
        [True, False],
    ),
    "3.2.1 resources": (
        {"subject": ALICE, "action": READ, "evaluations": [{"resource": record(1)}, {"resource": record(2)}]},
        [True, True],
    ),
    "3.2.3 properties of resources": (
        {
            "subject": ALICE,
            "action": WRITE,
            "evaluations": [{"resource": record(1, status="active")}, {"resource": ARCHIVED}],
        },
        [True, False],
    ),
    "3.2.4 properties of subjects": (
        {"action": WRITE, "resource": ARCHIVED, "evaluations": [{"subject": ALICE}, {"subject": ADMIN}]},
        [False, True],
    ),
    "3.2.5 nothing shared": ({"evaluations": [BASIC, ask(BOB, WRITE, record(1))]}, [True, False]),
    "3.2.6 context": (
        {
            "subject": ALICE,
            "action": READ,
            "context": WHEN,
            "evaluations": [{"resource": record(1)}, {"resource": record(2), "context": {"source": "x"}}],
        },
        [True, True],
    ),
    "3.2.7 whole parts are replaced": (
        ask(ALICE, WRITE, record(1, status="active"), evaluations=[{}, {"resource": ARCHIVED}]),
        [True, False],
    ),
    "3.4.1 an entry that lacks something": (
        {
            "subject": ALICE,
            "action": READ,
            "options": {"evaluations_semantic": "execute_all"},
            "evaluations": [{"resource": record(1)}, {}],
        },
        [True, False],
    ),
}


@pytest.mark.parametrize(("body", "wanted"), BATCHES.values(), ids=BATCHES)
def test_batch(http: TestClient, body: Any, wanted: list[bool]) -> None:
    assert decisions(http.post(EVALUATIONS, json=body)) == wanted


def test_parts_are_not_merged(http: TestClient, pdp: FixturePdp) -> None:
    """An entry's resource has none of the shared one's properties, and its context none of the shared context."""
    pdp.asked.clear()
    body = ask(ALICE, READ, record(1, status="archived"), context={"a": 1})
    http.post(EVALUATIONS, json=body | {"evaluations": [{"resource": record(2), "context": {"b": 2}}]})
    assert pdp.asked == [Question(Entity("user", "alice"), "read", Entity("record", "record-2"), {}, {"b": 2})]


def test_an_empty_batch_is_one_question(http: TestClient) -> None:
    """3.4.3."""
    assert http.post(EVALUATIONS, json=BASIC | {"evaluations": []}).json() == {"decision": True}


ENTRIES = [{"resource": record(1)}, {"resource": record(2, status="archived")}, {}, {"resource": record(1)}]


@pytest.mark.parametrize(
    ("semantic", "entries", "wanted"),
    [
        ("execute_all", ENTRIES, [True, False, False, True]),
        ("deny_on_first_deny", ENTRIES, [True, False]),
        ("deny_on_first_deny", [{}, *ENTRIES], [False]),
        ("deny_on_first_deny", ENTRIES[:1] * 3, [True] * 3),
        ("permit_on_first_permit", ENTRIES, [True]),
        ("permit_on_first_permit", ENTRIES[1:], [False, False, True]),
        ("permit_on_first_permit", ENTRIES[1:2] * 3, [False] * 3),
    ],
)
def test_semantics(http: TestClient, semantic: str, entries: Any, wanted: list[bool]) -> None:
    options = {"evaluations_semantic": semantic, "more": 1}
    shared = {"subject": ALICE, "action": {"name": "write", "properties": {"soft": True}}}
    entries = [entry or {"resource": 7} for entry in entries]
    body = shared | {"options": options, "evaluations": entries}
    assert decisions(http.post(EVALUATIONS, json=body)) == wanted


def test_an_entry_that_asks_nothing_says_what_is_wrong(http: TestClient) -> None:
    entries: list[Any] = [{}, 3, None, {"resource": "record-1"}, {"resource": record(1), "subject": {}}]
    answer = http.post(EVALUATIONS, json={"subject": ALICE, "action": READ, "evaluations": entries})
    assert decisions(answer) == [False] * 5
    assert [one["context"]["error"]["status"] for one in answer.json()["evaluations"]] == [400] * 5
    assert answer.json()["evaluations"][0]["context"]["error"]["message"] == "`resource` is missing"


@pytest.mark.parametrize(
    "wrong",
    [
        {"evaluations": {}},
        {"evaluations": "x"},
        {"evaluations": None},
        {"options": []},
        {"options": {"evaluations_semantic": "all"}},
        {"options": {"evaluations_semantic": ["execute_all"]}},
        {"subject": "alice"},
        {"subject": {"type": "user"}},
        {"action": {"name": 5}},
        {"resource": None},
        {"context": []},
    ],
)
def test_what_is_wrong_outside_the_entries_is_400(http: TestClient, wrong: Any) -> None:
    body = ask(ALICE, READ, record(1), evaluations=[{}])
    assert http.post(EVALUATIONS, json=body).status_code == 200
    assert http.post(EVALUATIONS, json=body | wrong).status_code == 400


def test_a_batch_has_an_end(http: TestClient) -> None:
    assert len(decisions(http.post(EVALUATIONS, json=BASIC | {"evaluations": [{}] * 1000}))) == 1000
    assert http.post(EVALUATIONS, json=BASIC | {"evaluations": [{}] * 1001}).status_code == 413


def names(answer: Any, key: str = "id") -> list[str]:
    assert answer.status_code == 200
    return [one[key] for one in answer.json()["results"]]


READERS = ask({"type": "user"}, READ, record(1))


def test_subject_search(http: TestClient) -> None:
    """4.2."""
    found = http.post(SUBJECT, json=READERS)
    assert found.json()["results"] == [{"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}]
    for more in ({"context": WHEN}, {"subject": ALICE}, {"subject": {"type": "user", "id": ""}}):
        assert http.post(SUBJECT, json=READERS | more).json() == found.json()
    assert names(http.post(SUBJECT, json=ask({"type": "user"}, WRITE, ARCHIVED))) == ["bob"]


def test_resource_search(http: TestClient) -> None:
    """4.3."""
    found = http.post(RESOURCE, json=ask(ALICE, READ, {"type": "record"}))
    assert {"type": "record", "id": "record-1"} in found.json()["results"]
    for more in ({"context": WHEN}, {"resource": record(1)}):
        assert http.post(RESOURCE, json=ask(ALICE, READ, {"type": "record"}) | more).json() == found.json()
    assert names(http.post(RESOURCE, json=ask(ADMIN, WRITE, {"type": "record"}))) == ["record-2"]


def test_action_search(http: TestClient) -> None:
    """4.4."""
    body = {"subject": ALICE, "resource": record(1)}
    found = http.post(ACTION, json=body)
    assert found.json()["results"] == [{"name": "read"}, {"name": "write"}]
    for more in ({"context": WHEN}, {"action": 7}):
        assert http.post(ACTION, json=body | more).json() == found.json()
    assert "write" in names(http.post(ACTION, json={"subject": ADMIN, "resource": ARCHIVED}), "name")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ACTION, {"subject": user("nonexistent-user"), "resource": record(1)}),
        (ACTION, {"subject": ALICE, "resource": record(9)}),
        (SUBJECT, ask({"type": "spaceship"}, READ, record(1))),
        (SUBJECT, ask({"type": "user"}, READ, {"type": "moon", "id": "record-1"})),
        (SUBJECT, ask({"type": "user"}, {"name": "fly"}, record(1))),
        (RESOURCE, ask(ALICE, READ, {"type": "moon"})),
        (RESOURCE, ask({"type": "ship", "id": "alice"}, READ, {"type": "record"})),
    ],
)
def test_what_is_not_known_is_found_nowhere(http: TestClient, path: str, body: Any) -> None:
    """4.6."""
    assert names(http.post(path, json=body)) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SUBJECT, {"subject": {"type": "user"}, "resource": record(1)}),
        (RESOURCE, {"action": READ, "resource": {"type": "record"}}),
        (ACTION, {"subject": ALICE}),
        (SUBJECT, ask({"type": "user"}, READ, {"type": "record"})),
        (RESOURCE, ask({"type": "user"}, READ, {"type": "record"})),
        (ACTION, {"subject": {"type": "user"}, "resource": record(1)}),
        (SUBJECT, ask({}, READ, record(1))),
        (SUBJECT, ask({"type": 1}, READ, record(1))),
        (RESOURCE, ask(ALICE, READ, "record")),
        (SUBJECT, READERS | {"page": 1}),
        (SUBJECT, READERS | {"page": {"limit": 0}}),
        (SUBJECT, READERS | {"page": {"limit": True}}),
        (SUBJECT, READERS | {"page": {"limit": 1.5}}),
        (SUBJECT, READERS | {"page": {"token": 1}}),
        (SUBJECT, READERS | {"page": {"token": ""}}),
        (SUBJECT, READERS | {"page": {"token": "AAAA"}}),
        (SUBJECT, READERS | {"page": {"token": "é"}}),
        (SUBJECT, READERS | {"page": {"properties": 1}}),
    ],
)
def test_malformed_searches_are_400(http: TestClient, path: str, body: Any) -> None:
    """4.7."""
    assert http.post(path, json=body).status_code == 400


def test_pages(http: TestClient) -> None:
    """4.5, also as the harness asks for the second page: with the token alone."""
    whole = names(http.post(SUBJECT, json=READERS))
    first = http.post(SUBJECT, json=READERS | {"page": {"limit": 1}}).json()
    token = first["page"]["next_token"]
    assert (len(first["results"]), first["page"]["count"], bool(token)) == (1, 1, True)
    for page in ({"token": token}, {"token": token, "limit": 1}):
        second = http.post(SUBJECT, json=READERS | {"page": page}).json()
        assert second["page"] == {"next_token": "", "count": 1}
        assert [one["id"] for one in first["results"] + second["results"]] == whole


def test_metadata(http: TestClient) -> None:
    """6."""
    answer = http.get("/.well-known/authzen-configuration", headers={"Host": "evil.example", "Authorization": ""})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    stated = answer.json()
    assert stated.pop("policy_decision_point") == URL
    assert stated.pop("supported_obligations") == ["step-up", "custom"]
    assert len(stated) == 5
    for name, address in stated.items():
        assert address.startswith(f"{URL}/access/v1/"), name
        assert http.post(address.removeprefix(URL), json={}).status_code == 400


def test_without_an_address_there_is_no_metadata() -> None:
    answer = client(FixturePdp(), url="").get("/.well-known/authzen-configuration")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_public_url")


def test_nobody_asks_without_a_token(http: TestClient) -> None:
    for path in (EVALUATION, EVALUATIONS, SUBJECT, RESOURCE, ACTION):
        answer = http.post(path, json=BASIC, headers={"Authorization": ""})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_the_fixture_is_that_of_the_scenario() -> None:
    assert (set(SUBJECTS), set(RECORDS), set(ACTIONS)) == (
        {"alice", "bob"},
        {"record-1", "record-2"},
        {"read", "write", "delete"},
    )
