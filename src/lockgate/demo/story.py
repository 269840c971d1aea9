"""The story that `lockgate demo --check` plays: thirteen steps, each told as expected and seen.

It holds no secret knowledge but the generator's truth, talks to Lockgate over HTTP as its clients do, and uses
`Control` for what only somebody with hands on the machine can do.
"""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from lockgate.demo import scenes_answers, scenes_walls
from lockgate.demo.client import Client
from lockgate.demo.control import Control
from lockgate.demo.organization import Organization
from lockgate.demo.report import Report
from lockgate.demo.stage import Story
from lockgate.errors import LockgateError


async def play(base_url: str, control: Control, organization: Organization, show: Callable[[str], None]) -> Report:
    """Play the whole story against a running Lockgate and return the account. A step that breaks off differs."""
    report = Report(show)
    async with aiohttp.ClientSession() as session:
        client = Client(session, base_url, control.token)
        story = Story(client, control, organization, report)
        for number, (title, step) in enumerate((*scenes_answers.SCENES, *scenes_walls.SCENES), 1):
            report.begin(number, title)
            try:
                await step(story)
            except (LockgateError, aiohttp.ClientError, TimeoutError, LookupError, ValueError) as error:
                report.expect("the step to run to its end", False, f"{type(error).__name__}: {error}")
            report.end(number)
    show(report.table())
    return report
