"""The gateway's HTTP API as an OpenAPI 3.1 document. `lockgate openapi` prints it; it is not served.

Every route of the table stands here with every status that it answers: tests compare it with the route table, and
fuzz a running gateway with it. Where a vendor's API is larger than these schemas, the vendor's description counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate import __version__
from lockgate.edge.openapi_schemas import (
    ANY,
    BOOL,
    CORRECTION,
    JUDGEMENT,
    NAMES,
    REASON,
    SCHEMAS,
    TEXT,
    Schema,
    closed,
    listed,
    obj,
    of,
    question,
    ref,
    text,
    whole,
)

_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_EVENTS: Final = "text/event-stream"
_PLAIN: Final = "text/plain"

_WHEN: Final[Mapping[int, str]] = {
    200: "Done.",
    202: "A notification was taken; nothing happens.",
    400: "The request is malformed, or asks for what is not governed.",
    401: "No valid credential.",
    403: "A decision was no.",
    404: "Absent, or not for you: never told apart.",
    406: "The client does not accept JSON.",
    409: "The state moved under you.",
    413: "A stated limit was passed.",
    429: "A quota of the caller's own is used up.",
    503: "Something that the decision needs is down. It fails closed.",
}
_GUARDED: Final = (401, 403, 429, 503)
_BODY: Final = (400, 413)

_OPENAI: Final = (_JSON, "OpenAIError")
_ANTHROPIC: Final = (_JSON, "AnthropicError")
_OWN: Final = (_PROBLEM, "Problem")


@dataclass(frozen=True, slots=True)
class Operation:
    """One route.

    Attributes:
        does: what it is for.
        answer: schema of the answer of status 200.
        body: schema of the body; None for none.
        error: media type and name of the schema of errors.
        errors: statuses beside those of every guarded route and every body.
        query: parameters of the query.
        kinds: media types of the answer.
        guarded: whether it wants a credential.
        quiet: statuses without a body.
        headers: headers of the request that matter, with their schemas.

    """

    does: str
    answer: Schema = field(default_factory=lambda: ANY)
    body: Schema | None = None
    error: tuple[str, str] = _OWN
    errors: tuple[int, ...] = ()
    query: Mapping[str, Schema] = field(default_factory=dict)
    kinds: tuple[str, ...] = (_JSON,)
    guarded: bool = True
    quiet: tuple[int, ...] = ()
    headers: Mapping[str, Schema] = field(default_factory=dict)

    @property
    def statuses(self) -> tuple[int, ...]:
        """Return every status but 200, 405 and the 500 of a defect."""
        body = _BODY if self.body is not None else ()
        return tuple(sorted({*(_GUARDED if self.guarded else ()), *body, *self.errors, *self.quiet}))


_LIST: Final = obj("object", "data", "request_id", object={"const": "list"}, data=listed(ANY))
_DOCUMENTS: Final = obj("object", "data", object={"const": "list"}, data=listed(ref("Document")))
_ANSWER: Final = obj("lockgate")
_TEXT: Final = obj("id", "text", id={"type": ["string", "integer"]}, text=text(400_000))
_CLASSIFIED: Final = obj("object", "data", object={"const": "list"}, data=listed(ref("Classified")))
_ANTHROPIC_VERSION: Final = of(("2023-06-01", "2026-10-21"))
_METADATA: Final = obj("resource", resource=TEXT)
_RESULTS: Final = obj("results", "page", results=listed(ANY))
_PART: Final = {"subject": ref("Entity"), "action": ref("Action"), "resource": ref("Entity")}


def _asking(what: str, schema: str, error: tuple[str, str] = _OPENAI, **headers: Schema) -> Operation:
    return Operation(
        f"A question, in {what}, plain or streamed.",
        _ANSWER,
        ref(schema),
        error,
        (404, 409),
        kinds=(_JSON, _EVENTS),
        headers={name.replace("_", "-"): one for name, one in headers.items()},
    )


OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/healthz"): Operation("Whether the process serves.", obj("status"), guarded=False),
    ("GET", "/readyz"): Operation(
        "Whether it can answer now.", ref("Ready"), error=(_JSON, "Ready"), guarded=False, errors=(503,)
    ),
    ("GET", "/metrics"): Operation(
        "Figures for Prometheus, with a key of the scope `metrics`.", TEXT, kinds=(_PLAIN,)
    ),
    ("POST", "/v1/chat/completions"): _asking("OpenAI's chat completions", "ChatRequest"),
    ("POST", "/v1/responses"): _asking("OpenAI's Responses API", "ResponsesRequest"),
    ("POST", "/v1/completions"): _asking("OpenAI's legacy completions", "CompletionsRequest"),
    ("POST", "/v1/messages"): _asking(
        "Anthropic's Messages API", "MessagesRequest", _ANTHROPIC, anthropic_version=_ANTHROPIC_VERSION
    ),
    ("POST", "/v1/embeddings"): Operation(
        "Vectors of texts.", obj("data", "model", "lockgate"), ref("EmbeddingsRequest"), _OPENAI, (404,)
    ),
    ("GET", "/v1/models"): Operation("Models that the caller may use.", obj("data"), error=_OPENAI),
    ("GET", "/v1/models/{model}"): Operation("One model.", obj("id"), error=_OPENAI, errors=(404,)),
    ("POST", "/v1/retrieve"): Operation(
        "Labeled passages.",
        obj("object", "data", "label", "decisions", data=listed(ref("Passage")), label=ref("Label")),
        closed(obj("query", query=text(400_000, 1), collections=NAMES, k=whole(1, 64))),
    ),
    ("POST", "/v1/discover"): Operation(
        "What exists and can be asked for.", _LIST, closed(obj("query", query=text(1000, 1)))
    ),
    ("POST", "/v1/classify"): Operation(
        "What is in texts, and the label that this demands.",
        {"anyOf": [ref("Classified"), _CLASSIFIED]},
        {"anyOf": [closed(_TEXT), closed(obj("texts", texts=listed(closed(_TEXT), 2048, 1)))]},
    ),
    ("GET", "/v1/documents/{document}"): Operation(
        "The bytes of a document.", {"type": "string"}, errors=(404,), kinds=("application/octet-stream",)
    ),
    ("GET", "/v1/documents/{document}/why"): Operation(
        "Why a person is or is not shown a document.",
        obj("person", "document", "shown", "opens", "steps", "remedies"),
        errors=(400, 404),
        query={"as": TEXT, "application": TEXT},
    ),
    ("POST", "/v1/documents/{document}/forget"): Operation(
        "Destroy a document and all that was made of it.",
        obj("document", "proven", "remains", "kept"),
        closed(obj(allow_return=BOOL)),
        errors=(404, 409),
    ),
    ("GET", "/v1/answers/{request_id}/proof"): Operation(
        "The records of an answer, with proofs.", obj("size", "root", "checkpoint", "events"), errors=(404,)
    ),
    ("GET", "/v1/audit/records"): Operation(
        "Records of the log that meet every condition, the newest first.",
        obj("records", "before", "size", records=listed(ANY), size=whole(0)),
        errors=(400,),
        query={
            **dict.fromkeys(("user", "application", "model", "tool", "action", "effect", "reader"), text(1024, 1)),
            **dict.fromkeys(("request", "kind", "label", "since", "until"), text(1024, 1)),
            "before": whole(0, 2**62),
            "limit": whole(1, 1000),
        },
    ),
    ("GET", "/v1/audit/checkpoint"): Operation("What is signed now.", TEXT, errors=(400,), kinds=(_PLAIN,)),
    ("GET", "/v1/audit/proof"): Operation(
        "The proof of one record.",
        TEXT,
        errors=(400, 404),
        query={"index": whole(0, 2**62), "hash_only": of(("true", "false"))},
        kinds=(_PLAIN,),
    ),
    ("GET", "/v1/audit/consistency"): Operation(
        "The proof that one checkpoint continues another.",
        TEXT,
        errors=(400, 404),
        query={"from": whole(0, 2**62), "to": whole(0, 2**62)},
        kinds=(_PLAIN,),
    ),
    ("GET", "/v1/reviews"): Operation(
        "What waits for the caller.", _LIST, errors=(400,), query={"limit": whole(1, 1000), "collection": TEXT}
    ),
    ("POST", "/v1/reviews"): Operation(
        "Accept or correct a label.",
        ref("Document"),
        closed(obj("document", "version", document=text(100, 1), version=text(100, 1), **CORRECTION)),
        errors=(404, 409),
    ),
    ("POST", "/v1/reviews/rule"): Operation(
        "The same for everything below a path.",
        _DOCUMENTS,
        closed(obj("pattern", pattern=text(1000, 1), proposed=text(60, 1), **CORRECTION)),
        errors=(404, 409),
    ),
    ("POST", "/v1/reviews/undo"): Operation(
        "Take back the caller's last review, or what was done under an id.",
        _DOCUMENTS,
        closed(obj(id=text(100, 1), reason=REASON)),
        errors=(404, 409),
    ),
    ("POST", "/v1/reviews/suggest"): Operation(
        "Let a model suggest the label of a document.",
        ref("Document"),
        closed(obj("document", "model", document=text(1000, 1), model=text(200, 1), again=BOOL)),
        errors=(404, 409),
    ),
    ("GET", "/v1/reviews/{document}"): Operation("One document.", ref("Document"), errors=(404,)),
    ("GET", "/v1/reviews/{document}/passages/{ordinal}"): Operation(
        "The text of a passage.", obj("text", text=TEXT), errors=(404,)
    ),
    ("POST", "/v1/findings"): Operation(
        "Confirm or reject what was found.",
        _LIST,
        JUDGEMENT,
        errors=(404, 409),
    ),
    ("GET", "/v1/findings/precision"): Operation("How often detectors were right.", _LIST),
    ("GET", "/v1/findings/{document}"): Operation("What was found in a document.", ANY, errors=(400, 404)),
    ("GET", "/v1/exposure"): Operation("What is exposed.", _LIST, query={"all": of(("true", "false"))}),
    ("GET", "/v1/exposure/fixes"): Operation(
        "What can be done about it.", _LIST, query={"all": of(("true", "false"))}
    ),
    ("POST", "/v1/exposure/fixes"): Operation(
        "What a fix would do; with `apply`, do it.",
        ANY,
        closed(obj("fix", fix=text(100, 1), all=BOOL, hold=BOOL, apply=BOOL)),
        errors=(404, 409),
    ),
    ("GET", "/v1/exposure/trend"): Operation("Measures of each day.", _LIST),
    ("GET", "/v1/exposure/findable/{person}"): Operation("What a person's AI could find.", _LIST, errors=(404,)),
    ("GET", "/v1/exposure/similar/{document}"): Operation("Copies of a document.", _LIST, errors=(400, 404)),
    ("POST", "/mcp"): Operation(
        "One message of MCP.", obj("jsonrpc"), ref("RpcMessage"), errors=(404, 406), quiet=(202,)
    ),
    ("GET", "/.well-known/oauth-protected-resource"): Operation(
        "Where clients get tokens (RFC 9728).", _METADATA, errors=(404,), guarded=False
    ),
    ("GET", "/.well-known/oauth-protected-resource/mcp"): Operation(
        "The same for the MCP server.", _METADATA, errors=(404,), guarded=False
    ),
    ("GET", "/.well-known/authzen-configuration"): Operation(
        "Where decisions are asked for.", obj("policy_decision_point"), errors=(404,), guarded=False
    ),
    ("POST", "/access/v1/evaluation"): Operation(
        "One decision (AuthZEN 1.0).", obj("decision", decision=BOOL), question(tuple(_PART), _PART)
    ),
    ("POST", "/access/v1/evaluations"): Operation("Many decisions.", ANY, question((), _PART, batch=True)),
    ("POST", "/access/v1/search/subject"): Operation(
        "Who may.", _RESULTS, question(tuple(_PART), _PART | {"subject": ref("Kind")}, page=True)
    ),
    ("POST", "/access/v1/search/resource"): Operation(
        "On what.", _RESULTS, question(tuple(_PART), _PART | {"resource": ref("Kind")}, page=True)
    ),
    ("POST", "/access/v1/search/action"): Operation(
        "What somebody may do.",
        _RESULTS,
        question(("subject", "resource"), {"subject": ref("Entity"), "resource": ref("Entity")}, page=True),
    ),
}
"""Every route, by method and path; parameters of paths have no converter."""


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in OPERATIONS.items():
        paths.setdefault(path, {})[method.lower()] = _rendered(method, path, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lockgate",
            "version": __version__,
            "description": "Every operation also answers 405 to other methods, and 400 to what is no HTTP/1.1. "
            "A 500 is a defect.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _rendered(method: str, path: str, operation: Operation) -> dict[str, Any]:
    kind, name = operation.error
    answers = {"200": _response(200, dict.fromkeys(operation.kinds, operation.answer))}
    if _EVENTS in operation.kinds:
        answers["200"]["content"][_EVENTS] = {"schema": TEXT}
    for status in operation.statuses:
        # What is refused before a message of MCP is read is a problem; later it is an error of JSON-RPC.
        kinds = {_PROBLEM: ref("Problem"), _JSON: ANY} if path == "/mcp" else {kind: ref(name)}
        answers[str(status)] = _response(status, {} if status in operation.quiet else kinds)
    rendered: dict[str, Any] = {
        "operationId": f"{method.lower()}_{re.sub(r'[^a-z0-9]+', '_', path.lower()).strip('_')}",
        "summary": operation.does,
        "parameters": list(_parameters(path, operation)),
        "responses": answers,
        "security": [{"bearer": []}] if operation.guarded else [],
    }
    if operation.body is not None:
        rendered["requestBody"] = {"required": True, "content": {_JSON: {"schema": operation.body}}}
    return rendered


def _response(status: int, kinds: Mapping[str, Schema]) -> dict[str, Any]:
    content = {kind: {"schema": schema} for kind, schema in kinds.items()}
    return {"description": _WHEN[status]} | ({"content": content} if content else {})


def _parameters(path: str, operation: Operation) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", path):
        yield {"name": name, "in": "path", "required": True, "schema": text(least=1)}
    for name, schema in operation.query.items():
        yield {"name": name, "in": "query", "schema": schema}
    for name, schema in operation.headers.items():
        yield {"name": name, "in": "header", "required": True, "schema": schema}
