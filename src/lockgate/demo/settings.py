"""The configuration that the demonstration runs under: an ordinary `lockgate.toml`, written to be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from lockgate.adapters import acceptances
from lockgate.config import Settings, parse
from lockgate.policy.acceptance import Acceptance

CONFIGURATION: Final = """\
# The demonstration's configuration. Yours looks the same: `lockgate init` writes one to start from.
mode = "{mode}"
data = "{state}"

[server]
host = "127.0.0.1"
port = {port}

[identity]
directory = "directory.toml"        # people, groups, and who is who on the file server

[[collections]]
name = "brightwater"
path = "share"
rights = "manifest"                 # who may read is stated in share/.lockgate-access.toml

# What people sign in with. An application that is not registered here lets nobody in.

[[applications]]
id = "lockgate-demo"                # the `client_id` of its tokens
models = ["*"]
collections = ["*"]
purposes = ["*"]
ceiling = "restricted"

# Models. Each has a ceiling: the highest level of data that it may be given, set by who runs it.

[[models]]
id = "extractive"                   # quotes sentences of the documents and cites them; it cannot invent
kind = "extractive"
users = ["everyone"]
ceiling = "restricted"

[[models]]
id = "smollm2"                      # a real language model on this machine: small, slow, for the machinery
kind = "local"
users = ["everyone"]
ceiling = "restricted"

[[models]]
id = "cloud-cheap"                  # stands for a model that somebody else runs: general data only
kind = "local"
users = ["everyone"]
ceiling = "general"

[[models]]
id = "assistant-secure"             # where data above that ceiling goes, for the departments that have it
kind = "extractive"
users = ["group:hr", "group:finance", "group:legal", "group:executive"]
ceiling = "restricted"

[[assistants]]
id = "assistant"
model = "extractive"
collections = ["brightwater"]
users = ["everyone"]

[[assistants]]
id = "assistant-small"
model = "smollm2"
instructions = "Answer from the numbered passages only, in one or two sentences. Say so if they do not answer."
collections = ["brightwater"]
users = ["everyone"]

[[assistants]]
id = "cloud-cheap"
model = "cloud-cheap"
reroute = ["assistant-secure"]
instructions = "Answer from the numbered passages only, in one or two sentences. Say so if they do not answer."
collections = ["brightwater"]
users = ["everyone"]
"""


def write(folder: Path, *, port: int, mode: str = "enforce", state: str = "state") -> Settings:
    """Write `lockgate.toml` into a generated organization's folder and return its settings."""
    text = CONFIGURATION.format(port=port, mode=mode, state=state)
    file = folder / "lockgate.toml"
    file.write_text(text, encoding="utf-8")
    return parse(text, file)


def accept_risks(settings: Settings, now: datetime) -> None:
    """Accept the risk of the models that run here, as `lockgate models accept` would."""
    for one in settings.models:
        if one.needs_acceptance:
            until = now + timedelta(days=30)
            acceptance = Acceptance("the demonstration", "invented people and documents", now, until, one.terms)
            acceptances.accept(settings.data, one.id, acceptance)
