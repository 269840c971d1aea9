"""The ASGI application: the route table, and what answers when no route does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.edge.answering import Answering
from lockgate.edge.api import Door, PassagesApi, json_response
from lockgate.edge.asgi import Application, Route
from lockgate.edge.audit_api import AuditApi
from lockgate.edge.authzen_api import AuthZenApi
from lockgate.edge.classify_api import ClassifyApi
from lockgate.edge.codecs import chat, completions, messages, responses
from lockgate.edge.codecs.anthropic import anthropic_error
from lockgate.edge.embeddings_api import EmbeddingsApi
from lockgate.edge.exposure_api import ExposureApi
from lockgate.edge.findings_api import FindingsApi
from lockgate.edge.forget_api import ForgetApi
from lockgate.edge.mcp import McpDoor
from lockgate.edge.models_api import ModelsApi
from lockgate.edge.observed import Observed, Observers
from lockgate.edge.operations_api import OperationsApi
from lockgate.edge.problems import WrongMethod, as_lockgate_error, openai_error, problem, shaped
from lockgate.edge.proof_api import ProofApi
from lockgate.edge.protected import Challenges, ProtectedResource
from lockgate.edge.render import new_request_id
from lockgate.edge.review_api import ReviewApi
from lockgate.edge.suggest_api import SuggestApi
from lockgate.edge.why_api import WhyApi
from lockgate.errors import LockgateError, NotFound
from lockgate.policy.model import Scope

_OPENAI: Final = frozenset(
    {"assistants", "audio", "batches", "chat", "completions", "containers", "conversations", "edits", "embeddings"}
    | {"engines", "evals", "files", "fine-tunes", "fine_tuning", "images", "models", "moderations", "organization"}
    | {"projects", "realtime", "responses", "threads", "uploads", "vector_stores", "videos"}
)
"""What stands behind `/v1/` in OpenAI's API: its clients ask there, and read errors in its shape alone."""


@dataclass(frozen=True, slots=True)
class _Family:
    """Paths below `/v1/` where one vendor's clients ask.

    Attributes:
        tops: what stands behind `/v1/`.
        shape: renders an error as those clients read it.
        remedy: says what there is of that vendor's API.

    """

    tops: frozenset[str]
    shape: Callable[[LockgateError], Mapping[str, Any]]
    remedy: str


_ANTHROPIC: Final = frozenset({"complete", "messages", "skills"})

_FAMILIES: Final = (
    _Family(
        _OPENAI,
        openai_error,
        "Of OpenAI's API there are /v1/chat/completions, /v1/responses, /v1/completions, /v1/embeddings and "
        "/v1/models.",
    ),
    _Family(
        _ANTHROPIC,
        anthropic_error,
        "Of Anthropic's API there are /v1/messages and /v1/models. Tokens are not counted beforehand: only the "
        "model that will answer could, and it may be another one, with passages that are not retrieved yet.",
    ),
)


async def _health(_: Request) -> Response:
    """Tell that the process serves. It says nothing about anything else."""
    return json_response({"status": "ok"}, new_request_id())


def _no_route(request: Request, error: Exception) -> Response:
    """Answer where no route fits: the same for everybody, in the shape of the route's family."""
    request_id = new_request_id()
    top, _, rest = request.url.path.removeprefix("/").partition("/")
    below = rest.partition("/")[0] if top == "v1" else ""
    family = next((one for one in _FAMILIES if below in one.tops), None)
    if isinstance(error, HTTPException) and error.status_code == 405:
        shown: LockgateError = WrongMethod(request.method, (error.headers or {}).get("Allow", ""))
    else:
        twice = "Leave `/v1` out of the address that the client is given: it adds that itself."
        remedy = family.remedy if family else twice if rest.startswith("v1/") else ""
        shown = NotFound("there is no such route", code="unknown_route", remedy=remedy)
    return shaped(shown, request_id, family.shape(shown)) if family else problem(shown, request_id)


def _defect(request: Request, error: Exception) -> Response:
    """Answer where something failed outside of every handler: as a defect, and nothing more."""
    return problem(as_lockgate_error(error), new_request_id())


def routes(
    *,
    answering: Answering,
    embeddings: EmbeddingsApi,
    models: ModelsApi,
    door: Door,
    passages: PassagesApi,
    classify: ClassifyApi,
    why: WhyApi,
    forget: ForgetApi,
    proofs: ProofApi,
    audit: AuditApi,
    reviews: ReviewApi,
    suggest: SuggestApi,
    exposure: ExposureApi,
    findings: FindingsApi,
    mcp: McpDoor,
    authzen: AuthZenApi,
    operations: OperationsApi,
    resource: ProtectedResource,
) -> list[BaseRoute]:
    """Return the route table: all of it. The authorization matrix of endpoints is checked against it."""
    return [
        Route("/healthz", _health, methods=["GET"]),
        Route("/v1/chat/completions", answering.handler(chat.CODEC), methods=["POST"]),
        Route("/v1/responses", answering.handler(responses.CODEC), methods=["POST"]),
        Route("/v1/completions", answering.handler(completions.CODEC), methods=["POST"]),
        Route("/v1/messages", answering.handler(messages.CODEC), methods=["POST"]),
        Route("/v1/embeddings", embeddings.embeddings, methods=["POST"]),
        Route("/v1/models", models.models, methods=["GET"]),
        Route("/v1/models/{model}", models.models, methods=["GET"]),
        Route("/v1/retrieve", door.handler(Scope.RETRIEVE, passages.retrieve), methods=["POST"]),
        Route("/v1/discover", door.handler(Scope.RETRIEVE, passages.discover), methods=["POST"]),
        Route("/v1/documents/{document}", door.handler(Scope.RETRIEVE, passages.document), methods=["GET"]),
        Route("/v1/documents/{document:path}/why", door.handler(Scope.RETRIEVE, why.explain), methods=["GET"]),
        Route("/v1/answers/{request_id}/proof", door.handler(Scope.AUDIT, proofs.proof), methods=["GET"]),
        *classify.routes(),
        *forget.routes(),
        *audit.routes(),
        *suggest.routes(),
        *reviews.routes(),
        *exposure.routes(),
        *findings.routes(),
        *mcp.routes(),
        *authzen.routes(),
        *operations.routes(),
        *resource.routes(),
    ]


def application(
    table: Sequence[BaseRoute],
    lifespan: object = None,
    resource: ProtectedResource | None = None,
    observers: Observers | None = None,
) -> Starlette:
    """Return the application for a route table; its challenges say where the metadata of `resource` is.

    `observers` hear of every request.
    """
    watched = [Middleware(Observed, table=table, observers=observers)] if observers else []
    return Application(
        table,
        [*watched, *([Middleware(Challenges, resource=resource)] if resource else [])],
        lifespan,
        no_route=_no_route,
        defect=_defect,
    )
