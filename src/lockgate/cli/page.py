"""What `lockgate demo` and `lockgate try` share: keep the page's key, open a browser, run until interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import webbrowser
from collections.abc import Callable

from lockgate.cli.login import page_keys


async def show(base_url: str, key: str, announce: Callable[[], None], *, browser: bool) -> None:
    """Announce the page and return when interrupted; meanwhile `--as` of this account finds the page's key."""
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    with page_keys().kept(base_url, key) as door:
        announce()
        if browser:
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(door.as_uri())
        await stop.wait()
