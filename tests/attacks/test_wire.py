"""Shapes of HTTP on which a proxy and the gateway could disagree, and what no client sends, on a raw socket.

Whatever was refused must be refused as a whole: no second request may come out of the bytes of the first.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from attacks.http import send
from attacks.raw import Answers, request, talk
from e2e.lab import Lab, in_thread, opened, plant
from lockgate.adapters.embed_onnx import MiniLmEmbedder

pytestmark = pytest.mark.slow
JSON = "Content-Type: application/json"
BODY = b'{"query":"gifts"}'
CHUNKS = b"11\r\n" + BODY + b"\r\n0\r\n\r\n"
HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
LENGTH = f"Content-Length: {len(BODY)}"


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("wire")
    plant(folder)
    with in_thread(lambda: opened(folder, embedder)) as made:
        yield made


@pytest.fixture(autouse=True)
def no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where the server has logged a defect, whatever it answered."""
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []


def post(lab: Lab, *headers: str, body: bytes = BODY, line: str = "POST /v1/retrieve HTTP/1.1") -> bytes:
    return request(line, JSON, *headers, body=body, token=lab.token("staff"))


REFUSED: dict[str, tuple[tuple[str, ...], bytes]] = {
    "a length and a coding": ((LENGTH, "Transfer-Encoding: chunked"), CHUNKS + HIDDEN),
    "a coding and a length": (("Transfer-Encoding: chunked", "Content-Length: 4"), CHUNKS + HIDDEN),
    "a coding that a tab hides": (("Transfer-Encoding:\tchunked", LENGTH), CHUNKS),
    "an unknown coding": (("Transfer-Encoding: xchunked",), CHUNKS),
    "two codings": (("Transfer-Encoding: gzip, chunked",), CHUNKS),
    "a coding twice": (("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), CHUNKS),
    "two lengths": ((LENGTH, "Content-Length: 0"), BODY + HIDDEN),
    "one length twice": ((LENGTH, LENGTH), BODY),
    "a list of lengths": (("Content-Length: 17, 17",), BODY),
    "a length with a sign": (("Content-Length: +17",), BODY),
    "a negative length": (("Content-Length: -1",), BODY),
    "a hexadecimal length": (("Content-Length: 0x11",), BODY),
    "a length of 5,000 digits": (("Content-Length: " + "9" * 5000,), BODY),
    "a space before the colon": (("Content-Length : 17",), BODY),
    "a folded header": (("X-A: b\r\n c", LENGTH), BODY),
    "a length that is folded": (("Content-Length:\r\n 17",), BODY),
    "a bare LF": (("X-A: b\nX-B: c", LENGTH), BODY),
    "a bare CR": (("X-A: b\rX-B: c", LENGTH), BODY),
    "a NUL": (("X-A: b\x00c", LENGTH), BODY),
    "a name that is none": (("X(A): b", LENGTH), BODY),
    "a header without a name": ((": b", LENGTH), BODY),
    "a line without a colon": (("X-A", LENGTH), BODY),
    "another credential": (("Authorization: Bearer x", LENGTH), BODY),
    "another host": (("Host: elsewhere", LENGTH), BODY),
    "another type": (("Content-Type: text/plain", LENGTH), BODY),
    "another purpose": (("Lockgate-Purpose: a", "Lockgate-Purpose: b", LENGTH), BODY),
    "a compressed body": (("Content-Encoding: gzip", LENGTH), BODY),
    "a chunk of no size": (("Transfer-Encoding: chunked",), b"0x11\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "a chunk that is longer than it says": (("Transfer-Encoding: chunked",), b"10\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "a chunk size of a million digits": (("Transfer-Encoding: chunked",), b"1" * 1_000_000 + b"\r\n"),
}


def test_a_coding_in_http_1_0_is_refused(lab: Lab) -> None:
    """HTTP/1.0 has no codings: a proxy may take the body for the next request (RFC 9112 section 6.1)."""
    sent = post(lab, "Transfer-Encoding: chunked", body=CHUNKS, line="POST /v1/retrieve HTTP/1.0")
    _refused(talk(lab.url, sent))


@pytest.mark.parametrize("path", ["/v1%2Fmodels", "/%761/models", "/v1/model%73", "/v1%2fretrieve"])
def test_a_path_that_is_spelled_otherwise_is_none(lab: Lab, path: str) -> None:
    """A proxy that lets some paths through compares what is written."""
    sent = request(f"GET {path} HTTP/1.1", token=lab.token("staff"))
    assert talk(lab.url, sent).statuses == [404]


@pytest.mark.parametrize("shape", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused(lab: Lab, shape: str) -> None:
    headers, body = REFUSED[shape]
    _refused(talk(lab.url, post(lab, *headers, body=body)))


def _refused(seen: Answers) -> None:
    assert seen.statuses == [400], seen.data[:300]
    assert seen.json["code"] in {"malformed_http", "unsupported_content_encoding"}
    assert seen.closed or seen.json["code"] == "unsupported_content_encoding"


LINES: dict[str, str] = {
    "another version": "GET /healthz HTTP/1.2",
    "a newer protocol": "GET /healthz HTTP/2.0",
    "no version": "GET /healthz",
    "two spaces": "GET  /healthz HTTP/1.1",
    "a tab": "GET\t/healthz HTTP/1.1",
    "bytes that are no text": "GET /v1/documents/\xff\xfe HTTP/1.1",
    "the preface of HTTP/2": "PRI * HTTP/2.0",
}


@pytest.mark.parametrize("shape", LINES)
def test_first_lines_that_are_none(lab: Lab, shape: str) -> None:
    _refused(talk(lab.url, request(LINES[shape], token=lab.token("staff"))))


def test_a_head_with_bare_line_feeds_only(lab: Lab) -> None:
    _refused(talk(lab.url, post(lab, LENGTH).replace(b"\r\n", b"\n")))


def test_a_head_without_host(lab: Lab) -> None:
    _refused(talk(lab.url, request("GET /healthz HTTP/1.1", host="")))


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET http://elsewhere.example/healthz HTTP/1.1", 404),
        ("POST https://elsewhere.example/v1/retrieve HTTP/1.1", 404),
        ("CONNECT elsewhere.example:443 HTTP/1.1", 404),
        ("TRACE / HTTP/1.1", 404),
        ("TRACE /healthz HTTP/1.1", 405),
        ("OPTIONS * HTTP/1.1", 404),
        ("OPTIONS /v1/models HTTP/1.1", 405),
        ("GET /../healthz HTTP/1.1", 404),
        ("GET //healthz HTTP/1.1", 404),
        ("GET /healthz%00 HTTP/1.1", 404),
        ("GET /%ff%ed%a0%80 HTTP/1.1", 404),
        ("BREW /healthz HTTP/1.1", 405),
    ],
)
def test_targets_and_methods_that_are_not_ours(lab: Lab, line: str, status: int) -> None:
    """No absolute form, tunnel or trace: nothing is fetched for anybody, and no header comes back."""
    seen = talk(lab.url, request(line, "X-Secret: zanzibar", token=lab.token("staff")))
    assert seen.statuses == [status]
    assert b"zanzibar" not in seen.data
    assert lab.token("staff").encode() not in seen.data


@pytest.mark.parametrize("upgrade", ["websocket", "h2c", "TLS/1.0"])
def test_no_other_protocol_is_changed_to(lab: Lab, upgrade: str) -> None:
    more = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    head = ("Connection: Upgrade", f"Upgrade: {upgrade}", *more)
    assert talk(lab.url, request("GET /v1/models HTTP/1.1", *head)).statuses == [401]


def test_pipelined_requests_are_answered_in_order_each_for_itself(lab: Lab) -> None:
    """A request after one with a credential does not have it."""
    first, second = post(lab, LENGTH), request("GET /v1/models HTTP/1.1")
    assert talk(lab.url, first + second + HIDDEN, seconds=2).statuses == [200, 401, 200]


def test_a_request_in_the_body_of_another_is_its_body(lab: Lab) -> None:
    body = HIDDEN + HIDDEN
    seen = talk(lab.url, post(lab, f"Content-Length: {len(body)}", body=body))
    assert seen.statuses == [400]
    seen = talk(lab.url, request("GET /v1/models HTTP/1.1", f"Content-Length: {len(body)}", body=body))
    assert seen.statuses == [401]


def test_chunk_extensions_and_trailers_say_nothing(lab: Lab) -> None:
    body = b"11;name=value\r\n" + BODY + b"\r\n0;x\r\nAuthorization: Bearer x\r\nContent-Length: 4\r\n\r\n"
    seen = talk(lab.url, post(lab, "Transfer-Encoding: chunked", body=body) + HIDDEN, seconds=2)
    assert seen.statuses == [200, 200]
    alone = request("POST /v1/retrieve HTTP/1.1", JSON, "Transfer-Encoding: chunked")
    trailer = b"0\r\nAuthorization: Bearer " + lab.token("staff").encode() + b"\r\n\r\n"
    assert talk(lab.url, alone + trailer).statuses == [401]


def test_nonsense_after_an_answer_ends_the_connection(lab: Lab) -> None:
    """A stranger's 401 is out before the body is: what comes then was an unhandled exception."""
    head = request("POST /v1/retrieve HTTP/1.1", JSON, "Transfer-Encoding: chunked")
    assert talk(lab.url, head + b"zz\r\n").statuses in ([401], [400])
    port = int(lab.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(head)
        seen = b""
        while not seen.endswith(b"}"):
            seen += raw.recv(65536)
        assert seen.startswith(b"HTTP/1.1 401")
        raw.sendall(b"zz\r\n")
        assert raw.recv(65536) == b""


@pytest.mark.parametrize("keep", ["", "Connection: keep-alive"])
def test_http_1_0(lab: Lab, keep: str) -> None:
    seen = talk(lab.url, request("GET /healthz HTTP/1.0", *([keep] if keep else []), host=""))
    assert (seen.statuses, seen.closed) == ([200], True)


def test_a_request_byte_by_byte_is_the_same_request(lab: Lab) -> None:
    assert talk(lab.url, post(lab, LENGTH), drip=0.001, seconds=1).statuses == [200]
    _refused(talk(lab.url, post(lab, "X-A: b\r\n c", LENGTH), drip=0.001, seconds=1))


BOMBS: dict[str, tuple[tuple[str, ...], str]] = {
    "a megabyte of credential": (("Authorization: Bearer " + "a" * 1_000_000,), "400"),
    "60 kB of credential": (("Authorization: Bearer " + "a" * 60_000,), "401"),
    "60 kB of tokens": (("Authorization: Bearer " + "a " * 30_000,), "401"),
    "60 kB of dots": (("Authorization: Bearer " + "." * 60_000,), "401"),
    "60 kB of assertion": (("Lockgate-User-Assertion: " + "a." * 30_000,), "401"),
    "20,000 headers": (tuple(f"a{n}: b" for n in range(20_000)), "400"),
    "one name 5,000 times": (("a: b",) * 5000, "401"),
    "a name of a megabyte": (("a" * 1_000_000 + ": b",), "400"),
    "60 kB of accept": (("Accept: " + "a/b;q=0," * 7000,), "401"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_heads_that_are_too_much(lab: Lab, bomb: str) -> None:
    headers, status = BOMBS[bomb]
    seen = talk(lab.url, request("GET /v1/models HTTP/1.1", *headers))
    # A connection that is closed while bytes still come is reset, and what was said may be lost on the way.
    assert [str(one) for one in seen.statuses] in ([status], []) if status == "400" else [int(status)]
    assert send(lab.url, "GET", "/healthz").status == 200


NUMBERS = ("9" * 5000, "9" * 100, "000001" + "9" * 5000, "0000019999", "-1", "1e3", "\u0663", "%00", "0x1", "")


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_in_addresses(lab: Lab, number: str) -> None:
    """Python makes no `int` of more than 4,300 digits: two of these were 500, before any handler."""
    shown = quote(number, safe="%")
    for path in (f"/v1/reviews?limit={shown}", f"/v1/reviews/d_1/passages/{shown}"):
        assert send(lab.url, "GET", path, token=lab.token("staff")).status in {400, 404}
