"""Lines of the log: one each, whatever is in them, and no message of an exception."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.adapters import logs

CANARY = "canarybird"


@pytest.fixture(params=["json", "text"])
def written(request: pytest.FixtureRequest) -> Iterator[tuple[str, io.StringIO]]:
    """Let loggers of ours and of others write to memory."""
    stream = io.StringIO()
    handler = logs.handler(request.param, stream)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield request.param, stream
    finally:
        root.removeHandler(handler)


def test_an_exception_is_its_type_and_place(written: tuple[str, io.StringIO]) -> None:
    for name in ("lockgate.x", "uvicorn.error"):
        try:
            int(CANARY)
        except ValueError:
            logging.getLogger(name).exception("it failed")
    said = written[1].getvalue()
    assert CANARY not in said
    assert said.count("ValueError") == 2
    assert "test_logs.py" in said
    assert len(said.splitlines()) == 2


def test_of_others_only_the_fixed_words_are_kept(written: tuple[str, io.StringIO]) -> None:
    logging.getLogger("library").warning("request from %s failed", CANARY)
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task %s>" % CANARY)  # noqa: UP031
    logging.getLogger("library").warning({"body": CANARY})
    logging.getLogger("library").warning("fields", extra={"fields": {"x": CANARY}})
    said = written[1].getvalue()
    assert CANARY not in said
    assert "request from" in said
    assert "Task exception was never retrieved" in said


def test_fields_cannot_stand_for_others(written: tuple[str, io.StringIO]) -> None:
    logging.getLogger("lockgate.x").warning("a", extra={"fields": {"level": "debug", "door": "/v1"}})
    said = written[1].getvalue()
    if written[0] == "json":
        assert json.loads(said)["level"] == "warning"
        assert json.loads(said)["door"] == "/v1"
    else:
        assert " warning lockgate.x a door=/v1" in said


@given(st.text(max_size=80), st.sampled_from(["json", "text"]))
def test_nothing_ends_a_line_or_steers_a_terminal(text: str, form: str) -> None:
    stream = io.StringIO()
    handler = logs.handler(form, stream)
    handler.handle(logging.LogRecord("lockgate.x", 20, "f", 1, "said %s", (text,), None))
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert len(line.splitlines()) == 1
    if form == "json":
        assert json.loads(line)["message"] == f"said {text}"
