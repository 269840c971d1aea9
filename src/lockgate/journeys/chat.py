"""The path of a question, in nine steps. Read this file first.

`prepare` goes as far as the last decision and its durable record, and raises, so that a refusal is a plain
error and not half a stream. `journeys/release.py` then calls the model, inspects what it says, and records how
it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from lockgate.audit.record import Kind, Record
from lockgate.errors import AccessDenied, Unauthenticated
from lockgate.flow.history import NONE, Marks
from lockgate.flow.resources import answer_resource
from lockgate.journeys.attempts import Attempts
from lockgate.journeys.conversation import Conversation, Labeler, Turn
from lockgate.journeys.enforce import Gate, Verdict, base_record
from lockgate.journeys.metering.use import Facts, expected
from lockgate.journeys.retrieve import Found, Retrieve
from lockgate.journeys.routes import Choice, Route, Routes, SwitchedOff, Upstream, reasons
from lockgate.labels.label import Label, join_all
from lockgate.labels.labeled import Labeled
from lockgate.policy.model import AccessRequest, Action, Context, Subject, Use
from lockgate.policy.registered import NotRegistered
from lockgate.ports import Authenticator, Clock, Hit, Passage, Prompt

LIMITED: Final = "This answer was made only from what the model that wrote it may be given."
"""Said whenever a ceiling limited retrieval. The words never depend on what was left out."""

_ABOVE: Final = (
    "Use a model with a higher ceiling (GET /v1/models lists yours), leave the sensitive part out, or ask the "
    "administrator for a model that may be given such data."
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as it came through a door: not trusted, but well formed.

    `params` are known sampling parameters; `extras` are passed on only where the upstreams' cards list them.
    """

    model: str
    turns: tuple[Turn, ...]
    params: tuple[tuple[str, object], ...] = ()
    purpose: str = ""
    extras: tuple[tuple[str, object], ...] = ()

    @property
    def along(self) -> tuple[str, ...]:
        """Return every text inside the parameters: a model is sent them like the messages."""
        texts: list[str] = []
        left: list[object] = [value for _, value in (*self.params, *self.extras)]
        while left:
            one = left.pop()
            if isinstance(one, str):
                texts.append(one)
            elif isinstance(one, dict):
                left.extend((*one.keys(), *one.values()))
            elif isinstance(one, list):
                left.extend(one)
        return ("\n".join(texts),) if texts else ()


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything that was decided and recorded before the model is called.

    `kinds` is what detectors found in prompt and passages, which `label` covers. `asked` are the marks of what was
    typed now, `typed` its label. `credential` is shown to the authenticator again while the answer runs, and to
    nobody else.
    """

    subject: Subject
    context: Context
    route: Route
    upstream: Upstream
    prompt: Prompt
    hits: tuple[Hit, ...]
    label: Label
    verdicts: tuple[Verdict, ...]
    kinds: frozenset[str] = frozenset()
    notice: str = ""
    rerouted: bool = False
    credential: str = field(default="", repr=False)
    asked: Marks = NONE
    typed: Label = field(default_factory=Label)

    @property
    def request_id(self) -> str:
        """Return the id that correlates answer, decisions and records."""
        return self.context.request_id


@dataclass(frozen=True, slots=True)
class Chat:
    """Everything that a chat needs from the outside, and nothing more."""

    authenticator: Authenticator
    clock: Clock
    gate: Gate
    routes: Routes
    labeler: Labeler
    retrieve: Retrieve
    attempts: Attempts = field(default_factory=Attempts)

    async def identify(self, credential: str, request_id: str) -> tuple[Subject, datetime]:
        """Return who asks, and the one reading of the clock that this request uses.

        Raises:
            Unauthenticated: with the reason; the attempt is recorded, or counted where there are very many.
            NotRegistered: the credential is good, and its application may not come in; recorded likewise.
            Unavailable: the keys, the directory or the log cannot be reached.

        """
        now = self.clock.now()
        try:
            return await self.authenticator.authenticate(credential), now
        except (Unauthenticated, NotRegistered) as error:
            missed = self.attempts.take(now)
            if missed is None:
                raise
            attempt = Record(
                Kind.AUTHENTICATION,
                now,
                request_id,
                action="authenticate",
                resource_type="system",
                resource_id="gateway",
                effect="deny",
                outcome=error.code,
                application=getattr(error, "application", ""),
                facts=(("unrecorded", missed),) if missed else (),
            )
            await self.gate.audit.append([attempt])
            raise

    async def prepare(self, credential: str, ask: Ask, request_id: str) -> Ready:
        """Take a question up to the point where its answer may be released.

        Raises:
            Unauthenticated: no valid credential.
            NotFound: no such model, or not for this subject.
            AccessDenied: a judge denies; the remedy says what to do.
            Invalid: the messages cannot be answered.
            TooManyRequests: it would be more than a quota allows.
            Unavailable: something that the decision needs is down.

        """
        # (1) Identify: who asks, for whom, in which session.
        subject, now = await self.identify(credential, request_id)
        # (2) Context: the facts that a policy may read; the clock was read once.
        context = Context(now, request_id, Use.AI, ask.purpose)
        route = await self.route(subject, ask.model, context)
        self.routes.check_extras(route, [name for name, _ in ask.extras])
        # (3) Label the prompt, and give history its labels back.
        talk = await self.labeler.label(subject, ask.turns, now, ask.along)
        # (4) Decide: may this subject send data of this label to this model, or to one that may see it?
        first = self.routes.choose(subject, route, context, talk.label)
        if first.upstream is None:
            await self.gate.settle(first.verdicts)
            raise AccessDenied(
                f"what you sent is above what `{route.id}` may be given: {reasons(first.verdicts)}",
                code="above_ceiling",
                remedy=_ABOVE,
            )
        # (5) Retrieve, trimmed to what the subject may read.
        found = await self._retrieve(subject, route, context, talk, None)
        # (6) Decide again: labels have risen. Reroute, or retrieve again within the ceiling.
        choice, tried, notice = first, [*first.verdicts, *found.verdicts], ""
        if found.labels:
            choice = self.routes.choose(subject, route, context, join_all([talk.label, *found.labels]))
            tried += choice.verdicts
        if choice.upstream is None:
            ceiling = first.upstream.card.ceiling
            found = await self._retrieve(subject, route, context, talk, ceiling)
            choice = self.routes.choose(subject, route, context, join_all([talk.label, *found.labels]))
            tried += [*found.verdicts, *choice.verdicts]
            notice = LIMITED
        label = join_all([talk.label, *found.labels])
        emit = self.emit(subject, context, label)
        prompt = self._prompt(route, talk, found, ask)
        await self._record(subject, context, route, choice, found, [*tried, emit], label, expected(prompt))
        if choice.upstream is None:
            raise AccessDenied(
                f"no model behind `{route.id}` may be given this: {reasons(choice.verdicts)}",
                code="above_ceiling",
                remedy=_ABOVE,
            )
        emit.obligations()
        rerouted = choice.upstream.card.id != route.upstreams[0]
        # Steps (7) to (9), model, inspection and outcome, are in release.py.
        return Ready(
            subject,
            context,
            route,
            choice.upstream,
            prompt,
            found.hits,
            label,
            (*tried, emit),
            talk.kinds | found.kinds,
            notice,
            rerouted,
            credential,
            talk.typed,
            talk.messages[-1].content.label,
        )

    async def route(self, subject: Subject, name: str, context: Context, *, vectors: bool = False) -> Route:
        """Return what was asked for by name: what makes vectors, or what answers.

        Raises:
            NotFound: no such model, or not for this subject.
            AccessDenied: the settings that bind everyone switch it off.
            Invalid: it is made for the other.

        """
        try:
            route = self.routes.find(subject, name, context)
        except SwitchedOff as error:
            await self.gate.settle(error.verdicts)
            raise
        return route.made_for(vectors=vectors)

    async def _retrieve(
        self, subject: Subject, route: Route, context: Context, talk: Conversation, ceiling: Label | None
    ) -> Found:
        if not route.collections:
            return Found()
        return await self.retrieve.run(subject, talk.question, context, route.collections, ceiling)

    def emit(self, subject: Subject, context: Context, label: Label) -> Verdict:
        """Decide whether the subject may receive what has this label."""
        answer = answer_resource(context.request_id, label)
        return self.gate.judge([AccessRequest(subject, Action.EMIT, answer, replace(context, data=label))])[0]

    async def _record(
        self,
        subject: Subject,
        context: Context,
        route: Route,
        choice: Choice,
        found: Found,
        verdicts: Sequence[Verdict],
        label: Label,
        expected: Facts,
    ) -> None:
        """Write every decision, the retrieval, the model call and the answer's lineage in one durable write."""
        records = [found.record(subject, context)] if route.collections else []
        passes = choice.upstream is not None and verdicts[-1].passes
        if choice.upstream is not None and passes:
            card = choice.upstream.card
            named = (("provider", card.provider), ("route", route.id), ("version", card.version))
            records.append(
                base_record(
                    Kind.MODEL_CALL,
                    subject,
                    context,
                    action=Action.PROMPT.value,
                    resource_type="model",
                    resource_id=card.id,
                    label=label,
                    facts=(*expected, *named),
                )
            )
            records.append(
                base_record(
                    Kind.ANSWER,
                    subject,
                    context,
                    action=Action.EMIT.value,
                    resource_type="answer",
                    resource_id=context.request_id,
                    label=label,
                    sources=found.sources,
                )
            )
        await self.gate.settle(verdicts, records)

    def _prompt(self, route: Route, talk: Conversation, found: Found, ask: Ask) -> Prompt:
        passages = tuple(
            Passage(number, hit.document.title, Labeled(hit.chunk.text, hit.document.label))
            for number, hit in enumerate(found.hits, start=1)
        )
        return Prompt(
            route.instructions, talk.messages, passages, bool(route.collections), ask.params + ask.extras
        )
