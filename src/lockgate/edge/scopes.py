"""The one place where a request comes in: who asks, and whether their key opens this family of routes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from lockgate.audit.record import Kind
from lockgate.edge.challenge import InsufficientScope
from lockgate.errors import AccessDenied
from lockgate.journeys.chat import Chat
from lockgate.journeys.enforce import base_record
from lockgate.journeys.standing import recent
from lockgate.policy.model import Context, Scope, Subject

FRESH: Final = timedelta(milliseconds=300)
"""How long who it was may count while a body arrives, or an answer is made."""
KEYS_ONLY: Final = frozenset({Scope.METRICS})
"""What only a service key opens: it is no data of anybody, so no policy says who may have it."""


async def admit(chat: Chat, credential: str, request_id: str, scope: Scope) -> tuple[Subject, datetime]:
    """Return who asks, and the one reading of the clock that this request uses.

    Only service keys have scopes of ours; the rights of a person come from labels and policies alone, and what
    is for services alone (`KEYS_ONLY`) is for no person.

    Raises:
        Unauthenticated: see `Chat.identify`.
        TooManyRequests: it is one request more than the quota.
        InsufficientScope: the service key does not open this family of routes. That is recorded first.
        Unavailable: the keys, the directory or the log cannot be reached.

    """
    subject, now = await chat.identify(credential, request_id)
    confined = subject.confined_to
    if scope in confined if confined is not None else scope not in KEYS_ONLY:
        await chat.gate.admit(subject, Context(now, request_id))
        return subject, now
    refused = replace(
        base_record(Kind.DECISION, subject, Context(now, request_id)),
        action="authenticate",
        resource_type="system",
        resource_id="gateway",
        effect="deny",
        outcome=InsufficientScope.code,
    )
    await chat.gate.audit.append([refused])
    raise InsufficientScope(scope)


async def still(chat: Chat, credential: str, subject: Subject, since: datetime, request_id: str) -> None:
    """Check that who asked is who they were, before an answer leaves that took long to make (I5).

    Raises:
        AccessDenied: groups or rights of theirs have changed.
        Unauthenticated, Unavailable: see `admit`.

    """
    if recent(since, chat.clock.now(), FRESH):
        return
    again, _ = await chat.identify(credential, request_id)
    if again.parties != subject.parties or again.confined_to != subject.confined_to:
        raise AccessDenied(
            "your rights changed while this was made", code="revoked", remedy="Ask again for what you may see now."
        )
