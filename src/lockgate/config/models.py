"""Read `[[models]]` and `[[assistants]]`: what answers, under which name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lockgate.config.address import address
from lockgate.config.settings import Assistant, ModelSettings
from lockgate.config.table import Table
from lockgate.config.words import ceiling, readers
from lockgate.labels.readers import Readers
from lockgate.labels.wire import Taxonomy


def model(table: Table, taxonomy: Taxonomy) -> ModelSettings:
    """Return a model.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    kind = table.choice("kind", ("openai", "local", "extractive", "embeddings"), "openai")
    if kind == "embeddings" and "model" in table.values and "base_url" not in table.values:
        raise table.fail("model", "needs a `base_url`", "Without both, the local embedding model is taken.")
    made = ModelSettings(
        id=table.need("id"),
        kind=kind,
        base_url=_upstream(table, kind),
        model=table.need("model")
        if kind == "openai" or "base_url" in table.values
        else table.get("model", str, ""),
        api_key_file=table.path("api_key_file"),
        plain_http=table.get("plain_http", bool, False),
        users=readers(table, "users") or Readers.nobody(),
        ceiling=ceiling(table, taxonomy),
        extra_params=frozenset(table.names("extra_params")),
        provider=table.get("provider", str, ""),
        version=table.get("version", str, ""),
        region=table.get("region", str, ""),
        enabled=table.get("enabled", bool, True),
        responsibility=_responsibility(table, kind),
        price_prompt=table.number("price_prompt", 0.0, 0, 1_000_000),
        price_completion=table.number("price_completion", 0.0, 0, 1_000_000),
        connect_seconds=table.number("connect_seconds", 5.0, 0.1, 600),
        first_byte_seconds=table.number("first_byte_seconds", 60.0, 0.1, 3600),
        stall_seconds=table.number("stall_seconds", 30.0, 0.1, 3600),
        total_seconds=table.number("total_seconds", 300.0, 1, 86400),
    )
    table.done()
    return made


def _upstream(table: Table, kind: str) -> str:
    if kind == "openai":
        table.need("base_url")
    return address(
        table,
        "base_url",
        like="https://api.example.com/v1",
        plain=table.get("plain_http", bool, False),
        aside="Put a key into the file named by `api_key_file`.",
    )


def _responsibility(table: Table, kind: str) -> str:
    """Return how a model is had. One on this machine is ours to run, whatever the file says."""
    options = ("saas", "paas", "iaas") if kind == "openai" else ("iaas",) if kind == "local" else ()
    if not options and "responsibility" in table.values:
        raise table.fail("responsibility", "does not fit: this answerer is part of Lockgate, and no model")
    if kind == "local" or "responsibility" in table.values:
        return table.choice("responsibility", options, "iaas")
    table.known.add("responsibility")
    return ""


def assistant(table: Table, models: Mapping[str, ModelSettings], collections: Iterable[str]) -> Assistant:
    """Return an assistant. Names of models and collections must be those of the file.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    made = Assistant(
        id=table.need("id"),
        model=table.need("model"),
        reroute=table.names("reroute"),
        instructions=table.get("instructions", str, ""),
        collections=frozenset(table.names("collections")),
        users=readers(table, "users") or Readers.nobody(),
    )
    for key, names in (("model", (made.model,)), ("reroute", made.reroute)):
        for name in names:
            if name not in models:
                raise table.fail(key, f"names `{name}`, which no [[models]] defines")
            if models[name].kind == "embeddings":
                raise table.fail(key, f"names `{name}`, which makes vectors and answers no questions")
    for name in sorted(made.collections - set(collections)):
        raise table.fail("collections", f"names `{name}`, which no [[collections]] defines")
    table.done()
    return made
