"""Connectors of collections, whatever their source."""

from __future__ import annotations

from lockgate.config import Settings
from lockgate.config.git import GitSettings
from lockgate.config.graph import GraphSettings
from lockgate.config.mailbox import MailboxSettings
from lockgate.config.postgres import PostgresSettings
from lockgate.config.s3 import S3Settings
from lockgate.config.settings import Collection
from lockgate.content.escapes import escape
from lockgate.errors import Invalid
from lockgate.ports import Connector, Directory
from lockgate.storage.threads import Threads
from lockgate.wiring.sources import files, git, graph, mailbox, postgres, s3
from lockgate.wiring.sources.common import TargetOptions


def connector(one: Collection, settings: Settings, directory: Directory, threads: Threads) -> Connector:
    """Return the connector of a collection; `threads` look at the rights of files.

    Raises:
        Invalid: it has no source.

    """
    match one.source:
        case MailboxSettings() as source:
            return mailbox.connector(one, source, directory)
        case GitSettings() as source:
            return git.connector(one, source, directory)
        case GraphSettings() as source:
            return graph.connector(one, source, directory)
        case S3Settings() as source:
            return s3.connector(one, source)
        case PostgresSettings() as source:
            return postgres.connector(one, source)
    if one.path is None:
        raise Invalid(f"the collection `{one.name}` has no source")
    return files.connector(one, one.path, settings, directory, threads)


def target(text: str, options: TargetOptions) -> Connector:
    """Open `collection://NAME`, a collection of the configuration.

    Raises:
        Invalid: there is none of that name.

    """
    name = text.partition("://")[2]
    if options.settings:
        for one in options.settings.collections:
            if one.name == name:
                return connector(one, options.settings, options.directory, Threads("rights", 1))
    raise Invalid(f"there is no such collection: `{escape(name)}`", remedy="Name one of the configuration.")
