"""The routes of reviews and exposure: values never leave, strangers learn nothing, odd bodies are typed 400s."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from edge.review_client import Client, with_client
from journeys.places import Place

Of = Callable[[str], Client]


def test_a_review_over_http(tmp_path: Path) -> None:
    async def story(here: Place, of: Of) -> None:
        listed = await of("ann").send("GET", "/v1/reviews")
        assert listed.headers["cache-control"] == "no-store"
        assert "84200" not in listed.text
        assert "Lena" not in listed.text
        worst = listed.json()["data"][0]
        assert (worst["item"], worst["level"], worst["people"]) == ("docs/pay.csv", "restricted", 45)
        seen = {"document": worst["document"], "version": worst["version"]}
        refused = await of("ann").send("POST", "/v1/reviews", seen)
        assert (refused.status_code, refused.json()["code"]) == (400, "too_broad")
        after = await of("ann")("POST", "/v1/reviews", seen | {"readers": [["group:hr"]]})
        assert after["label"]["readers"] == [["group:hr"], ["group:staff"]]
        assert (after["review"], after["held"]) == ("corrected", False)
        version = (await of("ann")("GET", f"/v1/reviews/{worst['document']}", None))["version"]
        low = {"document": worst["document"], "version": version, "sensitivity": "general"}
        old_client = await of("ann").send("POST", "/v1/reviews", low)
        assert (old_client.status_code, old_client.json()["code"]) == (400, "reason_needed")
        assert "`reason` in the body" in old_client.json()["remedy"]
        stale = await of("ann").send("POST", "/v1/reviews", seen)
        assert stale.status_code == 409
        text = await of("ann")("GET", f"/v1/reviews/{worst['document']}/passages/0", None)
        assert "84200" in text["text"]
        undone = await of("ann")("POST", "/v1/reviews/undo", {})
        assert undone["data"][0]["review"] == "unreviewed"
        for name in (worst["document"], worst["item"]):
            one = await of("ann")("GET", f"/v1/reviews/{name}", None)
            assert {key: one[key] for key in worst} == worst, "as it was listed, with the version"

    asyncio.run(with_client(tmp_path, story))


def test_strangers_learn_nothing(tmp_path: Path) -> None:
    async def story(here: Place, of: Of) -> None:
        plan = here.document("hr/plan.txt").id
        for name, status in (("bo", 404), ("nobody", 401)):
            bodies = []
            for id in (plan, "d_ghost"):
                answer = await of(name).send("POST", "/v1/reviews", {"document": id, "version": "x"})
                assert answer.status_code == status
                body = answer.json()
                body.pop("instance", None)
                bodies.append({key: value for key, value in body.items() if "request" not in key})
                assert (await of(name).send("GET", f"/v1/reviews/{id}/passages/0")).status_code == status
            shown = []
            for id in (plan, here.document("menu.txt").id, "d_" + "0" * 24, "docs/hr/plan.txt", "docs/none"):
                answer = await of(name).send("GET", f"/v1/reviews/{id}")
                assert answer.status_code == status
                shown.append({k: v for k, v in answer.json().items() if k not in ("instance", "request_id")})
            assert all(one == shown[0] for one in shown)
            assert bodies[0] == bodies[1]
        assert (await of("bo")("GET", "/v1/reviews", None))["data"] == []
        assert (await of("bo").send("GET", "/v1/exposure?all=true")).status_code == 403
        assert (await of("bo").send("GET", "/v1/exposure/findable/ann")).status_code == 403
        everything = await of("adm")("GET", "/v1/exposure?all=true", None)
        assert everything["data"][0]["item"] == "docs/pay.csv"

    asyncio.run(with_client(tmp_path, story))


def test_malformed_bodies_are_refused(tmp_path: Path) -> None:
    async def story(here: Place, of: Of) -> None:
        fine = {"document": "d_1", "version": "v"}
        bad: list[object] = [
            None, [], {}, {"document": 1, "version": "v"}, {"document": "d"}, fine | {"readers": []},
            fine | {"readers": ["group:hr"]}, fine | {"readers": [[1]]}, fine | {"sensitivity": "secretish"},
            fine | {"broad": "yes"}, fine | {"reason": 1},
            fine | {"reason": "x" * 501}, fine | {"reason": "a\nb c"}, fine | {"reason": None},
            fine | {"forbidden_uses": "ai"}, fine | {"more": 1},
        ]  # fmt: skip
        for body in bad:
            answer = await of("ann").send("POST", "/v1/reviews", body)
            assert answer.status_code == 400, body
        for limit in ("0", "-1", "a", "²", "1" * 30):
            assert (await of("ann").send("GET", f"/v1/reviews?limit={limit}")).status_code == 400
        assert (
            await of("ann").send("POST", "/v1/reviews/rule", {"pattern": "x", "proposed": "?"})
        ).status_code == 400

    asyncio.run(with_client(tmp_path, story))
