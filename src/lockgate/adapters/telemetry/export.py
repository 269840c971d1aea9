"""Sends spans to an OTLP receiver over HTTP (opentelemetry.io, OTLP 1.x, binary protobuf).

Written here and not taken from the SDK's exporter, because that one follows redirects, and lets proxies, headers
and addresses of the environment count: then somebody else than the configuration says where traces go.
"""

from __future__ import annotations

import http.client
import logging
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from lockgate.policy.addresses import complaint, is_local

LOG: Final = logging.getLogger("lockgate.telemetry")
_SECONDS: Final = 5.0


class OtlpHttp(SpanExporter):
    """Posts spans to one address. What cannot be sent is dropped, and that is logged once.

    Args:
        endpoint: as the configuration checked it.
        token_file: file with a bearer token, read anew each time, so that it can be rotated.

    """

    def __init__(self, endpoint: str, token_file: Path | None = None) -> None:
        self._url = urlsplit(endpoint)
        self._token_file = token_file
        self._broken = ""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans. Runs in the processor's thread; never raises."""
        try:
            status = self._post(encode_spans(spans).SerializeToString())
        except Exception as error:
            return self._told(type(error).__name__)
        return self._told("" if 200 <= status < 300 else f"status {status}")

    def shutdown(self) -> None:
        """End; there is nothing to close."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return at once: nothing waits here."""
        return True

    def _post(self, body: bytes) -> int:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            line: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=_SECONDS, context=context
            )
        else:
            line = http.client.HTTPConnection(host, port, timeout=_SECONDS)
        headers = {"Content-Type": "application/x-protobuf", "User-Agent": "lockgate"}
        if self._token_file is not None:
            headers["Authorization"] = f"Bearer {self._token_file.read_text('ascii').strip()}"
        try:
            line.connect()
            if why := complaint(str(line.sock.getpeername()[0]), local=is_local(self._url.geturl())):
                raise OSError(why)
            line.request("POST", self._url.path or "/v1/traces", body, headers)
            return line.getresponse().status  # the body is not read: it says nothing that would be used
        finally:
            line.close()

    def _told(self, problem: str) -> SpanExportResult:
        if problem and not self._broken:
            LOG.warning("traces cannot be sent, and are dropped: %s", problem)
        elif self._broken and not problem:
            LOG.info("traces are sent again")
        self._broken = problem
        return SpanExportResult.FAILURE if problem else SpanExportResult.SUCCESS
