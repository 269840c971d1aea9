"""MCP messages: the body decides, headers may only agree; whatever comes, the answer is one of a few errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import decode_header_value, encode_header_value
from starlette.datastructures import Headers

from lockgate.content import mcp as wire
from lockgate.edge.mcp_request import Message, Refused, accepts_json, parse

META = {wire.VERSION_KEY: "2026-07-28", wire.CAPABILITIES_KEY: {}}
Pairs = dict[str, str] | list[tuple[str, str]]


def call(method: str = "tools/call", meta: object = META, **params: Any) -> dict[str, Any]:
    named = {"name": "fetch", "arguments": {"id": "d_1"}} if method == "tools/call" else {}
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": named | params | {"_meta": meta}}


def old(method: str = "tools/call", **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": {"name": "fetch"}} | more


def asked(body: object, headers: Pairs | None = None) -> Message:
    pairs = list(headers.items()) if isinstance(headers, dict) else headers or []
    return parse(body, Headers(raw=[(k.lower().encode(), v.encode("latin-1")) for k, v in pairs]))


def refusal(body: object, headers: Pairs | None = None) -> tuple[int, object]:
    with pytest.raises(Refused) as refused:
        asked(body, headers)
    return refused.value.number, refused.value.id


GOOD = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "fetch"}


def test_a_message_of_each_era():
    params = {"name": "fetch", "arguments": {"id": "d_1"}}
    assert asked(call(), GOOD) == Message(7, "tools/call", params, True)
    for version in (None, "2025-03-26", "2025-06-18", "2025-11-25"):
        headers = {"MCP-Protocol-Version": version} if version else {}
        assert asked(old(), headers) == Message(7, "tools/call", {"name": "fetch"}, False)
        assert asked({"jsonrpc": "2.0", "method": "notifications/cancelled"}, headers).id is None


@pytest.mark.parametrize(
    "headers",
    [
        {**GOOD, "MCP-Protocol-Version": "2025-11-25"},
        {**GOOD, "MCP-Protocol-Version": "2027-01-01"},
        {**GOOD, "Mcp-Method": "tools/list"},
        {**GOOD, "Mcp-Method": "TOOLS/CALL"},
        {**GOOD, "Mcp-Name": "search"},
        {**GOOD, "Mcp-Name": "=?base64?!!?="},
        {**GOOD, "Mcp-Name": "fetch, search"},
        *({k: v for k, v in GOOD.items() if k != left_out} for left_out in GOOD),
        *([*GOOD.items(), one] for one in GOOD.items()),
        {},
    ],
)
def test_headers_that_differ_are_missing_or_repeated_are_refused(headers: Pairs):
    assert refusal(call(), headers) == (wire.HEADER_MISMATCH, 7)


def test_the_body_says_which_era_it_is_whatever_the_header_says():
    """The library takes this one: it tells the era by the header alone, and compares nothing in the older one."""
    headers = {"MCP-Protocol-Version": "2025-11-25", "Mcp-Method": "tools/list", "Mcp-Name": "other"}
    assert refusal(call(), headers) == (wire.HEADER_MISMATCH, 7)
    assert refusal(call(), {}) == (wire.HEADER_MISMATCH, 7)


@pytest.mark.parametrize(("header", "value"), [("Mcp-Method", "tools/list"), ("Mcp-Name", "search")])
def test_older_clients_may_leave_headers_out_but_not_lie(header: str, value: str):
    assert refusal(old(), {"MCP-Protocol-Version": "2025-11-25", header: value}) == (wire.HEADER_MISMATCH, 7)


def test_a_name_that_the_body_does_not_have_may_not_stand_in_a_header():
    body = call("tools/list")
    headers = {**GOOD, "Mcp-Method": "tools/list"}
    assert refusal(body, headers) == (wire.HEADER_MISMATCH, 7)
    body = call(name=["fetch"])
    assert refusal(body, GOOD) == (wire.HEADER_MISMATCH, 7)


@pytest.mark.parametrize("version", ["2024-11-05", "2099-01-01", "zzz", "2025-11-25 "])
def test_a_revision_that_is_not_spoken_is_named_with_those_that_are(version: str):
    with pytest.raises(Refused) as refused:
        asked(old(), {"MCP-Protocol-Version": version})
    assert refused.value.number == wire.UNSUPPORTED_VERSION
    assert refused.value.data == {
        "supported": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
        "requested": version,
    }
    stated = call(meta=META | {wire.VERSION_KEY: version})
    assert refusal(stated, GOOD | {"MCP-Protocol-Version": version})[0] == wire.UNSUPPORTED_VERSION
    assert refusal({"jsonrpc": "2.0", "method": "notifications/x"}, {"MCP-Protocol-Version": version})[0] == (
        wire.UNSUPPORTED_VERSION
    )


@pytest.mark.parametrize(
    "body",
    [
        [],
        [old()],
        [old(), old()],
        "tools/call",
        None,
        7,
        {},
        {"id": 7, "method": "ping"},
        {"jsonrpc": "1.0", "id": 7, "method": "ping"},
        {"jsonrpc": "2.0", "id": 7},
        {"jsonrpc": "2.0", "id": 7, "method": ["ping"]},
        {"jsonrpc": "2.0", "id": 7, "result": {}},
        {"jsonrpc": "2.0", "id": 7, "method": "ping", "error": {}},
        {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "fetch"}},
        *(old(id=id) for id in (None, True, 1.5, [], {}, "x" * 201)),
    ],
)
def test_what_is_no_single_request_is_refused(body: object):
    assert refusal(body)[0] == wire.INVALID_REQUEST


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (call(meta=None), GOOD),
        (call(meta="x"), GOOD),
        (call(meta={}), GOOD),
        (call(meta={wire.VERSION_KEY: "2026-07-28"}), GOOD),
        (call(meta=META | {wire.CAPABILITIES_KEY: []}), GOOD),
        (call(meta=META | {wire.VERSION_KEY: 7}), GOOD),
        (call(meta=META | {wire.VERSION_KEY: ["2026-07-28"]}), GOOD),
        (old(params=[]), {}),
        (old(params="x"), {}),
    ],
)
def test_parameters_that_are_malformed_are_refused(body: object, headers: Pairs):
    assert refusal(body, headers) == (wire.INVALID_PARAMS, 7)


@pytest.mark.parametrize(
    "method",
    ["initialize", "ping", "resources/read", "prompts/get", "subscriptions/listen", "sampling/createMessage", ""],
)
def test_an_unknown_method_is_refused_in_the_later_era(method: str):
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    assert refusal(call(method), headers) == (wire.METHOD_NOT_FOUND, 7)


@pytest.mark.parametrize(
    "method", ["server/discover", "resources/list", "logging/setLevel", "completion/complete"]
)
def test_an_unknown_method_is_refused_in_the_older_era(method: str):
    assert refusal(old(method)) == (wire.METHOD_NOT_FOUND, 7)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params", "result", "x"]), JSON, max_size=6),
    st.sampled_from(["2.0", None]),
    st.lists(st.tuples(st.sampled_from([*GOOD, "x"]), st.sampled_from(["2026-07-28", "tools/call", "ä", ""]))),
    JSON,
)
def test_whatever_comes_is_a_message_or_a_refusal(body: dict[str, Any], rpc: object, headers: Any, meta: Any):
    if rpc:
        body |= {"jsonrpc": rpc}
    if isinstance(body.get("params"), dict):
        body["params"]["_meta"] = meta
    try:
        told: Message | Refused = asked(body, headers)
    except Refused as refused:
        told = refused
    assert isinstance(told, Message) or -32768 <= told.number <= -32000


@given(st.text())
def test_the_values_of_headers_are_those_of_the_library(text: str):
    """Nothing but lone surrogates, which no JSON of ours has, is written differently."""
    if not any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        assert wire.decoded(wire.encoded(text)) == text
        assert decode_header_value(wire.encoded(text)) == text
        assert wire.decoded(encode_header_value(text)) == text


@given(st.text(alphabet="=?base64ABCyz+/ -_\n", max_size=24))
def test_what_the_library_does_not_decode_is_not_decoded_here(text: str):
    assert wire.decoded(f"=?base64?{text}?=") == decode_header_value(f"=?base64?{text}?=") or "\n" in text


@given(st.sampled_from(["search", "fetch", "größe", " x", "=?base64?eA==?=", ""]), st.booleans())
def test_headers_that_are_made_here_are_accepted_here(name: str, known: bool):
    message = call(name=name) if known else call("tools/list")
    assert asked(message, wire.headers(message)).stateless


def test_what_accepts_json():
    for good in (None, "application/json", "*/*", "application/*;q=0.5", "text/event-stream, application/json"):
        assert accepts_json(good), good
    for bad in ("", "text/event-stream", "application/jsonx", "application/json;q=0", "text/*, */*; q=0"):
        assert not accepts_json(bad), bad
