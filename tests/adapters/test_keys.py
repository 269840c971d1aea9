"""Master keys in files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lockgate.adapters.keys import FileKeys
from lockgate.errors import Unavailable


def test_a_key_is_made_once_by_whoever_comes_first(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: FileKeys.open(tmp_path / "keys" / "master"), range(32)))
    assert len({keys.current for keys in made}) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["master"]
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert made[0].unwrap(made[0].current, made[1].wrap(b"k" * 32, b"b"), b"b") == b"k" * 32


def test_another_key_another_binding_or_a_changed_wrap_open_nothing(tmp_path: Path) -> None:
    one, two = FileKeys.open(tmp_path / "1"), FileKeys.open(tmp_path / "2")
    wrapped = one.wrap(b"k" * 32, b"document a")
    for keys, master, blob, binding in (
        (two, one.current, wrapped, b"document a"),
        (two, two.current, wrapped, b"document a"),
        (one, one.current, wrapped, b"document b"),
        (one, one.current, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"document a"),
        (one, one.current, wrapped[:5], b"document a"),
        (one, one.current, b"", b"document a"),
    ):
        with pytest.raises(Unavailable):
            keys.unwrap(master, blob, binding)


@pytest.mark.parametrize("damage", ["", "lockgate-key-1 0 AAAA", "\ud800", None])
def test_a_damaged_key_file_is_refused_and_kept(tmp_path: Path, damage: str | None) -> None:
    path = tmp_path / "master"
    FileKeys.open(path)
    text = path.read_text()
    bad = text[:-10] + "AAAAAAAAA\n" if damage is None else damage
    path.write_bytes(bad.encode("utf-8", "surrogatepass"))
    with pytest.raises(Unavailable) as caught:
        FileKeys.open(path)
    assert path.read_bytes() == bad.encode("utf-8", "surrogatepass")
    assert text.split()[2] not in str(caught.value)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    FileKeys.open(tmp_path / "master")
    (tmp_path / "master").chmod(0o640)
    with pytest.raises(Unavailable, match="may be read by other accounts"):
        FileKeys.open(tmp_path / "master")
