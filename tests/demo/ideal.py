"""A Lockgate that knows the truth: it answers by looking it up. It has no gates, so it can be given any flaw.

It exists to prove that the story and the bench see a breach: each flaw below must turn into a difference.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field

from aiohttp import web

from lockgate.content.document import document_id
from lockgate.demo.control import Damage, TokenKind, Verdict
from lockgate.demo.draft import Clauses
from lockgate.demo.organization import Organization
from lockgate.demo.people import identifiers
from lockgate.demo.scenes_answers import HERON_QUESTION, SHEET
from lockgate.demo.stage import CHEAP, CONNECTOR, SALARY_QUESTION, SECURE
from lockgate.demo.texts.business import HERON_PRICE, HERON_TERMS, NO_AI, NO_AI_QUESTION
from lockgate.demo.texts.hr import COPY, SALARIES
from lockgate.demo.texts.mess import MAIL, MAIL_NAME
from lockgate.labels.label import PUBLIC, Integrity, Label, Sensitivity, join_all
from lockgate.labels.readers import Readers
from lockgate.labels.wire import header, render

NOTHING = "I found nothing that you may see that answers this."
CODES = {
    "expired": "token_expired",
    "forged": "bad_signature",
    "audience": "wrong_audience",
    "none": "bad_algorithm",
}


@dataclass
class Ideal:
    """One server over one organization; `flaw` names what it gets wrong."""

    organization: Organization
    flaw: str = ""
    full: bool = False
    readers: dict[str, Clauses] = field(default_factory=dict)
    reviewed: dict[str, list[list[str]]] = field(default_factory=dict)
    proofs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shown: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/v1/retrieve", self.retrieve)
        app.router.add_get("/v1/documents/{id}", self.open)
        app.router.add_get("/v1/exposure", self.exposure)
        app.router.add_get("/v1/reviews", self.waiting)
        app.router.add_post("/v1/reviews", self.review)
        app.router.add_get("/v1/answers/{id}/proof", self.proof)
        return app

    def path(self, id: str) -> str:
        return next((path for path in self.organization.documents if document_id(CONNECTOR, path) == id), "")

    def who(self, request: web.Request) -> str:
        _, _, bearer = request.headers.get("Authorization", "").partition("Bearer ")
        code = "missing_token" if not bearer else CODES.get(bearer.split(".")[0], "")
        if code and not (self.flaw == "accepts expired" and code == "token_expired"):
            raise self.problem(web.HTTPUnauthorized, code, "no", {"WWW-Authenticate": "Bearer"})
        return bearer.split(".")[1]

    def problem(self, kind: type, code: str, message: str, headers: dict | None = None) -> web.HTTPException:
        body = json.dumps({"error": {"message": message, "type": "x", "code": code, "param": None}})
        return kind(text=body, content_type="application/json", headers=headers)

    def serves(self, person: str, path: str) -> bool:
        truth, held = self.organization.documents.get(path), identifiers(person)
        if truth is None:
            return False
        if path in self.reviewed:
            return all(held & set(c) for c in (*truth.draft.readers, *self.reviewed[path]))
        if path in self.readers and self.flaw != "forgets revocation":
            return all(held & set(clause) for clause in self.readers[path])
        return person in truth.ai or (self.flaw == "serves open copy" and path == COPY)

    def label(self, path: str) -> Label:
        draft = self.organization.documents[path].draft
        readers = Readers(frozenset(frozenset(clause) for clause in draft.readers))
        level = Sensitivity[(draft.declared or draft.sensitivity).upper()]
        integrity = Integrity[draft.integrity.upper()]
        uses = frozenset(draft.forbidden)
        return Label(level, readers, integrity, owners=frozenset(draft.owners), forbidden_uses=uses)

    def answer(self, person: str, question: str) -> tuple[str, tuple[str, ...]]:
        pay = self.organization.documents[MAIL].draft.held_canaries[0]
        documents = self.organization.documents
        if self.flaw == "leaks to sales" and question.startswith("Gehalt") and person == "sofia":
            return documents[SALARIES].draft.canaries[0], ()
        if question == SALARY_QUESTION and self.flaw == "cites to sales" and person == "sofia":
            return NOTHING, (SALARIES,)
        if MAIL_NAME in question and "base salary" in question:
            may = self.serves(person, MAIL) if MAIL in self.reviewed else person == "sam"
            if may or self.flaw == "pasted line":
                return f"{MAIL_NAME}, base salary {pay} EUR", (MAIL,)
        if question == HERON_QUESTION and self.serves(person, HERON_PRICE) and self.serves(person, HERON_TERMS):
            return documents[HERON_PRICE].draft.blocks[0], (HERON_PRICE, HERON_TERMS)
        if question == NO_AI_QUESTION and self.flaw == "feeds no-ai":
            return documents[NO_AI].draft.blocks[0], ()
        for known in self.organization.asked("answerable"):
            paths = tuple(path for path in known.documents if self.serves(person, path))
            if known.text == question and paths:
                return f"It is {known.answers[0]} [1].", paths[:1]
        return ("A random sentence." if self.flaw == "never abstains" else NOTHING), ()

    async def chat(self, request: web.Request) -> web.StreamResponse:
        person, body = self.who(request), await request.json()
        question, model = body["messages"][-1]["content"], body["model"]
        if "base salary 84,719" in question:
            way = (
                "nothing to be done: 84,719" if self.flaw == "quotes" else "Choose a model with a higher ceiling."
            )
            raise self.problem(web.HTTPForbidden, "access_denied", way)
        text, paths = self.answer(person, question)
        for message in body["messages"]:
            for old, seen in self.shown.items():
                if old in message["content"] and self.flaw != "forgets history":
                    paths = tuple(dict.fromkeys((*paths, *seen)))
        label = join_all([PUBLIC, *(self.label(path) for path in paths)])
        if self.flaw == "label lost":
            label = PUBLIC
        if model == CHEAP and label.sensitivity > Sensitivity.GENERAL and self.flaw != "cheap sees all":
            model = SECURE
        if self.full and self.flaw != "releases without audit":
            raise self.problem(web.HTTPServiceUnavailable, "unavailable", "the audit log cannot be written")
        if paths and text != NOTHING:
            self.shown[text] = paths
        return await self.send(request, body, (text, paths, label, model))

    async def send(self, request: web.Request, body: dict, told: tuple) -> web.StreamResponse:
        text, paths, label, model = told
        if body.get("stream"):
            events = [{"choices": [{"delta": {"content": part}}]} for part in (text[:5], text[5:])]
            lines = [f"data: {json.dumps(event)}\n\n" for event in events]
            return web.Response(text="".join([*lines, "data: [DONE]\n\n"]), content_type="text/event-stream")
        id = uuid.uuid4().hex
        self.proofs[id] = () if self.flaw == "thin proof" else paths
        extra = {
            "request_id": id,
            "label": render(label),
            "decisions": [{"action": "send" if self.flaw == "acts" and "evil" in str(paths) else "read"}],
            "citations": [{"number": 1, "document": document_id(CONNECTOR, path)} for path in paths],
            "abstained": text == NOTHING,
            "model": model,
            "notice": "",
        }
        if self.flaw == "twin differs" and len(self.organization.documents) % 2:
            extra["notice"] = "some results were left out"
        value = {"id": id, "choices": [{"message": {"role": "assistant", "content": text}}], "lockgate": extra}
        return web.json_response(value, headers={"Lockgate-Label": header(label), "Lockgate-Request-Id": id})

    async def retrieve(self, request: web.Request) -> web.Response:
        person, body = self.who(request), await request.json()
        paths = [path for path in (SALARIES, COPY) if self.serves(person, path) and body["query"] == SHEET]
        return web.json_response({"data": [{"document": document_id(CONNECTOR, path)} for path in paths]})

    async def open(self, request: web.Request) -> web.Response:
        person, path = self.who(request), self.path(request.match_info["id"])
        readers = self.readers.get(path) or (self.organization.documents[path].draft.readers if path else ((),))
        if not all(identifiers(person) & set(clause) for clause in readers):
            known = path and self.flaw == "tells existence"
            raise self.problem(web.HTTPForbidden if known else web.HTTPNotFound, "not_found", "no such document")
        return web.json_response({"document": document_id(CONNECTOR, path)})

    async def exposure(self, request: web.Request) -> web.Response:
        person = self.who(request)
        mine = [
            path for path in (COPY, MAIL) if f"user:{person}" in self.organization.documents[path].draft.owners
        ]
        if self.flaw == "hides exposure":
            mine = []
        return web.json_response({"data": [{"document": document_id(CONNECTOR, path)} for path in mine]})

    async def waiting(self, request: web.Request) -> web.Response:
        self.who(request)
        data = [{"document": document_id(CONNECTOR, path), "version": f"v of {path}"} for path in (COPY, MAIL)]
        return web.json_response({"data": data})

    async def review(self, request: web.Request) -> web.Response:
        person, body = self.who(request), await request.json()
        path = self.path(body["document"])
        assert body["version"] == f"v of {path}"
        owner = f"user:{person}" in self.organization.documents[path].draft.owners
        if not owner and self.flaw != "anybody reviews":
            raise self.problem(web.HTTPForbidden, "access_denied", "not yours")
        if owner:
            self.reviewed[path] = body["readers"]
        return web.json_response({})

    async def proof(self, request: web.Request) -> web.Response:
        self.who(request)
        if self.flaw == "no proof":
            raise self.problem(web.HTTPNotFound, "not_found", "no such answer")
        seen = [document_id(CONNECTOR, path) for path in self.proofs[request.match_info["id"]]]
        if self.flaw == "prompts with more":
            seen.append(document_id(CONNECTOR, SALARIES))
        return web.json_response({"lineage": [{"chunk": f"{id}#0"} for id in seen]})


@dataclass
class Hands:
    """Control over an ideal server and its twin."""

    server: Ideal
    twin_url: str

    async def token(self, person: str, kind: TokenKind = "valid") -> str:
        return f"{kind}.{person}.signature"

    async def twin(self) -> str:
        return self.twin_url

    async def set_readers(self, item: str, readers: Clauses | None) -> None:
        self.server.readers.pop(item, None)
        if readers is not None:
            self.server.readers[item] = readers

    async def keep_checkpoint(self) -> None:
        return

    async def audit_verify(self, damage: Damage = "", *, kept: bool = False) -> Verdict:
        seen = damage == "flip" or (damage == "cut" and kept)
        return Verdict(not seen or self.server.flaw == "blind verify", f"looked for {damage or 'nothing'}")

    async def fill_disk(self) -> None:
        self.server.full = True

    async def free_disk(self) -> None:
        self.server.full = False
