"""Reports: what they say is what was counted, and no name that a stranger chose becomes a part of the page."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.test_sarif import NOW, place, row
from lockgate.content.document import Evidence
from lockgate.content.report import Bar, Case, Chart, Figure, Page, Trouble, exposure_page, html, scan_page
from lockgate.content.report.style import POLICY
from lockgate.content.report.text import shown
from lockgate.content.scanned import Problem, Row, ScanReport, Tally, Totals
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers

HOSTILE = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "--><iframe src=https://evil.example>",
    "&lt;b&gt;&#x3c;i&#x3e;",
    "javascript:alert(1)",
    "invoice\u202efdp.exe",
    "a\u2066b\u2069\u200b\ufeff\U000e0041",
    "\x1b[31mred\x00\r\n",
    "half \udcff name",
    "z" + "\u0301" * 5000,
    "long/" * 20_000,
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "مرحبا.txt",
)
_VOID = {"meta", "wbr", "br", "rect"}
_TAGS = re.compile(
    "html|head|meta|title|style|body|main|header|h[12]|p|section|ul|ol|li|b|span|div|table|thead|tbody|tr|th|td|svg|"
    "rect|bdi|em|dl|dt|dd|wbr|br"
)
_ATTRIBUTES = re.compile(
    "lang|charset|http-equiv|content|name|class|id|scope|role|aria-label|aria-hidden|viewbox|preserveaspectratio|x|"
    "width|height"
)
_INSIDE = {"bdi", "em", "wbr"}
"""Elements that end no word."""


class Strict(HTMLParser):
    """Reads a page, and refuses what a page of ours never has."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert _TAGS.fullmatch(tag), tag
        assert all(_ATTRIBUTES.fullmatch(name) for name, _ in attrs), attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag
        if tag not in _INSIDE:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def words(page: str) -> str:
    """Return the text of a page that is built as ours are."""
    assert page.startswith("<!doctype html>")
    assert page.count("<style>") == page.count("</style>") == 1
    page.encode()  # no half characters
    strict = Strict()
    strict.feed(page)
    strict.close()
    assert strict.open == []
    return " ".join("".join(strict.words).split())


def everywhere(name: str) -> Page:
    """Return a page with a name in every place that a name can come to."""
    return Page(
        title=name,
        about=name,
        verdict=(name,),
        figures=(Figure(name, name, name),),
        charts=(Chart(name, name, (Bar(name, (1, 2, 3, 4), name),)),),
        actions=((name, name),),
        cases=(Case(name, 3, name, name, (name,), (name,), name),),
        troubles=(Trouble(name, 3, (name,)),),
        method=((name, name),),
        levels=(name, f"{name}1", f"{name}2", f"{name}3"),
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_a_part_of_the_page(name: str) -> None:
    page = html(everywhere(name))
    assert shown("alert(1)") in words(page) or "alert" not in name
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00-\x09\x0b-\x1f\ud800-\udfff]", page)
    assert len(page) < 40_000  # however long the name


@given(st.text())
def test_any_name_is_only_text(name: str) -> None:
    words(html(everywhere(name)))


def test_nothing_is_loaded_and_nothing_runs() -> None:
    page = html(everywhere("a.txt"))
    assert "default-src 'none'" in POLICY
    assert POLICY in page
    assert not re.search(
        r"<script|<link|<img|<iframe|<a |href=|src=|url\(|@import|http://|https://| style=| on\w+=", page
    )


def report(*rows: Row, **more: object) -> ScanReport:
    base = ScanReport(
        ("/srv/share",),
        NOW,
        NOW,
        (),
        "rules-1",
        7,
        Totals(items=1000, bytes=5_000_000, read=900, bytes_read=4_000_000, unchanged=100, unread=2, partly=1),
        by_kind=(Tally("secret.password", 2, 3, (0, 0, 0, 2)), Tally("financial.card", 40, 90, (0, 0, 40, 0))),
        by_label=(
            Tally("3", 2, 3, (0, 0, 0, 2)),
            Tally("2", 40, 90, (0, 0, 40, 0)),
            Tally("1", 956, 0, (0, 956, 0, 0)),
        ),
        by_folder=(Tally("/srv/share/./", 8, 0, (0, 8, 0, 0)), Tally("/srv/share/hr/", 42, 93, (0, 0, 40, 2))),
        by_audience=(Tally("everyone", 41, 1, (0, 0, 40, 1)), Tally("one person", 957, 2, (0, 956, 0, 1))),
        rows=rows,
        roots=("/srv/share",),
        problems=(Problem("could not read: protected", 2, ("/srv/share/a.pdf", "/srv/share/b.pdf")),),
    )
    return replace(base, **more)  # type: ignore[arg-type]  # names of fields


def test_it_says_what_was_counted() -> None:
    orphan = replace(row("hr/old.txt"), owners=(), everyone=False, people=0, declared=Sensitivity.GENERAL)
    key = replace(
        row("deploy.txt", place("secret.password", 4)), readers=Readers.any_of("group:it"), everyone=False
    )
    told = words(html(scan_page(report(row("hr/pay.txt"), key, orphan, rows_left_out=5), "9.9")))
    for wanted in (
        "42 of 1,000 items should be confidential or above.",
        "41 of them are open to everyone",
        "3 passwords, keys or tokens stand in plain text",
        "2 items could not be read and 1 only in part",
        "99.8 %",
        "hr/pay.txt",
        "3 × financial.card first at line 1",
        "7 people: group it",
        "Replace the secret where it is used, take it out of here, and label it restricted.",
        "Take it away from everyone",
        "It is labeled general, which is lower than its content.",
        "nobody who is still here",
        "5 more are not listed here",
        "the target itself",
        "protected",
        "rules-1",
        "9.9",
    ):
        assert wanted in told, wanted
    assert "srv/share/hr" not in told


def test_a_bar_is_as_long_as_what_it_counts() -> None:
    page = html(
        Page(
            "t", "a", (), (), (Chart("c", "", (Bar("big", (0, 600, 0, 400), ""), Bar("small", (0, 0, 0, 1), ""))),)
        )
    )
    widths = [float(one) for one in re.findall(r'width="([\d.]+)" height="10"', page)]
    assert widths == [400.0, 600.0, 2.0]
    assert 'aria-label="400 restricted, 600 general"' in page


def test_a_scan_that_found_nothing_says_so_and_one_that_broke_does_not_say_it_alone() -> None:
    clean = replace(
        report(),
        totals=Totals(items=3, read=3),
        by_kind=(),
        by_label=(),
        by_folder=(),
        by_audience=(),
        problems=(),
    )
    told = words(html(scan_page(clean, "9")))
    assert "Nothing sensitive was found in 3 items." in told
    assert "Everything could be read." in told
    assert "There is nothing to list." in told
    broken = words(html(scan_page(replace(clean, broken=("/srv/share: the disk failed",)), "9")))
    assert "This scan is not complete: /srv/share: the disk failed" in broken
    assert "Everything could be read." not in broken
    assert "verdict good" in html(scan_page(clean, "9"))
    assert "verdict good" not in html(scan_page(replace(clean, broken=("x",)), "9"))


def test_many_items_that_need_the_same_are_one_step() -> None:
    many = [row(f"hr/{number}.txt") for number in range(50)]
    told = words(html(scan_page(report(*many, row("x/other.txt")), "9")))
    assert "(hr: 50 items)" in told
    assert told.index("(hr: 50 items)") < told.index("(x: 1 item)")
    assert "31 more are not listed here" in told


def test_kinds_and_places_but_no_value() -> None:
    found = replace(row("a.txt"), evidence=tuple(Evidence(f"k.{number}", 1, 0.9) for number in range(6)))
    assert "2 more kinds" in words(html(scan_page(report(found), "9")))


@pytest.mark.parametrize("name", HOSTILE)
def test_exposure_with_hostile_names_is_only_text(name: str) -> None:
    exposed = {
        "item": f"docs/{name}", "level": "restricted", "rank": 3, "people": 2, "share": 0.1, "problem": "",
        "owners": [name], "evidence": [{"kind": name, "count": 1}], "used": 1, "users": 1, "why": [name or "x"],
        "grants": [[[name, 2]]], "sharing": name, "todo": name,
    }  # fmt: skip
    fix = {"does": name, "folder": name, "through": name, "documents": 1, "items": [f"docs/{name}"]}
    levels = {"public": 1, "general": 2, "confidential": 3, "restricted": 4}
    day = {
        "day": name, "coverage": 0.5, "documents": 10, "labeled": 1, "exposed": 1, "reviewed": 1, "levels": levels
    }  # fmt: skip
    broken = {**exposed, "problem": f"could not read: {name}"}
    page = exposure_page([exposed, broken], [fix], [day, day], now=NOW, where=name, version="9")
    told = words(html(page))
    assert "1 document with sensitive content is not under control." in told
    assert "50 %" in told
    assert "Nothing is exposed." in words(html(exposure_page([], [], [], now=NOW, where="x", version="9")))


@pytest.mark.needs_chromium
def test_a_browser_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    from e2e.browser import chromium  # here: most machines that run these tests have none

    file = tmp_path / "report.html"
    rows = [row(name[:200].replace("\x00", "")) for name in HOSTILE]
    file.write_text(html(scan_page(report(*rows), "9")), "utf-8")
    heard: list[str] = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.on("dialog", lambda dialog: heard.append("dialog") or dialog.dismiss())  # type: ignore[func-returns-value]  # both
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: heard.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        assert page.evaluate("getComputedStyle(document.querySelector('.cases')).tableLayout") == "fixed"
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.emulate_media(color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 27)"
        assert page.pdf().startswith(b"%PDF")
        assert page.get_by_role("heading", level=1).count() == 1
        assert page.get_by_role("img").count() >= 4
    assert heard == []
