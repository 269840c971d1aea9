"""Applications, agents and front ends over HTTP: who gets what through what.

`matrix/applications.txt` is the answer that is checked in; LOCKGATE_ACCEPT_MATRIX=1 accepts a change.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from attacks.http import chat, send, tool
from e2e.lab import Lab, in_thread, opened, plant, records
from lockgate.adapters.clock import SystemClock
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.service_keys.file import KeyFile, create
from lockgate.content.document import document_id
from lockgate.demo.run import AUDIENCE
from lockgate.journeys.chat import Ask
from lockgate.journeys.conversation import Turn
from matrix.endpoints import QUESTION
from serving import free_socket, serving

MATRIX = Path(__file__).parents[1] / "matrix" / "applications.txt"
ROOT = Path(__file__).parents[2]
SIGNING = ECKey.generate_key("P-256")

_EVERY = 'models = ["*"]\ncollections = ["*"]\npurposes = ["*"]\nceiling = "restricted"\n'
_ACTS = "may_act_for_users = true\n"
APPLICATIONS: Mapping[str, str] = {
    "lockgate-demo": "",
    "general-only": _EVERY.replace("restricted", "general"),
    "no-collection": _EVERY.replace('collections = ["*"]\n', ""),
    "no-model": _EVERY.replace('models = ["*"]\n', ""),
    "other-purpose": _EVERY.replace('purposes = ["*"]', 'purposes = ["support"]'),
    "all-restricted": f'prompt = "restricted"\n{_EVERY}',
    "agent-of-staff": f'kind = "agent"\n{_ACTS}groups = ["group:staff"]\n{_EVERY}',
    "agent-of-all": f'kind = "agent"\n{_ACTS}groups = ["*"]\n{_EVERY}',
    "agent-that-may-not": f'kind = "agent"\n{_EVERY}',
    "chat-ui": f'kind = "front_end"\n{_ACTS}groups = ["*"]\nuser_keys = "chat-ui.pub"\n{_EVERY}',
}
"""The lines of each registration; that of the first is the lab's own. `not-registered` is none of them."""

CASES: Mapping[str, tuple[str, str, Mapping[str, Any] | None]] = {
    "the list of models": ("GET", "/v1/models", None),
    "a question": ("POST", "/v1/chat/completions", chat(QUESTION)),
    "a response": ("POST", "/v1/responses", {"model": "assistant", "input": QUESTION}),
    "an MCP search": ("POST", "/mcp", tool("search", query="gifts salaries plan minutes travel")),
    "passages": ("POST", "/v1/retrieve", {"query": "gifts salaries plan minutes travel"}),
    "a general document": ("GET", f"/v1/documents/{document_id('brightwater', 'handbook/gifts.md')}", None),
    "what is exposed": ("GET", "/v1/exposure", None),
    "what a person finds": ("GET", "/v1/exposure/findable/{me}", None),
    "why": ("GET", f"/v1/documents/{document_id('brightwater', 'hr/salaries.md')}/why?as=staff", None),
    "a restricted document": ("GET", f"/v1/documents/{document_id('brightwater', 'hr/salaries.md')}", None),
}


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("applications")
    plant(folder)
    (folder / "chat-ui.pub").write_bytes(SIGNING.as_pem(private=False))
    more = "".join(f'[[applications]]\nid = "{id}"\n{lines}' for id, lines in APPLICATIONS.items() if lines)
    with in_thread(lambda: opened(folder, embedder, models=more)) as made:
        yield made


def token(lab: Lab, person: str, client: str, **more: object) -> str:
    """Return an access token of a person that was issued to a client, or of the client itself."""
    now = int(time.time())
    claims = {"iss": lab.issuer.issuer, "aud": AUDIENCE, "sub": person, "client_id": client, "acr": "demo"}
    claims |= {"jti": secrets.token_hex(8), "iat": now, "exp": now + 600} | more
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "demo"}, claims, lab.issuer._key)


def front_end_key(lab: Lab, *scopes: str) -> str:
    file, day = KeyFile(lab.folder / "service-keys.json"), timedelta(days=1)
    return create(
        file, "chat-ui", "hr", frozenset(scopes or ("chat", "retrieve", "review")), (), day, SystemClock().now()
    )[1]


def assertion(lab: Lab, person: str, **change: object) -> str:
    now = int(time.time())
    claims = {"iss": "chat-ui", "aud": lab.url, "sub": person, "jti": secrets.token_hex(8), "iat": now}
    return jwt.encode({"alg": "ES256", "typ": "lockgate-user+jwt"}, claims | {"exp": now + 60} | change, SIGNING)


def ask(lab: Lab, case: str, shown: str, me: str = "staff", **headers: str) -> Any:
    method, path, body = CASES[case]
    more = {"Accept": "application/json, text/event-stream"} if path == "/mcp" else {}
    return send(lab.url, method, path.format(me=me), body, token=shown, headers=more | headers)


def seen(reply: Any) -> str:
    """Return the status, and how much there is where it is a list."""
    if reply.status != 200 or not reply.headers["content-type"].startswith("application/json"):
        return str(reply.status)
    if reply.text.startswith('{"object":"list"'):
        return f"200 ({len(reply.json['data'])})"
    if "lockgate" in reply.json:
        return f"200 ({len(reply.json['lockgate']['citations'])})"
    if "jsonrpc" in reply.json:
        found = reply.json.get("result", {}).get("structuredContent")
        return f"200 ({len(found['results'])})" if found else "refused"
    return str(reply.status)


def ways(lab: Lab, person: str) -> Iterator[tuple[str, Any]]:
    """Yield every way of a person to come in, as a name and a function that returns fresh headers."""
    for client in (*APPLICATIONS, "not-registered"):
        if client != "chat-ui":
            yield f"{person}, through {client}", lambda client=client: (token(lab, person, client), {})
    act = {"sub": "agent-of-staff"}
    yield f"{person}, act: agent-of-staff", lambda: (token(lab, person, "agent-of-staff", act=act), {})
    chain = {"sub": "agent-of-all", "act": {"sub": "agent-of-staff"}}
    yield (
        f"{person}, act: agent-of-all, agent-of-staff",
        lambda: (token(lab, person, "agent-of-all", act=chain), {}),
    )
    yield f"{person}, own token at chat-ui", lambda: (token(lab, person, "chat-ui"), {})
    signed = lambda: {"Lockgate-User-Assertion": assertion(lab, person)}  # noqa: E731
    yield f"{person}, asserted by chat-ui", lambda: (front_end_key(lab), signed())


def test_who_gets_what_through_what_is_as_checked_in(lab: Lab) -> None:
    lines = ["# What each person gets through each application; behind a list, how much. Generated: see", ""]
    lines[0] += " e2e/test_applications.py."
    for person in ("staff", "hr", "owner", "admin"):
        for name, fresh in ways(lab, person):
            lines.append(name)
            for case in CASES:
                shown, headers = fresh()
                lines.append(f"  {case:<24}{seen(ask(lab, case, shown, person, **headers))}")
    text = "\n".join(lines) + "\n"
    if os.environ.get("LOCKGATE_ACCEPT_MATRIX"):
        MATRIX.write_text(text, encoding="utf-8")
    assert text.splitlines() == MATRIX.read_text(encoding="utf-8").splitlines()


def test_an_unregistered_application_is_refused_and_recorded_without_its_token(lab: Lab) -> None:
    shown = token(lab, "hr", "not-registered")
    reply = ask(lab, "a question", shown)
    assert (reply.status, reply.json["error"]["code"]) == (403, "application_not_registered")
    assert "[[applications]]" in reply.text
    assert shown not in reply.text
    (one,) = records(lab.lockgate, reply.headers["lockgate-request-id"])
    assert (one.application, one.effect, one.outcome) == ("not-registered", "deny", "application_not_registered")


UNSIGNED = {
    "X-OpenWebUI-User-Email": "hr",
    "X-OpenWebUI-User-Id": "hr",
    "X-OpenWebUI-User-Role": "admin",
    "X-Forwarded-User": "hr",
    "X-Forwarded-Email": "hr",
    "X-User-Email": "hr",
    "Remote-User": "hr",
    "X-Remote-User": "hr",
}


@pytest.mark.parametrize("case", CASES)
def test_a_header_that_nobody_signed_changes_nothing(lab: Lab, case: str) -> None:
    """WP: the same answer with and without, and it is the front end's own: none."""
    key = front_end_key(lab)
    method, path, body = CASES[case]
    said = [send(lab.url, method, path, body, token=key, headers=more) for more in (None, UNSIGNED)]
    if case == "a question":
        said.append(send(lab.url, method, path, dict(body or {}) | {"user": "hr"}, token=key))
    for reply in said:
        assert reply.status == said[0].status
        assert seen(reply) in {"200 (0)", "403", "404", "refused"}
        assert "35 EUR" not in reply.text
        assert "61,387" not in reply.text


def test_unsigned_headers_do_not_change_a_persons_answer(lab: Lab) -> None:
    plain, dressed = (
        send(lab.url, "POST", "/v1/retrieve", {"query": "salaries"}, token=lab.token("staff"), headers=more)
        for more in (None, UNSIGNED)
    )
    strip = lambda reply: [one["document"] for one in reply.json["data"]]  # noqa: E731
    assert strip(plain) == strip(dressed)


def test_an_assertion_is_for_one_request_at_every_door(lab: Lab) -> None:
    key, one = front_end_key(lab), assertion(lab, "hr")
    signed = {"Lockgate-User-Assertion": one}
    assert ask(lab, "passages", key, **signed).status == 200
    again = ask(lab, "a question", key, **signed)
    assert (again.status, again.json["error"]["code"]) == (401, "assertion_replayed")
    assert ask(lab, "passages", lab.token("hr"), **{"Lockgate-User-Assertion": assertion(lab, "hr")}).status == 401
    assert ask(lab, "passages", key, **{"Lockgate-User-Assertion": ""}).status == 401
    assert ask(lab, "passages", key, **{"Lockgate-User-Assertion": f"{one} {one}"}).status == 401
    assert ask(lab, "passages", "", **{"Lockgate-User-Assertion": assertion(lab, "hr")}).status == 401


def test_the_log_names_the_front_end_and_the_person(lab: Lab) -> None:
    reply = ask(lab, "a question", front_end_key(lab), **{"Lockgate-User-Assertion": assertion(lab, "hr")})
    assert reply.status == 200
    for one in records(lab.lockgate, reply.headers["lockgate-request-id"]):
        assert (one.subject, one.on_behalf_of, one.application) == ("service:chat-ui", "user:hr", "chat-ui")


@pytest.mark.parametrize(
    ("person", "client", "level"),
    [("auditor", "lockgate-demo", "general"), ("steward", "all-restricted", "restricted")],
)
def test_what_is_typed_counts_as_the_application_says(lab: Lab, person: str, client: str, level: str) -> None:
    answer = ask(lab, "a question", token(lab, person, client)).json["lockgate"]
    assert answer["prompt_label"]["sensitivity"] == level


def test_the_log_names_every_actor(lab: Lab) -> None:
    chain = {"sub": "agent-of-all", "act": {"sub": "agent-of-staff"}}
    reply = ask(lab, "passages", token(lab, "hr", "agent-of-all", act=chain))
    for one in records(lab.lockgate, reply.headers["lockgate-request-id"]):
        assert (one.subject, one.on_behalf_of) == ("agent:agent-of-all", "user:hr")
        assert one.actors == ("agent:agent-of-staff",)


def test_a_registration_that_is_taken_away_counts_within_a_second(lab: Lab) -> None:
    path, shown = lab.folder / "lockgate.toml", token(lab, "staff", "general-only")
    whole = path.read_text()
    assert ask(lab, "passages", shown).status == 200
    start = whole.index('[[applications]]\nid = "general-only"')
    path.write_text(whole[:start] + whole[whole.index("[[applications]]", start + 1) :])
    try:
        began = time.monotonic()
        while ask(lab, "passages", shown).status == 200:
            assert time.monotonic() - began < 1.5
            time.sleep(0.05)
        assert ask(lab, "passages", shown).json["code"] == "application_not_registered"
    finally:
        path.write_text(whole)
        while ask(lab, "passages", shown).status != 200:
            time.sleep(0.05)


def test_a_running_answer_ends_with_its_applications_registration(lab: Lab) -> None:
    """I5: `Standing` decides again by the registry that is in force."""
    shown = token(lab, "staff", "agent-of-all")

    async def play() -> tuple[bool, bool]:
        ready = await lab.lockgate.chat.prepare(shown, Ask("assistant", (Turn("user", QUESTION),)), "req_running")
        standing = lab.lockgate.release.standing
        before = await standing.lost(ready)
        kept = lab.lockgate.in_force.applications
        one = kept["agent-of-all"]
        lab.lockgate.in_force.applications = {**kept, one.id: replace(one, may_act_for_users=False)}
        after = await standing.lost(ready)
        lab.lockgate.in_force.applications = {**kept, one.id: replace(one, collections=frozenset())}
        narrowed = await standing.lost(ready)
        lab.lockgate.in_force.applications = kept
        return before is None, after is not None and narrowed is not None

    assert lab.run(play()) == (True, True)


# ------------------------------------------------------------------ the proxy of the guide

WEBUI_SECRET = "0123456789abcdef0123456789abcdef"


def open_webui(person: str, secret: str = WEBUI_SECRET, **change: object) -> dict[str, str]:
    """Return the header that Open WebUI 0.10 sends for a person (backend/open_webui/utils/headers.py)."""
    now = int(time.time())
    claims = {"sub": "7f0c", "email": f"{person}@example.com", "name": person, "role": "user", "iss": "open-webui"}
    claims |= {"iat": now, "exp": now + 60} | change
    return {"X-OpenWebUI-User-Jwt": jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(secret))}


@pytest.fixture(scope="module")
def proxy(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "signing.pem").write_bytes(SIGNING.as_pem(private=True))
    (folder / "webui.secret").write_text(WEBUI_SECRET + "\n")
    (folder / "people.json").write_text(json.dumps({f"{one}@example.com": one for one in ("staff", "hr")}))
    environment = {"LOCKGATE_URL": lab.url, "SIGNING_KEY": "signing.pem", "APPLICATION": "chat-ui"}
    environment |= {"WEBUI_SECRET": "webui.secret", "PEOPLE": "people.json"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value if "://" in value or name == "APPLICATION" else str(folder / value))
        spec = importlib.util.spec_from_file_location(
            "signing_proxy", ROOT / "docs" / "guides" / "signing_proxy.py"
        )
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    with free_socket() as (sock, url), serving(module.app, sock):
        yield url
    sys.modules.pop("signing_proxy", None)


def test_open_webui_through_the_proxy_of_the_guide(lab: Lab, proxy: str) -> None:
    key = front_end_key(lab)
    question = chat("What is the base salary of Goran Ilic in 2026?")
    for person, told in (("hr", True), ("staff", False)):
        for stream in (False, True):
            body = dict(question) | {"stream": stream}
            reply = send(proxy, "POST", "/v1/chat/completions", body, token=key, headers=open_webui(person))
            assert reply.status == 200
            assert ("61,387" in reply.text) == told
    models = send(proxy, "GET", "/v1/models", None, token=key, headers=open_webui("staff"))
    assert "assistant" in models.text
    assert send(proxy, "GET", "/v1/models", None, token=key).json["data"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X-OpenWebUI-User-Jwt": "nonsense"},
        open_webui("hr", secret="another-secret-another-secret-32b"),
        open_webui("hr", iss="somebody"),
        open_webui("hr", exp=1),
        open_webui("nobody"),
    ],
)
def test_the_proxy_signs_for_nobody_whom_open_webui_has_not_signed(
    lab: Lab, proxy: str, headers: dict[str, str]
) -> None:
    body = chat("What is the base salary of Goran Ilic in 2026?")
    assert (
        send(proxy, "POST", "/v1/chat/completions", body, token=front_end_key(lab), headers=headers).status == 401
    )


def test_plain_headers_through_the_proxy_are_nobody(lab: Lab, proxy: str) -> None:
    body = chat("What is the base salary of Goran Ilic in 2026?")
    reply = send(proxy, "POST", "/v1/chat/completions", body, token=front_end_key(lab), headers=UNSIGNED)
    assert reply.status in {403, 404}
