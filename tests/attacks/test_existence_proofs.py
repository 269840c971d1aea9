"""Whoever is refused can ask for the proof of the refusal. It must not tell what the refusal does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from attacks.http import Reply, send, tool
from e2e.lab import Lab, in_thread, opened, plant
from e2e.test_applications import token
from journeys.places import Words
from lockgate.audit import ocsf
from lockgate.audit.entry import Entry
from lockgate.audit.merkle import leaf_hash
from lockgate.content.document import document_id

DOORS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "forget": ("POST", "/v1/documents/{id}/forget", {}),
    "forget by path": ("POST", "/v1/documents/brightwater/{path}/forget", {}),
    "open": ("GET", "/v1/documents/{id}", None),
    "why": ("GET", "/v1/documents/{id}/why?as=staff", None),
    "one review": ("GET", "/v1/reviews/{id}", None),
    "one review by its path": ("GET", "/v1/reviews/brightwater/{path}", None),
    "a passage": ("GET", "/v1/reviews/{id}/passages/0", None),
    "to review": ("POST", "/v1/reviews", {"document": "{id}", "version": "x"}),
    "MCP": ("POST", "/mcp", tool("fetch", id="{id}")),
    "to discover": ("POST", "/v1/discover", {"query": "salaries"}),
    **{
        f"AuthZEN {action}": (
            "POST",
            "/access/v1/evaluation",
            {
                "subject": {"type": "user", "id": "{who}"},
                "action": {"name": action},
                "resource": {"type": "document", "id": "{id}"},
            },
        )
        for action in ("read", "discover", "downgrade", "forget")
    },
    "AuthZEN search": (
        "POST",
        "/access/v1/search/resource",
        {
            "subject": {"type": "user", "id": "{who}"},
            "action": {"name": "forget"},
            "resource": {"type": "document"},
        },
    ),
}
CONFINED = """
[[applications]]
id = "general-only"
models = ["*"]
collections = ["*"]
purposes = ["*"]
ceiling = "general"
[[applications]]
id = "nowhere"
models = ["*"]
purposes = ["*"]
ceiling = "restricted"
"""
THERE, ABSENT = "hr/salaries.md", "hr/nothing.md"


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("proofs")
    plant(folder)
    with in_thread(lambda: opened(folder, Words(), models=CONFINED)) as made:
        yield made


def ask(lab: Lab, shown: str, who: str, door: str, path: str) -> Reply:
    method, route, body = DOORS[door]
    names = {"{id}": document_id("brightwater", path), "{path}": path, "{who}": who}

    def put(text: str) -> str:
        for name, value in names.items():
            text = text.replace(name, value)
        return text

    sent = None if body is None else json.loads(put(json.dumps(body)))
    more = {"Accept": "application/json"} if route == "/mcp" else {}
    return send(lab.url, method, put(route), sent, token=shown, headers=more)


def proof(lab: Lab, who: str, door: str, path: str, reader: str = "") -> list[dict[str, Any]]:
    asked = ask(lab, lab.token(who), who, door, path)
    answer = f"/v1/answers/{asked.headers['lockgate-request-id']}/proof"
    shown = send(lab.url, "GET", answer, token=lab.token(reader or who))
    assert shown.status == 200, shown.text
    found: list[dict[str, Any]] = shown.json["events"]
    return found


@pytest.mark.parametrize("who", ["outsider", "staff"])
@pytest.mark.parametrize("door", DOORS)
def test_a_proof_tells_nothing_that_the_refusal_did_not(lab: Lab, door: str, who: str) -> None:
    """It had the label of the document, with readers and owners: of what one may not know to exist."""
    there, absent = proof(lab, who, door, THERE), proof(lab, who, door, ABSENT)
    assert [one["title"] for one in there] == [one["title"] for one in absent]
    for one in (*there, *absent):
        assert "group:hr" not in one["event"]
        assert "user:hr" not in one["event"]
        assert "examined" not in one["event"]


@pytest.mark.parametrize("door", [one for one in DOORS if one != "to discover"])
def test_auditors_see_every_record(lab: Lab, door: str) -> None:
    assert proof(lab, "outsider", door, THERE, "auditor")


def test_what_one_was_shown_stays_in_the_proof(lab: Lab) -> None:
    (decided, _) = proof(lab, "hr", "open", THERE)
    assert "group:hr" in decided["event"]


@pytest.mark.parametrize("who", ["outsider", "staff"])
def test_names_of_collections_cannot_be_guessed(lab: Lab, who: str) -> None:
    """One that was not there was a 400, so that anybody could try names of projects."""
    seen = []
    for name in ("brightwater", "project-falcon"):
        body = {"query": "base salary of Goran Ilic", "collections": [name]}
        found = send(lab.url, "POST", "/v1/retrieve", body, token=lab.token(who))
        assert found.status == 200
        seen.append(found.json["data"])
    assert seen[1] == []
    assert who == "staff" or seen[0] == []


@pytest.mark.parametrize("application", ["general-only", "nowhere"])
@pytest.mark.parametrize("door", DOORS)
def test_an_application_learns_nothing_outside_of_its_declaration(lab: Lab, door: str, application: str) -> None:
    """Its person may read the document; it was told that there is one, and that it is above its ceiling."""
    there, absent = (ask(lab, token(lab, "hr", application), "hr", door, path) for path in (THERE, ABSENT))
    assert there.steady == absent.steady


def test_the_hash_of_a_record_that_is_left_out_confirms_no_guess(lab: Lab) -> None:
    """Paths show hashes of neighbors, and all that a refusal records of nothing can be known."""

    def hidden(path: str) -> Entry:
        asked = ask(lab, lab.token("outsider"), "outsider", "open", path)
        (found,) = lab.lockgate.log.by_request(asked.headers["lockgate-request-id"])
        return found

    mine, theirs = hidden("hr/not there.md"), hidden(ABSENT)
    hidden("hr/a neighbor.md")
    said = json.loads(mine.event)
    guess = json.loads(
        json.dumps(said)
        .replace(document_id("brightwater", "hr/not there.md"), document_id("brightwater", ABSENT))
        .replace(said["metadata"]["correlation_uid"], theirs.record.request_id)
    )
    guess["time"] = json.loads(theirs.event)["time"]
    guessed = leaf_hash(ocsf.encode(guess, theirs.index))
    assert leaf_hash(theirs.event) in lab.lockgate.log.inclusion_proof(theirs.index ^ 1)
    assert guessed != leaf_hash(theirs.event), (
        "whoever knows how a refusal of nothing looks could tell it from others"
    )
