"""Run a gateway until it is told to stop: its socket, its signals, and what a service manager wants to hear."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from lockgate.adapters import arenas
from lockgate.adapters.systemd import Manager, inherited
from lockgate.config import Settings
from lockgate.content.detection import scan
from lockgate.edge.serve import listen, server
from lockgate.errors import Invalid
from lockgate.wiring.core import Parts, open_lockgate
from lockgate.wiring.running import Lockgate

LOG: Final = logging.getLogger("lockgate")


async def serve(
    settings: Settings,
    port: int | None,
    environment: MutableMapping[str, str],
    pid: int,
    say: Callable[[str], None],
) -> None:
    """Serve until a signal comes.

    Args:
        settings: the configuration.
        port: instead of the configured one; None for that. A socket that was handed over has its own.
        environment: of the process; what a service manager put there for us is taken out.
        pid: of the process.
        say: prints a line for whoever started it.

    Raises:
        Invalid: the configuration lets nobody in, or would speak in clear to other machines.
        Unavailable: the address or the state folder cannot be used.

    """
    if not settings.identity.issuer and settings.identity.service_keys is None:
        raise Invalid(
            "nobody could sign in: no identity provider and no service keys are configured",
            code="bad_configuration",
            remedy="Set `issuer` and `audience` under [identity].",
        )
    arenas.few()
    place, manager = settings.server, Manager(environment, pid)
    given = inherited(environment, pid)
    asyncio.get_running_loop().set_exception_handler(_defect)
    with given or listen(place.host, place.port if port is None else port) as bound:
        host, port = bound.getsockname()[:2]
        host = place.host if given is None else host
        async with open_lockgate(settings, Parts(listens=(host, port))) as lockgate:
            await asyncio.to_thread(
                scan, ""
            )  # compiles the detectors' tables, which the first question would wait for
            running = server(
                lockgate.app(),
                host,
                concurrency=place.concurrency,
                certificate=place.tls_certificate,
                key=place.tls_key,
                plain_http=place.plain_http,
                drain=lockgate.operations.drain,
                grace=place.grace_seconds,
                tell=manager.tell,
            )
            scheme = "https" if place.tls_certificate else "http"
            # What start has made lives as long as the process: collecting garbage need not look at it each time.
            gc.collect()
            gc.freeze()
            say(f"Lockgate serves on {scheme}://{host}:{port}/v1 (mode {settings.mode})")
            beating = asyncio.create_task(_beat(manager, lockgate))
            try:
                await running.serve([bound])
            finally:
                beating.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await beating
    LOG.info("stopped: every answer is recorded")


async def _beat(manager: Manager, lockgate: Lockgate) -> None:
    """Tell the manager that all is well, as long as this loop turns and the log has its writer."""
    while manager.watchdog:
        if lockgate.operations.writes:
            manager.tell("WATCHDOG=1")
        await asyncio.sleep(manager.watchdog / 3)


def _defect(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody awaited, by type and place: asyncio's own words would quote the error's."""
    error = context.get("exception")
    place = "".join(traceback.format_tb(error.__traceback__)) if isinstance(error, BaseException) else ""
    LOG.error("defect: %s\n%s", type(error).__name__ if error else "in the event loop", place)
