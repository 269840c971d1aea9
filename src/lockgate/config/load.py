"""Read and validate `lockgate.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lockgate.config.address import address
from lockgate.config.applications import applications
from lockgate.config.operations import log, telemetry
from lockgate.config.settings import (
    Assistant,
    CentralSettings,
    Collection,
    Identity,
    Labels,
    ModelSettings,
    QuotaSettings,
    Rule,
    Server,
    Settings,
)
from lockgate.config.table import Table
from lockgate.errors import Invalid, NotFound
from lockgate.labels.label import Integrity, Label, Sensitivity
from lockgate.labels.readers import Readers
from lockgate.labels.wire import Taxonomy


def _readers(table: Table, key: str) -> Readers | None:
    names = table.principals(key)
    return Readers.any_of(*names) if names else None


def _level(table: Table, key: str, taxonomy: Taxonomy, default: Sensitivity | None = None) -> Sensitivity:
    if default is not None and key not in table.values:
        table.known.add(key)
        return default
    name = table.need(key)
    return table.built(key, lambda: taxonomy.level(name))


def _integrity(table: Table, default: Integrity) -> Integrity:
    options = [one.name.lower() for one in Integrity]
    return Integrity[table.choice("integrity", options, default.name.lower()).upper()]


def _ceiling(table: Table, taxonomy: Taxonomy) -> Label:
    """Return a model's ceiling: a level, or a table with `sensitivity` and optionally `readers`.

    A model is no reader: without `readers` it may be given data of any audience up to the level.
    """
    value = table.get("ceiling", (str, dict), taxonomy.name(Sensitivity.PUBLIC))
    if isinstance(value, str):
        level = table.built("ceiling", lambda: taxonomy.level(value))
        return Label(level, Readers.nobody(), Integrity.UNTRUSTED)
    fields = Table(table.file, table.text, table.where, value, table.start)
    level = _level(fields, "sensitivity", taxonomy)
    readers = _readers(fields, "readers") or Readers.nobody()
    fields.done()
    return Label(level, readers, Integrity.UNTRUSTED)


def _rule(table: Table, taxonomy: Taxonomy) -> Rule:
    integrity = _integrity(table, Integrity.INTERNAL) if "integrity" in table.values else None
    rule = Rule(
        match=table.need("match"),
        sensitivity=_level(table, "sensitivity", taxonomy),
        readers=_readers(table, "readers"),
        owners=frozenset(table.principals("owners")),
        integrity=integrity,
        forbidden_uses=frozenset(table.names("forbidden_uses")),
    )
    table.done()
    return rule


def _collection(table: Table, taxonomy: Taxonomy) -> Collection:
    path = table.path("path")
    if path is None or not path.is_dir():
        raise table.fail("path", "is missing or is no folder", "Name an existing folder.")
    made = Collection(
        name=table.need("name"),
        path=path,
        rights=table.choice("rights", ("posix", "manifest"), "posix"),
        above=table.get("above", bool, True),
        integrity=_integrity(table, Integrity.INTERNAL),
        max_bytes=table.whole("max_bytes", 50_000_000, 1, 2**40),
        rules=tuple(_rule(one, taxonomy) for one in table.tables("rules")),
    )
    table.done()
    return made


def _model(table: Table, taxonomy: Taxonomy) -> ModelSettings:
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
        users=_readers(table, "users") or Readers.nobody(),
        ceiling=_ceiling(table, taxonomy),
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


def _assistant(table: Table, models: Mapping[str, ModelSettings], collections: Iterable[str]) -> Assistant:
    made = Assistant(
        id=table.need("id"),
        model=table.need("model"),
        reroute=table.names("reroute"),
        instructions=table.get("instructions", str, ""),
        collections=frozenset(table.names("collections")),
        users=_readers(table, "users") or Readers.nobody(),
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


def _labels(table: Table) -> Labels:
    names = table.names("names", Taxonomy().names)
    taxonomy = table.built("names", lambda: Taxonomy(names))  # type: ignore[arg-type]  # its check says what is wrong
    made = Labels(
        taxonomy=taxonomy,
        prompt=_level(table, "prompt", taxonomy, Sensitivity.GENERAL),
        broad_share=table.number("broad_share", 0.25, 0, 1),
        broad_people=table.whole("broad_people", 10, 0, 10**9),
        stewards=table.get("stewards", str, "group:stewards"),
        history_hours=table.whole("history_hours", 12, 1, 24 * 365),
        history_days=table.whole("history_days", 30, 1, 3650),
    )
    table.done()
    return made


def _origin(table: Table, key: str) -> str:
    """Return an address without a path, as RFC 9728 wants that of a resource; none is the empty string."""
    value = table.get(key, str, "").removesuffix("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in {"https", "http"} or value != f"{parts.scheme}://{parts.netloc}"):
        raise table.fail(key, "must be an address without a path", "Write it like https://lockgate.example.com")
    if value and (not parts.hostname or "@" in parts.netloc or not parts.netloc.isascii() or '"' in value):
        raise table.fail(key, "names no host", "Write it like https://lockgate.example.com")
    return value


def _central(table: Table, taxonomy: Taxonomy) -> CentralSettings:
    made = CentralSettings(
        regions=_named(table, "regions"),
        purposes=_named(table, "purposes"),
        default_purpose=table.get("default_purpose", str, ""),
        sensitive_from=_level(table, "sensitive_from", taxonomy, Sensitivity.CONFIDENTIAL),
    )
    if made.default_purpose and made.default_purpose not in (made.purposes or ()):
        raise table.fail("default_purpose", "is not one of `purposes`", "Add it to `purposes`.")
    table.done()
    return made


def _quota(table: Table) -> QuotaSettings:
    who = frozenset(table.principals("who"))
    if not who:
        raise table.fail("who", "is missing", 'Name whom it is for: `who = ["everyone"]`, or groups, or people.')
    made = QuotaSettings(
        who=who,
        requests_per_hour=_most(table, "requests_per_hour"),
        tokens_per_hour=_most(table, "tokens_per_hour"),
        sensitive_chunks_per_hour=_most(table, "sensitive_chunks_per_hour"),
        spend_per_hour=table.number("spend_per_hour", 0, 0, 10**9) if "spend_per_hour" in table.values else None,
        streams=_most(table, "streams"),
    )
    table.done()
    return made


def _most(table: Table, key: str) -> int | None:
    """Return a limit; None where the file does not have the key."""
    found = table.whole(key, 0, 0, 10**12)
    return found if key in table.values else None


def _named(table: Table, key: str) -> frozenset[str] | None:
    """Return a list of names as a set; None where the file does not have the key."""
    names = frozenset(table.names(key))
    return names if key in table.values else None


def _server(table: Table) -> Server:
    base = Server()
    made = Server(
        host=table.get("host", str, base.host),
        port=table.whole("port", base.port, 0, 65535),
        public_url=_origin(table, "public_url"),
        tls_certificate=table.file_there("tls_certificate"),
        tls_key=table.file_there("tls_key"),
        plain_http=table.get("plain_http", bool, False),
        concurrency=table.whole("concurrency", base.concurrency, 1, 100_000),
        body_bytes=table.whole("body_bytes", base.body_bytes, 1_000, 2**31),
        body_seconds=table.number("body_seconds", base.body_seconds, 0.1, 3600),
        messages=table.whole("messages", base.messages, 1, 100_000),
        characters=table.whole("characters", base.characters, 100, 2**31),
        upload_bytes=table.whole("upload_bytes", base.upload_bytes, 1_000, 2**31),
        grace_seconds=table.number("grace_seconds", base.grace_seconds, 0, 3600),
    )
    if made.tls_key and not made.tls_certificate:
        raise table.fail("tls_key", "has no certificate", "Set `tls_certificate` too.")
    table.done()
    return made


def _identity(table: Table) -> Identity:
    base = Identity()
    made = Identity(
        issuer=address(
            table,
            "issuer",
            like="https://id.example.com/realms/main",
            plain=True,
            aside="Write it letter by letter as the provider's metadata states it.",
        ),
        audience=table.get("audience", str, ""),
        client_id=table.get("client_id", str, ""),
        scope=table.get("scope", str, ""),
        resource=table.get("resource", str, ""),
        algorithms=table.names("algorithms", base.algorithms),
        leeway_seconds=table.whole("leeway_seconds", base.leeway_seconds, 0, 300),
        token_type=table.get("token_type", str, base.token_type),
        groups_claim=table.get("groups_claim", str, base.groups_claim),
        directory=table.path("directory"),
        service_keys=table.path("service_keys"),
    )
    if made.issuer and not made.audience:
        raise table.fail(
            "audience", "is missing", "Name the audience that the provider puts into tokens for Lockgate."
        )
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
    collections = tuple(_collection(one, labels.taxonomy) for one in top.tables("collections"))
    models = tuple(_model(one, labels.taxonomy) for one in top.tables("models"))
    _unique(top, "collections", (c.name for c in collections))
    by_id = {model.id: model for model in models}
    assistants = tuple(_assistant(one, by_id, (c.name for c in collections)) for one in top.tables("assistants"))
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
        server=_server(top.table("server")),
        identity=_identity(top.table("identity")),
        labels=labels,
        telemetry=telemetry(top.table("telemetry")),
        log=log(top.table("log")),
        central=_central(top.table("central"), labels.taxonomy),
        quotas=tuple(_quota(one) for one in top.tables("quotas")),
        collections=collections,
        models=models,
        assistants=assistants,
        applications=tuple(registered),
    )
    top.done()
    return settings
