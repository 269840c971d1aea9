"""Server-sent events, cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.content.sse import EventParser
from lockgate.errors import Invalid, TooLarge


def reference(stream: bytes) -> list[str]:
    """Read the whole stream at once, the dumb way."""
    text = stream.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    events, data = [], []
    for line in text.split("\n")[:-1]:
        if not line:
            if data:
                events.append("\n".join(data))
            data = []
        elif line.partition(":")[0] == "data":
            data.append(line.partition(":")[2].removeprefix(" "))
    return events


STREAM = st.lists(
    st.sampled_from(
        ["data: a", "data:é", "data", ": comment", "event: x", "\n", "\r\n", "\r", "\n\n", "data: {}", "id", "日"]
    )
).map(lambda parts: "".join(parts).encode())


@given(STREAM, st.lists(st.integers(0, 60)))
def test_cut_anywhere_is_the_same(stream: bytes, cuts: list[int]) -> None:
    stream += b"\n"  # a CR at the very end waits for its LF
    parser, events, at = EventParser(), [], 0
    for cut in [*sorted(c for c in cuts if c <= len(stream)), len(stream)]:
        events += parser.feed(stream[at:cut])
        at = cut
    assert events == reference(stream)


def drown(chunk: bytes, times: int) -> int:
    """Feed the same bytes many times; return how many events came out."""
    parser = EventParser(1000)
    return sum(len(parser.feed(chunk)) for _ in range(times))


@pytest.mark.parametrize("flood", [b"x" * 100, b"data: " + b"x" * 100, b"data: 0123456789\n"])
def test_floods_are_bounded(flood: bytes) -> None:
    with pytest.raises(TooLarge):
        drown(flood, 100)


def test_many_small_events_are_not_a_flood() -> None:
    assert drown(b": ping\n\ndata: x\n\n", 500) == 500


def test_what_is_not_utf8_is_refused() -> None:
    with pytest.raises(Invalid):
        EventParser().feed(b"data: \xff\n\n")
