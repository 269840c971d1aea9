"""Who may read, by permissions as Microsoft Graph writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.graph import link, names, to
from lockgate.adapters.graph.permissions import rights
from lockgate.labels.label import Integrity
from lockgate.ports.items import Rights

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GUID = "11111111-2222-3333-4444-555555555555"


def of(*permissions: Any) -> Rights:
    return rights(permissions, names, NOW, Integrity.INTERNAL)


def who(found: Rights) -> set[str]:
    return {name for clause in found.readers.clauses for name in clause}


def site(**view: Any) -> dict[str, Any]:
    return {"roles": ["read"], "grantedToV2": {"siteUser": view}}


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (to("user", "u-bob"), {"user:bob"}),
        (to("user", "u-bob", "write"), {"user:bob"}),
        (to("user", "u-bob", "sp.full control"), {"user:bob"}),
        (to("group", "g-hr"), {"group:hr"}),
        (to("group", "g-hr", inheritedFrom={"id": "x"}), {"group:hr"}),
        (to("user", "u-eve"), set()),
        (to("group", "u-bob@x"), set()),
        (to("user", "u-bob", "sp.limited access"), set()),
        (to("user", "u-bob", "fly"), set()),
        (to("user", "u-bob", expirationDateTime="2026-11-24T12:00:01Z"), {"user:bob"}),
        (to("user", "u-bob", expirationDateTime="2026-11-24T12:00:00Z"), set()),
        (to("user", "u-bob", expirationDateTime="2026-11-24T13:30:00+02:00"), set()),
        (to("user", "u-bob", expirationDateTime="soon"), set()),
        (to("application", "u-bob"), set()),
        (to("device", "u-bob"), set()),
        (to("newKind", "u-bob"), set()),
        ({"roles": ["read"], "grantedToV2": {"user": {"displayName": "u-bob", "id": None}}}, set()),
        ({"roles": ["read"], "grantedToV2": {"user": {"email": "ann@acme.example"}}}, {"user:ann"}),
        ({"roles": ["read"]}, set()),
        ({"roles": ["read"], "grantedTo": {"user": {"id": "u-bob"}}}, set()),
        ({"roles": ["read"], "grantedToV2": "u-bob"}, set()),
        ({"roles": ["read"], "invitation": {"email": "ann@acme.example"}}, set()),
        (site(loginName="i:0#.f|membership|ann@acme.example"), {"user:ann"}),
        (site(loginName="i:0#.f|other|ann@acme.example"), set()),
        (site(loginName=f"c:0-.f|rolemanager|spo-grid-all-users/{GUID}"), {"group:staff"}),
        (site(loginName=f"c:0t.c|tenant|{GUID}_o"), set()),
        (link("users", "u-bob"), {"user:bob"}),
        (link("existingAccess", "u-bob"), {"user:bob"}),
        (link("organization"), {"group:staff"}),
        (link("anonymous"), set()),
        (link("galaxy", "u-bob"), set()),
        (link("users", "u-bob", expirationDateTime="2020-01-01T00:00:00Z"), set()),
        ({**link("organization"), "link": {"scope": "organization", "type": "createOnly"}}, set()),
        ({**link("users", "u-bob"), "link": "x"}, set()),
        ({**link("users"), "link": {"scope": {}, "type": {}}}, set()),
    ],
)
def test_each_kind(permission: dict[str, Any], expected: set[str]) -> None:
    found = of(permission)
    assert who(found) == expected
    # Others beside it count as they do alone.
    assert who(of(to("group", "g-hr"), permission)) == expected | {"group:hr"}


def test_everybody_on_the_network_is_reach_and_never_a_reader() -> None:
    for one in (link("anonymous"), site(loginName="c:0(.s|true")):
        found = of(one)
        assert found.reach is not None
        assert found.reach.is_everyone
        assert not found.readers.is_everyone
        assert found.notes


def test_what_is_left_out_is_told() -> None:
    assert of(to("application", "x")).notes == ("a grant to what is neither user nor group is left out",)
    assert of(to("user", "u-eve")).notes == ("it is granted to somebody who is nobody known here",)
    assert of(link("galaxy")).notes == ("a link whose scope is not known is left out",)


def test_owners() -> None:
    assert of(to("user", "u-bob", "owner")).owners == {"user:bob"}
    assert of(to("group", "g-hr", "owner")).owners == frozenset()


@pytest.mark.parametrize("broken", [1, None, "x", [], {}, {"roles": "read"}])
def test_malformed_permissions_are_nobodys(broken: Any) -> None:
    found = of(to("group", "g-hr"), broken)
    assert found.readers.is_nobody
    assert found.problem


def test_a_directory_that_says_everyone_is_not_believed() -> None:
    permissions = [to("user", "x"), link("organization")]
    found = rights(permissions, lambda _, __: frozenset({"everyone"}), NOW, Integrity.USER)
    assert found.readers.is_nobody


KEYS = ["roles", "link", "scope", "type", "grantedToV2", "grantedToIdentitiesV2", "user", "group", "id"]
WORDS = st.sampled_from(["g-hr", "u-bob", "read", "users", "anonymous", "2027-01-01T00:00:00Z"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=3))
def test_any_json_is_answered_and_gives_only_what_names_give(permissions: list[Any]) -> None:
    found = of(*permissions)
    assert who(found) <= {"group:hr", "user:bob", "group:staff"}
