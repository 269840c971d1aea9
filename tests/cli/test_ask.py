"""`lockgate ask`: the answer's label is explained where no citation explains it."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.cli.ask import _print_label


def answer(level: str, prompt: str, *cited: str) -> dict[str, Any]:
    """Return the `lockgate` object of an answer with these levels."""
    return {
        "label": {"sensitivity": level, "readers": [["group:hr"]]},
        "prompt_label": {"sensitivity": prompt},
        "notice": "",
        "citations": [
            {"number": number, "title": "A", "item": "share/a", "label": {"sensitivity": one}}
            for number, one in enumerate(cited, start=1)
        ],
        "model": "m",
        "request_id": "req_1",
    }


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (answer("restricted", "general", "general", "restricted"), ""),
        (answer("general", "general", "general"), ""),
        (answer("restricted", "general", "general"), "given passages with this label, none of which is cited"),
        (answer("confidential", "general"), "given passages with this label, none of which is cited"),
        (answer("restricted", "restricted", "general"), "the question itself has this label"),
        (answer("general", "general"), "the question itself has this label"),
    ],
)
def test_a_label_above_every_citation_is_explained(
    found: dict[str, Any], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _print_label(found)
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  because")]
    assert len(told) == bool(reason)
    assert all(line.endswith(reason) for line in told)
