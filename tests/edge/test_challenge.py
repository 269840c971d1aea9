"""RFC 6750: what comes in as a credential, what goes out as a challenge."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.edge.challenge import bearer, challenge
from lockgate.errors import Unauthenticated


@pytest.mark.parametrize(
    "header", [None, "", " ", "Bearer", "Bearer ", "bearer    ", "Basic YTpi", "Bearer: x", "x"]
)
def test_no_credential(header: str | None) -> None:
    with pytest.raises(Unauthenticated) as caught:
        bearer(header)
    assert caught.value.code == "missing_token"


@pytest.mark.parametrize(
    "header", ["Bearer a b", "Bearer a,b", "Bearer \u00e9", 'Bearer "a"', "Bearer =", "Bearer a\nb"]
)
def test_not_a_token(header: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        bearer(header)
    assert caught.value.code == "malformed_token"


@pytest.mark.parametrize("header", ["Bearer a.b-c_d~+/==", "bearer a.b-c_d~+/==", "BEARER   a.b-c_d~+/== "])
def test_a_token(header: str) -> None:
    assert bearer(header) == "a.b-c_d~+/=="


def test_who_sent_nothing_gets_no_error_code() -> None:
    """RFC 6750 section 3.1."""
    assert challenge(Unauthenticated("no token", code="missing_token")) == 'Bearer realm="lockgate"'


def test_who_sent_something_is_told_what_is_wrong() -> None:
    header = challenge(
        Unauthenticated("the token has expired", code="token_expired"),
        resource_metadata="https://gate.example.com/.well-known/oauth-protected-resource",
        scope="lockgate",
    )
    assert header == (
        'Bearer realm="lockgate", '
        'resource_metadata="https://gate.example.com/.well-known/oauth-protected-resource", '
        'scope="lockgate", error="invalid_token", error_description="the token has expired"'
    )


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_out_of_its_parameter(message: str, metadata: str, scope: str) -> None:
    header = challenge(Unauthenticated(message), resource_metadata=metadata, scope=scope)
    parameter = r'[a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"'
    assert re.fullmatch(rf"Bearer {parameter}(, {parameter})*", header)
