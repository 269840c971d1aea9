"""Does it exist? An id follows from a path, so anybody can ask about any path. Nothing may tell."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeAlias

import pytest

from attacks.timing import Ask, tell_apart
from e2e.conftest import Running
from lockgate.content.document import document_id

pytestmark = pytest.mark.slow
Route: TypeAlias = Callable[[str], Ask]


def _id(path: str) -> str:
    return document_id("brightwater", path)


ROUTES: dict[str, Route] = {
    "open": lambda path: ("GET", f"/v1/documents/{_id(path)}", None),
    "why": lambda path: ("GET", f"/v1/documents/{_id(path)}/why?as=zoe", None),
    "one review": lambda path: ("GET", f"/v1/reviews/{_id(path)}", None),
    "one review by its path": lambda path: ("GET", f"/v1/reviews/brightwater/{path}", None),
    "passage": lambda path: ("GET", f"/v1/reviews/{_id(path)}/passages/0", None),
    "passage that is not there": lambda path: ("GET", f"/v1/reviews/{_id(path)}/passages/9999", None),
    "review": lambda path: ("POST", "/v1/reviews", {"document": _id(path), "version": "x"}),
    "correct": lambda path: (
        "POST",
        "/v1/reviews",
        {"document": _id(path), "version": "x", "sensitivity": "public"},
    ),
}


@pytest.mark.parametrize("name", ROUTES)
def test_neither_words_nor_time_tell_what_exists(demo: Running, name: str) -> None:
    """The passage of an existing document took 8 ms longer to refuse (AUC 0.84), opening it 0.6 ms (0.81)."""
    hidden = [path for path in demo.stage.organization.documents if path.startswith("hr/")]

    def exists() -> Ask:
        return ROUTES[name](random.choice(hidden))

    def does_not() -> Ask:
        return ROUTES[name](f"hr/invented-{random.randrange(10**9)}.md")

    seen = []
    for _ in range(3):  # a busy machine may disturb one round, but no gap survives three
        score, there, not_there = tell_apart(demo.url, demo.token("zoe"), exists, does_not, 120)
        assert there == not_there
        seen.append(score)
        if 0.4 < score < 0.6:
            return
    pytest.fail(f"told apart by time: AUC {seen}")
