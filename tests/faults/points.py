"""Points at which a process can be killed, counted: every suspension and resumption, every durable step.

A child process arms a counter for one piece of work. At the point of that number it kills itself with SIGKILL: no
`finally`, no flush, no `atexit`. A run without a number tells how many points there are, and what each is.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Engine, event

from lockgate.storage.group import GroupWriter

ARMED: ContextVar[bool] = ContextVar("armed", default=False)
_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.truncate", "os.link", "sqlite3.connect", "subprocess.Popen"}


class Points:
    """Counts points, and kills the process at one of them.

    `everywhere` counts what any thread does (work of a command); else only what belongs to tasks that are armed,
    and what the writing thread commits meanwhile.
    """

    def __init__(self, kill_at: int | None) -> None:
        self.kill_at = kill_at
        self.seen: list[str] = []
        self.on = False
        self._lock = threading.RLock()

    def reach(self, what: str) -> None:
        if not self.on:
            return
        with self._lock:
            self.seen.append(what)
            if len(self.seen) == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    # ------------------------------------------------------------------ where points come from

    def watch_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count each suspension and each resumption of armed tasks."""

        def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
            counted = _Counted(coroutine, self) if asyncio.iscoroutine(coroutine) else coroutine
            return asyncio.Task(counted, loop=loop, **options)

        loop.set_task_factory(factory)  # type: ignore[arg-type]

    def watch_commits(self) -> None:
        """Count before and after each commit of the thread that writes log and history."""
        points, lane = self, GroupWriter.lane

        def counted(self: GroupWriter, commit: Callable[..., Sequence[Any]], *args: Any, **kwargs: Any) -> Any:
            def both(jobs: Sequence[Any]) -> Sequence[Any]:
                points.reach(f"before the commit of {len(jobs)}")
                done = commit(jobs)
                points.reach(f"after the commit of {len(jobs)}")
                return done

            return lane(self, both, *args, **kwargs)

        GroupWriter.lane = counted  # type: ignore[method-assign]

    def watch_disk(self) -> None:
        """Count every statement of every database, every `fsync`, and every change of a folder."""

        def traced(connection: Any, _: object) -> None:
            """Trace what the driver runs: what is hot does not pass through SQLAlchemy."""
            connection.set_trace_callback(lambda statement: self.reach(f"before {statement.split()[0]}"))

        event.listen(Engine, "connect", traced)
        real = os.fsync

        def fsync(file: Any) -> None:
            self.reach("before fsync")
            real(file)
            self.reach("after fsync")

        os.fsync = fsync

        def hook(name: str, args: tuple[Any, ...]) -> None:
            if self.on and name in _STEPS:
                self.reach(name)

        sys.addaudithook(hook)


class _Counted(Coroutine[Any, Any, Any]):
    """A coroutine that tells when it is suspended and when it goes on."""

    def __init__(self, inner: Coroutine[Any, Any, Any], points: Points) -> None:
        self._inner, self._points = inner, points
        self._begun = False

    def _go(self, step: Callable[..., Any], *args: Any) -> Any:
        if self._begun and ARMED.get():
            self._points.reach("resumed")
        self._begun = True
        found = step(*args)
        if ARMED.get():
            self._points.reach(f"suspended in {_where(self._inner)}")
        return found

    def send(self, value: Any) -> Any:
        return self._go(self._inner.send, value)

    def throw(self, *args: Any) -> Any:
        return self._go(self._inner.throw, *args)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()


def _where(inner: Any) -> str:
    """Return the innermost coroutine of ours that waits, by name."""
    name, at = "?", inner
    while at is not None:
        code = getattr(at, "cr_code", None) or getattr(at, "ag_code", None)
        if code is not None and "/lockgate/" in code.co_filename:
            name = code.co_qualname if hasattr(code, "co_qualname") else code.co_name
        at = getattr(at, "cr_await", None) or getattr(at, "ag_await", None)
    return name
