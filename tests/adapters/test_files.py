"""The files connector under attack: links, pipes, odd names, manifests that are half right."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hosts import Host
from lockgate.adapters.files import FilesConnector, names, posix, tree
from lockgate.content.globs import Glob, Globs, Name
from lockgate.content.label_rules import LabelRule
from lockgate.errors import Invalid, NotFound, TooLarge, Unavailable
from lockgate.labels.label import Integrity, Sensitivity
from lockgate.labels.readers import Readers
from lockgate.ports import Item

MANIFEST = ".lockgate-access.toml"
ALL = 'version = 1\n[[rule]]\nmatch = ["**"]\nreaders = ["group:staff"]\nowners = ["user:ann"]\n'


def connector(root: Path, **more) -> FilesConnector:
    return FilesConnector("share", root, "docs", **{"directory": Host(), "rights": "manifest", **more})


def items(source: FilesConnector) -> dict[str, Item]:
    async def collect() -> dict[str, Item]:
        return {item.id: item async for item in source.items()}

    return asyncio.run(collect())


def one(root: Path, manifest: str, path: str = "hr/pay.txt", **more) -> Item:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("x")
    (root / MANIFEST).write_text(manifest)
    source = connector(root, **more)
    item = items(source)[path]
    assert asyncio.run(source.stat(path)) == item
    return item


# ------------------------------------------------------------------ what is a document


def test_links_and_special_files_are_rows_with_a_problem_and_are_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret")
    root = tmp_path / "root"
    (root / "in").mkdir(parents=True)
    (root / MANIFEST).write_text(ALL)
    (root / "in" / "real.txt").write_text("ok")
    (root / "out.txt").symlink_to(secret)
    (root / "up").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.txt")
    source = connector(root)
    found = items(source)
    assert list(found) == ["in/real.txt", "out.txt", "pipe.txt", "up"]
    for id in ("out.txt", "pipe.txt", "up"):
        assert found[id].problem
        assert found[id].readers.is_nobody
        with pytest.raises(NotFound):
            asyncio.run(source.fetch(id))
    for id in ("up/secret.txt", "../secret.txt", "in/../../secret.txt", str(secret), "", "in//real.txt", "in/\0"):
        assert asyncio.run(source.stat(id)) is None
        with pytest.raises(NotFound):
            asyncio.run(source.fetch(id))
    assert asyncio.run(source.fetch("in/real.txt")) == b"ok"


def test_a_link_that_takes_the_place_of_a_file_after_the_listing_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    root = tmp_path / "root"
    root.mkdir()
    (root / MANIFEST).write_text(ALL)
    (root / "a.txt").write_text("ok")
    source = connector(root)
    assert "a.txt" in items(source)
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound):
        asyncio.run(source.fetch("a.txt"))


@pytest.mark.parametrize("becomes", ["link", "pipe"])
def test_nothing_can_be_swapped_in_between_the_look_and_the_open(
    tmp_path: Path, becomes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("s3cret")
    root = tmp_path / "root"
    root.mkdir()
    (root / MANIFEST).write_text(ALL)
    (root / "a.txt").write_text("ok")
    look = os.stat

    def swap(path: str, **more) -> os.stat_result:
        status = look(path, **more)
        if path == "a.txt":
            (root / "a.txt").unlink()
            if becomes == "link":
                (root / "a.txt").symlink_to(tmp_path / "secret")
            else:
                os.mkfifo(root / "a.txt")
        return status

    monkeypatch.setattr(tree.os, "stat", swap)
    with pytest.raises((NotFound, Unavailable)):
        asyncio.run(connector(root).fetch("a.txt"))


def test_the_manifest_and_litter_are_no_documents(tmp_path: Path) -> None:
    for path in (".git/config", "a/~$pay.docx", "a/.DS_Store", "a/keep.txt", f"a/{MANIFEST}"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    (tmp_path / MANIFEST).write_text(ALL)
    found = items(connector(tmp_path))
    assert list(found) == [f"a/{MANIFEST}", "a/keep.txt"]
    assert found[f"a/{MANIFEST}"].problem == "only the manifest at the root of the share counts"


def test_limits_and_a_missing_root(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(ALL)
    (tmp_path / "big.txt").write_bytes(b"x" * 11)
    with pytest.raises(TooLarge):
        asyncio.run(connector(tmp_path, max_bytes=10).fetch("big.txt"))
    with pytest.raises(Unavailable, match="cannot be opened"):
        items(connector(tmp_path / "absent"))


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX systems only")
def test_names_of_any_bytes_have_an_id_and_come_back(tmp_path: Path) -> None:
    odd = [b"a\xff.txt", b"a%FF.txt", b"50% off.txt", b"new\nline.txt", "gr\u00fc\u00dfe.txt".encode(), b" .txt"]
    (tmp_path / MANIFEST).write_text(ALL)
    for name in odd:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    source = connector(tmp_path)
    found = items(source)
    assert sorted(asyncio.run(source.fetch(id)) for id in found) == sorted(odd)
    for id in found:
        assert id.encode().decode().isprintable()


@given(st.lists(st.binary(min_size=1, max_size=6).filter(lambda b: b"/" not in b and b"\0" not in b), min_size=1))
def test_ids_are_one_to_one(parts: list[bytes]) -> None:
    texts = tuple(os.fsdecode(part) for part in parts)
    if not any(part in (".", "..") for part in texts):
        assert names.decode(names.encode("/".join(texts))) == texts


# ------------------------------------------------------------------ globs


def _dumb(pattern: list[str], parts: list[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _dumb(pattern[1:], parts) or bool(parts and _dumb(pattern, parts[1:]))
    return bool(parts) and _dumb_part(pattern[0], parts[0]) and _dumb(pattern[1:], parts[1:])


def _dumb_part(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return _dumb_part(pattern[1:], text) or bool(text and _dumb_part(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and _dumb_part(pattern[1:], text[1:])


COMPONENT = st.one_of(st.just("**"), st.text("ab*?", min_size=1, max_size=4).filter(lambda p: "**" not in p))
PATH = st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=5)


@given(st.lists(COMPONENT, min_size=1, max_size=5), PATH)
def test_globs_mean_what_the_dumb_model_says(pattern: list[str], parts: list[str]) -> None:
    assert Glob("/".join(pattern)).matches(Name("/".join(parts))) == _dumb(pattern, parts)


@given(st.lists(st.lists(COMPONENT, min_size=1, max_size=3).map("/".join), max_size=4), PATH)
def test_many_globs_at_once_mean_what_each_means(patterns: list[str], parts: list[str]) -> None:
    name = Name("/".join(parts))
    assert Globs(patterns).matches("/".join(parts)) == any(Glob(one).matches(name) for one in patterns)


@pytest.mark.parametrize(
    "pattern", ["", "/etc/**", "../x", "a/./b", "a//b", "hr/", "a**b", "a\\b", "x" * 1001, "\0"]
)
def test_patterns_that_could_mean_something_else_are_refused(pattern: str) -> None:
    with pytest.raises(Invalid):
        Glob(pattern)


@pytest.mark.timeout(20)
def test_hostile_names_do_not_make_globs_slow() -> None:
    assert not Glob("*a" * 400 + "b").matches(Name("a" * 200_000))
    assert not Glob("/".join(["**", "a"] * 100) + "/b").matches(Name("/".join(["a"] * 5_000)))


# ------------------------------------------------------------------ manifest


def test_the_last_matching_rule_decides_alone(tmp_path: Path) -> None:
    item = one(
        tmp_path,
        ALL + '[[rule]]\nmatch = ["hr/**"]\nreaders_all = [["group:hr"], ["group:legal", "user:bo"]]\n'
        'sensitivity = "restricted"\nforbidden_uses = ["ai"]\nintegrity = "untrusted"\n',
    )
    assert item.readers == Readers(frozenset({frozenset({"group:hr"}), frozenset({"group:legal", "user:bo"})}))
    assert item.owners == frozenset()
    assert item.notes == ("nobody owns it",)
    assert item.integrity is Integrity.UNTRUSTED
    assert item.declared is not None
    assert item.declared.sensitivity is Sensitivity.RESTRICTED
    assert item.declared.forbids("ai")
    assert item.problem == ""


@pytest.mark.parametrize(
    ("manifest", "names"),
    [
        ("version = 1\n", "no rule matches"),
        ("", "version = 1"),
        ("version = 2\n", "version = 1"),
        (ALL.replace("version = 1", "version = true"), "version = 1"),
        (ALL + "[[rule]]\nmatch = [\n", f"{MANIFEST}: "),
        (ALL + '[[rule]]\nmatch = ["x"]\n', f"{MANIFEST}:6: "),
        (ALL + '[[rule]]\nmatch = ["x"]\nreaders = []\nreaders_all = []\n', f"{MANIFEST}:6: "),
        (ALL + '[[rule]]\nmatch = ["x"]\nreaders_all = []\n', f"{MANIFEST}:6: "),
        (ALL + '[[rule]]\nmatch = []\nreaders = ["user:a"]\n', f"{MANIFEST}:6: "),
        (ALL + '[[rule]]\nmatch = ["x"]\nreaders = "everyone"\n', f"{MANIFEST}:6: "),
        (ALL + '[[rule]]\nmatch = ["x"]\nreaders = ["Everyone"]\n', "`Everyone`"),
        (ALL + '[[rule]]\nmatch = ["x"]\nreaders = ["hr"]\n', "`hr`"),
        (ALL + '[[rule]]\nmatch = ["../**"]\nreaders = ["user:a"]\n', f"{MANIFEST}:6: "),
        (ALL + '[[rule]]\nmatch = ["x"]\nreaders = ["user:a"]\nowners = ["everyone"]\n', "`everyone`"),
        (ALL + '[[rule]]\nmatch = ["x"]\nreaders = ["user:a"]\nsensitivity = "secret"\n', "`secret`"),
        (ALL + '[[rule]]\nmatch = ["x"]\nreaders = ["user:a"]\nforbidden_uses = ["ai"]\n', "`sensitivity`"),
        (ALL + '[[rule]]\nmatch = ["x"]\nreaders = ["user:a"]\ndeny = ["user:b"]\n', "unknown field: deny"),
        (ALL + "x = " + "[" * 5000, f"{MANIFEST}: "),
        (ALL + '[[rule]]\nmatch = ["HR/**"]\nreaders = ["group:hr"]\n', f"{MANIFEST}:6: whether the rule"),
    ],
)
def test_a_manifest_that_is_not_understood_makes_the_share_unreadable(
    tmp_path: Path, manifest: str, names: str
) -> None:
    item = one(tmp_path, manifest)
    assert item.readers.is_nobody
    assert item.declared is None
    assert names in item.problem
    assert MANIFEST in item.problem


def test_no_manifest_or_one_that_anyone_may_change_is_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert "there is none" in items(connector(tmp_path))["a.txt"].problem
    (tmp_path / MANIFEST).write_text(ALL)
    (tmp_path / MANIFEST).chmod(0o666)
    item = items(connector(tmp_path))["a.txt"]
    assert item.readers.is_nobody
    assert "anyone" in item.problem
    (tmp_path / MANIFEST).unlink()
    (tmp_path / "elsewhere").write_text(ALL)
    (tmp_path / MANIFEST).symlink_to("elsewhere")
    assert "symbolic link" in items(connector(tmp_path))["a.txt"].problem


def test_a_decomposed_name_does_not_slip_past_its_rule(tmp_path: Path) -> None:
    for rule, file in (("Geh\u00e4lter", "Geha\u0308lter"), ("Geha\u0308lter", "Geh\u00e4lter")):
        narrow = ALL + f'[[rule]]\nmatch = ["{rule}*"]\nreaders = ["group:hr"]\n'
        assert one(tmp_path, narrow, f"{file}.txt").readers == Readers.any_of("group:hr")


def test_a_change_of_the_manifest_is_seen_by_stat_at_once_and_keeps_the_revision(tmp_path: Path) -> None:
    before = one(tmp_path, ALL)
    source = connector(tmp_path)
    assert asyncio.run(source.stat("hr/pay.txt")) == before
    (tmp_path / MANIFEST).write_text(ALL.replace("group:staff", "group:hr"))
    after = asyncio.run(source.stat("hr/pay.txt"))
    assert after is not None
    assert after.readers == Readers.any_of("group:hr")
    assert after.revision == before.revision


def test_rules_of_the_configuration_declare_and_never_raise_trust(tmp_path: Path) -> None:
    broad = LabelRule((Glob("**"),), Sensitivity.GENERAL, Readers.everyone())
    narrow = LabelRule(
        (Glob("hr/**"), Glob("pay/**")),
        Sensitivity.RESTRICTED,
        Readers.any_of("group:hr"),
        owners=frozenset({"group:hr"}),
        integrity=Integrity.SYSTEM,
    )
    item = one(tmp_path, ALL, rules=(broad, narrow), integrity=Integrity.UNTRUSTED)
    assert item.declared is not None
    assert item.declared.sensitivity is Sensitivity.RESTRICTED
    assert item.declared.readers == Readers.any_of("group:hr")
    assert item.readers == Readers.any_of("group:staff")
    assert item.integrity is item.declared.integrity is Integrity.UNTRUSTED
    assert item.owners == {"user:ann", "group:hr"}


# ------------------------------------------------------------------ POSIX rights


def _acl(*entries: tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def _status(mode: int) -> os.stat_result:
    return os.stat_result((0o100000 | mode, 1, 1, 1, 100, 200, 1, 0, 0, 0))


HOST = posix.Names({100: "user:o", 101: "user:n"}.get, {200: "group:g", 201: "group:h"}.get, "group:staff")


@pytest.mark.parametrize(
    ("mode", "clause"),
    [
        (0o644, {"user:o", "group:g", "group:staff"}),
        (0o640, {"user:o", "group:g"}),
        (0o600, {"user:o"}),
        (0o000, set()),
        (0o604, {"user:o"}),  # "staff, but not g" cannot be said
        (0o044, set()),  # "g, but not o" cannot be said
        (0o404, {"user:o"}),
    ],
)
def test_classes_of_the_mode(mode: int, clause: set[str]) -> None:
    found, notes = posix.readers([(posix.access(_status(mode), None), posix.READ)], HOST)
    assert found == Readers.any_of(*clause)
    assert bool(notes) == (mode in (0o604, 0o044, 0o404))


def test_the_mask_applies_to_named_accounts_and_groups() -> None:
    acl = _acl((1, 6, 0), (2, 4, 101), (4, 4, 0), (8, 4, 201), (0x10, 0, 0), (0x20, 0, 0))
    found, _ = posix.readers([(posix.access(_status(0o600), acl), posix.READ)], HOST)
    assert found == Readers.any_of("user:o")


def test_search_on_every_directory_conjoins() -> None:
    chain = [(posix.access(_status(0o710), None), posix.SEARCH), (posix.access(_status(0o644), None), posix.READ)]
    found, _ = posix.readers(chain, HOST)
    assert found == Readers.any_of("user:o", "group:g")
    chain[0] = posix.access(_status(0o766), None), posix.SEARCH
    assert posix.readers(chain, HOST)[0] == Readers.any_of("user:o")


def test_other_is_never_everyone_and_unmapped_is_nobody() -> None:
    link = [(posix.access(_status(0o644), None), posix.READ)]
    nobody = posix.Names(lambda _: None, lambda _: None, None)
    assert posix.readers(link, nobody)[0].is_nobody
    everyone = posix.Names(lambda _: None, lambda _: "everyone", "everyone")
    assert posix.readers(link, everyone)[0].is_nobody


def test_two_accounts_of_one_person_do_not_add_up() -> None:
    """One account may search the folder, the other may read the file: neither can open it."""
    same = posix.Names({100: "user:o", 101: "user:o"}.get, lambda _: None, None)
    folder = posix.access(_status(0o700), None)
    file = posix.Access(101, 4, (), ((200, 0),), 0)
    assert posix.readers([(folder, posix.SEARCH), (file, posix.READ)], same)[0].is_nobody


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x02\0\0",
        struct.pack("<I", 3),
        _acl(),
        _acl((1, 7, 0), (4, 7, 0)),
        _acl((1, 7, 0), (1, 7, 0), (4, 7, 0), (0x20, 7, 0)),
        _acl((1, 7, 0), (2, 7, 5), (4, 7, 0), (0x20, 7, 0)),
        _acl((1, 7, 0), (4, 7, 0), (0x20, 7, 0), (0x40, 7, 0)),
        _acl((1, 7, 0), (4, 7, 0), (0x20, 7, 0)) + b"\0",
    ],
)
def test_access_control_lists_that_are_not_understood_are_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        posix.access(_status(0o777), raw)


@given(st.binary(max_size=80))
def test_any_bytes_are_an_access_control_list_or_invalid(raw: bytes) -> None:
    with contextlib.suppress(Invalid):
        posix.access(_status(0o777), struct.pack("<I", 2) + raw)


@pytest.mark.needs_root
def test_orphans_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    os.chown(path, 64321, 64321)
    item = items(connector(tmp_path, rights="posix", above_root=False))["a.txt"]
    assert item.owners == frozenset()
    assert item.notes == ("its owner, account `64321` of the host, is nobody known here",)


def test_directories_above_the_root_count_unless_told_otherwise(tmp_path: Path) -> None:
    import grp
    import pwd

    root = tmp_path / "closed" / "root"
    root.mkdir(parents=True)
    (root / "a.txt").write_text("x")
    for path, mode in ((root / "a.txt", 0o644), (root, 0o755), (tmp_path / "closed", 0o700)):
        path.chmod(mode)
    me, mine = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    host = Host({me: "user:me"}, {mine: "group:mine"}, "group:staff")
    item = items(connector(root, rights="posix", directory=host))["a.txt"]
    assert not item.readers.permits({"group:staff"})
    item = items(connector(root, rights="posix", directory=host, above_root=False))["a.txt"]
    assert item.readers == Readers.any_of("user:me", "group:mine", "group:staff")
