"""The matrix of doors: what each asker gets of each class of data, which must be the same through every door.

`doors.txt` beside this file is the answer that is checked in, and its diff shows who gains and who loses. It has
one column for all doors, since `e2e/test_matrix_of_doors.py` fails where two of them differ. To accept a change:

    LOCKGATE_ACCEPT_MATRIX=1 python -m pytest tests/e2e/test_matrix_of_doors.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("doors.txt")

DRIVEN: Final = frozenset(
    {
        *(("POST", f"/v1/{one}") for one in ("chat/completions", "completions", "responses", "messages")),
        *(("POST", one) for one in ("/v1/embeddings", "/v1/retrieve", "/mcp", "/access/v1/evaluation")),
        ("GET", "/v1/documents/{document}"),
    }
)
"""Doors through which content, or a decision about it, comes out."""

OTHERS: Final[Mapping[str, str]] = {
    "/healthz": "says nothing about anything",
    "/readyz": "says nothing about content",
    "/metrics": "says nothing about content",
    "/v1/audit/": "records without content, for auditors; the matrix of endpoints has it",
    "/.well-known/": "metadata of the gateway",
    "/v1/models": "names of models; the matrix of endpoints has them",
    "/v1/classify": "what is in a text that the asker sent, from that text alone",
    "/v1/discover": "titles, by a decision of its own",
    "/v1/documents/{document:path}/why": "reasons, for administrators",
    "/v1/documents/{document:path}/forget": "destroys, and shows nothing",
    "/v1/answers/": "records of answers that were given",
    "/v1/reviews": "labels that wait, by decisions of their own",
    "/v1/findings": "kinds and places, by decisions of their own",
    "/v1/exposure": "what AI could find, by decisions of its own",
    "/access/v1/evaluations": "many questions of /access/v1/evaluation",
    "/access/v1/search/": "all answers of /access/v1/evaluation",
}
"""Beginnings of paths of routes that answer with no content, and why they are not driven here."""


def unplaced(routes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the routes of which nobody has said whether they answer."""
    return [
        (method, path)
        for method, path in routes
        if (method, path) not in DRIVEN and not any(path.startswith(one) for one in OTHERS)
    ]


@dataclass(frozen=True)
class Who:
    """An asker: a person through an application, maybe by an agent, or a service with its groups."""

    name: str
    person: str = ""
    client: str = "lockgate-demo"
    actor: str = ""
    groups: tuple[str, ...] = ()
    service: str = "etl"

    @property
    def subject(self) -> dict[str, str]:
        """Return how AuthZEN names the asker."""
        return {"type": "user", "id": self.person} if self.person else {"type": "service", "id": self.service}


WHO: Final = (
    *(Who(one, one) for one in ("outsider", "staff", "owner", "hr", "steward", "admin")),
    Who("hr, through general-only", "hr", "general-only"),
    Who("hr, through no-model", "hr", "no-model"),
    Who("staff, through no-collection", "staff", "no-collection"),
    Who("hr, by an agent of staff", "hr", "agent-of-staff", "agent-of-staff"),
    Who("hr, by an agent of all", "hr", "agent-of-all", "agent-of-all"),
    Who("service in staff and hr", groups=("staff", "hr")),
    Who("service in nothing", service="idle"),
)

_EVERY: Final = 'models = ["*"]\ncollections = ["*"]\npurposes = ["*"]\nceiling = "restricted"\n'
_AGENT: Final = f'kind = "agent"\nmay_act_for_users = true\n{_EVERY}'
APPLICATIONS: Final = "".join(
    f'[[applications]]\nid = "{id}"\n{lines}'
    for id, lines in {
        "general-only": _EVERY.replace("restricted", "general"),
        "no-model": _EVERY.replace('models = ["*"]\n', ""),
        "no-collection": _EVERY.replace('collections = ["*"]\n', ""),
        "idle": f'kind = "service"\n{_EVERY}',
        "agent-of-staff": f'{_AGENT}groups = ["group:staff"]\n',
        "agent-of-all": f'{_AGENT}groups = ["*"]\n',
    }.items()
)

DOCUMENTS: Final = {
    "general": ("handbook/gifts.md", "Up to what value may gifts from suppliers be accepted?"),
    "restricted": ("hr/salaries.md", "How high is the salary of Goran Ilic?"),
    "unreviewed": ("loose/plan.md", "When is the move to the harbor office planned?"),
    "not for AI": ("noai/minutes.md", "Which color did the board choose on the lighthouse?"),
    "absent": ("handbook/none.md", "Which crane lifts the northern mast?"),
}
"""Class of document -> an item of it, and a question that finds it."""

TEXTS: Final = {
    "harmless": "The canteen opens at noon, and the soup is free on Fridays.",
    "a card": "Somebody left a card with the number 4111 1111 1111 1111 here.",
    "a salary, in plain words": "The base salary of Goran Ilic in 2026 is 61,387 EUR per year.",
    "a picnic, restricted by its place": "The lanterns wait behind the boathouse near the old pier.",
}
"""What is sent to models. Nothing is found in the last: what it is, only the history of who was shown it says.

No two have five words in a row in common, or the label of one would count for the other.
"""

PICNIC: Final = ("hr/picnic.md", "# Picnic\n\nThe lanterns wait behind the boathouse near the old pier.\n")

MODELS: Final = """
[[models]]
id = "plain-{name}"
base_url = "{url}"
model = "m"
users = {users}
ceiling = "{ceiling}"
[[models]]
id = "vectors-{name}"
kind = "embeddings"
base_url = "{url}"
model = "m"
users = {users}
ceiling = "{ceiling}"
[[assistants]]
id = "over-{name}"
model = "plain-{name}"
collections = ["brightwater"]
users = ["everyone"]
"""
KINDS: Final = {
    "all": ('["everyone"]', "restricted"),
    "low": ('["everyone"]', "general"),
    "hr": ('["group:hr"]', "restricted"),
}
"""Name of a model -> who may use it, and its ceiling."""


@dataclass(frozen=True)
class Got:
    """What came out of a door: allowed or the code of a refusal, the label's header, and the documents in it."""

    decision: str
    label: str = ""
    documents: frozenset[str] = field(default=frozenset())

    @property
    def level(self) -> str:
        return self.label.partition(";")[0]


def line(*cells: tuple[str, int]) -> str:
    return "".join(f"{text:<{width}}" for text, width in cells).rstrip()


def models(url: str) -> str:
    """Return the models of the matrix, all at one server."""
    each = (MODELS.format(name=n, url=url, users=u, ceiling=c) for n, (u, c) in KINDS.items())
    return "".join(each) + APPLICATIONS


def body_of_tool(name: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
