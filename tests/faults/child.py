"""What is killed: a real gateway over a folder, or one piece of work on its state, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from e2e.lab import Lab, opened
from faults.points import ARMED, Points
from journeys.places import Words
from lockgate.edge import serve
from lockgate.errors import Unavailable
from lockgate.wiring import Lockgate

Fault: TypeAlias = Callable[[Lab], str]


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


# ------------------------------------------------------------------ faults of a gateway that runs on


def _limit(what: int, amount: Callable[[], int]) -> Fault:
    """Lower a limit of this process; its healing raises it again."""

    def fault(_: Lab) -> str:
        resource.setrlimit(what, (amount(), resource.getrlimit(what)[1]))
        return "done"

    return fault


def _unlimited(_: Lab) -> str:
    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_AS):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (min(hard, 4096) if what == resource.RLIMIT_NOFILE else hard, hard))
    return "done"


def _clock(hours: float) -> Fault:
    def fault(lab: Lab) -> str:
        lab.clock.moved = timedelta(hours=hours)
        return "done"

    return fault


class _Broken:
    """A policy engine that fails whatever it is asked."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("the policy engine is broken")


_KEPT: dict[str, Any] = {}


def _break_policies(lab: Lab) -> str:
    _KEPT["policies"] = lab.lockgate.policies.current
    lab.lockgate.policies.current = _Broken()  # type: ignore[assignment]
    return "done"


def _mend_policies(lab: Lab) -> str:
    lab.lockgate.policies.current = _KEPT.pop("policies")
    return "done"


def _break_embedder(lab: Lab) -> str:
    """The model of this machine is dead: questions cannot be embedded."""

    async def dead(texts: object) -> object:
        raise Unavailable("the embedding model has ended")

    lab.lockgate.embedder.embed = dead  # type: ignore[method-assign, assignment]
    return "done"


def _mend_embedder(lab: Lab) -> str:
    del lab.lockgate.embedder.embed  # type: ignore[attr-defined]
    return "done"


def _break_issuer(lab: Lab) -> str:
    """The provider is down, and its keys are asked for again at each token of a key that is not known."""

    async def down(address: str) -> bytes:
        raise Unavailable("the provider does not answer")

    lab.issuer.fetch = down  # type: ignore[method-assign]
    return "done"


def _mend_issuer(lab: Lab) -> str:
    del lab.issuer.fetch  # type: ignore[attr-defined]
    return "done"


FAULTS: Final[dict[str, Fault]] = {
    "disk full": _limit(resource.RLIMIT_FSIZE, lambda: 0),
    "no handles": _limit(resource.RLIMIT_NOFILE, lambda: len(os.listdir("/proc/self/fd")) - 1),
    "no memory": _limit(
        resource.RLIMIT_AS, lambda: int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    ),
    "enough again": _unlimited,
    "clock ahead": _clock(10),
    "clock behind": _clock(-10),
    "clock right": _clock(0),
    "policies broken": _break_policies,
    "policies mended": _mend_policies,
    "embedder dead": _break_embedder,
    "embedder back": _mend_embedder,
    "issuer down": _break_issuer,
    "issuer back": _mend_issuer,
}

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
