"""Read and validate `lockgate.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lockgate.config.applications import applications
from lockgate.config.central import central, quota
from lockgate.config.documents import collection
from lockgate.config.models import assistant, model
from lockgate.config.operations import detectors, log, telemetry
from lockgate.config.server import identity, server
from lockgate.config.settings import Category, Labels, Settings, Suggestions
from lockgate.config.table import Table
from lockgate.config.words import level
from lockgate.errors import Invalid, NotFound
from lockgate.labels.label import Sensitivity
from lockgate.labels.wire import Taxonomy

_MOST_CATEGORIES: Final = 100
"""Every question about a document names all of them."""
_LONGEST_NAME: Final = 60


def _labels(table: Table) -> Labels:
    names = table.names("names", Taxonomy().names)
    taxonomy = table.built("names", lambda: Taxonomy(names))  # type: ignore[arg-type]  # its check says what is wrong
    made = Labels(
        taxonomy=taxonomy,
        prompt=level(table, "prompt", taxonomy, Sensitivity.GENERAL),
        broad_share=table.number("broad_share", 0.25, 0, 1),
        broad_people=table.whole("broad_people", 10, 0, 10**9),
        stewards=table.get("stewards", str, "group:stewards"),
        history_hours=table.whole("history_hours", 12, 1, 24 * 365),
        history_days=table.whole("history_days", 30, 1, 3650),
    )
    table.done()
    return made


def _suggestions(table: Table, taxonomy: Taxonomy) -> Suggestions:
    named = table.table("categories")
    made = Suggestions(
        apply=table.get("apply", bool, False),
        categories=tuple(Category(one, level(named, one, taxonomy)) for one in named.values),
    )
    if len(made.categories) > _MOST_CATEGORIES:
        raise table.fail("categories", f"are more than {_MOST_CATEGORIES}")
    for one in made.categories:
        if not 0 < len(one.name.strip()) <= _LONGEST_NAME or not one.name.isprintable():
            raise table.fail("categories", f"need names of 1 to {_LONGEST_NAME} characters")
    named.done()
    table.done()
    return made


def _unique(top: Table, key: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise top.fail(key, f"has two entries named `{name}`")
        seen.add(name)


def load(file: Path) -> Settings:
    """Return the settings of a file.

    Raises:
        NotFound: there is no such file.
        Invalid: it is not TOML, or something in it is wrong; the message names file and line.

    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"there is no `{file}`", remedy="`lockgate init` writes one.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"`{file}` cannot be read: {type(error).__name__}", code="bad_configuration") from error
    return parse(text, file)


def parse(text: str, file: Path) -> Settings:
    """Return the settings that a text states; `file` is for messages and relative paths."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a mere `ValueError`
        raise Invalid(f"{file}: not valid TOML: {error}", code="bad_configuration") from error
    top = Table(file.absolute(), text, "", values)
    labels = _labels(top.table("labels"))
    collections = tuple(collection(one, labels.taxonomy) for one in top.tables("collections"))
    models = tuple(model(one, labels.taxonomy) for one in top.tables("models"))
    _unique(top, "collections", (c.name for c in collections))
    by_id = {one.id: one for one in models}
    assistants = tuple(assistant(one, by_id, (c.name for c in collections)) for one in top.tables("assistants"))
    names = (*by_id, *(a.id for a in assistants))
    registered = applications(top, labels.taxonomy, names, (c.name for c in collections))
    _unique(top, "applications", (a.id for a in registered))
    _unique(top, "models", (m.id for m in models))
    _unique(top, "assistants", (a.id for a in assistants))
    settings = Settings(
        file=top.file,
        mode=top.choice("mode", ("enforce", "report"), "enforce"),
        data=top.path("data") or top.file.parent / "data",
        sync_seconds=top.number("sync_seconds", 60.0, 1, 86400),
        ingest_threads=top.whole("ingest_threads", 0, 0, 16),
        document_passages=top.whole("document_passages", 10_000, 1, 1_000_000),
        passages=top.whole("passages", 8, 1, 64),
        audit_origin=top.get("audit_origin", str, "lockgate/audit"),
        policies=top.path("policies"),
        models_folder=top.path("models_folder"),
        server=server(top.table("server")),
        identity=identity(top.table("identity")),
        labels=labels,
        suggestions=_suggestions(top.table("suggestions"), labels.taxonomy),
        detectors=detectors(top.table("detectors")),
        telemetry=telemetry(top.table("telemetry")),
        log=log(top.table("log")),
        central=central(top.table("central"), labels.taxonomy),
        quotas=tuple(quota(one) for one in top.tables("quotas")),
        collections=collections,
        models=models,
        assistants=assistants,
        applications=tuple(registered),
    )
    top.done()
    return settings
