"""Git as a collection: one branch, declared readers, and repositories that are made to harm who reads them."""

from __future__ import annotations

import asyncio
import hashlib
import struct
import time
import zlib
from pathlib import Path

import pytest

from adapters.hosts import Host
from adapters.test_git import git
from contracts.connector import HR, STAFF, walk
from lockgate.adapters.git import GitConnector, history
from lockgate.config import parse
from lockgate.config.git import GitSettings
from lockgate.errors import NotFound, TooLarge, Unavailable
from lockgate.ports import Item
from lockgate.wiring.sources import git as opener

LIMIT = 1_000_000
EMPTY = "0" * 40


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "app"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    (made / "hr").mkdir()
    (made / "hr/pay.txt").write_text("old pay\n")
    (made / "plan.txt").write_text("plan\n")
    git(made, "add", ".")
    git(made, "commit", "-qm", "1")
    (made / "hr/pay.txt").write_text("new pay\n")
    git(made, "commit", "-qam", "2")
    return made


def opened(place: Path, more: str = 'readers = ["group:hr"]') -> GitConnector:
    text = f"""
[[collections]]
name = "code"
max_bytes = {LIMIT}
[collections.git]
path = "{place.name}"
{more}
[[collections.rules]]
match = "hr/**"
sensitivity = "restricted"
"""
    (one,) = parse(text, place.parent / "lockgate.toml").collections
    assert isinstance(one.source, GitSettings)
    host = Host(groups={"root": HR}, others=STAFF)
    return opener.connector(one, one.source, host)


def stored(place: Path, kind: str, data: bytes) -> str:
    """Write an object, whatever Git thinks of it, and return its id."""
    whole = f"{kind} {len(data)}\0".encode() + data
    sha = hashlib.sha1(whole).hexdigest()
    file = place / ".git/objects" / sha[:2] / sha[2:]
    file.parent.mkdir(exist_ok=True)
    if not file.exists():
        file.write_bytes(zlib.compress(whole, 1))
    return sha


def tree(place: Path, entries: list[tuple[bytes, str, str]]) -> str:
    """Write a tree of entries: name, mode, id."""
    return stored(place, "tree", b"".join(b"%s %s\0%s" % (m.encode(), n, bytes.fromhex(i)) for n, m, i in entries))


def committed(place: Path, root: str, branch: str = "main") -> None:
    text = f"tree {root}\nauthor A <a@x> 1700000000 +0000\ncommitter A <a@x> 1700000000 +0000\n\nx\n"
    (place / ".git/refs/heads" / branch).write_text(stored(place, "commit", text.encode()) + "\n")


def walked(source: GitConnector) -> dict[str, Item]:
    try:
        return {item.id: item for item in walk(source)}
    finally:
        source.close()


def test_a_branch_is_its_files_and_what_has_not_changed_keeps_its_revision(place: Path) -> None:
    source = opened(place)
    try:
        pay, plan = walk(source)
        assert (pay.id, plan.id) == ("hr/pay.txt", "plan.txt")
        assert pay.declared is not None
        assert plan.declared is None
        assert pay.readers.permits({HR})
        assert not pay.readers.permits({STAFF})
        assert asyncio.run(source.fetch(pay.id)) == b"new pay\n"
        (place / "hr/pay.txt").write_text("newest pay\n")
        (place / "not-committed.txt").write_text("x")
        git(place, "commit", "-qam", "3")
        after = walk(source)
        assert [item.id for item in after] == ["hr/pay.txt", "plan.txt"]
        assert after[1] == plan
        assert after[0].revision != pay.revision
        assert asyncio.run(source.stat(pay.id)) == after[0]
    finally:
        source.close()


def test_another_branch_packed_or_not_and_one_that_is_not_there(place: Path) -> None:
    git(place, "branch", "release/1", "HEAD~1")
    for _ in range(2):
        source = opened(place, 'readers = ["group:hr"]\nbranch = "release/1"')
        try:
            assert asyncio.run(source.fetch("hr/pay.txt")) == b"old pay\n"
        finally:
            source.close()
        git(place, "pack-refs", "--all")
        git(place, "gc", "-q")
    git(place, "branch", "-D", "release/1")
    with pytest.raises(Unavailable, match="no branch `release/1`"):  # and nothing is taken as deleted
        walked(opened(place, 'branch = "release/1"'))


def test_the_history_of_a_branch_is_without_other_branches(place: Path) -> None:
    git(place, "checkout", "-q", "--orphan", "other")
    (place / "other.txt").write_text("of another branch\n")
    git(place, "add", ".")
    git(place, "commit", "-qm", "3")
    names = {id.partition("@")[0] for id in walked(opened(place, 'branch = "main"\nhistory = true'))}
    assert names == {"hr/pay.txt", "plan.txt"}
    assert len(walked(opened(place, 'branch = "main"\nhistory = true'))) == 3
    assert len(walked(opened(place, "history = true"))) == 4


def test_without_declared_readers_the_files_of_the_repository_decide(place: Path) -> None:
    source = opened(place, "above = false")
    try:
        before = walk(source)[1]
        assert before.readers.permits({HR, STAFF})
        (place / ".git/HEAD").chmod(0o600)
        now = asyncio.run(source.stat(before.id))
        assert now is not None
        assert not now.readers.permits({STAFF})
    finally:
        source.close()


def test_names_that_git_would_not_check_out_are_nobodys(place: Path) -> None:
    blob, good = stored(place, "blob", b"x\n"), stored(place, "blob", b"good\n")
    inner = {"40000": tree(place, [(b"x", "100644", blob)]), "100644": blob, "120000": blob}
    for name in (b"..", b".", b"", b".git", b".GIT", b"a/b", b"../../etc/passwd", b"/etc/passwd"):
        for mode, id in inner.items():
            committed(place, tree(place, [(name, mode, id), (b"good.txt", "100644", good)]))
            items = walked(opened(place))
            assert items.pop("good.txt").readers.permits({HR})
            (odd,) = items.values()
            assert odd.readers.is_nobody, (name, mode)
            assert odd.problem


def test_a_name_that_comes_twice_or_hides_in_another_is_nobodys(place: Path) -> None:
    blob = stored(place, "blob", b"public\n")
    secret = stored(place, "blob", b"secret\n")
    folder = tree(place, [(b"pay.txt", "100644", secret)])
    committed(
        place,
        tree(
            place,
            [
                (b"a", "100644", blob),
                (b"a", "100644", secret),
                (b"hr/pay.txt", "100644", blob),
                (b"hr", "40000", folder),
            ],
        ),
    )
    items = walked(opened(place))
    assert set(items) == {"a", "hr/pay.txt"}
    assert all(item.readers.is_nobody and item.problem for item in items.values())


def test_names_that_differ_in_case_or_are_no_text_are_documents_of_their_own(place: Path) -> None:
    blob = stored(place, "blob", b"x\n")
    names = [
        b"A.txt",
        b"a.txt",
        b"\xff\xfe",
        "e\u0301".encode(),
        "\u00e9".encode(),
        b"%FF",
        b"x\nForged: 1",
        "‮txt".encode(),
    ]
    committed(place, tree(place, [(name, "100644", blob) for name in names]))
    items = walked(opened(place))
    assert len(items) == len(names)
    assert all("\n" not in id and "‮" not in id for id in items)


def test_a_rule_that_case_alone_evades_makes_it_nobodys(place: Path) -> None:
    folder = tree(place, [(b"pay.txt", "100644", stored(place, "blob", b"x\n"))])
    committed(place, tree(place, [(b"HR", "40000", folder)]))
    (item,) = walked(opened(place)).values()
    assert item.readers.is_nobody


def test_a_tree_of_trees_ends(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_FILES", 20_000)
    inner = tree(place, [(b"f", "100644", stored(place, "blob", b"x\n"))])
    for _ in range(10):  # ten to the tenth
        inner = tree(place, [(b"d%d" % i, "40000", inner) for i in range(10)])
    committed(place, inner)
    with pytest.raises(Unavailable, match="more than 20000 files"):
        walked(opened(place))
    assert len(walked(opened(place, "history = true"))) == 1  # where each tree counts once


def test_a_tree_that_is_too_deep_and_one_that_has_many_entries(place: Path) -> None:
    blob = stored(place, "blob", b"x\n")
    inner = tree(place, [(b"f", "100644", blob)])
    for _ in range(300):
        inner = tree(place, [(b"d", "40000", inner)])
    wide = tree(place, [(b"%06d" % i, "100644", blob) for i in range(100_000)])
    committed(place, tree(place, [(b"deep", "40000", inner), (b"wide", "40000", wide)]))
    start = time.process_time()
    items = walked(opened(place))
    assert time.process_time() - start < 20
    assert sum(id.startswith("wide/") for id in items) == 100_000
    (deep,) = (item for id, item in items.items() if id.startswith("deep/"))
    assert "too deep" in deep.problem


def test_a_missing_folder_takes_nothing_away(place: Path) -> None:
    committed(place, tree(place, [(b"gone", "40000", "1" * 40)]))
    with pytest.raises(Unavailable, match="not in the repository"):
        walked(opened(place))
    with pytest.raises(Unavailable):
        asyncio.run(opened(place).stat("gone/x"))


def test_links_and_submodules_are_told(place: Path) -> None:
    link = stored(place, "blob", b"/etc/passwd")
    committed(place, tree(place, [(b"link", "120000", link), (b"module", "160000", "1" * 40)]))
    source = opened(place)
    try:
        items = {item.id: item for item in walk(source)}
        assert asyncio.run(source.fetch("link")) == b"/etc/passwd"  # what stands in it, and not where it leads
        assert "not followed" in " ".join(items["link"].notes)
        assert items["module"].problem
        with pytest.raises(NotFound):
            asyncio.run(source.fetch("module"))
    finally:
        source.close()


# Packs. Each entry: kind, what stands between header and data, data, and the size that is stated.


def number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def entry(kind: int, data: bytes, size: int | None = None, between: bytes = b"") -> bytes:
    size = len(data) if size is None else size
    first, rest = kind << 4 | size & 15, size >> 4
    return (bytes([first | 128]) + number(rest) if rest else bytes([first])) + between + zlib.compress(data, 1)


def back(distance: int) -> bytes:
    out = [distance & 127]
    while distance := distance >> 7:
        distance -= 1
        out.append(distance & 127 | 128)
    return bytes(reversed(out))


def delta(base: int, made: int, *ops: bytes) -> bytes:
    return number(base) + number(made) + b"".join(ops)


def copied(size: int) -> bytes:
    """Return the instruction that copies the first bytes of the base."""
    return bytes([0b11110000 & 0xFF | 0, *struct.pack("<I", size)[:3]]) if size < 1 << 24 else b""


def packed(place: Path, entries: list[tuple[str, bytes]]) -> None:
    """Write a pack of entries, with an index that says what their ids are."""
    data, offsets = b"PACK" + struct.pack(">II", 2, len(entries)), {}
    for sha, raw in entries:
        offsets[sha] = len(data)
        data += raw
    data += hashlib.sha1(data).digest()
    names = sorted(offsets)
    fan = b"".join(struct.pack(">I", sum(int(n[:2], 16) <= i for n in names)) for i in range(256))
    index = b"\xfftOc" + struct.pack(">I", 2) + fan + b"".join(bytes.fromhex(n) for n in names)
    index += b"\0\0\0\0" * len(names) + b"".join(struct.pack(">I", offsets[n]) for n in names) + data[-20:]
    index += hashlib.sha1(index).digest()
    folder = place / ".git/objects/pack"
    folder.mkdir(exist_ok=True)
    (folder / f"pack-{data[-20:].hex()}.pack").write_bytes(data)
    (folder / f"pack-{data[-20:].hex()}.idx").write_bytes(index)


def fetched(place: Path, sha: str) -> bytes:
    committed(place, tree(place, [(b"bomb", "100644", sha)]))
    source = opened(place)
    try:
        walk(source)
        return asyncio.run(source.fetch("bomb"))
    finally:
        source.close()


def test_a_blob_of_zeros_is_not_unpacked(place: Path) -> None:
    sha = "b" * 40
    packed(place, [(sha, entry(3, b"\0" * (LIMIT + 1)))])
    with pytest.raises(TooLarge):
        fetched(place, sha)


def test_a_size_that_is_a_lie_is_no_way_around(place: Path) -> None:
    sha = "b" * 40
    packed(place, [(sha, entry(3, b"\0" * 50_000_000, size=10))])
    with pytest.raises(Unavailable, match="damaged"):
        fetched(place, sha)


def test_a_small_delta_that_makes_much_is_not_applied(place: Path) -> None:
    base, sha = entry(3, b"\0" * 0xFFFFFF), "b" * 40
    made = delta(0xFFFFFF, 60 * 0xFFFFFF, *[copied(0xFFFFFF)] * 60)
    packed(place, [("a" * 40, base), (sha, entry(6, made, between=back(len(base))))])
    with pytest.raises(TooLarge):
        fetched(place, sha)


def test_a_small_thing_made_of_a_huge_one_is_not_read(place: Path) -> None:
    base, sha = entry(3, b"\0" * (65 << 20)), "b" * 40
    packed(place, [("a" * 40, base), (sha, entry(6, delta(65 << 20, 4, copied(4)), between=back(len(base))))])
    with pytest.raises(TooLarge):
        fetched(place, sha)


def test_many_large_steps_on_the_way_to_a_small_thing_are_not_made(place: Path) -> None:
    size, parts = 60 << 20, [("a" * 40, entry(3, b"\0" * (60 << 20)))]
    step = delta(size, size, *[copied(0xF00000)] * 4)
    for i in range(100):
        parts.append((f"{i:040x}", entry(6, step, between=back(len(parts[-1][1])))))
    small = delta(size, 4, copied(4))
    sha = "b" * 40
    parts.append((sha, entry(6, small, between=back(len(parts[-1][1])))))
    packed(place, parts)
    start = time.process_time()
    with pytest.raises(TooLarge):
        fetched(place, sha)
    assert time.process_time() - start < 5


def test_deltas_in_a_circle_and_without_end_are_damage(place: Path) -> None:
    sha, other = "b" * 40, "c" * 40
    step = delta(4, 4, copied(4))
    packed(
        place,
        [(sha, entry(7, step, between=bytes.fromhex(other))), (other, entry(7, step, between=bytes.fromhex(sha)))],
    )
    with pytest.raises(Unavailable, match="too many deltas"):
        fetched(place, sha)


def test_broken_entries_are_damage(place: Path) -> None:
    step = delta(4, 4, copied(4))
    for raw in (
        entry(6, step, between=back(1_000_000)),
        entry(6, step, between=b"\0"),
        entry(6, step, between=b"\xff" * 30),
        entry(7, step, between=b"\xee" * 20),
        entry(6, b"\xff" * 40, between=back(12)),
        entry(3, b"x", size=1 << 80),
        b"\x3f" * 4,
        bytes([0b1011_0000]) + b"\xff" * 200,
        entry(5, b"x"),
    ):
        for old in (place / ".git/objects/pack").glob("*"):
            old.unlink()
        packed(place, [("b" * 40, raw)])
        with pytest.raises((Unavailable, TooLarge, NotFound)):
            fetched(place, "b" * 40)


def test_another_content_under_a_known_name_is_damage(place: Path) -> None:
    source = opened(place)
    try:
        _, plan = walk(source)
        loose = place / ".git/objects" / plan.revision[:2] / plan.revision[2:]
        loose.chmod(0o644)
        loose.write_bytes(zlib.compress(b"blob 7\0forged\n"))
        with pytest.raises(Unavailable, match="damaged"):
            asyncio.run(source.fetch(plan.id))
    finally:
        source.close()


def test_what_git_packs_is_read(place: Path) -> None:
    text = "".join(f"line {i} of a text\n" for i in range(5_000))
    for i in range(30):
        (place / "plan.txt").write_text(text + f"version {i}\n" * (i + 1))
        git(place, "commit", "-qam", str(i))
    git(place, "gc", "-q", "--aggressive")
    source = opened(place, "history = true")
    try:
        versions = [asyncio.run(source.fetch(item.id)) for item in walk(source) if item.id.startswith("plan.txt@")]
        assert len(set(versions)) == 31
        assert (text + "version 29\n" * 30).encode() in versions
    finally:
        source.close()
