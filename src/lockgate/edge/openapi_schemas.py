"""The JSON of bodies and answers as small schemas (JSON Schema 2020-12, as OpenAPI 3.1 has it)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]


def text(most: int = 0, least: int = 0, **more: Any) -> Schema:
    """Return the schema of a text of `least` to `most` characters; 0 is no bound."""
    return (
        {"type": "string"} | ({"minLength": least} if least else {}) | ({"maxLength": most} if most else {}) | more
    )


def of(values: tuple[str, ...]) -> Schema:
    """Return the schema of one of several words."""
    return {"type": "string", "enum": list(values)}


def whole(low: int, high: int | None = None) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "minimum": low} | ({} if high is None else {"maximum": high})


def number(low: float, high: float) -> Schema:
    """Return the schema of a number."""
    return {"type": "number", "minimum": low, "maximum": high}


def listed(items: Schema, most: int = 0, least: int = 0) -> Schema:
    """Return the schema of a list."""
    bounds = ({"maxItems": most} if most else {}) | ({"minItems": least} if least else {})
    return {"type": "array", "items": items} | bounds


def obj(*required: str, **properties: Schema) -> Schema:
    """Return the schema of an object, which may have other properties too."""
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def closed(schema: Schema) -> Schema:
    """Return the schema of the same object without other properties."""
    return schema | {"additionalProperties": False}


def ref(name: str) -> Schema:
    """Return a reference to a schema below `components`."""
    return {"$ref": f"#/components/schemas/{name}"}


BOOL: Final[Schema] = {"type": "boolean"}
ANY: Final[Schema] = {"type": "object"}
TEXT: Final[Schema] = {"type": "string"}
NAMES: Final = listed(TEXT)

_SAMPLING: Final[dict[str, Schema]] = {
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "presence_penalty": number(-2, 2),
    "frequency_penalty": number(-2, 2),
    "max_tokens": whole(1),
    "seed": {"type": "integer"},
    "stop": {"anyOf": [TEXT, listed(TEXT, 4, 1)]},
    "stream": BOOL,
    "user": TEXT,
}


def _message(parts: tuple[str, ...], roles: tuple[str, ...]) -> Schema:
    part = closed(obj("type", "text", type=of(parts), text=TEXT))
    return closed(obj("role", "content", role=of(roles), content={"anyOf": [TEXT, listed(part)]}))


_CHAT: Final = obj(
    "model",
    "messages",
    model=text(least=1),
    messages=listed(_message(("text",), ("system", "developer", "user", "assistant")), 256, 1),
    max_completion_tokens=whole(1),
    n={"const": 1},
    **_SAMPLING,
)
_RESPONSES: Final = obj(
    "model",
    "input",
    model=text(least=1),
    input={"anyOf": [TEXT, listed(_message(("input_text",), ("system", "developer", "user")), 256, 1)]},
    instructions=TEXT,
    temperature=number(0, 2),
    top_p=number(0, 1),
    max_output_tokens=whole(1),
    stream=BOOL,
    store={"const": False},
    user=TEXT,
)
_COMPLETIONS: Final = obj(
    "model", "prompt", model=text(least=1), prompt={"anyOf": [TEXT, listed(TEXT, 1, 1)]}, **_SAMPLING
)
_MESSAGES: Final = obj(
    "model",
    "messages",
    "max_tokens",
    model=text(least=1),
    messages=listed(_message(("text",), ("user", "assistant", "system")), 256, 1),
    system=TEXT,
    max_tokens=whole(1),
    stop_sequences=listed(TEXT, 4),
    stream=BOOL,
)
_EMBEDDINGS: Final = obj(
    "model",
    "input",
    model=text(least=1),
    input={"anyOf": [text(least=1), listed(text(least=1), 2048, 1)]},
    dimensions=whole(1),
    encoding_format=of(("float", "base64")),
    user=TEXT,
)
_LABEL: Final = obj(
    "sensitivity",
    "readers",
    "integrity",
    "retention",
    "owners",
    "forbidden_uses",
    sensitivity=TEXT,
    readers=listed(NAMES),
    integrity=of(("system", "user", "internal", "untrusted")),
    retention=obj("delete_by", "keep_until", "holds"),
    owners=NAMES,
    forbidden_uses=NAMES,
)
_PROBLEM: Final = obj(
    *("type", "title", "status", "detail", "code", "remedy", "request_id"),
    type=TEXT,
    title=TEXT,
    status={"type": "integer"},
    detail=TEXT,
    code=TEXT,
    remedy=TEXT,
    request_id=TEXT,
)
_OPENAI_ERROR: Final = obj(
    "error",
    error=obj("message", "type", "param", "code", message=TEXT, type=TEXT, code=TEXT),
)
_ANTHROPIC_ERROR: Final = obj("type", "error", type={"const": "error"}, error=obj("type", "message"))
_RPC: Final = obj("jsonrpc", "method", jsonrpc={"const": "2.0"}, id={"type": ["string", "integer"]}, method=TEXT)
_PASSAGE: Final = obj(
    *("number", "chunk", "document", "title", "item", "text", "score", "digest", "label"), label=ref("Label")
)
_DOCUMENT: Final = obj(
    *("document", "item", "title", "review", "held", "label", "evidence", "problem", "notes"), label=ref("Label")
)
_CLASSIFIED: Final = obj(
    *("id", "findings", "label"),
    id={"type": ["string", "integer"]},
    findings=listed(
        closed(
            obj(
                *("kind", "start", "end", "confidence", "detector"),
                kind=TEXT,
                start=whole(0),
                end=whole(1),
                confidence=number(0, 1),
                detector=TEXT,
            )
        )
    ),
    label=obj("sensitivity", "review", "reasons", sensitivity=TEXT, review=TEXT, reasons=NAMES),
)
_ENTITY: Final = obj("type", "id", type=text(1024, 1), id=text(1024, 1), properties=ANY)
_KIND: Final = obj("type", type=text(1024, 1), properties=ANY)
_ACTION: Final = obj("name", name=text(1024, 1), properties=ANY)
_PAGE: Final = obj(token=TEXT, limit=whole(1))
REASON: Final = text(500)
CORRECTION: Final[dict[str, Schema]] = {
    "sensitivity": TEXT,
    "readers": listed(NAMES, least=1),
    "forbidden_uses": NAMES,
    "broad": BOOL,
    "reason": REASON,
}

_PLACE: Final = whole(0, 10**9 - 1)
JUDGEMENT: Final = closed(
    obj(
        *("document", "version", "kind", "opinion"),
        document=text(100, 1),
        version=text(100, 1),
        kind=text(100, 1),
        opinion=of(("confirmed", "rejected")),
        passage=_PLACE,
        start=_PLACE,
        end=_PLACE,
        reason=REASON,
    )
)


def question(
    required: tuple[str, ...], parts: Mapping[str, Schema], *, batch: bool = False, page: bool = False
) -> Schema:
    """Return the schema of an AuthZEN request."""
    more = ({"evaluations": listed(ANY, 1000)} if batch else {}) | ({"page": _PAGE} if page else {})
    return obj(*required, context=ANY, **parts, **more)


SCHEMAS: Final[dict[str, Schema]] = {
    "ChatRequest": _CHAT,
    "ResponsesRequest": _RESPONSES,
    "CompletionsRequest": _COMPLETIONS,
    "MessagesRequest": _MESSAGES,
    "EmbeddingsRequest": _EMBEDDINGS,
    "Ready": obj("status", "parts", status=of(("ready", "not_ready"))),
    "Label": closed(_LABEL),
    "Problem": _PROBLEM,
    "OpenAIError": _OPENAI_ERROR,
    "AnthropicError": _ANTHROPIC_ERROR,
    "RpcMessage": _RPC,
    "Passage": _PASSAGE,
    "Document": _DOCUMENT,
    "Classified": _CLASSIFIED,
    "Entity": _ENTITY,
    "Kind": _KIND,
    "Action": _ACTION,
}
