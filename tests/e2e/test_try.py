"""`lockgate try FOLDER`: somebody's own folder, as they see it the first time."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.browser import chromium, tab
from lockgate.demo import trial
from lockgate.errors import Invalid

DAEMON, BIN = 1, 2
"""Accounts and groups that every Debian has; as numbers, they need no name."""
SALARIES = "Name,Role,Base salary EUR\nZoltan Zimmer,Welder,47113\nMaja Lind,Pilot,58200\nUwe Voss,Clerk,39100\n"


@dataclass
class Home:
    """Where a run of the command leaves its things: its own temporary and state folders."""

    root: Path

    def environment(self) -> dict[str, str]:
        for name in ("tmp", "state"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        own = {"TMPDIR": str(self.root / "tmp"), "XDG_STATE_HOME": str(self.root / "state")}
        return os.environ | own | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}

    def command(self, *args: str | Path) -> list[str]:
        return [sys.executable, "-m", "lockgate", "try", *map(str, args)]

    def run(self, *args: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*args), env=self.environment(), capture_output=True, text=True, timeout=120, check=False
        )

    def left(self) -> list[Path]:
        return [path for name in ("tmp", "state") for path in (self.root / name).rglob("*") if path.is_file()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def seen(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return everything about a tree that writing into it would change."""
    return {
        str(path): (
            path.lstat().st_mtime_ns,
            path.lstat().st_ctime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (folder, *sorted(folder.rglob("*")))
    }


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with the usual mess: a salary table open to all, passwords of one account, notes, and rubbish.

    It lies where every account may pass: other runs of pytest close the folders above `tmp_path` again.
    """
    with tempfile.TemporaryDirectory(prefix="lockgate-test-") as name:
        Path(name).chmod(0o755)
        yield _mess(Path(name) / "team")


def _mess(top: Path) -> Path:
    files = {
        "hr/salaries.csv": (SALARIES.encode(), 0o644, 0, 0),
        "it/passwords.txt": (
            b"db password: Tr0ub4dor-3xyz\nadmin password = hunter2hunter2\n",
            0o600,
            DAEMON,
            DAEMON,
        ),
        "plans/move.md": (b"# The move\n\nThe office moves to Harbor Street 12 in May.\n", 0o640, DAEMON, BIN),
        "plans/broken.pdf": (b"\x00\x01\x02 no pdf", 0o644, DAEMON, DAEMON),
        "tool.bin": (bytes(range(256)), 0o644, 0, 0),
    }
    for name, (data, mode, uid, gid) in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, uid, gid)
    for path in (top, *top.iterdir()):
        if path.is_dir():
            path.chmod(0o755)
    return top


@pytest.mark.slow
@pytest.mark.needs_root
def test_the_list_says_what_is_sensitive_to_whom_it_is_open_and_whose_it_is(folder: Path, home: Home) -> None:
    before = seen(folder)
    done = home.run(folder, "--list")
    assert done.returncode == 1, done.stderr
    said = done.stdout
    assert said.startswith("5 documents: 3 could be read, 2 could not.\n")
    assert "SENSITIVE: 2 documents." in said
    lines = said.splitlines()
    salaries = next(n for n, line in enumerate(lines) if line.split() == ["restricted", "hr/salaries.csv"])
    assert "every account of this machine   (owner: root)" in lines[salaries + 1]
    assert "x business.salary" in lines[salaries + 2]
    passwords = next(n for n, line in enumerate(lines) if line.endswith("it/passwords.txt"))
    assert salaries < passwords, "the worst first"
    assert "open to: daemon   (owner: daemon)" in lines[passwords + 1]
    assert "NOT REVIEWED: 1 document" in said
    assert "NOT READ: 2 documents" in said
    assert "hunter2" not in said + done.stderr, "never a value"
    assert seen(folder) == before, "nothing is written into the folder"
    assert home.left() == []


@pytest.mark.slow
@pytest.mark.needs_root
def test_json_is_for_programs(folder: Path, home: Home) -> None:
    done = home.run(folder, "--json")
    assert done.returncode == 1
    listed = {one["item"]: one for one in json.loads(done.stdout)}
    assert set(listed) == {
        f"folder/{name}"
        for name in ("hr/salaries.csv", "it/passwords.txt", "plans/move.md", "plans/broken.pdf", "tool.bin")
    }
    assert listed["folder/hr/salaries.csv"]["level"] == "restricted"
    assert listed["folder/it/passwords.txt"]["owners"] == ["user:daemon"]
    assert ["group:bin", "user:daemon"] in listed["folder/plans/move.md"]["label"]["readers"]
    assert "hunter2" not in done.stdout


@pytest.mark.slow
def test_a_folder_without_secrets_ends_with_0(tmp_path: Path, home: Home) -> None:
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    done = home.run(quiet, "--list")
    assert (done.returncode, done.stdout) == (0, "There are no documents in this folder.\n")
    (quiet / "a note.md").write_text("# Lunch\n\nLunch is at noon.\n")
    done = home.run(quiet, "--list")
    assert done.returncode == 0
    assert "SENSITIVE: nothing was found" in done.stdout


@pytest.mark.parametrize("name", ["missing", "file.txt"])
def test_what_is_no_folder_is_named(tmp_path: Path, home: Home, name: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    done = home.run(tmp_path / name)
    assert done.returncode == 2
    assert f"`{tmp_path / name}` is no folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_far_too_large_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "LOOKED_AT", 10)
    for n in range(11):
        (tmp_path / f"{n}.txt").touch()
    with pytest.raises(Invalid, match="more than 10 files"):
        trial.directory_of(tmp_path)


@pytest.mark.needs_root
def test_the_people_are_those_of_whom_the_folder_speaks(folder: Path) -> None:
    """A private group stands for its one account, which is listed anyway."""
    found, about = trial.directory_of(folder)
    assert list(found["people"]) == ["daemon", "root", "member-of-bin", "anybody-else"]
    assert list(about) == list(found["people"])
    assert about["daemon"] == "owns 3 files here"
    assert found["accounts"]["daemon"] == "daemon"
    mine = folder / "hr"
    for path in (mine, *mine.iterdir()):
        os.chown(path, DAEMON, DAEMON)
    assert list(trial.directory_of(mine)[1]) == ["daemon", "anybody-else"]


@pytest.mark.needs_root
def test_accounts_without_a_name_are_numbers(tmp_path: Path) -> None:
    stranger = tmp_path / "s.txt"
    stranger.touch()
    os.chown(stranger, 54321, 54322)
    people = trial.directory_of(tmp_path)[0]["people"]
    assert {"uid-54321", "member-of-gid-54322"} <= people.keys()


@contextmanager
def serving(home: Home, *args: str | Path) -> Iterator[str]:
    """Run the command until Ctrl-C; yields the page's address. Afterwards nothing of it is left."""
    command, complaints = home.command(*args, "--port", "0", "--no-browser"), home.root / "complaints"
    environment = home.environment()
    with complaints.open("w") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    with process, process.stdout:
        try:
            said = iter(process.stdout.readline, "")
            yield next(found[0] for line in said if (found := re.search(r"http://127\.0\.0\.1:\d+/#\S+", line)))
            assert home.left() != []
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert home.left() == []
    assert "refused" not in complaints.read_text(), "its own configuration is there to be looked at"


MOVE = "Where does the office move to in May?"


@pytest.mark.slow
@pytest.mark.needs_root
@pytest.mark.needs_chromium
def test_the_page_as_two_accounts(folder: Path, home: Home) -> None:
    before = seen(folder)
    with serving(home, folder) as address, chromium() as browser, tab(browser, address) as page:
        expect(page.page.locator("#drop")).to_be_hidden()
        page.choose("left", "daemon")
        page.choose("right", "member-of-bin")
        page.ask(MOVE)
        expect(page.column("left").locator(".text")).to_contain_text("Harbor Street 12")
        assert "Harbor" not in page.column("right").locator(".answer").inner_text()
        page.page.get_by_role("button", name="Accept 1 as daemon").click()
        expect(page.page.locator("#reviewed")).to_contain_text("Accepted", timeout=30_000)
        page.ask(MOVE)
        expect(page.column("right").locator(".text")).to_contain_text("Harbor Street 12")
        page.choose("right", "anybody-else")
        page.ask(MOVE)
        assert "Harbor" not in page.column("right").locator(".answer").inner_text()
        assert page.complaints == []
    assert seen(folder) == before


@pytest.mark.slow
@pytest.mark.needs_root
@pytest.mark.needs_chromium
def test_report_mode_shows_what_would_be_denied(folder: Path, home: Home) -> None:
    """It lets through what the folder's rights allow, in amber, and nothing else."""
    with serving(home, folder, "--report") as address, chromium() as browser, tab(browser, address) as page:
        expect(page.page.locator("#mode")).to_contain_text("Report mode")
        page.choose("left", "member-of-bin")
        page.choose("right", "anybody-else")
        page.ask(MOVE)
        bin, anybody = page.column("left"), page.column("right")
        expect(bin.locator(".text")).to_contain_text("Harbor Street 12")
        expect(bin.locator(".gates > li.observe").first).to_contain_text("would be denied")
        assert "Harbor" not in anybody.locator(".answer").inner_text()
