"""Documents do not drift: links resolve, decisions are indexed, and no page speaks of anybody's machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.tree import DOCS, ROOT, files

_LINK = re.compile(r"(?<!\!)\[[^\]\n]*\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_MACHINE = re.compile(r"(?<![\w.])/(?:work|home|root|Users|private)/|[A-Z]:\\Users")
_TEXT = {".md", ".py", ".toml", ".cedar", ".yaml", ".json", ".js", ".mjs", ".html", ".css", ".svg", ".txt", ""}

PAGES = files("*.md")


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text("utf-8"))):
        bare = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
        found.add(bare.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_relative_links_resolve(page: Path):
    text = _FENCE.sub("", page.read_text("utf-8"))
    for groups in _LINK.findall(text):
        target = next(one for one in groups if one)
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{_id(page)} links to {target}"
        assert ROOT in there.parents, f"{_id(page)} links out of the tree: {target}"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{_id(page)} links to {target}"


def test_links_are_seen():
    """The test above can fail: a page with a dead link and a dead anchor would be noticed."""
    assert _LINK.findall("see [a](b.md#c)") == [("b.md#c", "", "")]
    assert "0003-what-nobody-labeled-is-at-the-top" in anchors(DOCS / "adr" / "0003-unlabeled-is-top.md")


def test_every_decision_is_in_the_index():
    index = (DOCS / "adr" / "README.md").read_text("utf-8")
    pages = {page.name for page in (DOCS / "adr").glob("0*.md")}
    assert set(re.findall(r"\]\((0[^)]+\.md)\)", index)) == pages


def test_decisions_have_numbers_of_their_own():
    numbers = [page.name[:4] for page in sorted((DOCS / "adr").glob("0*.md"))]
    assert len(numbers) == len(set(numbers))
    for page in (DOCS / "adr").glob("0*.md"):
        assert page.read_text("utf-8").startswith(f"# {page.name[:4]}: ")


def test_no_file_speaks_of_a_machine():
    for path in files("*"):
        if path.suffix in _TEXT:
            found = _MACHINE.search(path.read_text("utf-8", errors="replace"))
            assert not found, f"{_id(path)}: {found[0] if found else ''}"


def test_every_file_of_the_house_is_there_and_every_floor_is_named():
    """The tree in ARCHITECTURE.md: an entry begins two spaces deeper than its folder."""
    drawn = (DOCS / "ARCHITECTURE.md").read_text("utf-8").partition("src/lockgate/\n")[2].partition("\ntests/")[0]
    folder, named = "", set()
    for line in drawn.splitlines():
        found = re.match(r"( +)([\w.]+(?:/|\.py))(?: |$)", line)
        if not found:
            continue
        deep, name = len(found[1]) > 2, found[2]
        folder = folder if deep else name
        path = ROOT / "src" / "lockgate" / (folder + name if deep else name)
        assert path.exists(), f"ARCHITECTURE.md draws {path.relative_to(ROOT)}"
        named.add(folder.rstrip("/"))
    floors = {one.name for one in (ROOT / "src" / "lockgate").iterdir() if not one.name.startswith("_")}
    assert named >= floors - {"py.typed"}
