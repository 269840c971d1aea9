"""Figures are honest: each row names a command that exists, and every part of the goals has its section."""

from __future__ import annotations

import ast
import re
import shlex

import pytest
from bench.__main__ import ALL, SINGLE

from docs.tree import DOCS, ROOT

TEXT = (DOCS / "BENCHMARKS.md").read_text("utf-8")
COMMAND = re.compile(r"`(python -m bench[^`]*)`")
SECTIONS = ("Gateway", "Decision", "Retrieval", "Audit", "Scanning")


def tables() -> list[list[list[str]]]:
    """Return the tables of the page, as rows of cells without the line below the head."""
    found = re.findall(r"(?:^\|.*\n)+", TEXT, re.MULTILINE)
    split = [
        [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in one.splitlines()] for one in found
    ]
    return [[rows[0], *rows[2:]] for rows in split]


def unknown(command: str) -> str:
    """Return what of a command does not exist; nothing if all does."""
    words = shlex.split(command)[2:]
    name = words[0].removeprefix("bench.") if words[0] != "bench" else (words[1:2] or ["__main__"])[0]
    file = ROOT / "bench" / f"{name}.py"
    if not file.is_file():
        return f"no bench `{name}`"
    source = file.read_text("utf-8")
    if not any(isinstance(one, ast.If) and "__name__" in ast.dump(one.test) for one in ast.parse(source).body):
        return f"`{name}` cannot be run"
    arguments = words[1:] if words[0] != "bench" else words[2:]
    missing = [one for one in arguments if not one.isdigit() and f'"{one}"' not in source]
    return f"`{name}` knows no {missing}" if missing else ""


@pytest.mark.parametrize("section", SECTIONS)
def test_every_part_of_the_goals_has_its_section(section):
    assert re.search(rf"^## {section}\n", TEXT, re.MULTILINE)


def test_every_row_names_a_command_that_exists():
    measured = [table for table in tables() if table[0][-1] == "command"]
    assert len(measured) >= 2
    for head, *rows in measured:
        for row in rows:
            assert len(row) == len(head), row
            found = COMMAND.fullmatch(row[-1])
            assert found, f"no command in {row}"
            assert not unknown(found[1]), f"{unknown(found[1])}: {row}"


def test_every_command_on_the_page_exists():
    for command in COMMAND.findall(TEXT):
        assert not unknown(command), unknown(command)


def test_a_command_that_does_not_exist_is_noticed():
    for command in ("python -m bench.nothing", "python -m bench nothing", "python -m bench.decision --faster",
                    "python -m bench.serving", "python -m bench.retrieval engine"):  # fmt: skip
        assert unknown(command)
    assert not unknown("python -m bench")


def test_the_page_names_machine_and_date():
    assert re.search(r"^Machine: .*cores", TEXT, re.MULTILINE)
    assert re.search(r"^Date: 20\d\d-\d\d-\d\d", TEXT, re.MULTILINE)


def test_the_plot_is_the_one_of_the_table():
    """The numbers that the plot shows stand on the page: one line for each reader, one point for each size."""
    plot = (DOCS / "retrieval-growth.svg").read_text("utf-8")
    (growth,) = (table for table in tables() if table[0][0] == "passages")
    readers, sizes = growth[0][1:-1], [row[0] for row in growth[1:]]
    assert plot.count("<polyline") == len(readers)
    assert plot.count("<circle") == len(readers) * len(sizes)
    assert all(f">{name}<" in plot for name in (*readers, *sizes))


def test_every_bench_can_be_run():
    for name in {*SINGLE, *(one[0] for one in ALL)}:
        assert not unknown(f"python -m bench.{name}")
