"""The one place where a request comes in: who asks, and whether their key opens this family of routes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from lockgate.audit.record import Kind
from lockgate.edge.challenge import InsufficientScope
from lockgate.journeys.chat import Chat
from lockgate.journeys.enforce import base_record
from lockgate.policy.model import Context, Scope, Subject


async def admit(chat: Chat, credential: str, request_id: str, scope: Scope) -> tuple[Subject, datetime]:
    """Return who asks, and the one reading of the clock that this request uses.

    Only service keys have scopes of ours; the rights of a person come from labels and policies alone.

    Raises:
        Unauthenticated: see `Chat.identify`.
        TooManyRequests: it is one request more than the quota.
        InsufficientScope: the service key does not open this family of routes. That is recorded first.
        Unavailable: the keys, the directory or the log cannot be reached.

    """
    subject, now = await chat.identify(credential, request_id)
    if subject.confined_to is None or scope in subject.confined_to:
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
