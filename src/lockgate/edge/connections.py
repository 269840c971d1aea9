"""Connections that do not hold the server: uvicorn waits forever for a request that never comes.

A few hundred connections that send nothing, or a byte now and then, would keep everybody else out, without any
credential. So a request's head must arrive in time, and where connections are many, the one that has been idle
longest makes room. Connections with a request under way are not touched, unless their reader takes nothing: an
answer that nobody reads would otherwise hold a place, and the model behind it, for as long as the reader likes.
Where nothing is idle, the connection that has been sending its body longest makes room: a body costs its sender
nothing either. Heads that another server could read differently are refused (`heads.py`).
"""

from __future__ import annotations

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from lockgate.edge.heads import StrictBuffer
from lockgate.edge.problems import problem
from lockgate.edge.render import new_request_id
from lockgate.errors import Invalid

HEAD_SECONDS: Final = 10.0
"""From a connection's beginning, or the first byte after an answer, to the end of the next request's head."""
BODY_SECONDS: Final = 2.0
"""How long a body may be on its way before its connection counts as one that could make room."""
LAST_SECONDS: Final = 1.0
"""How long a connection without any request stays open when the server stops."""
STALLED_SECONDS: Final = 60.0
"""How long a reader may leave what was sent to them, where no more can be sent."""


class Connection(H11Protocol):
    """One connection."""

    _idle_since = 0.0
    _stopping = False
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Tell whether a request is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.conn._receive_buffer = StrictBuffer()
        self._idle_since = self.loop.time()
        self._wait()
        most = self.limit_concurrency
        while most is not None and len(self.connections) >= most and self._make_room():
            pass

    def data_received(self, data: bytes) -> None:
        """Take bytes; whatever does not make a request begins or continues to wait for one."""
        before = self.busy
        super().data_received(data)
        if self._stopping and self.cycle is not None:
            self.cycle.keep_alive = False
        if self.busy:
            if not before:
                self._idle_since = self.loop.time()  # from here on, the body is waited for
            self._wait_no_more()
        elif self._deadline is None:
            self._wait()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, with a typed problem; where an answer has begun, nothing is left to say."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()
            return
        shown = problem(Invalid(msg.lower().rstrip("."), code="malformed_http"), new_request_id())
        headers = [*shown.raw_headers, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=shown.status_code, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(shown.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def on_response_complete(self) -> None:
        """Note that the connection is idle."""
        super().on_response_complete()
        self._idle_since = self.loop.time()

    def shutdown(self) -> None:
        """End when the server stops. Who has just connected may still send the request that they came with."""
        if self.cycle is not None:
            super().shutdown()
            return
        self._stopping = True
        self.loop.call_later(LAST_SECONDS, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._wait_no_more()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Begin to wait for a reader who takes nothing."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that the reader goes on, or that there is none."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._late)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if not self.busy:
            self.transport.close()

    def _make_room(self) -> bool:
        """Close the connection that has been idle longest, or else has sent longest; tell whether one was."""
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        late = self.loop.time() - BODY_SECONDS
        idle = [one for one in others if not one.busy] or [
            one for one in others if one.busy and one.cycle.more_body and one._idle_since < late
        ]
        if not idle:
            return False
        oldest = min(idle, key=lambda one: one._idle_since)
        self.connections.discard(oldest)
        oldest.transport.close()
        return True
