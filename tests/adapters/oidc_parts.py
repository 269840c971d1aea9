"""An issuer in memory for tests: real keys and signatures, no sockets, and a clock that tests turn."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from lockgate.adapters.oidc import OidcAuthenticator, OidcSettings
from lockgate.errors import Unavailable
from lockgate.ports import Directory
from support import NOW

ISSUER = "https://id.example.com"
AUDIENCE = "https://gate.example.com"


@dataclass
class TestClock:
    __test__ = False
    time: datetime = NOW

    def now(self) -> datetime:
        return self.time

    def forward(self, **step: float) -> None:
        self.time += timedelta(**step)


@cache
def key(algorithm: str, kid: str) -> Key:
    """Return a private key, made once per run."""
    if algorithm.startswith(("RS", "PS")):
        return RSAKey.generate_key(2048, {"kid": kid})
    if algorithm.startswith("ES"):
        return ECKey.generate_key({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm], {"kid": kid})
    return OKPKey.generate_key("Ed25519", {"kid": kid})


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(header: dict[str, object], payload: bytes, private: Key) -> str:
    """Return a compact JWS without any check of what is signed: tests sign nonsense too."""
    algorithm = jws.JWSRegistry.algorithms[str(header["alg"])]
    start = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
    return f"{start}.{b64(algorithm.sign(start.encode(), private))}"


def claims(**change: object) -> dict[str, object]:
    """Return good claims with some changed; None takes one away."""
    now = int(NOW.timestamp())
    good: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ann",
        "client_id": "cli",
        "jti": "t-1",
        "iat": now,
        "exp": now + 600,
        "groups": ["hr"],
    }
    return {name: value for name, value in (good | change).items() if value is not None}


def token(
    algorithm: str = "ES256", kid: str = "k1", header: dict[str, object] | None = None, **change: object
) -> str:
    head = {"alg": algorithm, "typ": "at+jwt", "kid": kid} | (header or {})
    return sign(head, json.dumps(claims(**change)).encode(), key(algorithm, kid))


@dataclass
class Provider:
    """Answers discovery and key set from memory, counts the questions, and can be made to fail."""

    keys: list[object] = field(default_factory=lambda: [key("ES256", "k1").as_dict(private=False)])
    metadata: dict[str, object] = field(default_factory=lambda: {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
    down: bool = False
    raw: bytes | None = None
    asked: list[str] = field(default_factory=list)

    async def fetch(self, address: str) -> bytes:
        self.asked.append(address)
        if self.down:
            raise Unavailable("down")
        if address.endswith("/.well-known/openid-configuration"):
            return json.dumps(self.metadata).encode()
        return self.raw if self.raw is not None else json.dumps({"keys": self.keys}).encode()


def settings(**change: object) -> OidcSettings:
    values: dict[str, object] = {"issuer": ISSUER, "audience": frozenset({AUDIENCE}), "groups_claim": "groups"}
    return OidcSettings(**(values | change))  # type: ignore[arg-type]  # tests give wrong ones on purpose


def authenticator(
    provider: Provider | None = None,
    clock: TestClock | None = None,
    directory: Directory | None = None,
    **change: object,
) -> OidcAuthenticator:
    return OidcAuthenticator(settings(**change), clock or TestClock(), (provider or Provider()).fetch, directory)


SHARED_SECRET = OctKey.import_key("a secret of sufficient length for HS256, at least")
