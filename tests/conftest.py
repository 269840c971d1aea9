"""What every test shares: which tools this machine has, and which tests need them."""

from __future__ import annotations

import asyncio
import inspect
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from servers import cloud as cloud
from servers import postgres as postgres

settings.register_profile("commit", max_examples=50, deadline=None)
settings.register_profile("nightly", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "commit"))

SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Third-party data and standards beside the checkout; never part of the project."""

TOOLS = {
    "needs_node": (lambda: bool(shutil.which("node") and shutil.which("npm")), "Node and npm are not installed"),
    "needs_curl": (lambda: bool(shutil.which("curl")), "curl is not installed"),
    "needs_chromium": (lambda: bool(shutil.which("chromium")), "Chromium is not installed"),
    "needs_setfacl": (
        lambda: bool(shutil.which("setfacl")) and os.geteuid() == 0,
        "setfacl is not installed, or this is not root",
    ),
    "needs_postgres": (
        lambda: bool(shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
        "PostgreSQL is not installed",
    ),
    "needs_root": (lambda: os.geteuid() == 0, "this is not root"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, by name; fail instead where LOCKGATE_REQUIRE_TOOLS is set."""
    required = bool(os.environ.get("LOCKGATE_REQUIRE_TOOLS"))
    for item in items:
        for marker, (has, why) in TOOLS.items():
            if item.get_closest_marker(marker) and not has():
                if required:
                    pytest.exit(f"{item.nodeid}: {why}, and LOCKGATE_REQUIRE_TOOLS is set", returncode=1)
                item.add_marker(pytest.mark.skip(reason=why))
        if item.get_closest_marker("needs_shared") and not (SHARED / "data").is_dir():
            item.add_marker(pytest.mark.skip(reason="third-party data (../shared) is not beside the checkout"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests, each in a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
