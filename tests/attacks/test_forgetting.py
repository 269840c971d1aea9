"""To forget one's own document must not wash the label off somebody else's words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attacks.http import chat, send
from e2e.beside import MODELS, beside
from e2e.lab import FILES, MANIFEST, Lab, plant
from e2e.upstream import Stream, Upstream
from journeys.places import Words

QUESTION = "What is the base salary of Goran Ilic in 2026?"
PLAN = "The quarry closes in the autumn, and everybody who works there will be told on the first of May."
SAID = "The reorganization moves every harbor pilot to the northern lighthouse before the summer begins."
RULES = """
[[rule]]
match = ["home/**"]
readers = ["group:staff"]
owners = ["user:hr"]
sensitivity = "general"
"""


@pytest.fixture
def pair(tmp_path) -> Iterator[tuple[Lab, Upstream]]:
    plant(tmp_path, {**FILES, "hr/quarry.md": f"# Quarry\n\n{PLAN}\n"})
    (tmp_path / "share" / ".lockgate-access.toml").write_text(MANIFEST + RULES)

    with beside(tmp_path, Words(), MODELS) as both:
        yield both


def pasted(lab: Lab, who: str, text: str) -> tuple[int, str]:
    reply = send(
        lab.url, "POST", "/v1/chat/completions", chat(f"Translate: {text}", "cheap"), token=lab.token(who)
    )
    return reply.status, "" if reply.status == 200 else reply.json["error"]["code"]


@pytest.mark.parametrize("place", ["home/mine.md", "hr/mine.md"])
@pytest.mark.parametrize("text", [PLAN, SAID], ids=["of a document", "of a model"])
def test_a_copy_that_is_forgotten_takes_no_labels_with_it(
    pair: tuple[Lab, Upstream], place: str, text: str
) -> None:
    """Marks were dropped by words alone: whoever copied a secret into a file of theirs, and had that forgotten,
    could paste the secret to any model, and so could everybody else."""
    lab, server = pair

    async def says(stream: Stream) -> None:
        await stream.say(text)
        await stream.end()

    server.reset(says)
    shown = send(lab.url, "POST", "/v1/chat/completions", chat(QUESTION, "grounded"), token=lab.token("hr"))
    assert shown.status == 200
    assert pasted(lab, "hr", text) == (403, "above_ceiling")
    (lab.share / place).parent.mkdir(exist_ok=True)
    (lab.share / place).write_text(f"# Mine\n\n{text}\n")
    lab.sync()
    target = f"/v1/documents/brightwater/{place}/forget"
    done = send(lab.url, "POST", target, {}, token=lab.token("hr"))
    assert done.status == 200, done.text
    server.reset()
    assert pasted(lab, "hr", text) == (403, "above_ceiling")
    assert server.received == []


def test_nor_when_the_original_has_changed_since(pair: tuple[Lab, Upstream]) -> None:
    """Shown from the original while there is a copy already: once the original says something else, the words are
    the copy's alone, and whoever has the copy forgotten took the original's label off them."""
    lab, server = pair
    mine = lab.share / "home/mine.md"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text(f"# Mine\n\n{PLAN}\n")
    lab.sync()

    async def says(stream: Stream) -> None:
        await stream.say(PLAN)
        await stream.end()

    server.reset(says)
    shown = send(lab.url, "POST", "/v1/chat/completions", chat(QUESTION, "grounded"), token=lab.token("hr"))
    assert shown.status == 200
    assert pasted(lab, "hr", PLAN) == (403, "above_ceiling")
    (lab.share / "hr/quarry.md").write_text("# Quarry\n\nNothing is decided.\n")
    lab.sync()
    done = send(lab.url, "POST", "/v1/documents/brightwater/home/mine.md/forget", {}, token=lab.token("hr"))
    assert done.status == 200, done.text
    server.reset()
    assert pasted(lab, "hr", PLAN) == (403, "above_ceiling")
    assert server.received == []
