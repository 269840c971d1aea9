"""The OpenAPI document has every route of the table with every status, and is one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lockgate.cli.main import main
from lockgate.edge import problems
from lockgate.edge.openapi import OPERATIONS, document
from matrix.endpoints import CASES, FILE


def plain(path: str) -> str:
    """Return a path of the route table as OpenAPI writes it: without converters."""
    return re.sub(r":\w+}", "}", path)


def test_it_has_every_route_and_no_other() -> None:
    """The matrix has every route of the table: its own test sees to that."""
    assert {(method, plain(path)) for method, path in CASES} == set(OPERATIONS)


def test_it_has_every_status() -> None:
    """405 is said of all of them at once, and 500 is a defect."""
    known = {status for _, status, _, _ in problems._STATUS} - {405}
    found = {status for one in OPERATIONS.values() for status in one.statuses}
    assert found == known | {202}


def test_it_has_every_status_that_the_matrix_has_seen() -> None:
    route: tuple[str, str] = ("", "")
    for line in FILE.read_text("utf-8").splitlines()[3:]:
        if line and not line.startswith(" "):
            method, _, path = line.partition(" ")
            route = (method, plain(path))
            continue
        seen = {int(one) for one in re.findall(r" (\d{3})(?= |$)", line)}
        assert seen <= {200, *OPERATIONS[route].statuses}, (route, line)


def test_every_guarded_route_says_so() -> None:
    for methods in document()["paths"].values():
        for one in methods.values():
            assert bool(one["security"]) == ("401" in one["responses"])
    open_to_all = {path for (_, path), one in OPERATIONS.items() if not one.guarded}
    assert all(
        path in {"/healthz", "/readyz", "/metrics"} or path.startswith("/.well-known/") for path in open_to_all
    )


def test_every_reference_leads_somewhere() -> None:
    made = document()
    names = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(made)))
    assert names <= set(made["components"]["schemas"])


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == document()
