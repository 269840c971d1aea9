"""Does what was decided still hold? Asked again while an answer runs (I5).

A token may expire or be revoked, a person leave a group, a policy be replaced, a document be closed, a model be
switched off for everybody: each stops a running answer, within `EVERY` of Lockgate knowing of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from lockgate.errors import LockgateError, Unauthenticated
from lockgate.journeys.chat import Ready
from lockgate.journeys.enforce import Gate, Verdict
from lockgate.journeys.retrieve import Retrieve
from lockgate.journeys.routes import Routes
from lockgate.policy.model import AccessRequest, Action, Subject
from lockgate.ports import Authenticator, Clock

EVERY: Final = timedelta(milliseconds=300)
"""How often a running answer is decided again."""
SLOW: Final = timedelta(milliseconds=500)
"""What took longer to decide is decided again: rights may have ended while it was."""
_TRIES: Final = 5
BUSY: Final = "[Whether you may still see this could not be told in time, so the answer stops here.]"
EXPIRED: Final = "[The session ended, so the answer stops here.]"
WITHDRAWN: Final = "[A right that this answer rests on was withdrawn, so it stops here.]"


def recent(since: datetime, now: datetime, span: timedelta) -> bool:
    """Tell whether `since` is less than `span` ago. After a clock was set back nobody knows, so it is not."""
    return timedelta() <= now - since < span


@dataclass(frozen=True, slots=True)
class Lost:
    """Why an answer stops: what to say instead of the rest, and the verdicts to record."""

    text: str
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Decides again with everything as it is now: who asks, policies, settings, the rights at the source."""

    authenticator: Authenticator
    clock: Clock
    gate: Gate
    retrieve: Retrieve
    routes: Routes

    async def lost(self, ready: Ready) -> Lost | None:
        """Return why the answer must stop; None where everything still holds. What errs does not hold."""
        for _ in range(_TRIES):
            begun = self.clock.now()
            lost = await self._lost(ready, begun)
            if lost is not None or recent(begun, self.clock.now(), SLOW):
                return lost
        return Lost(BUSY)

    async def _lost(self, ready: Ready, now: datetime) -> Lost | None:
        try:
            subject = await self.authenticator.authenticate(ready.credential)
        except Unauthenticated:
            return Lost(EXPIRED)
        except LockgateError:
            return Lost(WITHDRAWN)
        if subject.person.name != ready.subject.person.name or now >= subject.session.expires:
            return Lost(EXPIRED)
        context = replace(ready.context, now=now)
        drawn = self.routes.collections(ready.route)
        hits = [hit for hit in ready.hits if hit.document.collection in drawn]
        found = await self.retrieve.decide(subject, context, hits)
        again = [
            self._request(ready, one, subject, now)
            for one in ready.verdicts
            if one.passes and self._matters(ready, one)
        ]
        verdicts = (*found.verdicts, *self.gate.judge(again))
        denied = tuple(one for one in verdicts if not one.passes)
        whole = len(found.hits) == len(ready.hits) and all(label.flows_to(ready.label) for label in found.labels)
        return None if whole and not denied else Lost(WITHDRAWN, denied)

    def _request(self, ready: Ready, verdict: Verdict, subject: Subject, now: datetime) -> AccessRequest:
        """Return the question of a verdict as it is now: of the same person, about the same data."""
        asked = verdict.request
        request = replace(asked, subject=subject, context=replace(asked.context, now=now))
        return self.routes.again(ready.route, request) if asked.action is Action.PROMPT else request

    def _matters(self, ready: Ready, verdict: Verdict) -> bool:
        """Tell whether the answer rests on this verdict; reads are decided anew from the source."""
        request = verdict.request
        if request.action is Action.PROMPT:
            return request.resource.id == ready.upstream.card.id
        return request.action is Action.EMIT
