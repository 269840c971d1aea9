"""Policies from a folder: a valid set replaces the old one whole, an invalid one never does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time

import pytest

from lockgate.adapters.policy_files import SHIPPED, PolicyFiles, load, load_cases
from lockgate.errors import Invalid
from lockgate.policy.cases import run
from lockgate.policy.model import AccessRequest, Action, Context, Resource
from lockgate.storage.threads import Looks
from policy.sets import READ
from support import NOW, person

ALL = f'@id("all") permit(principal, {READ}, resource);\n'
NONE = f'@id("none") forbid(principal, {READ}, resource);\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.cedar").write_text(ALL)
    return tmp_path


def permits(files):
    request = AccessRequest(person("ann"), Action.READ, Resource("document", "d"), Context(NOW, "r"))
    return files.current.decide([request])[0].permits


def looks(files, times=2):
    return [found for found in (files.look() for _ in range(times)) if found]


def test_a_change_takes_effect_once_the_files_keep_still(folder):
    files = PolicyFiles.open(folder)
    assert permits(files)
    assert looks(files) == []
    (folder / "b.cedar").write_text(NONE)
    assert files.look() is None  # seen, but it may still be written to
    report = files.look()
    assert report.changed
    assert report.version == files.current.version
    assert not permits(files)
    assert looks(files) == []


@pytest.mark.parametrize(
    "text",
    [
        "@id(\"b\") permit(principal, action",
        "@id(\"all\") permit(principal, action, resource);",
        "permit(principal, action, resource);",
        f'@id("b") forbid(principal, {READ}, resource) when {{ context.nothing }};',
        "@id(\"b\") permit(" + "(" * 5000,
        "\x00",
    ],
)  # fmt: skip
def test_an_invalid_set_is_refused_and_the_old_one_stays(folder, text):
    files = PolicyFiles.open(folder)
    before = files.current
    (folder / "b.cedar").write_text(text)
    (report,) = looks(files, 5)
    assert not report.changed
    assert report.error.startswith("b.cedar:1:")
    assert files.error == report.error
    assert files.current is before
    assert permits(files)
    (folder / "b.cedar").write_text(NONE)
    (report,) = looks(files, 3)
    assert report.changed
    assert files.error == ""
    assert not permits(files)


def test_part_of_a_change_is_never_taken_up(folder):
    """One good and one bad file: neither counts."""
    files = PolicyFiles.open(folder)
    (folder / "a.cedar").write_text(NONE)
    (folder / "z.cedar").write_text("broken;")
    assert [one.changed for one in looks(files, 3)] == [False]
    assert permits(files)


def test_losing_every_file_keeps_the_old_set(folder):
    files = PolicyFiles.open(folder)
    shutil.rmtree(folder)
    reports = looks(files, 4)
    assert [one.changed for one in reports] == [False]
    assert "holds no policies" in reports[0].error
    assert permits(files)


def test_a_file_that_is_no_text_or_too_large_is_refused(folder):
    for data in (b"\xff\xfe", b"//" + b"x" * 1_000_001):
        (folder / "b.cedar").write_bytes(data)
        files_error = None
        try:
            load(folder)
        except Exception as error:
            files_error = str(error)
        assert files_error
        assert "b.cedar" in files_error


def test_a_folder_without_policies_is_no_set(tmp_path):
    with pytest.raises(Invalid, match="holds no policies"):
        PolicyFiles.open(tmp_path)
    with pytest.raises(Invalid, match="holds no policies"):
        PolicyFiles.open(tmp_path / "absent")


def test_same_size_and_same_second_is_still_seen(folder):
    files = PolicyFiles.open(folder)
    path = folder / "a.cedar"
    path.write_text(ALL.replace("permit", "forbid"))
    later = path.stat().st_mtime_ns + 1
    os.utime(path, ns=(later, later))
    assert [one.changed for one in looks(files, 3)] == [True]
    assert not permits(files)


async def _watched(files, change):
    reports = []
    task = asyncio.create_task(files.watch(reports.append, Looks()))
    await asyncio.sleep(0.05)
    change()
    started = time.monotonic()
    while not reports and time.monotonic() - started < 5:
        await asyncio.sleep(0.02)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return reports, time.monotonic() - started


def test_i5_the_watch_takes_up_a_change_within_a_second(folder):
    files = PolicyFiles.open(folder)
    reports, took = asyncio.run(_watched(files, lambda: (folder / "b.cedar").write_text(NONE)))
    assert [one.changed for one in reports] == [True]
    assert not permits(files)
    assert took < 1.0


def test_the_shipped_policies_pass_their_cases():
    outcomes = run(load(SHIPPED), load_cases(SHIPPED))
    assert len(outcomes) >= 25
    assert [one.case.name for one in outcomes if not one.passed] == []


def test_every_shipped_policy_determines_a_case():
    """A policy that no case needs is one that nobody would miss."""
    asked = [case.policies for case in load_cases(SHIPPED) if case.policies]
    assert {id for one in asked for id in one} == {rule.id for rule in load(SHIPPED).rules}
