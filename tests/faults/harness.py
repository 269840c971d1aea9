"""Kill a gateway at a point, look at what it left, start it again: nothing may be lost or washed away."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge.apis import Api, events
from faults import child
from lockgate.adapters.audit_key import load_or_create
from lockgate.adapters.audit_reader import AuditReader
from lockgate.audit.record import Kind

ORIGIN = "lockgate/audit"
DATABASES = ("audit.db", "history.db", "index/index.sqlite")
LEFT = {"audit.db.lock", ".lock", "lock"}


def context() -> Any:
    """Return a context whose processes are forked from one that has loaded everything: a start takes no second."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["faults.child"])
    return made


@dataclass
class Got:
    """What a client received: nothing has a status of 0. `broken` where the connection broke."""

    status: int = 0
    request_id: str = ""
    raw: str = ""
    broken: bool = False

    @property
    def whole_frames(self) -> str:
        """Return what came, up to the last event that came whole."""
        return self.raw[: self.raw.rfind("\n\n") + 2]


@dataclass
class Gateway:
    """One that runs, in a process of its own."""

    process: Any
    pipe: Any
    url: str
    tokens: dict[str, str] = field(default_factory=dict)

    def send(
        self, path: str, body: Any, who: str, headers: dict[str, str] | None = None, method: str = "POST"
    ) -> Got:
        """Send a request and read what comes until it ends or breaks."""
        got = Got()
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        sent = {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"} | (
            headers or {}
        )
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            got.status = answer.status
            got.request_id = answer.headers.get("lockgate-request-id", "")
            while part := answer.read1(65536):
                got.raw += part.decode(errors="replace")
        except (OSError, http.client.HTTPException):
            got.broken = True
        finally:
            connection.close()
        return got

    def seen(self) -> list[str]:
        """Return the points that were counted."""
        self.pipe.send("seen")
        return list(self.pipe.recv())

    def fault(self, name: str) -> None:
        """Have something fail in it, or heal: see `broken.FAULTS`."""
        assert self.ask(name) == "done", name

    def ask(self, name: str) -> str:
        """Do as `fault`, and return what it says."""
        self.pipe.send(name)
        return str(self.pipe.recv())

    def died(self) -> bool:
        """Wait for its end and tell whether it was killed."""
        self.process.join(30)
        return self.process.exitcode == -9


@contextmanager
def gateway(folder: Path, upstream: str, path: str = "", kill_at: int | None = None) -> Iterator[Gateway]:
    """Run one over a folder; it dies at that point of a request to `path`."""
    here, there = multiprocessing.Pipe()
    process = context().Process(target=child.serving, args=(folder, upstream, path, kill_at, there))
    process.start()
    there.close()
    try:
        told = here.recv()
        yield Gateway(process, here, told["url"], told["tokens"])
        if process.is_alive():
            try:
                here.send("stop")
                assert here.recv() == "stopped"
            except (EOFError, OSError):  # the last points come after the answer: it dies as it is asked to stop
                if kill_at is None:
                    raise
    except EOFError:
        raise AssertionError((folder / "child.log").read_text()[-3000:]) from None
    finally:
        process.join(20)
        if process.is_alive():
            process.kill()
            process.join()
        here.close()


def work(folder: Path, what: child.Work, kill_at: int | None = None) -> dict[str, Any] | None:
    """Do a piece of work in a process of its own; return what it counted and told, or None if it was killed."""
    here, there = multiprocessing.Pipe()
    process = context().Process(target=child.working, args=(folder, what, kill_at, there))
    process.start()
    there.close()
    try:
        told: dict[str, Any] = here.recv()
    except EOFError:
        process.join(20)
        assert process.exitcode == -9, (folder / "child.log").read_text()[-3000:]
        return None
    finally:
        here.close()
    process.join(20)
    assert process.exitcode == 0, (folder / "child.log").read_text()[-3000:]
    return told


def reset(template: Path, folder: Path) -> Path:
    """Return a fresh copy of a folder that was served once."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(template, folder)
    for name in ("lockgate.toml",):
        path = folder / name
        path.write_text(path.read_text().replace(str(template), str(folder)))
    return folder


def at_each(name: str, points: Sequence[str], chosen: Sequence[int], check: Callable[[int, str], None]) -> None:
    """Check each of the chosen points (from 1), also after one that failed; fail with all of them at the end.

    Tells on stderr how far it is, and how long the rest takes.
    """
    failed, start, told = [], time.monotonic(), 0.0
    for done, at in enumerate(chosen):
        if (now := time.monotonic()) - told > 10 and done:
            left = (now - start) / done * (len(chosen) - done) / 60
            print(
                f"{name}: {done} of {len(chosen)}, {len(failed)} failed, {left:.1f} min left",
                file=sys.stderr,
                flush=True,
            )
            told = now
        where = f"{name} killed at {at} of {len(points)}: {points[at - 1]}"
        try:
            check(at, where)
        except Exception as error:  # any: what a client cannot parse is a finding too
            failed.append(f"{where}\n{type(error).__name__}: {error}")
            print(f"FAILED {failed[-1]}", file=sys.stderr, flush=True)
    took = (time.monotonic() - start) / 60
    print(
        f"{name}: {len(chosen)} of {len(points)} points in {took:.1f} min, {len(failed)} failed", file=sys.stderr
    )
    assert not failed, f"{len(failed)} points:\n" + "\n\n".join(failed)


# ------------------------------------------------------------------ what must hold


def whole(folder: Path) -> None:
    """Assert that the state is whole: the log verifies, and no database is damaged."""
    state = folder / "state"
    for name in DATABASES:
        with closing(sqlite3.connect(state / name)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], name
            assert db.execute("PRAGMA foreign_key_check").fetchall() == [], name
    signer = load_or_create(state / "keys" / "audit.pem", ORIGIN)
    reader = AuditReader.open(state / "audit.db")
    try:
        report = reader.verify(signer.verifier)
        assert report.ok, report.faults
    finally:
        reader.close()


def kinds(folder: Path, request_id: str) -> list[Kind]:
    """Return what the log holds of a request."""
    reader = AuditReader.open(folder / "state" / "audit.db")
    try:
        return [entry.record.kind for entry in reader.by_request(request_id)]
    finally:
        reader.close()


def said(api: Api, got: Got, stream: bool) -> str:
    """Return the text of an answer that was received, however far it came."""
    if not stream:
        return "" if got.broken or not got.raw else api.whole(json.loads(got.raw)).text
    return "".join(_text(one) for one in events(got.whole_frames))


def _text(event: dict[str, Any]) -> str:
    if choices := event.get("choices"):
        return str(choices[0].get("delta", {}).get("content") or choices[0].get("text") or "")
    delta = event.get("delta")
    if isinstance(delta, dict):
        return str(delta.get("text") or "")
    return delta if isinstance(delta, str) else ""
