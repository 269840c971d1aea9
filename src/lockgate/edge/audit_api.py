"""`/v1/audit/`: the log for auditors. Records have no content; who reads them is recorded like everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from lockgate.audit.record import Kind
from lockgate.audit.search import Query, moment
from lockgate.edge.api import Door, json_response, only
from lockgate.edge.asgi import Route
from lockgate.edge.render import own_headers
from lockgate.errors import Invalid
from lockgate.journeys.auditing import Auditing
from lockgate.policy.model import Context, Scope, Subject

_NAMES: Final = ("user", "application", "model", "tool", "action", "effect", "reader")
_KNOWN: Final = (*_NAMES, "request", "kind", "label", "since", "until", "before", "limit")
_LONGEST: Final = 1024
_HIGHEST: Final = 2**62


def _whole(given: Mapping[str, str], name: str, most: int) -> int | None:
    """Return a whole number of the query, or None where there is none.

    Raises:
        Invalid: it is no number from 0 to `most`.

    """
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 19 or int(text) > most:
        raise Invalid(f"`{name}` must be a whole number from 0 to {most}")
    return int(text)


def _flag(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false")
    if text not in ("true", "false"):
        raise Invalid(f"`{name}` must be true or false")
    return text == "true"


@dataclass(frozen=True, slots=True)
class AuditApi:
    """The routes of auditors."""

    door: Door
    auditing: Auditing

    def routes(self) -> list[BaseRoute]:
        """Return the route table."""
        table = (
            ("GET", "/v1/audit/records", self.records),
            ("GET", "/v1/audit/checkpoint", self.checkpoint),
            ("GET", "/v1/audit/proof", self.proof),
            ("GET", "/v1/audit/consistency", self.consistency),
        )
        return [
            Route(path, self.door.handler(Scope.AUDIT, body), methods=[method]) for method, path, body in table
        ]

    async def records(self, request: Request, subject: Subject, context: Context) -> Response:
        """Search: every record that meets all conditions, the newest first, a page at a time."""
        given = _given(request, *_KNOWN)
        limit = _whole(given, "limit", 1000)
        if limit == 0:
            raise Invalid("`limit` must be a whole number from 1 to 1000")
        page = await self.auditing.search(
            subject,
            context,
            self._query(given),
            _whole(given, "before", _HIGHEST),
            limit or 100,
        )
        records = [{"index": one.index, "event": orjson.Fragment(one.event)} for one in page.entries]
        body = {"records": records, "before": page.before, "size": page.size}
        return json_response(body, context.request_id)

    async def checkpoint(self, request: Request, subject: Subject, context: Context) -> Response:
        """Return what is signed now, as a C2SP note, to be kept elsewhere."""
        _given(request)
        return _text(await self.auditing.checkpoint(subject, context), context)

    async def proof(self, request: Request, subject: Subject, context: Context) -> Response:
        """Return the proof of one record, as `lockgate audit check-proof` reads it."""
        given = _given(request, "index", "hash_only")
        index = _whole(given, "index", _HIGHEST)
        if index is None:
            raise Invalid("`index` is missing: the place of a record in the log")
        reveal = not _flag(given, "hash_only")
        return _text((await self.auditing.inclusion(subject, context, index, reveal=reveal)).render(), context)

    async def consistency(self, request: Request, subject: Subject, context: Context) -> Response:
        """Return the proof that the checkpoint of one size continues that of another."""
        given = _given(request, "from", "to")
        old, new = _whole(given, "from", _HIGHEST), _whole(given, "to", _HIGHEST)
        if old is None:
            raise Invalid("`from` is missing: the number of records of the earlier checkpoint")
        return _text((await self.auditing.consistency(subject, context, old, new)).render(), context)

    def _query(self, given: Mapping[str, str]) -> Query:
        names: dict[str, Any] = {name: given.get(name, "") for name in _NAMES}
        kind, label = given.get("kind"), given.get("label")
        if kind is not None and kind not in {one.value for one in Kind}:
            raise Invalid(f"`kind` must be one of {', '.join(Kind)}")
        return Query(
            **names,
            request_id=given.get("request", ""),
            kind=None if kind is None else Kind(kind),
            label=None if label is None else self.door.taxonomy.level(label),
            since=moment(given["since"]) if "since" in given else None,
            until=moment(given["until"]) if "until" in given else None,
        )


def _given(request: Request, *known: str) -> dict[str, str]:
    """Return the parameters of the query.

    Raises:
        Invalid: one is not known, there twice, empty, or too long.

    """
    pairs = request.query_params.multi_items()
    only(dict(pairs), *known or ("none",))
    if len({name for name, _ in pairs}) != len(pairs):
        raise Invalid("a parameter is there twice")
    for name, value in pairs:
        if not value or len(value) > _LONGEST:
            raise Invalid(f"`{name}` must have 1 to {_LONGEST} characters")
    return dict(pairs)


def _text(text: str, context: Context) -> Response:
    kept = own_headers(context.request_id)
    return Response(text, 200, kept, "text/plain; charset=utf-8")
