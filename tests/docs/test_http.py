"""The reference of the HTTP API has every route, every status, and every field of the `lockgate` object."""

from __future__ import annotations

import ast
import re

from docs.tree import DOCS, ROOT
from lockgate.edge import problems

TEXT = (DOCS / "reference" / "http.md").read_text("utf-8")
EDGE = ROOT / "src" / "lockgate" / "edge"
_ROUTE = re.compile(r"""Route\("(/[^"]+)", .*methods=\["(\w+)"\]|\("(GET|POST|PUT|DELETE)", "(/[^"]+)",""")


def routes() -> set[tuple[str, str]]:
    """Return method and path of every route that a file of the edge names."""
    found = set()
    for file in EDGE.glob("*.py"):
        for path, method, first, second in _ROUTE.findall(file.read_text("utf-8")):
            found.add((method or first, re.sub(r":\w+}", "}", path or second)))
    return found


def dictionary_keys(function: str) -> set[str]:
    """Return the keys of the dictionaries that a function of `render.py` writes out."""
    tree = ast.parse((EDGE / "render.py").read_text("utf-8"))
    body = next(one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == function)
    return {
        key.value
        for one in ast.walk(body)
        if isinstance(one, ast.Dict)
        for key in one.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def test_every_route_is_in_the_reference():
    assert ("POST", "/v1/chat/completions") in routes()
    for method, path in routes():
        assert f"{method} {path}`" in TEXT, f"the reference lacks {method} {path}"


def test_every_status_is_in_the_reference():
    for _, status, _, _ in problems._STATUS:
        assert f"| {status} |" in TEXT


def test_every_field_of_the_lockgate_object_is_in_the_reference():
    section = TEXT.partition("### The `lockgate` object")[2].partition("\n## ")[0]
    for function in ("lockgate_object", "citations", "verdict_object"):
        for name in dictionary_keys(function):
            assert f"`{name}`" in section, f"{function}: {name}"
