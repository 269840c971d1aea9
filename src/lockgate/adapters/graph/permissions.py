"""Who may read an item, by the `permission` resources that it has: direct, inherited, and by links.

See "permission resource type" and "sharingLink resource type" of Microsoft Graph v1.0. Grants are any-of: each
adds readers. What is not understood adds nobody, and is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from lockgate.labels.label import Integrity
from lockgate.labels.readers import EVERYONE, Readers
from lockgate.ports.items import Rights, nobody

Kind: TypeAlias = Literal["user", "group", "site-group", "organization"]
Names: TypeAlias = Callable[[Kind, Sequence[str]], frozenset[str]]
"""Identifiers of the directory that somebody stands for: by kind, and by what they are known as (id, address)."""

_READ: Final = {"read", "write", "owner", "sp.full control", "sp.design", "sp.edit", "sp.contribute", "sp.read"}
_NOT_READ: Final = {"sp.limited access"}
_UPLOAD: Final = "createOnly"
_GUID: Final = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_MEMBER: Final = re.compile(r"i:0#\.f\|membership\|(\S+@\S+)")
_GROUP: Final = re.compile(rf"c:0[to]\.c\|[^|]+\|({_GUID})")
_ALL_INSIDE: Final = re.compile(rf"c:0-\.f\|rolemanager\|spo-grid-all-users/{_GUID}")
_ALL: Final = "c:0(.s|true"
"""Everyone, guests included."""


@dataclass(slots=True)
class _Found:
    names: Names
    readers: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)
    reach: set[str] = field(default_factory=set)
    notes: dict[str, None] = field(default_factory=dict)
    unknown: int = 0

    def note(self, text: str) -> None:
        self.notes[text] = None


def rights(permissions: Sequence[Any], names: Names, now: datetime, integrity: Integrity) -> Rights:
    """Return the rights on an item with these permissions."""
    found = _Found(names)
    for one in permissions:
        if isinstance(one, Mapping) and isinstance(one.get("roles"), list):
            _permission(found, one, now)
        else:
            return nobody("a permission of it is malformed")
    if found.unknown:
        found.note("it is granted to somebody who is nobody known here")
    # Nothing that a source calls by any name may be everyone, unless the world can read it; and that is reach.
    found.readers.discard(EVERYONE)
    readers = Readers.any_of(*found.readers) if found.readers else Readers.nobody()
    reach = Readers.any_of(*(found.readers | found.reach)) if found.reach else None
    return Rights(readers, frozenset(found.owners), integrity, notes=tuple(found.notes), reach=reach)


def _permission(found: _Found, one: Mapping[str, Any], now: datetime) -> None:
    roles = {role for role in one["roles"] if isinstance(role, str)}
    if not roles & _READ:
        if not roles <= _NOT_READ:
            found.note("a grant with a role that is not known is left out")
        return
    if (until := one.get("expirationDateTime")) and not _is_later(until, now):
        return
    link = one.get("link")
    if isinstance(link, Mapping) and not _link(found, link):
        return
    if link is not None and not isinstance(link, Mapping):
        found.note("a link that is not understood is left out")
        return
    granted = one.get("grantedToIdentitiesV2") or []
    sets = [
        *(granted if isinstance(granted, list) else [None]),
        *([one["grantedToV2"]] if one.get("grantedToV2") else []),
    ]
    if not sets and link is None:
        found.note("a grant that is not understood is left out")
    for identities in sets:
        _identities(found, identities, owner="owner" in roles or "sp.full control" in roles)


def _link(found: _Found, link: Mapping[str, Any]) -> bool:
    """Take what a link itself gives; tell whether those whom it was given to are to be looked at."""
    scope, kind = link.get("scope"), link.get("type")
    if kind == _UPLOAD:
        return False
    if scope == "anonymous":
        # Whoever has the link can read. Nobody says that those who ask have it.
        found.reach.add(EVERYONE)
        found.note("anyone who has a link can read it")
    elif scope == "organization":
        found.note("everybody of the organization who has a link can read it")
        _organization(found)
    elif scope not in ("users", "existingAccess"):
        found.note("a link whose scope is not known is left out")
        return False
    return True


def _organization(found: _Found) -> None:
    everybody = found.names("organization", ("organization",)) - {EVERYONE}
    found.readers |= everybody
    found.reach |= everybody


def _identities(found: _Found, given: Any, *, owner: bool) -> None:
    """Take one `sharePointIdentitySet`: several views of one user or group."""
    if not isinstance(given, Mapping):
        found.note("a grant that is not understood is left out")
        return
    views = {kind: view for kind, view in given.items() if isinstance(view, Mapping)}
    login = str(views.get("siteUser", {}).get("loginName", ""))
    if login == _ALL or _ALL_INSIDE.fullmatch(login):
        found.note("it is granted to everybody of the organization")
        if login == _ALL:
            found.reach.add(EVERYONE)
        _organization(found)
    elif "group" in views or _GROUP.fullmatch(login):
        claim = _GROUP.fullmatch(login)
        # A group's address can be given to another one, its id cannot.
        _grant(
            found, "group", [*_known(views.get("group", {}), "id"), *([claim[1]] if claim else [])], owner=False
        )
    elif "user" in views or _MEMBER.fullmatch(login):
        member = _MEMBER.fullmatch(login)
        known = [*_known(views.get("user", {}), "id", "email"), *([member[1]] if member else [])]
        _grant(found, "user", known, owner=owner)
    elif "siteGroup" in views:
        _grant(found, "site-group", _known(views["siteGroup"], "id"), owner=False)
    else:
        found.note("a grant to what is neither user nor group is left out")


def _grant(found: _Found, kind: Kind, known: Sequence[str], *, owner: bool) -> None:
    who = found.names(kind, known) if known else frozenset()
    who -= {EVERYONE}
    if not who:
        found.unknown += 1
    found.readers |= who
    if owner:
        found.owners |= {one for one in who if one.startswith("user:")}


def _known(view: Mapping[str, Any], *keys: str) -> list[str]:
    return [str(view[key]) for key in keys if isinstance(view.get(key), str) and view[key]]


def _is_later(until: Any, now: datetime) -> bool:
    """Tell whether a time is still to come. One that is not understood has passed."""
    try:
        at = datetime.fromisoformat(until)
    except (ValueError, TypeError):
        return False
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) > now
