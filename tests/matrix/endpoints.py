"""The authorization matrix of endpoints: every route, asked over HTTP by everybody, and the status they get.

Behind the status of a list stands how many entries it has, behind that of a decision what it is; a tool that
refuses has `no`.

`endpoints.txt` beside this file is the answer that is checked in. To accept a change:

    LOCKGATE_ACCEPT_MATRIX=1 python -m pytest tests/e2e/test_matrix.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lockgate.content.document import document_id

FILE: Final = Path(__file__).with_name("endpoints.txt")
SUBJECTS: Final = ("", "outsider", "staff", "owner", "hr", "steward", "admin", "auditor")
"""The empty string sends no token."""
QUESTION: Final = "Up to what value may I accept gifts from suppliers?"


@dataclass(frozen=True, slots=True)
class Case:
    """One request. `path` may name `{answer}`: the id of an answer that `staff` got."""

    what: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _document(item: str) -> str:
    return f"/v1/documents/{document_id('brightwater', item)}"


def _review(item: str) -> dict[str, Any]:
    """Return a review that would be malformed if anybody were allowed it, so that asking changes nothing."""
    return {"document": document_id("brightwater", item), "version": "0" * 16}


def _judgement(item: str) -> dict[str, Any]:
    return _review(item) | {"kind": "business.salary", "opinion": "rejected", "reason": "an invented example"}


def _suggest(item: str, model: str) -> dict[str, Any]:
    return {"document": document_id("brightwater", item), "model": model}


def _tool(name: str, **arguments: str) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def _fetch(item: str) -> dict[str, Any]:
    return _tool("fetch", id=document_id("brightwater", item))


def _chat(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": QUESTION}]}


def _response(model: str) -> dict[str, Any]:
    return {"model": model, "input": QUESTION}


def _completion(model: str) -> dict[str, Any]:
    return {"model": model, "prompt": QUESTION}


_ANTHROPIC: Final = {"anthropic-version": "2026-10-21"}


def _message(model: str) -> dict[str, Any]:
    return _chat(model) | {"max_tokens": 500}


def _texts(model: str) -> dict[str, Any]:
    return {"model": model, "input": QUESTION}


def _decision(person: str, item: str, **more: Any) -> dict[str, Any]:
    """Return a question of AuthZEN: may this person open that document?"""
    document = {"type": "document", "id": f"brightwater/{item}"}
    subject = {"type": "user", "id": person}
    return {
        "subject": subject,
        "action": {"name": "read"},
        "resource": document,
        "context": {"use": "open"},
    } | more


CASES: Final[Mapping[tuple[str, str], tuple[Case, ...]]] = {
    ("GET", "/healthz"): (Case("health", "/healthz"),),
    ("GET", "/readyz"): (Case("readiness", "/readyz"),),
    ("GET", "/metrics"): (Case("figures", "/metrics"),),
    ("GET", "/.well-known/oauth-protected-resource"): (
        Case("of the gateway", "/.well-known/oauth-protected-resource"),
    ),
    ("GET", "/.well-known/oauth-protected-resource/mcp"): (
        Case("of the MCP server", "/.well-known/oauth-protected-resource/mcp"),
    ),
    ("GET", "/.well-known/authzen-configuration"): (
        Case("where to ask for decisions", "/.well-known/authzen-configuration"),
    ),
    ("POST", "/access/v1/evaluation"): (
        Case("about staff, of staff's", "/access/v1/evaluation", _decision("staff", "handbook/gifts.md")),
        Case("about HR, of HR's", "/access/v1/evaluation", _decision("hr", "hr/salaries.md")),
        Case("about nobody", "/access/v1/evaluation", _decision("nobody", "hr/salaries.md")),
    ),
    ("POST", "/access/v1/evaluations"): (
        Case("about staff, of staff's", "/access/v1/evaluations", _decision("staff", "handbook/gifts.md")),
    ),
    ("POST", "/access/v1/search/subject"): (
        Case("who may open HR's", "/access/v1/search/subject", _decision("", "hr/salaries.md")),
        Case("who may open what is not", "/access/v1/search/subject", _decision("", "hr/no-such-file.md")),
    ),
    ("POST", "/access/v1/search/resource"): (
        Case("what HR may open", "/access/v1/search/resource", _decision("hr", "")),
        Case("what nobody may open", "/access/v1/search/resource", _decision("nobody", "")),
    ),
    ("POST", "/access/v1/search/action"): (
        Case("what HR may do to HR's", "/access/v1/search/action", _decision("hr", "hr/salaries.md")),
    ),
    ("POST", "/v1/chat/completions"): (
        Case("an assistant for everybody", "/v1/chat/completions", _chat("assistant")),
        Case("a model for HR", "/v1/chat/completions", _chat("for-hr")),
        Case("a model that is not", "/v1/chat/completions", _chat("no-such-model")),
    ),
    ("POST", "/v1/responses"): (
        Case("an assistant for everybody", "/v1/responses", _response("assistant")),
        Case("a model for HR", "/v1/responses", _response("for-hr")),
        Case("a model that is not", "/v1/responses", _response("no-such-model")),
    ),
    ("POST", "/v1/completions"): (
        Case("an assistant for everybody", "/v1/completions", _completion("assistant")),
        Case("a model for HR", "/v1/completions", _completion("for-hr")),
        Case("a model that is not", "/v1/completions", _completion("no-such-model")),
    ),
    ("POST", "/v1/messages"): (
        Case("an assistant for everybody", "/v1/messages", _message("assistant"), _ANTHROPIC),
        Case("a model for HR", "/v1/messages", _message("for-hr"), _ANTHROPIC),
        Case("a model that is not", "/v1/messages", _message("no-such-model"), _ANTHROPIC),
    ),
    ("POST", "/v1/embeddings"): (
        Case("a model for staff", "/v1/embeddings", _texts("vectors")),
        Case("a model for HR", "/v1/embeddings", _texts("vectors-hr")),
        Case("a model that is not", "/v1/embeddings", _texts("no-such-model")),
    ),
    ("GET", "/v1/models"): (
        Case("the list", "/v1/models"),
        Case("the list for Anthropic's clients", "/v1/models", None, _ANTHROPIC),
    ),
    ("GET", "/v1/models/{model}"): (
        Case("an assistant for everybody", "/v1/models/assistant"),
        Case("a model for HR", "/v1/models/for-hr"),
        Case("a model that is not", "/v1/models/no-such-model"),
    ),
    ("POST", "/v1/retrieve"): (Case("passages", "/v1/retrieve", {"query": "gifts salaries plan minutes travel"}),),
    ("POST", "/v1/discover"): (Case("what there is", "/v1/discover", {"query": "gifts salaries plan minutes"}),),
    ("POST", "/v1/classify"): (
        Case("one text", "/v1/classify", {"id": 1, "text": "card 4111 1111 1111 1111"}),
        Case("texts", "/v1/classify", {"texts": [{"id": "a", "text": "lunch"}, {"id": "b", "text": ""}]}),
        Case("what is none", "/v1/classify", {"id": 1, "text": 2}),
    ),
    ("GET", "/v1/documents/{document}"): (
        Case("of staff", _document("handbook/gifts.md")),
        Case("of HR", _document("hr/salaries.md")),
        Case("of staff, unreviewed", _document("loose/plan.md")),
        Case("of staff, not for AI", _document("noai/minutes.md")),
        Case("that is not", _document("handbook/no-such-file.md")),
    ),
    ("GET", "/v1/documents/{document:path}/why"): (
        Case("of HR", _document("hr/salaries.md") + "/why?as=staff"),
        Case("that is not", _document("handbook/no-such-file.md") + "/why?as=staff"),
        Case("of HR, by its path", "/v1/documents/hr/salaries.md/why?as=staff"),
        Case("of HR, by its source and path", "/v1/documents/brightwater:hr/salaries.md/why?as=staff"),
    ),
    ("POST", "/v1/documents/{document:path}/forget"): (
        # The flag is malformed, so that asking forgets nothing; nobody is told more than that.
        Case("of HR", _document("hr/salaries.md") + "/forget", {"allow_return": "no"}),
        Case("that is not", _document("handbook/no-such-file.md") + "/forget", {}),
        Case("that is not, by its path", "/v1/documents/brightwater/none.md/forget", {}),
    ),
    ("GET", "/v1/answers/{request_id}/proof"): (
        Case("of an answer to staff", "/v1/answers/{answer}/proof"),
        Case("of none", "/v1/answers/req_000000000000000000000000/proof"),
    ),
    ("GET", "/v1/audit/records"): (
        Case("of staff", "/v1/audit/records?user=user:staff"),
        Case("of what is not", "/v1/audit/records?user=user:nobody&label=restricted"),
        Case("by what is not known", "/v1/audit/records?text=salary"),
    ),
    ("GET", "/v1/audit/checkpoint"): (Case("of now", "/v1/audit/checkpoint"),),
    ("GET", "/v1/audit/proof"): (
        Case("of the first record", "/v1/audit/proof?index=0"),
        Case("of one that is not", "/v1/audit/proof?index=999999999"),
    ),
    ("GET", "/v1/audit/consistency"): (
        Case("from the empty log", "/v1/audit/consistency?from=0"),
        Case("from what was not signed", "/v1/audit/consistency?from=999999999"),
    ),
    ("POST", "/mcp"): (
        Case("search", "/mcp", _tool("search", query="gifts salaries plan minutes travel")),
        Case("fetch of staff", "/mcp", _fetch("handbook/gifts.md")),
        Case("fetch of HR", "/mcp", _fetch("hr/salaries.md")),
        Case("fetch of staff, unreviewed", "/mcp", _fetch("loose/plan.md")),
        Case("fetch of staff, not for AI", "/mcp", _fetch("noai/minutes.md")),
        Case("fetch of what is not", "/mcp", _fetch("handbook/no-such-file.md")),
    ),
    ("GET", "/v1/reviews"): (Case("what waits for me", "/v1/reviews"),),
    ("POST", "/v1/reviews"): (
        Case("of the owner's, in a version that is not", "/v1/reviews", _review("loose/plan.md")),
        Case("of HR's, in a version that is not", "/v1/reviews", _review("hr/salaries.md")),
        Case("of what is not", "/v1/reviews", _review("loose/no-such-file.md")),
    ),
    ("POST", "/v1/reviews/rule"): (
        Case("of paths that are not", "/v1/reviews/rule", {"pattern": "nowhere/**", "proposed": "public"}),
        Case("of HR's, none so proposed", "/v1/reviews/rule", {"pattern": "hr/**", "proposed": "public"}),
    ),
    ("POST", "/v1/reviews/undo"): (
        Case("of nothing", "/v1/reviews/undo", {}),
        Case("of an id that is not", "/v1/reviews/undo", {"id": "u_none"}),
    ),
    ("POST", "/v1/reviews/suggest"): (
        Case("of the owner's", "/v1/reviews/suggest", _suggest("loose/plan.md", "assistant")),
        Case("of HR's", "/v1/reviews/suggest", _suggest("hr/salaries.md", "assistant")),
        Case("by a model that is not", "/v1/reviews/suggest", _suggest("hr/salaries.md", "none")),
        Case("of what is not", "/v1/reviews/suggest", _suggest("loose/none.md", "assistant")),
    ),
    ("GET", "/v1/reviews/{document:path}"): (
        Case("of the owner's", f"/v1/reviews/{document_id('brightwater', 'loose/plan.md')}"),
        Case("of HR's", f"/v1/reviews/{document_id('brightwater', 'hr/salaries.md')}"),
        Case("of what is not", f"/v1/reviews/{document_id('brightwater', 'loose/none.md')}"),
        Case("of HR's, by its path", "/v1/reviews/brightwater/hr/salaries.md"),
        Case("of what is not, by its path", "/v1/reviews/brightwater/hr/none.md"),
    ),
    ("GET", "/v1/reviews/{document}/passages/{ordinal}"): (
        Case("of the owner's", f"/v1/reviews/{document_id('brightwater', 'loose/plan.md')}/passages/0"),
        Case("of HR's", f"/v1/reviews/{document_id('brightwater', 'hr/salaries.md')}/passages/0"),
        Case("of what is not", f"/v1/reviews/{document_id('brightwater', 'loose/none.md')}/passages/0"),
    ),
    ("POST", "/v1/findings"): (
        Case("of the owner's, in a version that is not", "/v1/findings", _judgement("loose/plan.md")),
        Case("of HR's, in a version that is not", "/v1/findings", _judgement("hr/salaries.md")),
        Case("of what is not", "/v1/findings", _judgement("loose/no-such-file.md")),
    ),
    ("GET", "/v1/findings/precision"): (Case("of every detector", "/v1/findings/precision"),),
    ("GET", "/v1/findings/{document:path}"): (
        Case("of the owner's", f"/v1/findings/{document_id('brightwater', 'loose/plan.md')}"),
        Case("of HR's", f"/v1/findings/{document_id('brightwater', 'hr/salaries.md')}"),
        Case("of what is not", f"/v1/findings/{document_id('brightwater', 'loose/none.md')}"),
        Case("of HR's, by its path", "/v1/findings/brightwater/hr/salaries.md"),
    ),
    ("GET", "/v1/exposure"): (
        Case("of mine", "/v1/exposure"),
        Case("of everybody's", "/v1/exposure?all=true"),
    ),
    ("GET", "/v1/exposure/fixes"): (
        Case("of mine", "/v1/exposure/fixes"),
        Case("of everybody's", "/v1/exposure/fixes?all=true"),
    ),
    ("POST", "/v1/exposure/fixes"): (
        Case("of mine, that is not", "/v1/exposure/fixes", {"fix": "f_none"}),
        Case("of everybody's, that is not", "/v1/exposure/fixes", {"fix": "f_none", "all": True, "apply": True}),
    ),
    ("GET", "/v1/exposure/trend"): (Case("of everybody's", "/v1/exposure/trend"),),
    ("GET", "/v1/exposure/similar/{document:path}"): (
        Case("to one of HR", _document("hr/salaries.md").replace("documents", "exposure/similar")),
        Case("to one that is not", "/v1/exposure/similar/nowhere/none.md"),
    ),
    ("GET", "/v1/exposure/findable/{person}"): (
        Case("by somebody who is there", "/v1/exposure/findable/staff"),
        Case("by somebody who is not", "/v1/exposure/findable/nobody"),
    ),
}


def shown(status: int, body: Mapping[str, Any]) -> str:
    """Return what the matrix says about an answer."""
    result = body.get("result", {})
    if result.get("isError"):
        return f"{status} no"
    if isinstance(body.get("decision"), bool):
        return f"{status} {'yes' if body['decision'] else 'no'}"
    data = result.get("structuredContent", body).get("results", body.get("data"))
    return f"{status}" + (f" ({len(data)})" if isinstance(data, list) else "")


def render(seen: Iterable[tuple[str, Case, Mapping[str, str]]]) -> str:
    """Return the matrix as text: a line for each case, a column for each subject."""
    width = max(len(f"  {case.what}") for cases in CASES.values() for case in cases) + 2
    lines = [
        "# Status that each subject gets, how many entries of a list, and decisions. Generated: see endpoints.py.",
        "",
    ]
    lines.append(" " * width + "".join(f"{subject or 'no token':<10}" for subject in SUBJECTS).rstrip())
    last = ""
    for route, case, status in seen:
        if route != last:
            lines.append(route)
            last = route
        row = "".join(f"{status[subject]:<10}" for subject in SUBJECTS)
        lines.append(f"{'  ' + case.what:<{width}}{row}".rstrip())
    return "\n".join(lines) + "\n"


def table(routes: Iterable[Any]) -> list[tuple[str, str]]:
    """Return method and path of every route, HEAD left out: it is GET without a body."""
    found = [(method, route.path) for route in routes for method in sorted(route.methods - {"HEAD"})]
    key: Callable[[tuple[str, str]], tuple[str, str]] = lambda one: (one[1], one[0])  # noqa: E731
    return sorted(found, key=key)
