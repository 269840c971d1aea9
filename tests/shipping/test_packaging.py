"""What is shipped beside the code: linted with what the machine has, and with the rules that matter here.

No image can be built and no unit started in these tests; LIMITATIONS says so.
"""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from docs.tree import ROOT
from lockgate.adapters.metrics import Metrics
from lockgate.config.settings import Server
from lockgate.ports.telemetry import Served

PACKAGING = ROOT / "packaging"
SERVICE, SOCKET = PACKAGING / "lockgate.service", PACKAGING / "lockgate.socket"
CONTAINERFILE = (PACKAGING / "Containerfile").read_text("utf-8")


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Return sections, keys and values of a unit; a key may stand several times."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = {}
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[section].setdefault(key, []).append(value)
    return found


def instructions(text: str = CONTAINERFILE) -> list[tuple[str, str]]:
    """Return the instructions of a Containerfile, continued lines joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line.strip()]


def flaws(text: str) -> set[str]:
    """Return what is wrong with a Containerfile, by the names of hadolint's rules where it has one."""
    found = set()
    steps = instructions(text)
    last = max(i for i, (what, _) in enumerate(steps) if what == "FROM")
    users = [value for what, value in steps[last:] if what == "USER"]
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        found.add("DL3002: the last user is root, or named and not numbered")
    for what, value in steps:
        if what == "FROM" and not (value.startswith("${BASE}") or "@sha256:" in value):
            found.add("DL3006: an image without a digest")
        if what == "ARG" and "=" in value:
            found.add("a default that can become another image")
        if what == "ADD":
            found.add("DL3020: ADD instead of COPY")
        if what in {"ENV", "ARG"} and re.search(r"(?i)secret|token|password|_key", value):
            found.add("a secret in the image")
        if what == "RUN" and re.search(r"\bsudo\b|curl [^|]*\||wget ", value):
            found.add("DL3004, DL4006: something that is fetched and run")
        if what == "RUN" and "pip install" in value:
            if "--no-cache-dir" not in value:
                found.add("DL3042: pip's cache")
            if "--require-hashes" not in value and "--no-deps ." not in value:
                found.add("DL3013: packages without hashes")
        if what == "COPY" and value.split()[0] == ".":
            found.add("everything is copied")
        if what in {"CMD", "ENTRYPOINT"} and not value.startswith("["):
            found.add("DL3025: a shell around the process, which then gets no signal")
    return found


def test_the_containerfile_has_no_flaw() -> None:
    assert not flaws(CONTAINERFILE)
    said = dict(instructions())
    assert said["STOPSIGNAL"] == "SIGTERM"
    assert said["ENTRYPOINT"] == '["lockgate"]'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("USER 10001:10001", "USER root"),
        ("ARG BASE\n", "ARG BASE=python:3.13\n"),
        ("FROM ${BASE} AS build", "FROM python:3.13-slim AS build"),
        ("--require-hashes ", ""),
        ("COPY src src", "COPY . ."),
        ('ENTRYPOINT ["lockgate"]', "ENTRYPOINT lockgate"),
        ("USER 10001:10001", "USER 10001:10001\nENV API_KEY=x"),
    ],
)
def test_the_rules_find_what_they_are_for(old: str, new: str) -> None:
    assert old in CONTAINERFILE
    assert flaws(CONTAINERFILE.replace(old, new))


def test_the_build_gets_nothing_but_what_it_copies() -> None:
    lines = (ROOT / ".containerignore").read_text("utf-8").splitlines()
    assert "*" in lines
    let = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        one
        for what, value in instructions()
        if what == "COPY" and "--from" not in value
        for one in value.split()[:-1]
    }
    assert copied == let
    assert all((ROOT / one).exists() for one in copied)


def test_compose_takes_rights_away() -> None:
    made: dict[str, Any] = yaml.safe_load((PACKAGING / "compose.yaml").read_text("utf-8"))
    service = made["services"]["lockgate"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith("0")
    assert "privileged" not in service
    assert service["ports"][0].startswith("127.0.0.1:")
    assert all(one.endswith(":ro") for one in service["volumes"] if not one.startswith("state:"))
    assert service["stop_grace_period"] == "60s"


def test_the_unit_waits_longer_than_the_gateway_needs_to_stop() -> None:
    service = unit(SERVICE)["Service"]
    assert float(service["TimeoutStopSec"][0]) > Server().grace_seconds + 10
    assert service["Type"] == ["notify"]
    assert float(service["WatchdogSec"][0]) > 0
    assert service["User"] == ["lockgate"]
    for key in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictNamespaces", "PrivateDevices"):
        assert service[key] == ["yes"], key
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    assert "0077" in service["UMask"]


def test_the_socket_is_one_that_the_gateway_takes() -> None:
    socket = unit(SOCKET)["Socket"]
    assert len(socket["ListenStream"]) == 1
    assert socket["ListenStream"][0].startswith("127.0.0.1:")
    assert socket["Accept"] == ["no"]
    configparser.ConfigParser(strict=False, allow_no_value=True).read_string(SOCKET.read_text("utf-8"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_little_exposed() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(SERVICE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    verify = subprocess.run(
        ["systemd-analyze", "verify", str(SERVICE), str(SOCKET)], capture_output=True, text=True, timeout=60
    )
    said = [line for line in verify.stderr.splitlines() if "is not executable" not in line]
    assert not said, said


def test_every_alert_is_about_a_metric_that_there_is() -> None:
    groups = yaml.safe_load((PACKAGING / "lockgate.rules.yml").read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert all(
        rule["labels"]["severity"] in {"page", "ticket"} and rule["annotations"]["summary"] for rule in rules
    )
    reference = (ROOT / "docs" / "reference" / "http.md").read_text("utf-8")
    guide = (ROOT / "docs" / "guides" / "hardening.md").read_text("utf-8")
    for rule in rules:
        assert f"`{rule['alert']}`" in guide
        for name in re.findall(r"lockgate_\w+", rule["expr"]):
            assert f"`{name.removesuffix('_bucket')}`" in reference, name


def test_every_metric_is_in_the_reference() -> None:
    metrics = Metrics("1")
    metrics.began()
    metrics.served(Served("/healthz", 200, "", 0.1, streamed=False))
    reference = (ROOT / "docs" / "reference" / "http.md").read_text("utf-8")
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        if family.name.startswith("lockgate_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            assert f"`{name}`" in reference, name
    source = (ROOT / "src" / "lockgate" / "wiring" / "operations.py").read_text("utf-8")
    for name in re.findall(r'"(lockgate_\w+)"', source):
        assert f"`{name}`" in reference, name


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
def test_prometheus_takes_the_rules() -> None:
    command = ["promtool", "check", "rules", str(PACKAGING / "lockgate.rules.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
