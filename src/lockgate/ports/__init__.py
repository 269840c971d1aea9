"""Every hole in the wall: the Protocols of all I/O that Lockgate can do. Those of models stand in `models.py`.

To add a technology, write one file in `adapters/` that implements one of them, run the port's contract suite,
and name it in `wiring/`. Ports are sized by what the journeys ask, not by what backends offer.

All methods may raise `Unavailable` when the thing behind them fails; callers deny, they never assume.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from lockgate.audit.record import Receipt, Record
from lockgate.content.document import Chunk, Document
from lockgate.labels.label import Label
from lockgate.policy.filter import Filter
from lockgate.policy.model import Subject
from lockgate.ports.extracted import Extracted as Extracted
from lockgate.ports.extracted import Member as Member
from lockgate.ports.extracted import Part as Part
from lockgate.ports.items import Item as Item
from lockgate.ports.models import Embedded as Embedded
from lockgate.ports.models import Message as Message
from lockgate.ports.models import Model as Model
from lockgate.ports.models import ModelCard as ModelCard
from lockgate.ports.models import Passage as Passage
from lockgate.ports.models import Piece as Piece
from lockgate.ports.models import Prompt as Prompt
from lockgate.ports.models import Usage as Usage
from lockgate.ports.models import VectorModel as VectorModel

if TYPE_CHECKING:  # to load it takes longer than a second scan of a thousand files
    import numpy as np
    from numpy.typing import NDArray

    from lockgate.content.similar import Overlap, Sketch

Vectors: TypeAlias = "NDArray[np.float32]"
"""Shape (n, d), rows of length 1."""


class Clock(Protocol):
    """The one place where time comes from."""

    def now(self) -> datetime: ...


# ------------------------------------------------------------------ who


class Authenticator(Protocol):
    """PIP: tells who holds a credential."""

    async def authenticate(self, credential: str, /) -> Subject:
        """Return who this is.

        Raises:
            Unauthenticated: with `code` one of `missing_token`, `malformed_token`, `bad_algorithm`,
                `bad_signature`, `unknown_key`, `wrong_issuer`, `wrong_audience`, `wrong_type`, `token_expired`,
                `token_not_yet_valid`, `incomplete_groups`, `unknown_person`, `inactive_person`,
                `unknown_key_id`, `key_revoked`, or one of those of front ends, `assertion_...`.

        """
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the directory knows them. Groups are transitive and complete."""

    id: str
    name: str
    groups: frozenset[str]
    active: bool = True


class Directory(Protocol):
    """PIP: one snapshot of people, groups and the accounts of hosts. Reloads when its source changes."""

    @property
    def version(self) -> str:
        """Return what changes whenever the snapshot does."""
        ...

    def person(self, id: str, /) -> Person | None: ...
    def people(self) -> Sequence[Person]: ...
    def members(self, group: str, /) -> frozenset[str]:
        """Return ids of the people in `group:x`, nested groups included; unknown groups have none."""
        ...

    def account(self, host_account: str, /) -> str | None:
        """Return the identifier (`user:ann`) that a host's account maps to; unmapped is None."""
        ...

    def host_group(self, host_group: str, /) -> str | None:
        """Return the identifier (`group:hr`) that a host's group maps to; unmapped is None."""
        ...

    @property
    def others(self) -> str | None:
        """Return the identifier that POSIX `other` stands for; None means nobody."""
        ...


# ------------------------------------------------------------------ documents


class Connector(Protocol):
    """PIP and source: documents and who may read them."""

    name: str

    def items(self) -> AsyncIterator[Item]:
        """Yield every item, in a stable order."""
        ...

    async def stat(self, id: str, /) -> Item | None:
        """Return the item as the source shows it at this moment; None if it is gone.

        Where the source does not tell whether it is there, it is an item with a problem.
        """
        ...

    async def fetch(self, id: str, /) -> bytes:
        """Return the bytes.

        Raises:
            NotFound: it is gone.
            TooLarge: over the connector's limit.

        """
        ...

    def close(self) -> None: ...  # let go of connections; nothing is asked after it


READER_KILLED: Final = "reader_killed"
"""The code of what an extractor raises where the system killed its reader: the document need not be to blame."""


class Extractor(Protocol):
    """Turns bytes of a foreign format into text, in a process of its own."""

    async def extract(self, name: str, data: bytes, /) -> Extracted:
        """Return the text.

        Raises:
            Invalid: it cannot be read: unknown format, broken, protected, too slow, too large. The message
                says why and quotes no content. With the code `READER_KILLED` it is worth another try later.

        """
        ...


class Embedder(Protocol):
    """Text to vectors of length 1. Of a text longer than `most_tokens` the rest has no part in the vector."""

    name: str
    dimensions: int
    most_tokens: int

    async def embed(self, texts: Sequence[str], /) -> Vectors: ...
    async def tokens(self, texts: Sequence[str], /) -> Sequence[int]: ...  # of each, never far above `most_tokens`


@dataclass(frozen=True, slots=True)
class Query:
    """What to search, and among what.

    The filter and the subject's readers are applied before anything is ranked, and every statistic that
    ranking uses is computed over what passes them. Held passages pass only for owners of their document,
    unless `held_passages` (report mode) lets them through.
    """

    text: str
    vector: Vectors
    subject: Subject
    filter: Filter
    k: int
    held_passages: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that passed the filter, with its document as the index knows it and a fused score."""

    chunk: Chunk
    document: Document
    score: float


class Keys(Protocol):
    """Master keys. They encrypt only the keys of single documents, so that one of them can be destroyed."""

    @property
    def current(self) -> str:
        """Return the id of the master key that wraps new keys."""
        ...

    @property
    def known(self) -> frozenset[str]: ...  # the ids of all master keys that are here

    def wrap_as(self, key: bytes, binding: bytes, /) -> tuple[str, bytes]:
        """Return the current master key's id, and `key` encrypted under it, inseparable from `binding`."""
        ...

    def unwrap(self, master: str, wrapped: bytes, binding: bytes, /) -> bytes:
        """Return a key that the master key with id `master` wrapped.

        Raises:
            Unavailable: there is no such master key here, or key or binding were changed.

        """
        ...


class Index(Protocol):
    """The catalogue of documents and their passages, encrypted at rest, searched permissions first."""

    async def put(
        self, document: Document, chunks: Sequence[Chunk], vectors: Vectors, /, sketch: Sketch = ...
    ) -> None:
        """Store a document and all its passages in one step, replacing what was there. Durable on return."""
        ...

    async def relabel(self, document: Document, held: frozenset[int] = frozenset(), /) -> None:
        """Change rights, label and review without touching text; `held` are ordinals of held passages."""
        ...

    async def remove(self, ids: Sequence[str], /) -> None:
        """Remove documents with text, vectors and terms, and destroy their keys."""
        ...

    async def forget(self, id: str, since: datetime, /, *, may_return: bool = False) -> None:
        """Remove a document, and keep it from being stored again (`put` raises `Conflict`), in one durable step.

        With `may_return` it may be stored again, also where it was kept from that before.
        """
        ...

    def forgotten(self, id: str, /) -> bool: ...
    async def traces(self, id: str, /) -> Sequence[bytes]:
        """Return byte strings by which the key and the ciphertext of a document can be looked for in files."""
        ...

    def document(self, id: str, /) -> Document | None: ...
    def documents(self) -> Sequence[Document]: ...
    def sketch(self, id: str, /) -> Sketch: ...
    def alike(
        self, sketch: Sketch, /, *, originals: bool = False, most: int = ...
    ) -> Sequence[tuple[Document, Overlap]]:
        """Return documents that share something with a text, and what; up to `most`, those that share most first.

        `originals`: only those whose level copies take over. It takes milliseconds: call it in a thread.
        """
        ...

    async def chunks(self, document: str, /) -> Sequence[Chunk]:
        """Return the passages of one document, decrypted, in order."""
        ...

    async def search(self, query: Query, /) -> Sequence[Hit]: ...


# ------------------------------------------------------------------ memory and proof


class History(Protocol):
    """Keyed digests and labels of what each subject was shown or typed. Never text."""

    def remember(
        self,
        subject: Subject,
        marks: Sequence[bytes],
        label: Label,
        now: datetime,
        /,
        also: Sequence[tuple[Sequence[bytes], Label]] = (),
    ) -> Awaitable[None]:
        """Store that `subject` was shown text with these marks under this label; durable once it is awaited.

        It is on its way when this returns. `also`: more marks, with labels of their own, in the same write.
        """
        ...

    async def recall(self, subject: Subject, marks: Sequence[bytes], /) -> dict[bytes, Label]:
        """Return the label of each mark that this subject was shown; the join, where there were several."""
        ...

    async def unmark(self, of: Callable[[str], Collection[bytes]], since: datetime, within: Label, /) -> int:
        """Drop the marks that `of` returns for each person that has any; return how many there were.

        Only marks of what was shown at `since` or later, under a label that fits under `within`, go: the same
        mark of something earlier, or of something that more was mixed into, stays.
        """
        ...

    async def shown(self, subject: Subject, since: datetime, /) -> Label | None:
        """Return the join of everything that this person was shown since then; None for nothing.

        It counts across tokens: a new token must not wash away what was shown under the old one.
        """
        ...


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made of this state: when, where to, and whether it holds the keys."""

    made: datetime
    place: str
    keys: bool


class Remains(Protocol):
    """Everything that lies in storage, byte by byte: to prove that something is not there any more."""

    async def search(self, probes: Sequence[bytes], /) -> Mapping[int, Sequence[str]]:
        """Return for each probe that is found, by its place in `probes`, the names of the files that hold it."""
        ...

    async def compact(self) -> None:
        """Write the stores anew, so that freed space in them holds nothing of what was removed."""
        ...

    async def drop_copies(self) -> int: ...  # of the index, left by upgrades; how many there were
    async def backups(self) -> Sequence[Backup]: ...  # that were made of this state, the oldest first


class AuditSink(Protocol):
    """The append-only log. Append returns only once every record is durable, in one write."""

    async def append(self, records: Sequence[Record], /) -> Receipt: ...
