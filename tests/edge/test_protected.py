"""RFC 9728: metadata of the protected resource, and challenges at every door that say where it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from lockgate.config import parse
from lockgate.edge.app import application
from lockgate.edge.challenge import InsufficientScope
from lockgate.edge.problems import openai_problem, problem
from lockgate.edge.protected import ProtectedResource
from lockgate.errors import Invalid, Unauthenticated
from lockgate.wiring.resource import names, protected

URL = "https://lockgate.example.com"
WHERE = f"{URL}/.well-known/oauth-protected-resource"
RESOURCE = ProtectedResource(URL, ("https://id.example.com",), ("openid", "lockgate"))


def refusing(error: Any, render: Any = problem) -> Any:
    async def handler(_: Request) -> Response:
        return render(error, "req")

    return handler


def client(resource: ProtectedResource = RESOURCE) -> TestClient:
    table = [
        Route("/ours", refusing(Unauthenticated("no bearer token", code="missing_token"))),
        Route("/openai", refusing(Unauthenticated("the token has expired", code="token_expired"), openai_problem)),
        Route("/mcp", refusing(Unauthenticated("no bearer token", code="missing_token"))),
        Route("/mcp/x", refusing(Unauthenticated("no bearer token", code="missing_token"))),
        Route("/mcpx", refusing(Unauthenticated("no bearer token", code="missing_token"))),
        Route("/scope", refusing(InsufficientScope("chat"))),
        Route("/basic", lambda _: Response(status_code=401, headers={"WWW-Authenticate": "Basic realm=x"})),
    ]
    return TestClient(application([*resource.routes(), *table], resource=resource))


def test_the_metadata_is_that_of_the_configuration():
    answer = client().get("/.well-known/oauth-protected-resource", headers={"Host": "evil.example"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "resource": URL,
        "authorization_servers": ["https://id.example.com"],
        "scopes_supported": ["openid", "lockgate"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Lockgate",
    }


def test_the_mcp_server_is_a_resource_of_its_own():
    answer = client().get("/.well-known/oauth-protected-resource/mcp")
    assert answer.json()["resource"] == f"{URL}/mcp"


def test_what_is_not_configured_is_not_stated():
    answer = client(ProtectedResource(URL)).get("/.well-known/oauth-protected-resource").json()
    assert set(answer) == {"resource", "bearer_methods_supported", "resource_name"}


def test_without_an_address_there_is_neither_metadata_nor_a_parameter():
    asked = client(ProtectedResource())
    answer = asked.get("/.well-known/oauth-protected-resource", headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "no_public_url"
    assert "resource_metadata" not in asked.get("/ours").headers["www-authenticate"]


@pytest.mark.parametrize(
    ("path", "where"),
    [("/ours", WHERE), ("/openai", WHERE), ("/mcp", f"{WHERE}/mcp"), ("/mcp/x", f"{WHERE}/mcp"), ("/mcpx", WHERE)],
)
def test_every_challenge_says_where_the_metadata_is(path: str, where: str):
    stated = client().get(path, headers={"Host": "evil.example"}).headers["www-authenticate"]
    assert stated.startswith("Bearer realm=")
    assert stated.endswith(f'resource_metadata="{where}"')
    assert stated.count("resource_metadata") == 1


def test_what_is_no_bearer_challenge_is_left_alone():
    assert client().get("/basic").headers["www-authenticate"] == "Basic realm=x"
    assert "resource_metadata" not in client().get("/scope").headers["www-authenticate"]


CONFIGURATION = (
    "[server]\n{server}\n[identity]\nissuer = 'https://id.example.com'\naudience = 'a'\nscope = 'openid x'\n"
)


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("", "http://127.0.0.1:8420"),
        ("host = '::1'", "http://[::1]:8420"),
        ("host = '0.0.0.0'\nplain_http = true", ""),
        ("host = '10.0.0.1'\nplain_http = true", ""),
        (f"host = '10.0.0.1'\ntls_certificate = '{__file__}'", "https://10.0.0.1:8420"),
        ("host = '0.0.0.0'\npublic_url = 'https://lockgate.example.com/'", URL),
    ],
)
def test_the_address_is_configured_or_that_of_the_listener(server: str, url: str):
    stated = protected(parse(CONFIGURATION.format(server=server), Path("/x/lockgate.toml")))
    assert stated == ProtectedResource(url, ("https://id.example.com",), ("openid", "x"))


@pytest.mark.parametrize(
    "url",
    [f"https://{rest}" for rest in ("", "a/b", "a?b", "u@a", "a#b", 'a"b', "ä.example")]
    + ["a.example", "ftp://a"],
)
def test_an_address_that_is_none_is_refused_with_its_line(url: str):
    with pytest.raises(Invalid, match=r"lockgate.toml:2: `server.public_url`"):
        parse(CONFIGURATION.format(server=f"public_url = {json.dumps(url)}"), Path("/x/lockgate.toml"))


def test_the_resource_of_the_metadata_is_an_audience_where_it_is_configured():
    """A client asks for a token for the `resource` that it read (RFC 8707); nothing else becomes an audience."""
    stated = parse(CONFIGURATION.format(server=f"public_url = '{URL}'"), Path("/x/lockgate.toml"))
    assert names(stated) == {"a", URL, f"{URL}/mcp"}
    resource = protected(stated)
    assert {resource.metadata()["resource"], resource.metadata("/mcp")["resource"]} <= names(stated)
    assert names(parse(CONFIGURATION.format(server=""), Path("/x/lockgate.toml"))) == {"a"}
