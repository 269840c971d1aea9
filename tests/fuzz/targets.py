"""Everything that parses what others wrote: one table. Any error but those that are allowed is a finding."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import h11

from fuzz.documents import DOCUMENTS
from fuzz.findings import FINDINGS
from fuzz.samples import (
    CHAT,
    CHUNK,
    CHUNKED,
    CLAIMS,
    EVENT,
    KEYFILE,
    KEYS,
    LABEL,
    MAIL,
    NOTE,
    OCSF,
    PEOPLE,
    POLICY,
    POST,
    PROOF,
    QUESTION,
    RPC,
    TOML,
    TURN,
    VKEY,
    YAML,
    dump,
)
from fuzz.takes import (
    LIMITS,
    Takes,
    answer_,
    authzen_,
    cedar_,
    claims_,
    codec_,
    credential_,
    format_,
    glob_,
    head_,
    jwks_,
    keyfile_,
    label_,
    log_,
    mcp_,
    metadata_,
    note_,
    object_,
    quiet_,
    request_,
    sse_,
    text,
)
from lockgate.adapters import acceptances
from lockgate.adapters.directory_file import format as directory
from lockgate.adapters.extraction.extractor import _extracted
from lockgate.adapters.extraction.texts import Unreadable
from lockgate.adapters.files import manifest
from lockgate.adapters.graph import drive as drives
from lockgate.adapters.graph import permissions
from lockgate.adapters.mailbox import messages as mails
from lockgate.adapters.oidc import signed
from lockgate.adapters.oidc.front_ends import public_keys
from lockgate.adapters.openai_upstream import vectors
from lockgate.adapters.policy_files import SHIPPED
from lockgate.adapters.postgres import names as pages
from lockgate.adapters.s3 import acl, policy
from lockgate.audit import ocsf, proof
from lockgate.config import parse as settings
from lockgate.config.label_rules import parse_rules
from lockgate.content.escapes import unescape
from lockgate.content.mcp import decoded
from lockgate.edge import classify_api, embeddings_api, mcp_request, review_api
from lockgate.edge.codecs import chat, completions, messages, responses
from lockgate.errors import LockgateError
from lockgate.labels import wire
from lockgate.labels.label import Integrity
from lockgate.policy import cases
from lockgate.storage.index_payload import unpack_columns, unpack_texts
from support import NOW

_READABLE = (Unreadable,)


@dataclass(frozen=True)
class Target:
    """One parser. `seeds` are inputs that it takes; `allowed` are errors that may come out.

    `seconds` is the longest that an input may take, with atheris looking on. YAML costs the square of its depth,
    and only operators write it.
    """

    name: str
    takes: Takes
    seeds: tuple[bytes, ...]
    allowed: tuple[type[BaseException], ...] = (LockgateError,)
    seconds: float = 5.0


TARGETS: tuple[Target, ...] = (
    Target("sse", sse_, (b"\x01" + EVENT, b"\x03: c\r\rdata\n\ndata:a\r\n\r\n")),
    Target("upstream-delta", answer_("delta"), (dump(CHUNK), b"[DONE]")),
    Target("upstream-whole", answer_("message"), (dump(CHUNK),)),
    Target(
        "upstream-vectors",
        quiet_(lambda data: vectors._read(data, 2, None)),
        (
            dump(
                {
                    "data": [{"index": 0, "embedding": [1.0, 2]}, {"index": 1, "embedding": [0, 1]}],
                    "usage": {"prompt_tokens": 1},
                }
            ),
        ),
    ),
    Target("chat", codec_(chat.CODEC), (dump(CHAT),)),
    Target("completions", codec_(completions.CODEC), (dump({"model": "m", "prompt": ["x"], "best_of": 1}),)),
    Target(
        "responses",
        codec_(responses.CODEC),
        (
            dump(
                {
                    "model": "m",
                    "instructions": "b",
                    "input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}],
                }
            ),
        ),
    ),
    Target(
        "messages",
        codec_(messages.CODEC, {"anthropic-version": "2023-06-01"}),
        (
            dump(
                {
                    "model": "m",
                    "max_tokens": 5,
                    "system": "s",
                    "messages": [TURN],
                    "top_k": 1,
                    "metadata": {"user_id": "u"},
                }
            ),
        ),
    ),
    Target(
        "embeddings",
        object_(lambda body: embeddings_api.parse(body, LIMITS)),
        (dump({"model": "m", "input": ["a", "b"], "dimensions": 3, "encoding_format": "base64"}),),
    ),
    Target(
        "classify",
        object_(lambda body: classify_api.parse(body, LIMITS)),
        (dump({"id": 1, "text": "a"}), dump({"texts": [{"id": "a", "text": "b"}]})),
    ),
    Target("mcp", mcp_, (dump(RPC), dump(RPC | {"params": {"_meta": {"progressToken": 1}}}))),
    Target("mcp-header", quiet_(lambda data: decoded(text(data))), (b"=?base64?aGk=?=", b"plain")),
    Target("accept", quiet_(lambda data: mcp_request.accepts_json(text(data))), (b"application/json;q=0.5, */*",)),
    Target("authzen", object_(authzen_), (dump(QUESTION),)),
    Target(
        "review",
        object_(lambda body: review_api.correction(body, wire.STANDARD)),
        (dump({"sensitivity": "general", "readers": [["group:a"]], "forbidden_uses": ["ai"]}),),
    ),
    Target("label", label_, (dump(LABEL),)),
    Target(
        "label-header",
        quiet_(lambda data: wire.parse_header(text(data))),
        (wire.header(wire.parse(LABEL)).encode(),),
    ),
    Target(
        "label-rules",
        quiet_(lambda data: parse_rules(text(data), Path("/x/labels.toml"), wire.STANDARD)),
        ((SHIPPED / "labels.toml").read_bytes(),),
    ),
    Target(
        "settings",
        quiet_(lambda data: settings(text(data), Path("/x/lockgate.toml"))),
        ((SHIPPED.parent / "config" / "lockgate.toml").read_bytes(),),
    ),
    Target("directory", quiet_(lambda data: directory.parse(data, "x")), (PEOPLE,)),
    Target("manifest", quiet_(lambda data: manifest.parse(data, wire.STANDARD)), (TOML,)),
    Target(
        "s3-policy",
        quiet_(lambda data: policy.parse(text(data), "b").reading("k")),
        (
            dump(
                {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Deny",
                        "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]},
                        "NotAction": ["s3:Put*"],
                        "Resource": "arn:aws:s3:::b/a/${aws:username}/*",
                        "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}},
                    },
                }
            ),
        ),
    ),
    Target(
        "graph-permission",
        object_(lambda body: permissions.rights([body], lambda *_: frozenset({"user:x"}), NOW, Integrity.USER)),
        (
            dump(
                {
                    "roles": ["read"],
                    "expirationDateTime": "2027-01-01T00:00:00Z",
                    "link": {"scope": "users", "type": "view"},
                    "grantedToIdentitiesV2": [{"siteUser": {"loginName": "i:0#.f|membership|a@b"}}],
                }
            ),
        ),
    ),
    Target(
        "graph-item",
        object_(lambda body: drives.Drive("d", "D").apply(body, set())),
        (dump({"id": "x", "name": "y", "size": 1, "cTag": "z", "parentReference": {"id": "r"}, "file": {}}),),
    ),
    Target(
        "mailbox",
        quiet_(lambda data: list(mails.in_mbox(BytesIO(data)))),
        (b"From a Tue Nov 24 09:00:00 2026\nMessage-ID: <1@x>\nStatus: RO\n\n>From b\n",),
    ),
    Target(
        "postgres-id",
        quiet_(lambda data: pages.decode(text(data))),
        (b"a/b/c(d,e).0-128.csv", b"a/b%2E/c.5-6.csv"),
    ),
    Target("escaped-id", quiet_(lambda data: unescape(text(data))), (b"a%0Ab", "\u00fc%25ff".encode())),
    Target(
        "s3-acl",
        object_(lambda body: acl.parse(body)),
        (
            dump(
                {
                    "Owner": {"ID": "a"},
                    "Grants": [{"Grantee": {"Type": "Group", "URI": "b"}, "Permission": "READ"}],
                }
            ),
        ),
    ),
    Target("glob", glob_, (b"hr/**/*.pdf\nhr/a/b.pdf", b"[a-z]?/*\nb/c")),
    Target(
        "cedar",
        cedar_,
        (POLICY, (SHIPPED / "20-ai.cedar").read_bytes(), (SHIPPED / "30-models.cedar").read_bytes()),
    ),
    Target("cases", quiet_(lambda data: cases.parse_cases("x", text(data))), (YAML,), seconds=60.0),
    Target(
        "case-request",
        request_,
        (dump({"subject": {"user": "ann", "groups": ["hr"]}, "action": "read", "resource": {"document": "d"}}),),
    ),
    Target(
        "token",
        quiet_(lambda data: signed.compact(text(data), 16384)),
        (b"eyJhbGciOiJFUzI1NiJ9.e30.AAAA", b"a.b.c.d.e"),
        (ValueError,),
    ),
    Target("claims", claims_, (dump(CLAIMS),)),
    Target("jwks", jwks_, (dump(KEYS),)),
    Target(
        "oidc-metadata",
        metadata_,
        (dump({"issuer": "https://a", "jwks_uri": "https://a/k", "token_endpoint": "http://[::1]/t"}),),
    ),
    Target(
        "front-end-keys",
        quiet_(lambda data: public_keys(data)),
        (dump(KEYS), b"-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n"),
        (LockgateError, ValueError),
    ),
    Target("credential", credential_, (b"abc.def.ghi\na.b.c", b"x")),
    Target("http-head", head_, (POST, CHUNKED), (h11.RemoteProtocolError,)),
    Target("checkpoint", note_, (NOTE, VKEY)),
    Target("proof", quiet_(lambda data: proof.parse(text(data))), (PROOF, PROOF.replace(b"tlog-proof", b"x"))),
    Target("event", quiet_(lambda data: ocsf.parse(data)), (OCSF,)),
    Target("log", log_, (OCSF + b"\n" + OCSF,)),
    Target(
        "acceptances",
        quiet_(lambda data: acceptances.parse(data)),
        (
            dump(
                {
                    "acceptances": {
                        "m": {
                            "who": "ann",
                            "why": "x",
                            "until": "2030-01-01T00:00:00+00:00",
                            "at": "2026-01-01T00:00:00+00:00",
                        }
                    }
                }
            ),
        ),
    ),
    Target("service-keys", object_(keyfile_), (dump(KEYFILE),), (LockgateError, ValueError, KeyError, TypeError)),
    Target("index-columns", quiet_(lambda data: unpack_columns("d", data)), (bytes(40),)),
    Target(
        "index-texts", quiet_(lambda data: unpack_texts("d", data, frozenset())), (b'[[0,0,1,["pii.ssn"],"x"]]',)
    ),
    Target(
        "extraction-answer",
        object_(_extracted),
        (
            dump(
                {
                    "text": "a",
                    "title": "b",
                    "notes": ["c"],
                    "parts": [[0, 1, "p", None, False]],
                    "marks": [["a", "b"]],
                }
            ),
        ),
    ),
    Target("extract-csv", format_("x.csv"), (b'a;b\n"1";2\n', b"a,b\n1,2\n"), _READABLE),
    Target(
        "extract-json",
        format_("x.json"),
        (dump({"title": "t", "rows": [{"a": 1}, {"a": None}]}),),
        (*_READABLE, RecursionError),
    ),
    Target("extract-jsonl", format_("x.jsonl"), (b'{"a": 1}\n{"a": 2}\n',), (*_READABLE, RecursionError)),
    Target("extract-markdown", format_("x.md"), (b"# Title\n\n| a | b |\n|--|--|\n| 1 | 2 |\n",), _READABLE),
    Target("extract-text", format_("x.txt"), (b"\xff\xfea\x00b\x00", b"plain"), _READABLE),
    Target("extract-mail", format_("x.eml"), (MAIL,), (*_READABLE, RecursionError)),
    Target(
        "extract-html",
        format_("x.html"),
        (b"<html><head><title>t</title><meta charset=latin-1></head><body><p>a</p></body></html>",),
        _READABLE,
    ),
    *(Target(name, take, seeds, (*_READABLE, RecursionError)) for name, take, seeds in DOCUMENTS),
    *(Target(*row) for row in FINDINGS),
)
