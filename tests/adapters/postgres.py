"""A real PostgreSQL: a cluster of its own in a temporary folder, on a socket and on loopback with TLS."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import datetime
import io
import ipaddress
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from psycopg import sql

from lockgate.adapters.postgres import Access, PostgresConnector, Sessions
from lockgate.ports import Item

Opens = Callable[..., PostgresConnector]
ROLES = ("hr", "staff", "ann", "bob")
HBA = """
local all all trust
hostssl all locked 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 reject
"""


def programs() -> Path | None:
    """Return the folder with initdb and postgres; None where they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


def names(role: str) -> frozenset[str]:
    """Map the roles of the tests."""
    return (
        frozenset({f"group:{role}"})
        if role in ("hr", "staff", "PUBLIC")
        else frozenset({f"user:{role}"} if role in ROLES else ())
    )


@dataclass
class Server:
    """The server. `folder` has its socket, `ca` is the certificate to trust."""

    folder: str
    port: int
    ca: Path

    def connect(self, database: str = "postgres", **given: Any) -> psycopg.Connection[Any]:
        made = psycopg.connect(host=self.folder, port=self.port, dbname=database, **{"user": "postgres", **given})
        made.autocommit = True
        return made

    def run(self, database: str, *statements: str) -> None:
        """Run statements as the superuser, in a connection of their own."""
        with self.connect(database) as connection:
            for one in statements:
                connection.execute(one)

    def database(self) -> str:
        name = f"d_{uuid.uuid4().hex[:16]}"
        self.run("postgres", f"CREATE DATABASE {name} STRATEGY file_copy")
        return name

    def access(self, database: str, **given: Any) -> Access:
        return Access(
            **{"database": database, "host": self.folder, "port": self.port, "user": "postgres", **given}
        )

    def connector(self, database: str, **given: Any) -> PostgresConnector:
        access = {name: given.pop(name) for name in ("user", "seconds") if name in given}
        sessions = Sessions(self.access(database, **access))
        return PostgresConnector("db", sessions, "docs", **{"names": names, **given})


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Run a cluster while the block runs. As root, it runs as another account: PostgreSQL will not be root."""
    bin_ = programs()
    assert bin_ is not None
    root = os.geteuid() == 0
    account = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory(prefix="lockgate-pg-") as text:
        folder = Path(text)
        ca = _certificate(folder)
        if root:
            os.chown(folder, account.pw_uid, account.pw_gid)
            for one in folder.iterdir():
                os.chown(one, account.pw_uid, account.pw_gid)
        given: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        given |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()} if root else {}
        made = ["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([bin_ / "initdb", *made], check=True, env={"PATH": str(bin_), "TZ": "UTC"}, **given)
        (folder / "data" / "pg_hba.conf").write_text(HBA)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = {
            "unix_socket_directories": text,
            "listen_addresses": "127.0.0.1",
            "port": port,
            "ssl": "on",
            "ssl_cert_file": folder / "server.crt",
            "ssl_key_file": folder / "server.key",
            "fsync": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            "shared_buffers": "32MB",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        process = subprocess.Popen([bin_ / "postgres", "-D", "data", *settings], env={"PATH": str(bin_)}, **given)
        try:
            running = Server(text, port, ca)
            _wait(process, running)
            running.run(
                "postgres",
                *(f"CREATE ROLE {one} {'NOLOGIN' if one in ('hr', 'staff') else 'LOGIN'}" for one in ROLES),
            )
            yield running
        finally:
            process.send_signal(2)  # a fast shutdown
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], running: Server) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("postgres ended")
        with contextlib.suppress(psycopg.Error):
            running.connect().close()
            return
        time.sleep(0.1)
    raise RuntimeError("postgres does not answer")


def _certificate(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 and its key; it is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "server.crt").write_bytes(made.public_bytes(pem))
    (folder / "server.key").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    (folder / "server.key").chmod(0o600)
    return folder / "server.crt"


def quoted(*parts: str) -> str:
    """Return a name, as SQL writes it."""
    return sql.Identifier(*parts).as_string()


def rows(source: PostgresConnector, item: Item) -> list[list[str]]:
    """Return the rows of an item, without the names of its columns."""
    return list(csv.reader(io.StringIO(asyncio.run(source.fetch(item.id)).decode())))[1:]
