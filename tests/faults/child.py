"""What is killed: a real gateway over a folder, or one piece of work on its state, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from e2e.lab import opened
from faults.broken import FAULTS
from faults.points import ARMED, Points
from journeys.places import Words
from lockgate.edge import serve
from lockgate.wiring import Lockgate
from obeying import obey


def _armed(app: Any, path: str, points: Points) -> Any:
    """Arm the counter for requests of one route: their tasks, and what they have written."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == path:
            points.on = True
            ARMED.set(True)
        await app(scope, receive, send)

    return wrapped


def serving(folder: Path, upstream: str, path: str, kill_at: int | None, pipe: Any) -> None:
    """Serve; die at a point of a request to `path`. Tells address and tokens, then on request what it counted."""
    _quiet(folder)
    obey()
    points = Points(kill_at)
    points.watch_commits()
    real = serve.server
    serve.server = lambda app, *args, **more: real(_armed(app, path, points) if path else app, *args, **more)
    asyncio.run(_serve(folder, upstream, points, pipe))


async def _serve(folder: Path, upstream: str, points: Points, pipe: Any) -> None:
    points.watch_tasks(asyncio.get_running_loop())
    models = f"""
[[models]]
id = "parrot"
base_url = "{upstream}"
model = "parrot"
users = ["everyone"]
ceiling = "restricted"
[[assistants]]
id = "told"
model = "parrot"
collections = ["brightwater"]
users = ["everyone"]
"""
    async with opened(folder, Words(), models=models) as lab:
        pipe.send({"url": lab.url, "tokens": {who: lab.token(who) for who in ("hr", "staff", "owner")}})
        while True:
            asked = await asyncio.to_thread(pipe.recv)
            points.on = False
            if asked == "stop":
                break
            pipe.send(points.seen if asked == "seen" else FAULTS[asked](lab))
    pipe.send("stopped")


Work = Callable[[Lockgate, AsyncExitStack], Awaitable[object]]


def working(folder: Path, work: Work, kill_at: int | None, pipe: Any) -> None:
    """Do one piece of work on the state of a folder; die at a point of it. Sends what it counted, if it lives."""
    _quiet(folder)
    points = Points(kill_at)
    points.watch_commits()
    points.watch_disk()

    async def run() -> object:
        async with AsyncExitStack() as stack, opened(folder, Words()) as lab:
            points.on = True
            try:
                return await work(lab.lockgate, stack)
            finally:
                points.on = False

    told = asyncio.run(run())
    pipe.send({"seen": points.seen, "told": json.loads(json.dumps(told, default=str))})


def _quiet(folder: Path) -> None:
    with (folder / "child.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    sys.stdout.flush()
