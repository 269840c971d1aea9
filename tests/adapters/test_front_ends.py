"""Front ends say who asks: every way to say it falsely is refused, and what is right is the intersection."""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from adapters.oidc_parts import TestClock, b64, key, sign
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.oidc import front_ends
from lockgate.adapters.oidc.front_ends import KEPT, FrontEnds, public_keys
from lockgate.errors import LockgateError, Unauthenticated, Unavailable
from lockgate.journeys.registry import Registered
from lockgate.labels import Readers
from lockgate.policy.model import Principal, PrincipalKind, Session, Subject
from lockgate.policy.registered import ANY, Application, ApplicationKind, NotRegistered, registry
from support import NOW

AUDIENCE = "https://gate.example.com"
CANARY = "s3cret-canary"
PEOPLE = """
complete = true
[people.ann]
groups = ["hr"]
[people.gone]
groups = ["hr"]
active = false
"""


class Credentials:
    """Knows the front ends by their keys, and one person by a token."""

    async def authenticate(self, credential: str, /) -> Subject:
        if credential == "ann-token":
            ann = Principal(PrincipalKind.USER, "ann", frozenset({"group:hr"}))
            return Subject(ann, Session("s", NOW + timedelta(hours=1)), "chat")
        if credential not in ("chat", "other", "etl", "nobody"):
            raise Unauthenticated("no", code="unknown_key_id")
        return Subject(
            Principal(PrincipalKind.SERVICE, credential), Session("s", NOW + timedelta(hours=1)), credential
        )


class Front:
    """A gateway's authenticator with one front end, `chat`, and its signer."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, TestClock()
        (folder / "people.toml").write_text(PEOPLE)
        (folder / "chat.jwks").write_text(json.dumps({"keys": [key("ES256", "k1").as_dict(private=False)]}))
        (folder / "other.jwks").write_text(json.dumps({"keys": [key("ES256", "k2").as_dict(private=False)]}))
        self.applications = registry([self._one("chat"), self._one("other")])
        self.applications |= registry([Application("etl", ApplicationKind.SERVICE, may_act_for_users=True)])
        self.start()

    def _one(self, id: str) -> Application:
        keys = str(self.folder / f"{id}.jwks")
        kind = ApplicationKind.FRONT_END
        return Application(id, kind, groups=frozenset({ANY}), may_act_for_users=True, user_keys=keys)

    def start(self, before: float = 1.0) -> None:
        self.clock.forward(seconds=-before)
        directory = DirectoryFile.open(self.folder / "people.toml")
        front = FrontEnds(
            Credentials(),
            lambda: self.applications,
            frozenset({AUDIENCE}),
            self.clock,
            self.clock.now(),
            directory,
        )
        self.authenticator = Registered(front, lambda: self.applications)
        self.clock.forward(seconds=before)

    def claims(self, **change: object) -> dict[str, object]:
        now = int(self.clock.now().timestamp())
        good: dict[str, object] = {"iss": "chat", "aud": AUDIENCE, "sub": "ann", "jti": secrets.token_hex(8)}
        good |= {"iat": now, "exp": now + 60}
        return {name: value for name, value in (good | change).items() if value is not None}

    def signed(self, header: dict[str, object] | None = None, kid: str = "k1", **change: object) -> str:
        head = {"alg": "ES256", "typ": "lockgate-user+jwt", "kid": kid} | (header or {})
        return sign(head, json.dumps(self.claims(**change)).encode(), key("ES256", kid))

    def who(self, assertion: str, request: str = "", credential: str = "chat") -> Subject:
        words = f"{credential} {assertion} {request or secrets.token_hex(8)}"
        return asyncio.run(self.authenticator.authenticate(words))

    def refusal(self, assertion: str, request: str = "", credential: str = "chat") -> str:
        with pytest.raises(LockgateError) as caught:
            self.who(assertion, request, credential)
        assert CANARY not in f"{caught.value} {caught.value.remedy}"
        assert isinstance(caught.value, Unauthenticated | NotRegistered)
        return caught.value.code


@pytest.fixture
def front(tmp_path: Path) -> Front:
    return Front(tmp_path)


def test_the_front_end_acts_for_the_person_with_the_persons_groups(front: Front) -> None:
    subject = front.who(front.signed())
    assert [one.name for one in subject.parties] == ["service:chat", "user:ann"]
    assert subject.satisfies(Readers.any_of("group:hr"))
    assert subject.satisfies(Readers.any_of("user:ann"))
    assert not subject.satisfies(Readers.any_of("group:sales"))


def test_its_own_groups_limit_it(front: Front) -> None:
    front.applications["chat"] = Application(
        "chat",
        ApplicationKind.FRONT_END,
        groups=frozenset({"group:staff"}),
        may_act_for_users=True,
        user_keys=str(front.folder / "chat.jwks"),
    )
    assert not front.who(front.signed()).satisfies(Readers.any_of("group:hr"))


def test_without_an_assertion_it_is_itself(front: Front) -> None:
    subject = asyncio.run(front.authenticator.authenticate("chat"))
    assert (subject.principal.name, subject.on_behalf_of) == ("service:chat", None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": "other"}, "assertion_wrong_issuer"),
        ({"iss": None}, "assertion_wrong_issuer"),
        ({"iss": ["chat"]}, "assertion_wrong_issuer"),
        ({"aud": "https://other.example.com"}, "assertion_wrong_audience"),
        ({"aud": None}, "assertion_wrong_audience"),
        ({"aud": [AUDIENCE]}, "assertion_wrong_audience"),
        ({"sub": None}, "assertion_malformed"),
        ({"sub": ""}, "assertion_malformed"),
        ({"sub": 7}, "assertion_malformed"),
        ({"sub": ["ann"]}, "assertion_malformed"),
        ({"sub": f"{CANARY}\n"}, "assertion_malformed"),
        ({"sub": CANARY}, "unknown_person"),
        ({"sub": "gone"}, "inactive_person"),
        ({"sub": "group:hr"}, "unknown_person"),
        ({"jti": None}, "assertion_malformed"),
        ({"jti": "x" * 257}, "assertion_malformed"),
        ({"iat": None}, "assertion_malformed"),
        ({"exp": None}, "assertion_malformed"),
        ({"exp": True}, "assertion_malformed"),
        ({"exp": float("nan")}, "assertion_malformed"),
        ({"exp": 2**70}, "assertion_malformed"),
        ({"exp": int(NOW.timestamp()) + 61}, "assertion_expired"),
        ({"exp": int(NOW.timestamp())}, "assertion_expired"),
        ({"iat": int(NOW.timestamp()) + 6, "exp": int(NOW.timestamp()) + 60}, "assertion_expired"),
        ({"iat": int(NOW.timestamp()) - 2}, "assertion_expired"),
    ],
)
def test_what_it_says_must_be_right(front: Front, change: dict[str, object], code: str) -> None:
    assert front.refusal(front.signed(**change)) == code


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "", None, "LOCKGATE-USER+JWT", ["lockgate-user+jwt"]])
def test_another_kind_of_token_is_no_assertion(front: Front, typ: object) -> None:
    assert front.refusal(front.signed({"typ": typ})) == "assertion_malformed"


def test_algorithm_confusion(front: Front) -> None:
    """`none`, and HS256 with the public key as the secret."""
    payload = json.dumps(front.claims()).encode()
    head = {"alg": "none", "typ": "lockgate-user+jwt", "kid": "k1"}
    assert front.refusal(f"{b64(json.dumps(head).encode())}.{b64(payload)}.") == "assertion_bad_signature"
    from joserfc.jwk import OctKey

    public = OctKey.import_key((front.folder / "chat.jwks").read_bytes())
    assert front.refusal(sign(head | {"alg": "HS256"}, payload, public)) == "assertion_bad_signature"


def test_what_was_signed_may_not_be_changed(front: Front) -> None:
    head, payload, signature = front.signed().split(".")
    other = b64(json.dumps(front.claims(sub="gone")).encode())
    assert front.refusal(f"{head}.{other}.{signature}") == "assertion_bad_signature"
    assert front.refusal(f"{head}.{payload}.") == "assertion_bad_signature"
    assert front.refusal(f"{head}.{payload}.{signature[:-4]}AAAA") == "assertion_bad_signature"
    named = {"alg": "ES256", "typ": "lockgate-user+jwt", "kid": "k1"}
    forged = sign(named, json.dumps(front.claims()).encode(), ECKey.generate_key("P-256"))
    assert front.refusal(forged) == "assertion_bad_signature"


@pytest.mark.parametrize("extra", [{"crit": ["x"]}, {"b64": False}, {"cty": "JWT"}])
def test_extensions_are_refused(front: Front, extra: dict[str, object]) -> None:
    assert front.refusal(front.signed(extra)) == "assertion_malformed"


def test_keys_that_it_brings_along_are_not_looked_at(front: Front) -> None:
    own = key("ES256", "k9")
    jwk = own.as_dict(private=False)
    head = {"alg": "ES256", "typ": "lockgate-user+jwt", "kid": "k9", "jwk": jwk, "jku": "https://evil.example"}
    assert front.refusal(sign(head, json.dumps(front.claims()).encode(), own)) == "assertion_bad_signature"


def test_one_front_end_cannot_speak_for_another(front: Front) -> None:
    assert front.refusal(front.signed(kid="k2")) == "assertion_bad_signature"
    assert front.refusal(front.signed(), credential="other") == "assertion_bad_signature"
    assert front.refusal(front.signed(kid="k2", iss="chat"), credential="other") == "assertion_wrong_issuer"
    assert front.who(front.signed(kid="k2", iss="other"), credential="other").application == "other"


@pytest.mark.parametrize("text", ["?", "a.b", "a.b.c.d.e", "a.b.c", "x" * 5000, "..", "ey.ey.ey"])
def test_what_is_no_token(front: Front, text: str) -> None:
    assert front.refusal(text) == "assertion_malformed"


def test_names_that_are_there_twice(front: Front) -> None:
    payload = json.dumps(front.claims())[:-1] + ', "sub": "bea"}'
    head = {"alg": "ES256", "typ": "lockgate-user+jwt", "kid": "k1"}
    assert front.refusal(sign(head, payload.encode(), key("ES256", "k1"))) == "assertion_malformed"


def test_only_a_front_end_with_its_own_credential_says_who_asks(front: Front) -> None:
    assert front.refusal(front.signed(), credential="etl") == "assertion_unexpected"
    assert front.refusal(front.signed(), credential="ann-token") == "assertion_unexpected"
    assert front.refusal(front.signed(), credential="nobody") == "application_not_registered"
    assert front.refusal(front.signed(), credential="wrong") == "unknown_key_id"


def test_an_assertion_is_used_once_and_its_request_may_ask_again(front: Front) -> None:
    one = front.signed()
    front.who(one, "request-1")
    assert front.refusal(one, "request-2") == "assertion_replayed"
    assert front.refusal(one, "") == "assertion_replayed"
    front.clock.forward(seconds=300)  # long after its end: the request that used it goes on
    subject = front.who(one, "request-1")
    assert subject.session.expires == NOW + KEPT
    assert front.refusal(one, "request-2") == "assertion_replayed"


def test_it_is_known_as_used_until_it_has_expired_by_far(front: Front) -> None:
    one = front.signed()
    front.who(one, "request-1")
    front.clock.forward(seconds=KEPT.total_seconds() + 1)
    front.who(front.signed(), "request-2")
    assert front.refusal(one, "request-1") == "assertion_expired"


def test_a_restart_replays_nothing(front: Front) -> None:
    one = front.signed()
    front.who(one)
    front.clock.forward(seconds=10)
    front.start()
    assert front.refusal(one) == "assertion_expired"
    front.who(front.signed())


@pytest.mark.parametrize("ahead", [0.0, 0.4])
def test_a_restart_replays_nothing_that_was_ahead_or_of_the_same_second(front: Front, ahead: float) -> None:
    """The gateway starts again in that moment, by a crash that somebody has caused."""
    one = front.signed(iat=NOW.timestamp() + ahead, exp=NOW.timestamp() + 30)

    async def when_its_time_comes() -> Subject:
        asked = asyncio.create_task(front.authenticator.authenticate(f"chat {one} first"))
        await asyncio.sleep(0.05)
        front.clock.forward(seconds=0.45)
        return await asked

    assert asyncio.run(when_its_time_comes()).on_behalf_of is not None
    front.start(before=0.0)
    assert front.refusal(one) == "assertion_expired"
    front.clock.forward(seconds=0.5)
    assert front.who(front.signed(iat=front.clock.now().timestamp())).on_behalf_of is not None


def test_one_front_end_cannot_use_up_the_place_of_another(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_ends, "MOST_KEPT", 3)
    for _ in range(3):
        front.who(front.signed())
    with pytest.raises(Unavailable, match="of this front end"):
        front.who(front.signed())
    assert front.who(front.signed(kid="k2", iss="other"), credential="other").on_behalf_of is not None
    front.clock.forward(seconds=KEPT.total_seconds() + 1)
    assert front.who(front.signed()).on_behalf_of is not None


def test_a_refused_assertion_is_not_used_up(front: Front) -> None:
    """Nobody can use another one's up: without the signature nothing is remembered."""
    jti = "the-one"
    front.refusal(front.signed(jti=jti, sub=CANARY, kid="k2"))
    front.who(front.signed(jti=jti))


def test_closing_an_account_ends_what_runs(front: Front, tmp_path: Path) -> None:
    one = front.signed()
    front.who(one, "request-1")
    directory = front.authenticator.credentials._directory
    (tmp_path / "people.toml").write_text(PEOPLE.replace('groups = ["hr"]', 'groups = ["hr"]\nactive = false', 1))
    fresh = DirectoryFile.open(tmp_path / "people.toml")
    assert directory.person("ann").active
    front.authenticator.credentials._directory = fresh
    assert front.refusal(one, "request-1") == "inactive_person"


def test_keys_are_read_again_and_a_withdrawn_one_is_refused(front: Front) -> None:
    front.who(front.signed())
    (front.folder / "chat.jwks").write_text(json.dumps({"keys": [key("ES256", "k3").as_dict(private=False)]}))
    assert front.refusal(front.signed()) == "assertion_bad_signature"
    front.who(front.signed(kid="k3"))


@pytest.mark.parametrize("data", [None, "{}", '{"keys": []}', "nonsense", '{"keys": 7}'])
def test_keys_that_cannot_be_read_let_nobody_in_and_name_no_path(front: Front, data: str | None) -> None:
    path = front.folder / "chat.jwks"
    path.unlink()
    if data is not None:
        path.write_text(data)
    with pytest.raises(Unavailable) as caught:
        front.who(front.signed())
    assert str(front.folder) not in str(caught.value)


def test_a_key_may_be_in_pem_and_never_a_private_one(tmp_path: Path) -> None:
    pair = ECKey.generate_key("P-256")
    assert public_keys(pair.as_pem(private=False))[0]["kty"] == "EC"
    assert public_keys(RSAKey.generate_key(2048).as_pem(private=False))[0]["kty"] == "RSA"
    for private in (pair.as_pem(private=True), json.dumps({"keys": [pair.as_dict(private=True)]}).encode()):
        with pytest.raises((ValueError, Unavailable)):
            public_keys(private)
