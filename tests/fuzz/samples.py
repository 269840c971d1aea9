"""Inputs that the parsers take: where fuzzing begins."""

from __future__ import annotations

import json
from pathlib import Path

from support import NOW


def dump(made: object) -> bytes:
    """Return a value as JSON."""
    return json.dumps(made).encode()


SEEDS = Path(__file__).with_name("seeds")
"""Inputs that once broke something, in a folder for each target."""
LABEL = {
    "sensitivity": "confidential",
    "readers": [["group:hr", "user:ann"]],
    "integrity": "internal",
    "retention": {"delete_by": "2030-01-01", "keep_until": None, "holds": ["h"]},
    "owners": ["group:hr"],
    "forbidden_uses": ["ai"],
}
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"Hi."},"finish_reason":"stop"}]}\n\ndata: [DONE]\r\n\r\n'
CHUNK = {
    "choices": [
        {
            "index": 0,
            "delta": {"content": "Hi.", "tool_calls": [{}]},
            "message": {"content": "Hi."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4},
}
TURN = {"role": "user", "content": [{"type": "text", "text": "Hello"}]}
CHAT = {"model": "m", "messages": [TURN], "temperature": 0.5, "stop": ["x"], "n": 1, "stream": True}
PART = {"type": "user", "id": "staff", "properties": {"groups": ["group:hr"]}}
QUESTION = {
    "subject": PART,
    "action": {"name": "read", "properties": {}},
    "resource": {"type": "document", "id": "a/b"},
    "context": {"use": "open", "risk": "low", "assurance": 2},
    "evaluations": [{}, {"action": {"name": "prompt"}}],
    "options": {"evaluations_semantic": "execute_all"},
    "page": {"limit": 2, "token": "x"},
}
RPC = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "search", "arguments": {"query": "q"}},
}
CLAIMS = {
    "iss": "https://id.example.com",
    "aud": ["lockgate"],
    "sub": "ann",
    "client_id": "c",
    "jti": "1",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 60,
    "sid": "s",
    "scope": "openid a",
    "acr": "2",
    "a": {"groups": ["hr"]},
    "act": {"sub": "agent", "act": {"sub": "other"}},
}
KEYS = {
    "keys": [
        {
            "kty": "EC",
            "crv": "P-256",
            "kid": "k1",
            "use": "sig",
            "alg": "ES256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "kid": "k2",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "key_ops": ["verify"],
        },
        {"kty": "RSA", "kid": "k1", "n": "AQAB", "e": "AQAB"},
    ]
}
TOML = (
    b"version = 1\n"
    b"[[rule]]\n"
    b'match = ["hr/**"]\n'
    b'readers = ["group:hr"]\n'
    b'owners = ["user:ann"]\n'
    b'sensitivity = "restricted"\n'
)
PEOPLE = b'complete = true\n[people.ann]\ngroups = ["hr"]\nactive = true\n[groups.hr]\ngroups = ["x"]\n'
YAML = (
    b"cases:\n"
    b"- name: n\n"
    b"  subject: {user: ann, groups: [hr]}\n"
    b"  action: read\n"
    b"  resource: {document: d}\n"
    b"  want: permit\n"
)
POLICY = (
    b'@id("a.b")\n'
    b'permit (principal, action == Lockgate::Action::"read", resource is Lockgate::Document) whe'
    b"n { principal.satisfied.containsAll(resource.clauses) };\n"
)
POST = b"POST /v1/retrieve HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nAuthorization: Bearer a\r\n\r\n{}"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
NOTE = f"test\n3\n{'A' * 43}=\n\n\u2014 test {'A' * 91}=\n".encode()
PROOF = b"c2sp.org/tlog-proof@v1\nextra eyJsZWFmIjoiQUFBQSJ9\nindex 1\n" + b"A" * 43 + b"=\n\n" + NOTE
OCSF = dump(
    {
        "time": 1,
        "metadata": {"correlation_uid": "req_1", "sequence": 0},
        "unmapped": {"lockgate": {"kind": "decision", "label": LABEL, "facts": {"a": 1}, "reasons": ["x"]}},
    }
)
MAIL = (
    b"From: a@b.c\r\n"
    b"Subject: =?utf-8?q?Hi?=\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n"
    b"\r\n"
    b"--x\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"Hello\r\n"
    b"--x--\r\n"
)
KEYFILE = {
    "id": "k",
    "hash": "0" * 64,
    "service": "etl",
    "owner": "user:ann",
    "scopes": ["chat"],
    "created": "2026-01-01T00:00:00+00:00",
    "expires": "2027-01-01T00:00:00+00:00",
}
VKEY = b"test+40e6a5fd+AfaYLSDnKDhDpKVjt6NPTlwM/uQfAfSqHvCCbWQG5E/b"
