"""The Settings tree: every setting, its meaning and its default. `docs/reference/configuration.md` lists them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from lockgate.config.git import GitSettings
from lockgate.config.graph import GraphSettings
from lockgate.config.mailbox import MailboxSettings
from lockgate.config.postgres import PostgresSettings
from lockgate.config.s3 import S3Settings
from lockgate.labels.label import PUBLIC, Integrity, Label, Sensitivity
from lockgate.labels.readers import Readers
from lockgate.labels.wire import STANDARD, Taxonomy
from lockgate.policy.registered import Application

Source: TypeAlias = S3Settings | PostgresSettings | MailboxSettings | GitSettings | GraphSettings
"""What a collection that is no folder has a table for."""


@dataclass(frozen=True, slots=True)
class Server:
    """`[server]`: where the gateway listens, and what one request may ask of it."""

    host: str = "127.0.0.1"
    port: int = 8420
    public_url: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    plain_http: bool = False
    concurrency: int = 64
    body_bytes: int = 1_000_000
    body_seconds: float = 20.0
    messages: int = 256
    characters: int = 400_000
    upload_bytes: int = 20_000_000
    grace_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Identity:
    """`[identity]`: the OpenID provider whose access tokens are accepted, and the directory of people."""

    issuer: str = ""
    audience: str = ""
    client_id: str = ""
    scope: str = ""
    resource: str = ""
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "EdDSA")
    leeway_seconds: int = 30
    token_type: str = "at+jwt"  # noqa: S105 - RFC 9068, not a secret
    groups_claim: str = "groups"
    directory: Path | None = None
    service_keys: Path | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`[[collections.rules]]`: a label that the administrator declares for paths."""

    match: str
    sensitivity: Sensitivity
    readers: Readers | None = None
    owners: frozenset[str] = frozenset()
    integrity: Integrity | None = None
    forbidden_uses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Collection:
    """`[[collections]]`: where documents are: a folder (`path`), or a `source` of another kind with its own table.

    `rights` is `posix` or `manifest`. `above` tells whether search permission on the directories above the folder
    counts. Off for a mounted share, whose mount point says nothing about its users.
    """

    name: str
    path: Path | None = None
    rights: str = "posix"
    above: bool = True
    integrity: Integrity = Integrity.INTERNAL
    max_bytes: int = 50_000_000
    rules: tuple[Rule, ...] = ()
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """`[[models]]`: an upstream. `kind` is `openai` (any compatible server), `local`, `extractive`, `embeddings`.

    Embeddings are made by any compatible server at `base_url`, or without one by the local model.
    `responsibility` is how it is had: `saas`, `paas`, `iaas` (we run it), or empty where it is not stated.
    """

    id: str
    kind: str
    base_url: str = ""
    model: str = ""
    api_key_file: Path | None = None
    plain_http: bool = False
    users: Readers = field(default_factory=Readers.nobody)
    ceiling: Label = PUBLIC
    extra_params: frozenset[str] = frozenset()
    provider: str = ""
    version: str = ""
    region: str = ""
    enabled: bool = True
    responsibility: str = ""
    price_prompt: float = 0.0
    price_completion: float = 0.0
    connect_seconds: float = 5.0
    first_byte_seconds: float = 60.0
    stall_seconds: float = 30.0
    total_seconds: float = 300.0

    @property
    def needs_acceptance(self) -> bool:
        """Tell whether we run it ourselves, so that somebody must accept the risk of that."""
        return self.responsibility == "iaas"

    @property
    def terms(self) -> str:
        """Return the digest of what makes it this model and no other: an acceptance covers that alone."""
        parts = (self.id, self.kind, self.base_url, self.model, self.version, self.responsibility)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Assistant:
    """`[[assistants]]`: a virtual model: an upstream, instructions, and the collections it may draw from."""

    id: str
    model: str
    reroute: tuple[str, ...] = ()
    instructions: str = ""
    collections: frozenset[str] = frozenset()
    users: Readers = field(default_factory=Readers.nobody)


@dataclass(frozen=True, slots=True)
class Labels:
    """`[labels]`: the names of the levels, what a typed prompt counts as, and when an audience is too broad."""

    taxonomy: Taxonomy = STANDARD
    prompt: Sensitivity = Sensitivity.GENERAL
    broad_share: float = 0.25
    broad_people: int = 10
    stewards: str = "group:stewards"
    history_hours: int = 12
    history_days: int = 30


@dataclass(frozen=True, slots=True)
class Category:
    """One of `[suggestions.categories]`: a name that a model may choose, and the level that it demands."""

    name: str
    sensitivity: Sensitivity


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`[suggestions]`: whether what models suggest takes effect, and what they choose from besides levels."""

    apply: bool = False
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """`[detectors]`: what is looked for. `names` is `rules`, or `model` to ask a model of English beside them."""

    names: str = "rules"


@dataclass(frozen=True, slots=True)
class CentralSettings:
    """`[central]`: what binds every client. None is not set, and restricts nothing; an empty list allows nothing.

    `default_purpose` is what a request without a purpose is for.
    """

    regions: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    default_purpose: str = ""
    sensitive_from: Sensitivity = Sensitivity.CONFIDENTIAL


@dataclass(frozen=True, slots=True)
class QuotaSettings:
    """`[[quotas]]`: the most that each identity of `who` may have in an hour, and of answers at a time.

    None is not set, and limits nothing. The first entry that names an identity is the one that counts for it.
    """

    who: frozenset[str]
    requests_per_hour: int | None = None
    tokens_per_hour: int | None = None
    sensitive_chunks_per_hour: int | None = None
    spend_per_hour: float | None = None
    streams: int | None = None


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """`[telemetry]`: where traces are sent; nowhere, if `otlp_endpoint` is empty."""

    otlp_endpoint: str = ""
    otlp_token_file: Path | None = None
    plain_http: bool = False
    service_name: str = "lockgate"
    sample: float = 0.2
    accept_traceparent: bool = False


@dataclass(frozen=True, slots=True)
class LogSettings:
    """`[log]`: what the process writes to standard error."""

    format: str = "text"
    level: str = "info"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. `data` is the folder of Lockgate's own state.

    `ingest_threads` is how many passages are embedded at a time; 0 stands for the cores but one, at most 16.
    """

    file: Path
    mode: str = "enforce"
    data: Path = Path("data")
    sync_seconds: float = 60.0
    ingest_threads: int = 0
    document_passages: int = 10_000
    passages: int = 8
    audit_origin: str = "lockgate/audit"
    policies: Path | None = None
    models_folder: Path | None = None
    server: Server = Server()
    identity: Identity = Identity()
    labels: Labels = Labels()
    suggestions: Suggestions = Suggestions()
    detectors: DetectorSettings = DetectorSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    log: LogSettings = LogSettings()
    central: CentralSettings = CentralSettings()
    quotas: tuple[QuotaSettings, ...] = ()
    collections: tuple[Collection, ...] = ()
    models: tuple[ModelSettings, ...] = ()
    assistants: tuple[Assistant, ...] = ()
    applications: tuple[Application, ...] = ()
