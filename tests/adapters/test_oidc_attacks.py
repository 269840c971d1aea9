"""Tokens that must not get in, each with the reason it is refused for."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from adapters.oidc_parts import (
    AUDIENCE,
    ISSUER,
    SHARED_SECRET,
    Provider,
    authenticator,
    b64,
    claims,
    key,
    sign,
    token,
)
from lockgate.errors import LockgateError, Unauthenticated, Unavailable
from support import NOW

GOOD = json.dumps(claims()).encode()
T = int(NOW.timestamp())
ATTACKER = ECKey.generate_key("P-256", {"kid": "k1"})


def code(credential: str, **change: object) -> str:
    """Return the code of the refusal; "" if the token gets in. No refusal may quote the token."""
    refusal: Unauthenticated | None = None
    try:
        asyncio.run(authenticator(**change).authenticate(credential))  # type: ignore[arg-type]
    except Unauthenticated as error:
        refusal = error
    if refusal is None:
        return ""
    shown = f"{refusal} {refusal.remedy}"
    assert not any(len(part) >= 8 and part in shown for part in credential.split("."))
    return refusal.code


def unsigned(header: dict[str, object], payload: bytes = GOOD, signature: str = "") -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(payload)}.{signature}"


def test_a_good_token_gets_in() -> None:
    assert code(token()) == ""


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS256", "HS512", "RS1", None, 5, ["ES256"], {}])
def test_algorithms_that_nobody_allowed(alg: object) -> None:
    assert code(unsigned({"alg": alg, "typ": "at+jwt", "kid": "k1"})) == "bad_algorithm"


def test_a_header_without_algorithm() -> None:
    assert code(unsigned({"typ": "at+jwt"})) == "bad_algorithm"


def test_the_public_key_is_no_shared_secret() -> None:
    """RFC 8725 section 2.1: HS256 keyed with the issuer's published key."""
    for public in (
        key("ES256", "k1").as_pem(private=False),
        json.dumps(key("ES256", "k1").as_dict(private=False)),
    ):
        forged = sign(
            {"alg": "HS256", "typ": "at+jwt", "kid": "k1"},
            GOOD,
            OctKey.import_key(b64(public.encode() if isinstance(public, str) else public)),
        )
        assert code(forged) == "bad_algorithm"


def test_a_shared_secret_in_the_key_set_is_not_used() -> None:
    secret = SHARED_SECRET.as_dict() | {"kid": "k1"}
    forged = sign({"alg": "HS256", "typ": "at+jwt", "kid": "k1"}, GOOD, SHARED_SECRET)
    assert code(forged, provider=Provider(keys=[secret])) == "bad_algorithm"
    with pytest.raises(LockgateError):
        authenticator(algorithms=frozenset({"ES256", "HS256"}))
    with pytest.raises(LockgateError):
        authenticator(algorithms=frozenset({"none"}))


def test_signed_by_somebody_else() -> None:
    assert code(sign({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, GOOD, ATTACKER)) == "bad_signature"


def test_signed_with_the_right_key_under_another_algorithm() -> None:
    """A key that the issuer publishes for one algorithm is not used for another."""
    private = key("RS256", "k2")
    keys = [private.as_dict(private=False) | {"alg": "PS256"}]
    assert code(token("RS256", "k2"), provider=Provider(keys=keys)) == "unknown_key"
    assert (
        code(sign({"alg": "PS256", "typ": "at+jwt", "kid": "k2"}, GOOD, private), provider=Provider(keys=keys))
        == ""
    )


@pytest.mark.parametrize("signature", ["", "AAAA", b64(bytes(64)), b64(bytes(63)), "!!", "A"])
def test_signatures_that_are_none(signature: str) -> None:
    """Zeros were a valid ECDSA signature to some libraries once (CVE-2022-21449)."""
    assert code(unsigned({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, signature=signature)) == "bad_signature"


def test_every_changed_character_is_noticed() -> None:
    good = token()
    start = good.rindex(".") + 1
    for position in range(0, start, 7):
        changed = good[:position] + ("A" if good[position] != "A" else "B") + good[position + 1 :]
        assert code(changed) in {"bad_signature", "malformed_token", "bad_algorithm", "unknown_key"}


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": ATTACKER.as_dict(private=False)},
        {"jku": "https://evil.example.com/jwks"},
        {"x5u": "https://evil.example.com/cert"},
        {"x5c": ["MIIB"]},
    ],
)
def test_keys_that_a_header_brings_along_are_not_looked_at(header: dict[str, object]) -> None:
    provider = Provider()
    forged = sign({"alg": "ES256", "typ": "at+jwt", "kid": "k1"} | header, GOOD, ATTACKER)
    assert code(forged, provider=provider) == "bad_signature"
    assert not any("evil" in address for address in provider.asked)
    assert code(token(header=header)) == ""  # and they harm no good token


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"cty": "JWT"}, {"kid": 7}])
def test_extensions_are_refused(header: dict[str, object]) -> None:
    assert code(token(header=header)) == "malformed_token"


@pytest.mark.parametrize("kid", ["../../dev/null", "' OR 1=1 --", "k1\x00", "", "K1"])
def test_key_ids_are_names_and_nothing_else(kid: str) -> None:
    assert code(sign({"alg": "ES256", "typ": "at+jwt", "kid": kid}, GOOD, key("ES256", "k1"))) == "unknown_key"


def test_without_key_id_only_a_lone_key_will_do() -> None:
    other = key("ES256", "k9").as_dict(private=False)
    plain = sign({"alg": "ES256", "typ": "at+jwt"}, GOOD, key("ES256", "k1"))
    assert code(plain) == ""
    assert code(plain, provider=Provider(keys=[key("ES256", "k1").as_dict(private=False), other])) == "unknown_key"


@pytest.mark.parametrize(
    "change",
    [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": "verify"}, {"crv": "P-384"}, {"x": "AA"}, {"kty": 1}],
)
def test_keys_that_are_not_for_this(change: dict[str, object]) -> None:
    provider = Provider(keys=[key("ES256", "k1").as_dict(private=False) | change])
    assert code(token(), provider=provider) == "unknown_key"


def test_a_key_whose_private_half_is_published_is_not_trusted() -> None:
    assert code(token(), provider=Provider(keys=[key("ES256", "k1").as_dict(private=True)])) == "unknown_key"


@pytest.mark.parametrize(
    "credential",
    [
        "a",
        ".",
        "..",
        "a.b.c",
        "....",
        "a.b.c.d.e",
        "\u00e9.b.c",
        "\ud800",
        "e30.e30.",
        b64(b"[]") + ".e30.x",
        b64(b"[" * 9000) + ".e30.x",
        b64(b'{"alg":"none","alg":"ES256"}') + ".e30.x",
        "x" * 16385,
        token() + "." + token(),
        token() + "=",
        token() + "\n",
        " " + token(),
    ],
)
def test_malformed(credential: str) -> None:
    assert code(credential) in {"malformed_token", "bad_signature", "bad_algorithm"}


def test_missing() -> None:
    assert code("") == "missing_token"


def test_signed_nonsense() -> None:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}
    deep = b'{"a":' * 2000 + b"1" + b"}" * 2000
    twice = b'{"sub":"ann","sub":"bea"}'
    for payload in (b"", b"null", b"[]", b"\xff", deep, twice, token().encode()):
        assert code(sign(head, payload, key("ES256", "k1"))) in {"malformed_token", "wrong_issuer"}


def test_a_claim_that_is_there_twice() -> None:
    """Two readers could each see another `sub` (RFC 8725 section 2.6)."""
    twice = GOOD[:-1] + b', "sub": "bea"}'
    assert (
        code(sign({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, twice, key("ES256", "k1"))) == "malformed_token"
    )


def test_a_good_token_that_is_too_long() -> None:
    assert code(token(padding="x" * 11_000)) == ""
    assert code(token(padding="x" * 13_000)) == "malformed_token"


def test_a_weak_key_is_not_used() -> None:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    n = b64(numbers.n.to_bytes(128, "big"))
    weak = {"kty": "RSA", "kid": "k2", "n": n, "e": "AQAB"}
    assert code(token("RS256", "k2"), provider=Provider(keys=[weak])) == "unknown_key"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"iss": None}, "wrong_issuer"),
        ({"iss": ISSUER + "/"}, "wrong_issuer"),
        ({"iss": [ISSUER]}, "wrong_issuer"),
        ({"aud": None}, "wrong_audience"),
        ({"aud": []}, "wrong_audience"),
        ({"aud": "https://other.example.com"}, "wrong_audience"),
        ({"aud": AUDIENCE + "/"}, "wrong_audience"),
        ({"aud": {AUDIENCE: 1}}, "wrong_audience"),
        ({"aud": [[AUDIENCE], 5]}, "wrong_audience"),
        ({"aud": ["https://other.example.com", AUDIENCE]}, ""),
        ({"exp": None}, "malformed_token"),
        ({"exp": "2030"}, "malformed_token"),
        ({"exp": True}, "malformed_token"),
        ({"exp": float("inf")}, "malformed_token"),
        ({"exp": float("nan")}, "malformed_token"),
        ({"exp": 10**40}, "malformed_token"),
        ({"exp": 10**400}, "malformed_token"),
        ({"iat": 10**400}, "malformed_token"),
        ({"exp": -1}, "malformed_token"),
        ({"exp": T - 31}, "token_expired"),
        ({"exp": T - 30}, "token_expired"),
        ({"exp": T - 29}, ""),
        ({"exp": T + 0.5}, ""),
        ({"nbf": T + 31}, "token_not_yet_valid"),
        ({"nbf": T + 30}, ""),
        ({"nbf": "soon"}, "malformed_token"),
        ({"iat": T + 31}, "token_not_yet_valid"),
        ({"iat": None}, "malformed_token"),
        ({"jti": None}, "malformed_token"),
        ({"client_id": None}, "malformed_token"),
        ({"sub": None}, "malformed_token"),
        ({"sub": ""}, "malformed_token"),
        ({"sub": 5}, "malformed_token"),
        ({"sub": "ann\n"}, "malformed_token"),
        ({"sub": "a" * 257}, "malformed_token"),
        ({"groups": None}, "incomplete_groups"),
        ({"groups": "hr"}, "malformed_token"),
        ({"groups": ["hr", 5]}, "malformed_token"),
        ({"groups": [""]}, "malformed_token"),
        ({"hasgroups": True}, "incomplete_groups"),
        ({"_claim_names": {"groups": "src1"}}, "incomplete_groups"),
        ({"_claim_names": {"groups": "src1"}, "groups": None}, "incomplete_groups"),
        ({"scope": 5}, "malformed_token"),
        ({"act": "cat"}, "malformed_token"),
        ({"act": {}}, "malformed_token"),
    ],
)
def test_claims(change: dict[str, object], expected: str) -> None:
    assert code(token(**change)) == expected


@pytest.mark.parametrize("typ", ["JWT", None, "dpop+jwt", "logout+jwt", "oauth-id-jag+jwt", 5, ["at+jwt"]])
def test_other_types_are_refused(typ: object) -> None:
    assert code(token(header={"typ": typ})) == "wrong_type"
    lenient = "" if typ in ("JWT", None) else "wrong_type"
    assert code(token(header={"typ": typ}), require_at_jwt=False) == lenient


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_names_of_the_type(typ: str) -> None:
    assert code(token(header={"typ": typ})) == ""


def test_configured_overage() -> None:
    assert code(token(more={"groups": "yes"}), overage_claims=frozenset({"more.groups"})) == "incomplete_groups"


@pytest.mark.parametrize("issuer", ["http://id.example.com", "ftp://x", "id", "", "https://", "http://[::1"])
def test_an_issuer_must_be_safe_to_ask(issuer: str) -> None:
    with pytest.raises(LockgateError):
        authenticator(issuer=issuer)


@pytest.mark.parametrize(
    "change", [{"audience": frozenset()}, {"audience": frozenset({""})}, {"leeway": timedelta(1)}]
)
def test_settings_that_would_let_too_much_in(change: dict[str, object]) -> None:
    with pytest.raises(LockgateError):
        authenticator(**change)


HEAD = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda s: st.lists(s) | st.dictionaries(st.text(), s),
)
claim_names = st.sampled_from(
    [*claims(), "nbf", "act", "sid", "acr", "azp", "scope", "scp", "_claim_names", "hasgroups"]
)


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")) | st.lists(st.binary().map(b64)).map(".".join))
def test_any_text_is_refused_with_a_reason(credential: str) -> None:
    assert code(credential)


@given(
    st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "jwk", "b64"]) | st.text(), json_values),
    json_values,
)
def test_any_json_without_signature_is_refused(header: dict[str, object], payload: object) -> None:
    assert code(unsigned(HEAD | header, json.dumps(payload).encode(), "AAAA"))


@given(st.dictionaries(claim_names, json_values))
def test_any_signed_claims_give_an_answer_or_a_reason(change: dict[str, object]) -> None:
    payload = json.dumps(claims() | change).encode()
    code(sign(HEAD, payload, key("ES256", "k1")))


@given(json_values | st.lists(json_values).map(lambda keys: {"keys": keys}))
def test_any_key_set_closes_or_is_unknown(answer: object) -> None:
    provider = Provider(raw=json.dumps(answer).encode())
    with pytest.raises((Unauthenticated, Unavailable)):
        asyncio.run(authenticator(provider).authenticate(token()))


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg"]), json_values))
def test_any_key_gives_an_answer_or_a_reason(change: dict[str, object]) -> None:
    code(token(), provider=Provider(keys=[key("ES256", "k1").as_dict(private=False) | change]))
