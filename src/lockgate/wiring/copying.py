"""Files that go into a backup: those that lie in a folder, and not what a link in it leads to."""

from __future__ import annotations

import os
from pathlib import Path


def copy_folder(folder: Path, target: Path, home: Path, without: tuple[Path, ...]) -> list[str]:
    """Copy the files of a folder; return what was not copied, of links, pipes, and what is of another kind.

    A link counts as the file that it leads to where that lies in `home`, as the files of a mounted ConfigMap do,
    and not in a folder of `without`: the keys would come along in clear, or the backup itself, without end.

    Raises:
        OSError: something cannot be read or written.

    """
    left: list[str] = []
    barred = [one.resolve() for one in without if not folder.resolve().is_relative_to(one.resolve())]
    whole = home.resolve()
    for place, folders, files in os.walk(folder, onerror=_raise):
        here = Path(place)
        out = [name for name in folders if (here / name).is_symlink() or (here / name).resolve() in barred]
        folders[:] = sorted(set(folders) - set(out))
        for name in sorted(files):
            real = Path(os.path.realpath(here / name))  # `resolve` raises where a link leads to itself
            if real.is_file() and real.is_relative_to(whole) and not any(map(real.is_relative_to, barred)):
                write(target / (here / name).relative_to(folder), real.read_bytes())
            else:
                out.append(name)
        left += [str(here / name) for name in out]
    return left


def _raise(error: OSError) -> None:
    raise error


def write(path: Path, data: bytes) -> None:
    """Write a file durably that only this account may read, and its folders.

    Raises:
        OSError: it cannot be written.

    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
