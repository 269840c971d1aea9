"""A proxy in front of a real server that spoils some answers, byte by byte."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Answer:
    """What goes back: may be changed, and is cut after `cut` bytes of the body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    cut: int | None = None


@dataclass
class Proxy:
    """`spoil` gets method, path and answer of each request; `seen` lists the requests with their heads."""

    url: str
    spoil: Callable[[str, str, Answer], None] = lambda method, path, answer: None
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def xml(self, answer: Answer, status: int, code: str) -> None:
        """Turn an answer into an error of S3."""
        answer.status = status
        answer.headers = [("Content-Type", "application/xml")]
        answer.body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>secret</Message></Error>".encode()


@contextlib.contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in front of `upstream` while the block runs."""
    there = urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            client = http.client.HTTPConnection(there, timeout=20)
            try:
                client.request(self.command, self.path, headers=dict(self.headers))
                got = client.getresponse()
                answer = Answer(got.status, got.getheaders(), got.read())
            finally:
                client.close()
            running.seen.append((self.command, self.path, dict(self.headers)))
            running.spoil(self.command, self.path, answer)
            self.send_response(answer.status)
            for name, value in answer.headers:
                if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut])
            self.close_connection = True

        do_GET = do_HEAD = handle_one

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
