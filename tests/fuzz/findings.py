"""What finds and what is looked in: sets of records, categories, tunings, suggestions, 7z, Git, pictures."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.extraction.archives_7z import ARCHIVES, whole
from content.matching import CUSTOMERS, HASHES, built
from content.taught import model
from fuzz.samples import dump
from fuzz.takes import Takes, format_, quiet_, text
from lockgate.adapters import categories, match_sets, names
from lockgate.adapters.extraction import pictures
from lockgate.adapters.extraction.pieces import Room
from lockgate.adapters.extraction.texts import Unreadable
from lockgate.adapters.git import history, objects
from lockgate.config.detector_rules import parse_tuning
from lockgate.content.categories.model import unpack
from lockgate.content.detection import KINDS, scan
from lockgate.content.document import Chunk
from lockgate.content.match.build import Builder
from lockgate.content.match.sets import Terms
from lockgate.content.match.table import decoded, rows
from lockgate.content.suggestion import Choices, Rejected, suggested
from lockgate.errors import LockgateError
from lockgate.journeys.review.reasons import LONGEST, worded
from lockgate.labels.label import Sensitivity
from support import NOW

_KEY: Final = b"k" * 32
_TERMS: Final = Terms("customers", ("name", "account"), 1)
_SET: Final = match_sets.Stated(_TERMS, 1, 1, "ann", NOW, "0" * 32, "customers-0.set")
_PASSAGE: Final = Chunk("d_0", 0, "The salary of Lena Fischer\nrises to 98,000 euro in May.", 0, 55)
_CHOICES: Final = Choices(categories={"payroll": Sensitivity.CONFIDENTIAL})
_TUNING: Final = b"""version = 1
[[detectors]]
kinds = ["pii.*"]
min_confidence = 0.7
collections = ["hr"]
paths = ["a/**/b*.txt"]
[[detectors]]
kinds = ["pii.phone"]
off = true
"""


def _table(data: bytes) -> None:
    """A table is a set, whatever is in it, or is refused; each row has what was wanted."""
    builder = Builder(_TERMS, HASHES, True)
    for row in rows(decoded(data), _TERMS.columns):
        assert len(row) == len(_TERMS.columns)
        builder.add([row])
    builder.finish()


def _list(data: bytes) -> None:
    """What says the same under the key is read or damaged, never something else."""
    match_sets.parse(data + b"\n" + match_sets._mac(data, _KEY) + b"\n", _KEY)


def _sealed(data: bytes) -> None:
    nonce = bytes(12)
    sealed = AESGCM(match_sets._sealing(_KEY)).encrypt(nonce, data, _SET.file.encode())
    match_sets.unsealed(match_sets._MAGIC + nonce + sealed, _SET, _KEY)


def _set() -> bytes:
    """Return the inside of a sealed set."""
    made = built(CUSTOMERS[:4], require=1, force=True).made
    arrays = [(name, getattr(made, name)) for name, _ in match_sets._ARRAYS]
    return b"\n".join((orjson.dumps({name: len(one) for name, one in arrays}), b"".join(one for _, one in arrays)))


def _category(data: bytes) -> None:
    made = unpack(data)
    assert 0.5 <= made.confidence(made.threshold) <= 0.99
    assert unpack(made.pack()).figures == made.figures


def _suggested(data: bytes) -> None:
    found = suggested(text(data), _CHOICES, [_PASSAGE])
    assert found.passage == 0
    assert 0 <= found.start < found.end <= len(_PASSAGE.text)


def _reason(data: bytes) -> None:
    said = worded(text(data), scan)
    assert len(said) <= LONGEST
    assert not set(said) & set("\n\r\0\u202e")


@dataclass(frozen=True)
class _Loose:
    """An object as it lies there, which nothing has parsed."""

    type_num: int
    data: bytes

    def as_raw_string(self) -> bytes:
        return self.data


class _Objects:
    """Objects of a repository by their ids, as `objects.raw` asks a store."""

    def __init__(self) -> None:
        self.made: dict[bytes, _Loose] = {}

    def put(self, kind: int, data: bytes) -> str:
        head = b"%s %d\0" % (objects._KINDS[kind], len(data))
        id = hashlib.sha1(head + data, usedforsecurity=False).hexdigest()
        self.made[id.encode()] = _Loose(kind, data)
        return id

    def _lookup_in_packs(self, _: object) -> Any:
        raise KeyError

    def _get_loose_object(self, name: bytes) -> _Loose | None:
        return self.made.get(name)


_WHO: Final = b"A <a@x> 1700000000 +0000"


def _commit(tree: str) -> bytes:
    return b"tree %s\nauthor %s\ncommitter %s\n\nx\n" % (tree.encode(), _WHO, _WHO)


def _walked(store: Any, tip: str) -> None:
    """Ids are text that any log can hold."""
    for one in (*history.blobs(store, [tip]).values(), *history.files(store, tip).values()):
        assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in one.id)
        one.id.encode()


def _git_tree(data: bytes) -> None:
    store = _Objects()
    inner = store.put(2, data)
    _walked(store, store.put(1, _commit(store.put(2, b"40000 a\0" + bytes.fromhex(inner) + data))))


def _git_object(kind: int) -> Takes:
    def take(data: bytes) -> None:
        store = _Objects()
        store.put(1, _commit(store.put(2, b"")))
        _walked(store, store.put(kind, data))

    return take


def _git_pack(data: bytes) -> None:
    """Bounded in steps and in what is unpacked; what is outside of the bytes is damage (`objects.raw`)."""
    objects._bounded(b"PACK" + data, 4, lambda sha: 4 + sha[0], 1000)


def _7z(data: bytes) -> None:
    """A directory whose digest is right."""
    format_("x.7z")(whole(b"12345", data))


def _directory(archive: bytes) -> bytes:
    offset, length = (int.from_bytes(archive[at : at + 8], "little") for at in (12, 20))
    return archive[32 + offset :][:length]


def _picture(data: bytes) -> None:
    room = Room()
    for frame in pictures._frames(data):
        room.go_on()
        assert frame.size[0] * frame.size[1] <= pictures._PIXELS
        pictures._gray(frame, 255)


def _pictures() -> tuple[bytes, ...]:
    from PIL import Image

    made = []
    for one in pictures.FORMATS:
        out = io.BytesIO()
        Image.new("RGB", (24, 16), "white").save(out, one)
        made.append(out.getvalue())
    return tuple(made)


Row = tuple[str, Takes, tuple[bytes, ...], tuple[type[BaseException], ...]]
_OURS: Final = (LockgateError,)
_EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_GIT: Final[tuple[Row, ...]] = (
    ("git-tree", _git_tree, (b"100644 b.txt\0" + bytes(20) + b"120000 c\0" + bytes(range(20)),), _OURS),
    ("git-commit", _git_object(1), (_commit(_EMPTY_TREE),), _OURS),
    (
        "git-tag",
        _git_object(4),
        (b"object %s\ntype commit\ntag v1\ntagger %s\n\nx\n" % (_EMPTY_TREE.encode(), _WHO),),
        _OURS,
    ),
)
FINDINGS: Final[tuple[Row, ...]] = (
    (
        "match-table",
        _table,
        (b'name,account\nAnna Berg,"DE 1"\n', b"\xff\xfe" + "name;account\na;b\n".encode("utf-16-le")),
        _OURS,
    ),
    (
        "match-list",
        _list,
        (orjson.dumps({"version": 1, "sets": [match_sets._plain(_SET)]}),),
        _OURS,
    ),
    ("match-list-raw", quiet_(lambda data: match_sets.parse(data, _KEY)), (b'{"sets": []}\n' + b"0" * 64,), _OURS),
    ("match-set", _sealed, (_set(),), _OURS),
    (
        "category-list",
        quiet_(lambda data: categories.parse(data)),
        (
            dump(
                {
                    "categories": {
                        "payroll": {"digest": "0" * 64, "trained": NOW.isoformat(), "by": "ann", "examples": "x"}
                    }
                }
            ),
        ),
        _OURS,
    ),
    ("category-model", _category, (model("payroll").pack(),), _OURS),
    ("names-model", quiet_(names.read), (b"PK\x03\x04",), _OURS),
    (
        "detector-rules",
        quiet_(lambda data: parse_tuning(text(data), Path("/x/detectors.toml"), KINDS)),
        (_TUNING, b'version = 1\n[[detectors]]\nkinds = ["pii.phone"]\nallowed = ["' + b"0" * 64 + b'"]\n'),
        _OURS,
    ),
    (
        "suggestion",
        _suggested,
        (
            dump({"level": "restricted", "category": "payroll", "quote": "salary of  lena Fischer rises"}),
            b'```json\n{"level": "General", "category": "", "quote": "98,000 euro in May"}\n```',
        ),
        (Rejected,),
    ),
    (
        "review-reason",
        _reason,
        (b"the project was announced", "ist l\u00e4ngst ver\u00f6ffentlicht \u200d".encode()),
        _OURS,
    ),
    ("extract-7z", format_("x.7z"), tuple(ARCHIVES.values()), (Unreadable,)),
    ("extract-7z-directory", _7z, tuple(map(_directory, ARCHIVES.values())), (Unreadable,)),
    (
        "git-pack",
        _git_pack,
        (b"\xb5\x0a" + bytes(20), b"\x65\x03x\x9cc\xe4\x02\0\0\x09\0\x08", b"\x7f\x01" + bytes(20) + b"x\x9c"),
        (LockgateError, IndexError, KeyError, objects.zlib.error),
    ),
    *(_GIT if find_spec("dulwich") else ()),
    *((("extract-picture", _picture, _pictures(), (Unreadable,)),) if find_spec("PIL") else ()),
)
"""Name of the row, what takes the input, seeds, and what may come out. Some need an extra."""
