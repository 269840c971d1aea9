"""The page of the demonstration in a real browser: two people, one question, two answers.

`docs/page.png` is what `test_the_picture_of_the_readme` sees; remake it with
`LOCKGATE_PICTURE=docs/page.png pytest tests/e2e/test_page.py -k picture`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from e2e.browser import Tab, chromium, tab
from e2e.conftest import Running
from lockgate.demo.page_host import sync

pytestmark = [pytest.mark.slow, pytest.mark.needs_chromium]
SALARY = "How much does Goran Ilic earn?"
NOTHING = "I found nothing that you may see"
PAY = "Name,Role,Base salary EUR\nZoltan Zimmer,Welder,{}\nMaja Lind,Pilot,58200\nUwe Voss,Clerk,39100\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(demo: Running, browser: Browser) -> Iterator[Tab]:
    """The page; afterwards it has complained about nothing, and what was dropped is gone again."""
    with tab(browser, demo.stage.page) as opened:
        yield opened
        assert opened.complaints == []
    dropped = demo.stage.organization.share / "dropped"
    if dropped.exists():
        shutil.rmtree(dropped)
        demo.run(sync(demo.stage.lockgate))


def test_two_people_get_two_answers_with_labels_citations_gates_and_proof(page: Tab) -> None:
    page.ask(SALARY)
    jonas, sofia = page.column("left"), page.column("right")
    expect(jonas.locator(".text")).to_contain_text("44,417 EUR")
    expect(jonas.locator(".label .mark")).to_have_text("restricted")
    expect(jonas.locator(".label .why")).to_contain_text("readable by hr")
    expect(jonas.locator(".citations li")).to_contain_text(["Personnel file: Goran Ilic"])
    expect(sofia.locator(".text")).to_contain_text(NOTHING)
    assert "44,417" not in sofia.inner_text()
    expect(sofia.locator(".citations")).to_have_text("none")
    for column in (jonas, sofia):
        expect(column.locator(".gates > li > strong")).to_have_text(
            [
                "Identify",
                "Label the prompt",
                "Decide: may the prompt go to the model",
                "Retrieve, trimmed",
                "Decide again: with what was found",
                "Decide: may the answer go to the reader",
                "Call the model",
                "Inspect, release, record",
            ]
        )
        column.locator("summary").click()
        records = column.locator(".records > li")
        assert records.count() > 10
        assert {text.split("\n")[0] for text in records.all_inner_texts()} == {"✓ in the log"}
        expect(column.locator("pre")).to_contain_text("— ")


def test_a_record_that_is_not_in_the_log_is_seen(page: Tab) -> None:
    """The check is the browser's own: where the server shows another record, it says so."""

    def forge(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        proof = answer.json()
        proof["events"][0]["event"] = proof["events"][0]["event"].replace("jonas", "janos")
        route.fulfill(response=answer, json=proof)  # type: ignore[attr-defined]

    page.page.route("**/proof", forge)
    page.ask(SALARY)
    expect(page.column("left").locator("summary")).to_have_text("Audit proof: 1 records are NOT in the log")


def test_a_switch_changes_the_next_answer_and_switching_back_restores_it(page: Tab) -> None:
    page.ask(SALARY)
    sofia = page.column("right")
    before = sofia.locator(".text").inner_text()
    hr = sofia.get_by_role("switch", name="hr", exact=True)
    expect(hr).to_have_attribute("aria-checked", "false")
    for member, shown in ((True, "44,417 EUR"), (False, before)):
        hr.focus()
        page.page.keyboard.press("Space")
        expect(hr).to_have_attribute("aria-checked", str(member).lower())
        expect(hr).to_be_focused()
        sofia.get_by_role("button", name="Ask again").click()
        page.settled()
        expect(sofia.locator(".text")).to_contain_text(shown)
    assert sofia.locator(".text").inner_text() == before


def test_a_retyped_question_does_not_carry_the_label_of_its_answer(page: Tab) -> None:
    question = "What is the base salary of Erik Solheim in 2026?"
    page.ask(question)
    page.ask(question)
    label = page.column("left").locator(".gates > li", has_text="Label the prompt").locator(".mark")
    expect(label).to_have_text("general")


def test_a_dropped_salary_table_goes_to_its_owner_until_it_is_accepted(page: Tab) -> None:
    said = page.drop("pay-2031.csv", PAY.format("47113"), "sales")
    expect(said.locator(".mark")).to_have_text("restricted")
    expect(said).to_contain_text("business.salary")
    expect(said).to_contain_text("AI serves it to Jonas Petersen only")
    question = "What is the base salary of Zoltan Zimmer?"
    page.ask(question)
    jonas, sofia = page.column("left"), page.column("right")
    expect(jonas.locator(".text")).to_contain_text("47113")
    assert "47113" not in sofia.inner_text()
    assert "pay-2031" not in sofia.inner_text()
    said.get_by_role("button", name="Accept the label as Jonas Petersen").click()
    expect(page.page.locator("#reviewed")).to_contain_text("Jonas Petersen reviewed", timeout=30_000)
    page.ask(question)
    expect(sofia.locator(".text")).to_contain_text("47113")
    expect(sofia.locator(".label .mark")).to_have_text("restricted")


def test_the_owner_of_an_exposed_document_reviews_it_where_it_is_listed(page: Tab) -> None:
    page.drop("pay-2032.csv", PAY.format("48221"), "staff")
    entry = page.page.locator("#exposure > li", has_text="pay-2032.csv")
    expect(entry).to_contain_text("sensitive and too widely readable")
    page.choose("left", "erik")
    expect(entry.get_by_role("button")).to_have_text(["Show as Jonas Petersen, its owner"])
    entry.get_by_role("button").click()
    expect(page.column("right").locator(".person")).to_have_value("jonas")
    entry.get_by_role("button", name="As Jonas Petersen: keep it to myself").click()
    expect(page.page.locator("#reviewed")).to_contain_text("restricted, for Jonas Petersen", timeout=30_000)
    page.ask("What is the base salary of Zoltan Zimmer?")
    assert "48221" not in page.column("left").inner_text()
    expect(page.column("right").locator(".text")).to_contain_text("48221")


_MARKUP = "<img src=x onerror=alert(1)></script><script>alert(2)</script><svg onload=alert(3)>"


def test_markup_in_names_titles_and_text_is_shown_as_text(page: Tab) -> None:
    """Nothing runs, nothing is loaded, nothing is reported against the page's policy: see the fixture."""
    name = "<img src=x onerror=alert(4)>.md"
    text = (
        f"# The Zanzibar pump {_MARKUP}\n\n"
        f"The code word of the Zanzibar pump is tulip {_MARKUP} [here](javascript:alert(5)).\n"
    )
    said = page.drop(name, text, "staff")
    expect(said.locator("strong")).to_contain_text("<img src=x onerror=alert(1)>")
    page.ask("What is the code word of the Zanzibar pump?")
    jonas = page.column("left")
    expect(jonas.locator(".text")).to_contain_text("tulip")
    expect(jonas.locator(".citations")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(jonas.locator(".citations")).to_contain_text(name)
    assert page.page.locator("main :is(img, svg, script, a, iframe)").count() == 0


def test_markup_in_a_question_and_a_refusal_is_shown_as_text(page: Tab) -> None:
    page.choose("right", "sofia")
    page.ask(f"{_MARKUP} May I pay with 4111 1111 1111 1111?", "cloud-cheap")
    refused = page.column("right").get_by_role("alert")
    expect(refused).to_contain_text("above what `cloud-cheap` may be given")
    expect(refused).to_contain_text("leave the sensitive part out")
    expect(refused).to_contain_text("HTTP 403")
    page.complaints[:] = [one for one in page.complaints if "status of 403" not in one]


def test_a_reroute_is_seen(page: Tab) -> None:
    page.choose("left", "ralf")
    page.choose("right", "jonas")
    page.ask(SALARY, "cloud-cheap")
    gates = page.column("right").locator(".gates")
    expect(gates.locator("li.deny").first).to_contain_text("cloud-cheap denied")
    expect(gates).to_contain_text("assistant-secure rerouted")


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_and_everything_has_a_name(
    demo: Running, browser: Browser, width: int, scheme: str
) -> None:
    with tab(browser, demo.stage.page, color_scheme=scheme) as opened:
        opened.page.set_viewport_size({"width": width, "height": 900})
        opened.ask(SALARY)
        for summary in opened.page.locator("summary").all():
            summary.click()
        inner = opened.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert inner[0] <= inner[1]
        for control in opened.page.locator(":is(button, select, textarea, input):visible").all():
            assert control.evaluate("node => node.labels?.length || node.textContent.trim().length") > 0
        assert opened.complaints == []


def test_the_picture_of_the_readme(demo: Running, browser: Browser, tmp_path: Path) -> None:
    with tab(browser, demo.stage.page, color_scheme="light") as opened:
        opened.ask(SALARY)
        opened.page.locator("h1").click()
        target = Path(os.environ.get("LOCKGATE_PICTURE") or tmp_path / "page.png")
        bottom = opened.page.locator(".columns").bounding_box()
        assert bottom is not None
        height = int(bottom["y"] + bottom["height"]) + 16
        opened.page.screenshot(path=target, full_page=True, clip={"x": 0, "y": 0, "width": 1280, "height": height})
        assert target.stat().st_size < 250_000
