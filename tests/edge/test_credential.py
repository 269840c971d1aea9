"""Where a credential may stand: one header, or the one that a codec names, and never two different ones."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from lockgate.edge.body import credential


def shown(key_header: str = "", **headers: str) -> str:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return credential(Request({"type": "http", "headers": raw}), key_header)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"authorization": "Bearer a.b.c"}, "a.b.c"),
        ({"x_api_key": "a.b.c"}, "a.b.c"),
        ({"authorization": "Bearer a.b.c", "x_api_key": "a.b.c"}, "a.b.c"),
        ({"authorization": "Bearer a.b.c", "x_api_key": "d.e.f"}, "?"),
        ({"authorization": "Basic eDp5", "x_api_key": "a.b.c"}, "?"),
        ({"authorization": "Bearer a.b.c", "x_api_key": ""}, "?"),
        ({"x_api_key": ""}, ""),
        ({"x_api_key": "a b"}, "?"),
        ({"x_api_key": "Bearer a"}, "?"),
        ({"x_api_key": "\xff"}, "?"),
        ({}, ""),
    ],
)
def test_the_named_header_is_as_good_as_a_bearer(headers: dict[str, str], found: str) -> None:
    assert shown("x-api-key", **headers) == found


def test_other_doors_do_not_look_at_it() -> None:
    assert shown("", x_api_key="a.b.c") == ""
    assert shown("", authorization="Bearer a.b.c", x_api_key="d.e.f") == "a.b.c"
