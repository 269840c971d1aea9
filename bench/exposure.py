"""Exposure: what is found of a planted mess, by seeds of organizations, and how fast 100,000 documents are.

python -m bench.exposure [DOCUMENTS]
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bench.ingest import NoLog, NoVectors
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.extraction.extractor import KreuzbergExtractor
from lockgate.adapters.files import FilesConnector
from lockgate.adapters.index_memory import MemoryIndex
from lockgate.adapters.keys import FileKeys
from lockgate.adapters.policy_files import SHIPPED, PolicyFiles
from lockgate.content.audience import Census
from lockgate.content.document import Document, Evidence, Review, document_id
from lockgate.content.exposure import Surroundings, Usage, exposures, fixes, measure
from lockgate.demo.exposed import judged
from lockgate.demo.organization import generate
from lockgate.journeys.enforce import Gate
from lockgate.journeys.exposure import Exposures, census, left
from lockgate.journeys.ingest import Ingest
from lockgate.labels.label import Integrity, Label, Sensitivity
from lockgate.labels.readers import Readers
from lockgate.policy.model import Context, Principal, PrincipalKind, Session, Subject
from lockgate.policy.registered import registry, unlimited
from lockgate.ports import Directory, Person

SEEDS = (7, 11, 23, 42, 101)
_T = TypeVar("_T")


async def _organization(seed: int) -> str:
    with tempfile.TemporaryDirectory(prefix="lockgate-exposure-") as made:
        folder = Path(made)
        organization = generate(folder / "brightwater", seed)
        directory = DirectoryFile.open(organization.directory)
        index = await MemoryIndex.open(folder / "index", FileKeys.open(folder / "master.key"))
        extractor = KreuzbergExtractor()
        connector = FilesConnector(
            "brightwater", organization.share, "brightwater", directory=directory, rights="manifest"
        )
        try:
            ingest = Ingest(index, extractor, NoVectors(), SystemClock(), NoLog(), directory)
            await ingest.run(connector)
            documents = index.documents()
            found = exposures(documents, census(directory), around=Surroundings(left(directory)))
            told = judged(organization.documents, documents, found)
        finally:
            await extractor.close()
            await index.close()
            connector.close()
        more = "".join(f"\n    missed {path}" for path in told.missed)
        more += "".join(f"\n    no case {path}" for path in told.wrong)
        return f"  seed {seed:>4}: {told}{more}"


class People:
    """`ports.Directory` of many, in departments."""

    version = "1"
    others = None

    def __init__(self, count: int) -> None:
        self._people = {
            f"p{n}": Person(f"p{n}", f"P {n}", frozenset({"group:staff", f"group:d{n % 50}", f"group:t{n % 400}"}))
            for n in range(count)
        }

    def person(self, id: str, /) -> Person | None:
        """Return a person."""
        return self._people.get(id)

    def people(self) -> tuple[Person, ...]:
        """Return everybody."""
        return tuple(self._people.values())

    def members(self, group: str, /) -> frozenset[str]:
        """Return nobody: it is not asked here."""
        return frozenset()

    def account(self, host_account: str, /) -> str | None:
        """Return nobody."""
        return None

    def host_group(self, host_group: str, /) -> str | None:
        """Return none."""
        return None


class Catalogue:
    """The part of `ports.Index` that exposure asks."""

    def __init__(self, documents: list[Document]) -> None:
        self._documents = documents

    def documents(self) -> list[Document]:
        """Return all."""
        return self._documents


def _documents(count: int) -> list[Document]:
    rng = random.Random(1)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    readers = [Readers.any_of("group:staff"), *(Readers.any_of(f"group:d{n}", f"user:p{n}") for n in range(50))]
    readers += [Readers.any_of(f"group:t{n}").join(Readers.any_of("group:staff")) for n in range(400)]
    pay, key = (Evidence("business.salary", 3, 0.9),), (Evidence("secret.password", 1, 0.9),)
    made = []
    for n in range(count):
        item, who = f"f{n % 300}/{n}.txt", rng.choice(readers)
        evidence = rng.choice(((), (), (), pay, key))
        level = Sensitivity.RESTRICTED if evidence else Sensitivity.GENERAL
        review = rng.choice((Review.UNREVIEWED, Review.DECLARED, Review.DECLARED, Review.ACCEPTED))
        owners = frozenset({f"user:p{n % 300 * 7}"})
        label = Label(level, who, Integrity.INTERNAL, owners=owners, forbidden_uses=frozenset())
        made.append(
            Document(
                document_id("share", item), "share", item, item, "docs", "r", "0" * 64, who, label, review,
                review is Review.UNREVIEWED and bool(evidence), now, evidence=evidence,
            )
        )  # fmt: skip
    return made


def _timed(what: str, work: Callable[[], _T]) -> _T:
    begin = time.perf_counter()
    found = work()
    print(f"  {what:<58} {time.perf_counter() - begin:7.2f} s", flush=True)
    return found


def _speed(count: int) -> None:
    directory: Directory = People(10_000)
    documents = _documents(count)
    usage = Usage({one.id: {"user:p7": 3} for one in documents[::10]}, 90, whole=True)
    people: Census = _timed("census of 10,000 people", lambda: census(directory))
    listed = _timed("list", lambda: exposures(documents, people, around=Surroundings(left(directory), usage)))
    groups = {f"user:{one.id}": one.groups for one in directory.people()}
    steps = _timed("fixes", lambda: fixes(listed, people, groups, usage=usage))
    _timed("measures", lambda: measure(documents, listed))
    print(
        f"  {len(listed):,} listed, {len(steps):,} fixes; the first settles {len(steps[0].exposures):,} documents"
    )
    policies = PolicyFiles.open(SHIPPED)
    gate = Gate(lambda: policies.current, NoLog(), applications=lambda: registry([unlimited("bench")]))
    journey = Exposures(Catalogue(documents), directory, gate)  # type: ignore[arg-type]  # the part that is asked
    context = Context(datetime(2026, 11, 24, tzinfo=UTC), "req_bench")
    principal = Principal(PrincipalKind.USER, "p3", directory.people()[3].groups)
    subject = Subject(principal, Session("s", context.now.replace(year=2027), assurance=3), "bench")
    for turn in ("first", "again"):
        found = _timed(
            f"what one person's AI could find, {turn}",
            lambda: asyncio.run(journey.findable(subject, context, "p3")),
        )
    print(f"  {len(found):,} documents found for that person")


def main(arguments: list[str]) -> None:
    """Print the figures."""
    count = int(arguments[0]) if arguments else 100_000
    print("a planted mess, by seed of the organization")
    for seed in SEEDS:
        print(asyncio.run(_organization(seed)), flush=True)
    print(f"{count:,} documents")
    _speed(count)


if __name__ == "__main__":
    main(sys.argv[1:])
