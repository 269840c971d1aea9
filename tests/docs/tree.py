"""What the tests of documents share: the files of the tree, and the tests that there are."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_LEFT_OUT = {"node_modules", "build", "dist"}


def files(pattern: str) -> list[Path]:
    """Return the project's own files; what tools put into the checkout, and hidden folders, are none."""
    found = []
    for path in sorted(ROOT.rglob(pattern)):
        parts = path.relative_to(ROOT).parts
        ours = not any(part in _LEFT_OUT or part.endswith(".egg-info") for part in parts)
        if ours and path.is_file() and not any(part.startswith(".") and part != ".ci" for part in parts):
            found.append(path)
    return found


def names_of(file: Path) -> set[str]:
    """Return the names of the test functions in a file, methods too, without importing it."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    return {one.name for one in functions if one.name.startswith("test_")}
