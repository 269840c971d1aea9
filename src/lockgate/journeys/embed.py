"""The path of texts that a client wants vectors of: the steps of a question, but for retrieval and streams.

A vector is as sensitive as its text: who has it can tell what the text was about, and more or less how it read. So
each has the label of its text, and what may not be sent to a model may not be made a vector by it. There is no
rerouting: another model's vectors lie in another space, and would be wrong without anybody noticing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lockgate.audit.record import Kind, Record
from lockgate.errors import AccessDenied, LockgateError
from lockgate.journeys.chat import Ask, Chat, Ready
from lockgate.journeys.enforce import Verdict, base_record
from lockgate.journeys.metering.use import expected_of
from lockgate.journeys.routes import Upstream, reasons
from lockgate.journeys.standing import EVERY, Standing, recent
from lockgate.labels.label import Label, join_all
from lockgate.policy.model import Action, Context, Use
from lockgate.ports import Embedded, Prompt, Usage

_ABOVE: Final = (
    "Leave the sensitive texts out, or use a model with a higher ceiling for all texts that you compare: vectors "
    "of two models cannot be compared."
)


@dataclass(frozen=True, slots=True)
class Texts:
    """A request for vectors: not trusted, but well formed. `dimensions` is None where the model's own will do."""

    model: str
    texts: tuple[str, ...]
    dimensions: int | None = None
    purpose: str = ""
    extras: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """Vectors that may be released, each with the label of its text; `label` is the join of all that was sent."""

    embedded: Embedded
    labels: tuple[Label, ...]
    label: Label
    route: str
    model: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Embed:
    """What `POST /v1/embeddings` does."""

    chat: Chat
    standing: Standing
    closing: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, credential: str, asked: Texts, request_id: str) -> Made:
        """Return the vectors of texts. Everything is decided and recorded before a model gets them.

        Raises:
            Unauthenticated: no valid credential.
            NotFound: no such model, or not for this subject.
            AccessDenied: a judge denies, or a right was withdrawn meanwhile; the remedy says what to do.
            Invalid: the model makes no vectors, or not of such texts.
            TooManyRequests: it would be more than a quota allows.
            Unavailable: something that the decision needs is down, or the model is.

        """
        chat = self.chat
        subject, now = await chat.identify(credential, request_id)
        context = Context(now, request_id, Use.AI, asked.purpose)
        route = await chat.route(subject, asked.model, context, vectors=True)
        chat.routes.check_extras(route, [name for name, _ in asked.extras])
        # What stands in parameters is sent along with every text, so every text takes its label too.
        along = Ask("", (), extras=asked.extras).along
        labels, kinds = await chat.labeler.each(subject, [*asked.texts, *along])
        beside = labels[len(asked.texts) :]
        each = tuple(join_all([one, *beside]) for one in labels[: len(asked.texts)])
        label = join_all(each)
        choice = chat.routes.choose(subject, route, context, label)
        if choice.upstream is None:
            await chat.gate.settle(choice.verdicts)
            raise AccessDenied(
                f"what you sent is above what `{route.id}` may be given: {reasons(choice.verdicts)}",
                code="above_ceiling",
                remedy=_ABOVE,
            )
        emit = chat.emit(subject, context, label)
        verdicts = (*choice.verdicts, emit)
        ready = Ready(
            subject,
            context,
            route,
            choice.upstream,
            Prompt("", ()),
            (),
            label,
            verdicts,
            kinds,
            credential=credential,
        )
        records = self._before(ready, asked.texts) if emit.passes else []
        await chat.gate.settle(verdicts, records)
        emit.obligations()
        embedded = await self._call(ready, choice.upstream, asked)
        return Made(embedded, each, label, route.id, choice.upstream.card.id, verdicts)

    def _before(self, ready: Ready, texts: Sequence[str]) -> list[Record]:
        card = ready.upstream.card
        named = (
            ("operation", "embeddings"),
            ("provider", card.provider),
            ("route", ready.route.id),
            ("texts", len(texts)),
            ("version", card.version),
        )
        base = base_record(Kind.MODEL_CALL, ready.subject, ready.context)
        call = replace(
            base,
            action=Action.PROMPT.value,
            resource_type="model",
            resource_id=card.id,
            label=ready.label,
            facts=(*expected_of(texts), *named),
        )
        released = replace(
            base_record(Kind.ANSWER, ready.subject, ready.context),
            action=Action.EMIT.value,
            resource_type="answer",
            resource_id=ready.request_id,
            label=ready.label,
        )
        return [call, released]

    async def _call(self, ready: Ready, upstream: Upstream, asked: Texts) -> Embedded:
        """Call the model, see that everything still holds, and record how it ended before anything leaves."""
        outcome, usage, recorded = "cut_off", Usage(), False
        denied: tuple[Verdict, ...] = ()
        try:
            async with self.chat.gate.running(ready.subject, ready.context):
                made = await upstream.embedding().vectors(asked.texts, asked.dimensions, asked.extras)
            usage = made.usage or Usage()
            looked, lost = self.chat.clock.now(), await self.standing.lost(ready)
            if lost is not None:
                outcome, denied = "revoked", lost.verdicts
                raise _withdrawn()
            recorded = True
            await self._record(ready, "completed", usage, ())
            # To make it durable may have taken long, on a disk that is busy, and nothing has left yet.
            late = not recent(looked, self.chat.clock.now(), EVERY)
            if late and (lost := await self.standing.lost(ready)) is not None:
                outcome = "revoked"
                if lost.verdicts:
                    await self.chat.gate.settle(lost.verdicts)
                raise _withdrawn()
        except LockgateError:
            outcome = outcome if outcome == "revoked" else "failed"
            raise
        finally:
            if not recorded:  # this task may be being canceled; the record must not be
                task = asyncio.create_task(self._record(ready, outcome, usage, denied))
                self.closing.add(task)
                task.add_done_callback(self.closing.discard)
                await asyncio.shield(task)
        return made

    async def _record(self, ready: Ready, outcome: str, usage: Usage, denied: Sequence[Verdict]) -> None:
        ended = replace(
            base_record(Kind.OUTCOME, ready.subject, ready.context),
            time=self.chat.clock.now(),
            action="answer",
            resource_type="answer",
            resource_id=ready.request_id,
            label=ready.label,
            outcome=outcome,
            facts=(("completion_tokens", 0), ("prompt_tokens", usage.prompt_tokens)),
        )
        await self.chat.gate.settle(denied, [ended])


def _withdrawn() -> AccessDenied:
    return AccessDenied("a right that this rests on was withdrawn", code="revoked")
