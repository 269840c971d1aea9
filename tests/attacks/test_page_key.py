"""Other accounts of the machine reach loopback too: the page must be nobody's but the starter's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attacks.http import send
from e2e.conftest import Running
from lockgate.adapters.page_key import PageKeys, new_key
from lockgate.cli.main import main
from lockgate.errors import NotFound, Unavailable

ROUTES = [
    ("GET", "/page/state", None),
    ("POST", "/page/token", {"person": "jonas"}),
    ("POST", "/page/membership", {"person": "sofia", "group": "hr", "member": True}),
    ("POST", "/page/drop?name=a.txt&person=sofia&audience=staff", {}),
    ("GET", "/page/exposure", None),
]


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, "", "1", "x" * 43, "\xe9" * 43])
@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_without_the_key_the_page_gives_nothing(
    demo: Running, method: str, path: str, body: object, key: str | None
) -> None:
    headers = {} if key is None else {"Lockgate-Demo": key}
    reply = send(demo.url, method, path, body, headers=headers)
    assert (reply.status, reply.json["code"]) == (403, "page_key")
    assert "eyJ" not in reply.text


@pytest.mark.slow
def test_with_the_key_it_gives_a_token(demo: Running) -> None:
    reply = send(demo.url, "POST", "/page/token", {"person": "sofia"}, headers={"Lockgate-Demo": demo.stage.key})
    assert reply.status == 200
    assert reply.json["token"].startswith("eyJ")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/issuer/device", "/issuer/device_authorization", "/issuer/token"])
def test_no_other_way_to_a_token_is_served(demo: Running, path: str) -> None:
    """The issuer's device flow let any account confirm its own login as anybody."""
    for method in ("GET", "POST"):
        assert send(demo.url, method, path, {}).status == 404


@pytest.mark.slow
def test_the_page_says_nothing_without_its_key(demo: Running) -> None:
    for path in ("/", "/page/app.js", "/page/dom.js"):
        text = send(demo.url, "GET", path).text
        assert demo.stage.key not in text
        assert "Brightwater" not in text


@pytest.mark.slow
def test_the_own_account_needs_to_type_no_key(
    demo: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    ask = ["token", "--url", demo.url, "--as", "sofia"]
    assert main(ask) == 2
    assert "runs no demonstration" in capsys.readouterr().err
    with PageKeys(tmp_path / "lockgate").kept(demo.url, demo.stage.key) as door:
        assert main(ask) == 0
        assert capsys.readouterr().out.startswith("eyJ")
        for file in (tmp_path / "lockgate").iterdir():
            assert file.stat().st_mode & 0o777 == 0o600, file
        assert demo.stage.page in door.read_text()
    assert not list((tmp_path / "lockgate").iterdir())


def test_a_key_is_for_one_address_and_for_one_account(tmp_path: Path) -> None:
    keys, key = PageKeys(tmp_path / "state"), new_key()
    with keys.kept("http://127.0.0.1:8420", key):
        assert keys.load("http://127.0.0.1:8420") == key
        for other in (
            "http://localhost:8420",
            "http://127.0.0.1:8421",
            "http://[::1]:8420",
            "http://x@127.0.0.1:8420",
        ):
            with pytest.raises(NotFound):
                keys.load(other)
        next((tmp_path / "state").glob("*.key")).chmod(0o644)
        with pytest.raises(Unavailable, match="other accounts"):
            keys.load("http://127.0.0.1:8420")


def test_what_lay_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "page-127.0.0.1_1.key").symlink_to(victim)
    keys = PageKeys(tmp_path)
    with keys.kept("http://127.0.0.1:1", "k"):
        assert keys.load("http://127.0.0.1:1") == "k"
    assert victim.read_text() == "mine"


def test_the_browser_is_started_without_the_key_in_its_arguments(tmp_path: Path) -> None:
    """`ps` shows arguments to every account."""
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(
        f"""#!/bin/sh
echo "$@" > {seen}.new
cat "${{1#file://}}" >> {seen}.new
mv {seen}.new {seen}
"""
    )
    browser.chmod(0o755)
    program = (
        "import asyncio, os, signal, sys\n"
        "from lockgate.cli.page import show\n"
        "async def run():\n"
        "    asyncio.get_running_loop().call_later(1.5, os.kill, os.getpid(), signal.SIGINT)\n"
        "    await show('http://127.0.0.1:1', 'k3y', lambda: None, browser=True)\n"
        "asyncio.run(run())\n"
    )
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state"), "BROWSER": f"{browser} %s"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=30)
    arguments, _, page = seen.read_text().partition("\n")
    assert arguments.startswith("file:///")
    assert "k3y" not in arguments
    assert "http://127.0.0.1:1/#k3y" in page
