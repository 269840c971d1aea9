"""Calls of parsers, as the product makes them, with the laws that hold for what comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import h11
import orjson
from starlette.datastructures import Headers
from starlette.requests import Request

from audit.samples import SIGNER
from lockgate.adapters.extraction import formats
from lockgate.adapters.oidc import discovery, keys
from lockgate.adapters.oidc.claims import OidcSettings, judge
from lockgate.adapters.openai_upstream import answer
from lockgate.adapters.policy_files import SHIPPED
from lockgate.adapters.service_keys import file as service_keys
from lockgate.audit import checkpoint, verify
from lockgate.audit.entry import Entry
from lockgate.audit.handover import Handover
from lockgate.content import globs
from lockgate.content.sse import EventParser
from lockgate.edge import authzen_request, mcp_request
from lockgate.edge.body import Limits, credential
from lockgate.edge.codecs.model import Codec
from lockgate.edge.heads import StrictBuffer
from lockgate.errors import LockgateError, TooLarge
from lockgate.journeys.decisions import Kind
from lockgate.labels import wire
from lockgate.policy import cases
from lockgate.policy.cedar import PolicySet
from support import NOW

Takes = Callable[[bytes], None]
LIMITS = Limits()


def text(data: bytes) -> str:
    """Return bytes as a text that may have anything in it, lone surrogates too."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def value(data: bytes) -> Any:
    """Return JSON as the edge reads it."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise TooLarge("no JSON") from error


def quiet_(takes: Callable[[bytes], object]) -> Takes:
    def take(data: bytes) -> None:
        takes(data)

    return take


def sse_(data: bytes) -> None:
    """However bytes are cut, the events are the same."""
    whole, cut = EventParser(1000), EventParser(1000)
    try:
        expected = whole.feed(data[1:])
    except LockgateError:
        expected = None
    step, seen = data[0] % 7 + 1 if data else 1, []
    try:
        for at in range(1, len(data), step):
            seen += cut.feed(data[at : at + step])
    except LockgateError:
        return
    assert expected is None or seen == expected


def answer_(part: str) -> Takes:
    def take(data: bytes) -> None:
        made = answer.Answer(10_000, part)
        for line in data.split(b"\n"):
            made.take(line)
        last = made.last()
        assert last.usage is None or min(last.usage.prompt_tokens, last.usage.completion_tokens) >= 0

    return take


def codec_(codec: Codec, headers: dict[str, str] | None = None) -> Takes:
    def take(data: bytes) -> None:
        body = value(data)
        if isinstance(body, dict):
            parsed = codec.parse(body, LIMITS, Headers(headers or {}))
            assert parsed.ask.model
            assert parsed.ask.turns

    return take


def object_(takes: Callable[[dict[str, Any]], object]) -> Takes:
    def take(data: bytes) -> None:
        body = value(data)
        if isinstance(body, dict):
            takes(body)

    return take


def mcp_(data: bytes) -> None:
    body = value(data)
    mcp_request.parse(body, Headers({}))
    mcp_request.parse(body, Headers({"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call"}))


def authzen_(body: dict[str, Any]) -> None:
    for take in (
        authzen_request.question,
        authzen_request.batch,
        authzen_request.page,
        *(lambda one, kind=kind: authzen_request.asked(authzen_request.search(kind, one), one) for kind in Kind),
    ):
        try:
            take(body)
        except LockgateError:
            continue


def label_(data: bytes) -> None:
    made = wire.parse(value(data))
    assert wire.parse(wire.render(made)) == made
    assert wire.parse_header(wire.header(made)) == made


SCHEMA = (SHIPPED / "schema.cedarschema").read_text("utf-8")


def cedar_(data: bytes) -> None:
    PolicySet.from_texts({"fuzzed.cedar": text(data)}, SCHEMA)


OIDC = OidcSettings("https://id.example.com", frozenset({"lockgate"}), groups_claim="a.groups")


def claims_(data: bytes) -> None:
    try:
        claims = json.loads(data)  # as tokens are read: Python's reader, which takes lone surrogates
    except (ValueError, RecursionError):
        return
    if isinstance(claims, dict):
        who = judge(OIDC, "at+jwt", claims, "t", NOW)
        assert who.subject.isprintable()
        who.session.encode()
        " ".join((*who.groups, *who.scopes, *who.actors, who.application)).encode()


def jwks_(data: bytes) -> None:
    found = keys.parse_keys(data)
    for algorithm in keys.ALGORITHMS:
        for kid in (None, "k1", *(one.get("kid") for one in found)):
            made = keys.select(found, kid if isinstance(kid, str) else None, algorithm)
            assert made is None or not made.is_private


def metadata_(data: bytes) -> None:
    found = discovery.json_object(data, "it")
    for name in ("jwks_uri", "token_endpoint"):
        discovery.endpoint(found, name)


def head_(data: bytes) -> None:
    """No request comes out whose body could have another length for somebody else."""
    connection = h11.Connection(h11.SERVER)
    connection._receive_buffer = StrictBuffer()
    connection.receive_data(data)
    event = connection.next_event()
    if isinstance(event, h11.Request):
        names = [name for name, _ in event.headers]
        assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
        assert names.count(b"authorization") <= 1
        assert event.http_version in {b"1.0", b"1.1"}


def credential_(data: bytes) -> None:
    shown, _, assertion = data.partition(b"\n")
    headers = [(b"authorization", b"Bearer " + shown), (b"lockgate-user-assertion", assertion)]
    parts = credential(Request({"type": "http", "headers": headers})).split(" ")
    assert len(parts) in {1, 3}


def note_(data: bytes) -> None:
    note = text(data)
    for take in (checkpoint.parse, checkpoint.signatures, checkpoint.Verifier.parse, Handover.parse):
        try:
            take(note)
        except LockgateError:
            continue


def log_(data: bytes) -> None:
    entries = [Entry(index, line) for index, line in enumerate(data.split(b"\n"))]
    assert verify.verify(entries, [text(data)], SIGNER.verifier).faults


def format_(name: str) -> Takes:
    def take(data: bytes) -> None:
        formats.read(name, data)

    return take


def glob_(data: bytes) -> None:
    pattern, _, path = text(data).partition("\n")
    globs.Glob(pattern).matches_folded(globs.Name(path))


def request_(data: bytes) -> None:
    cases.parse_request(value(data))


def keyfile_(body: dict[str, Any]) -> None:
    service_keys._parse(body)
