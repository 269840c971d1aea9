"""A real Chromium for tests, and everything that it complains about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Dialog, Locator, Page, expect, sync_playwright

_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Tab:
    """The page, and what happened in it that must not: dialogs, errors, violations of its policy, requests out."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def column(self, side: str) -> Locator:
        return self.page.locator(f'.column[data-side="{side}"]')

    def choose(self, side: str, person: str) -> None:
        self.column(side).locator(".person").select_option(person)

    def ask(self, question: str, model: str = "assistant") -> None:
        """Ask as both, and wait until both have an answer with its proof, or a refusal."""
        self.page.locator("#model").select_option(model)
        self.page.get_by_label("One question").fill(question)
        self.page.get_by_role("button", name="Ask as both").click()
        self.settled()

    def settled(self) -> None:
        for side in ("left", "right"):
            expect(self.column(side)).to_have_attribute("aria-busy", "false", timeout=60_000)

    def drop(self, name: str, text: str, audience: str) -> Locator:
        """Choose a file as the person on the left, and return what the page says about it."""
        self.page.locator("#audience").select_option(audience)
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": text.encode()}
        self.page.locator("#file").set_input_files(files=[file])  # type: ignore[list-item]  # a TypedDict of its own
        dropped = self.page.locator("#dropped")
        expect(dropped).not_to_have_text(f"Reading {name}…", timeout=60_000)
        return dropped


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(_ARGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser: Browser, address: str, **more: object) -> Iterator[Tab]:
    """Open the page by its address with its key, and wait until it stands. `more`: options of a context."""
    url = address.partition("#")[0]
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **more)  # type: ignore[arg-type]
    try:
        opened = Tab(context.new_page(), url)

        def dismiss(dialog: Dialog) -> None:
            opened.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        opened.page.on("dialog", dismiss)
        opened.page.on("pageerror", lambda error: opened.complaints.append(f"error: {error}"))
        opened.page.on(
            "console",
            lambda said: opened.complaints.append(f"console: {said.text}") if said.type == "error" else None,
        )
        opened.page.on(
            "request",
            lambda one: (
                None if one.url.startswith((url, "data:")) else opened.complaints.append(f"out: {one.url}")
            ),
        )
        opened.page.goto(address)
        opened.page.set_default_timeout(8_000)
        expect(opened.page.locator("#exposure > li").first).to_be_visible(timeout=30_000)
        yield opened
    finally:
        context.close()
