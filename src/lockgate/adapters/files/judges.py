"""Who may read a file: by the file system, or by the access manifest."""

from __future__ import annotations

import functools
import grp
import pwd
from typing import Protocol

from lockgate.adapters.files import manifest, posix, tree
from lockgate.errors import Invalid
from lockgate.labels.label import Integrity
from lockgate.ports import Directory
from lockgate.ports.items import Rights, nobody


class Judge(Protocol):
    """Tells the rights on a file."""

    def rights(self, entry: tree.Entry, /) -> Rights: ...


class ManifestJudge:
    """Rights from the access manifest, or the reason why there is none."""

    def __init__(self, found: manifest.Manifest | str, integrity: Integrity) -> None:
        self._found = found
        self._integrity = integrity

    def rights(self, entry: tree.Entry, /) -> Rights:
        if isinstance(self._found, str):
            return nobody(self._found)
        try:
            grant = self._found.grant(entry.path)
        except Invalid as error:
            return nobody(str(error))
        notes = () if grant.owners else ("nobody owns it",)
        trust = max(self._integrity, grant.integrity)
        return Rights(grant.readers, grant.owners, trust, grant.declared, notes)


class PosixJudge:
    """Rights from the file system; looks each account and group of the host up once."""

    def __init__(self, directory: Directory, integrity: Integrity) -> None:
        self._integrity = integrity
        self._names = posix.Names(
            functools.cache(lambda uid: directory.account(_account(uid))),
            functools.cache(lambda gid: directory.host_group(_group(gid))),
            directory.others,
        )
        # The files of a folder have few different rights between them.
        self._of = functools.lru_cache(maxsize=1024)(self._rights)

    def rights(self, entry: tree.Entry, /) -> Rights:
        return self._of(entry.chain)

    def _rights(self, chain: tree.Chain) -> Rights:
        readers, notes = posix.readers(chain, self._names)
        uid = chain[-1][0].uid
        owner = self._names.account(uid)
        if owner is None:
            notes = (*notes, f"its owner, account `{_account(uid)}` of the host, is nobody known here")
        return Rights(readers, frozenset() if owner is None else frozenset({owner}), self._integrity, None, notes)


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
