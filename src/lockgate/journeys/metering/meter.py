"""The meter: what a request would use is set aside before it is recorded and released, in one step without races.

`Gate.settle` asks it for every record, so no door can forget: what is shown or called must be recorded (I3), and
what is recorded is counted. After a restart the records of the last hour are read again by the same code, so a
kill gives nobody a fresh quota, and no request waits for a write of its own.

Counts run on a clock that never goes back. The clock of the wall is used once, at the start: how old are records?
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NoReturn

from lockgate.audit.record import Kind, Record
from lockgate.errors import AccessDenied, TooManyRequests
from lockgate.journeys.metering import use
from lockgate.journeys.metering.account import Account, Accounts, least
from lockgate.journeys.metering.window import HOUR, STEP
from lockgate.policy.model import Context, Subject
from lockgate.policy.quotas import Limits, Measure, Quotas
from lockgate.ports import AuditSink

_WORDS: Final = {
    Measure.REQUESTS: "requests",
    Measure.TOKENS: "tokens",
    Measure.CHUNKS: "different sensitive passages",
    Measure.SPEND: "spending",
    Measure.STREAMS: "answers at the same time",
}
_REQUEST: Final = "req_"
_REMEMBERED: Final = 4096
"""Requests that came in, so that one whose credential is looked at again after its body is not counted twice."""


@dataclass(frozen=True, slots=True)
class _Aside:
    """What was set aside for a call that has not ended."""

    accounts: tuple[str, ...]
    time: float
    call: use.Call
    tokens: int
    spend: int


@dataclass(frozen=True, slots=True)
class _Held:
    """An account of a subject and its limits."""

    name: str
    account: Account
    limits: Limits


class _Over(Exception):
    """Something would be more than its limit."""

    def __init__(self, held: _Held, measure: Measure, limit: int, wait: float) -> None:
        super().__init__(measure.value)
        self.held, self.measure, self.limit, self.wait = held, measure, limit, wait


class Meter:
    """Counts use, and refuses what is over a quota.

    Args:
        quotas: the rules in force.
        elapsed: seconds of a clock that never goes back.
        audit: where an alert goes, once an hour for each account and measure.

    """

    def __init__(self, quotas: Callable[[], Quotas], elapsed: Callable[[], float], audit: AuditSink) -> None:
        self._quotas, self._elapsed, self._audit = quotas, elapsed, audit
        self._accounts = Accounts()
        self._aside: dict[str, _Aside] = {}
        self._admitted: dict[str, None] = {}

    async def admit(self, subject: Subject, context: Context) -> None:
        """Count a request that comes in; once, however often its credential is looked at.

        Raises:
            TooManyRequests: it is one more than the quota.
            Unavailable: the log cannot take the alert.

        """
        if not self._quotas().any or context.request_id in self._admitted:
            return
        try:
            time = self._elapsed()
            held = self._held(subject, time)
            self._check(held, Measure.REQUESTS, 1, time)
            for one in held:
                one.account.requests.add(1, time)
            self._admitted[context.request_id] = None
            if len(self._admitted) > _REMEMBERED:
                del self._admitted[next(iter(self._admitted))]
        except _Over as over:
            await self._refuse(over, subject, context)

    async def count(self, subject: Subject | None, records: Sequence[Record]) -> None:
        """Set aside what records say is about to be used, and settle what they say has ended.

        Either all of it fits under every limit and is counted, or nothing is.

        Raises:
            TooManyRequests: it would be more than the quota.
            AccessDenied: something is used, and nobody was decided about.
            Unavailable: the log cannot take the alert.

        """
        quotas = self._quotas()
        if not quotas.any:
            return
        for record in records:
            self._settle(record, quotas)
        shown = frozenset().union(*(use.chunks(one, quotas.sensitive_from) for one in records))
        calls = [(one, found) for one in records if (found := use.call(one)) is not None]
        if not shown and not calls:
            return
        if subject is None:
            raise AccessDenied("something would be used that was not decided about")
        try:
            self._take(self._held(subject, self._elapsed()), shown, calls, quotas)
        except _Over as over:
            context = Context(records[0].time, records[0].request_id)
            await self._refuse(over, subject, context)

    def running(self, subject: Subject, context: Context) -> AbstractAsyncContextManager[None]:
        """Hold a place for an answer while it runs.

        Entering raises `TooManyRequests` where as many as may run at a time run already, and `Unavailable` where
        the log cannot take the alert.
        """
        return _Place(self, subject, context)

    async def enter(self, subject: Subject, context: Context) -> list[Account]:
        """Take a place for an answer, and return the accounts to give it back to.

        Raises:
            TooManyRequests, Unavailable: see `running`.

        """
        held = self._held(subject, self._elapsed())
        try:
            self._check(held, Measure.STREAMS, 1, self._elapsed())
        except _Over as over:
            await self._refuse(over, subject, context)
        for one in held:
            one.account.streams += 1
        return [one.account for one in held]

    def replay(self, records: Iterable[Record], now: datetime) -> None:
        """Count the records of the last hour again, after a restart. `now` is the time of the wall.

        A record whose time is still to come is one of just now: a clock that was set back forgives nothing.
        """
        quotas, running = self._quotas(), self._elapsed()
        seen: set[tuple[str, str]] = set()
        for record in records:
            age = max(0.0, (now - record.time).total_seconds())
            if age > HOUR + STEP:
                continue
            time = running - age
            names = use.accounts(record)
            shown = use.chunks(record, quotas.sensitive_from)
            for name in names:
                account = self._accounts.of(name, time)
                if record.request_id.startswith(_REQUEST) and (record.request_id, name) not in seen:
                    seen.add((record.request_id, name))
                    account.requests.add(1, time)
                account.chunks.add(shown, time)
            if (call := use.call(record)) is not None:
                spend = (
                    quotas.prices[call.model].of(call.prompt, call.completion)
                    if call.model in quotas.prices
                    else 0
                )
                self._set_aside(record.request_id, _Aside(names, time, call, call.prompt + call.completion, spend))
            if record.kind is Kind.ALERT and record.resource_type == "quota":
                measure, _, name = record.resource_id.partition(" of ")
                self._accounts.of(name, time).alerted[Measure(measure)] = time
            self._settle(record, quotas, time)

    # ------------------------------------------------------------------ counting

    def _held(self, subject: Subject, time: float) -> list[_Held]:
        self._accounts.forget(time - HOUR - STEP)
        limits = self._quotas().limits(subject)
        return [_Held(name, self._accounts.of(name, time), each) for name, each in limits]

    def _check(self, held: Sequence[_Held], measure: Measure, needed: int, time: float) -> None:
        for one in held:
            limit = one.limits.of(measure)
            if limit is not None and one.account.used(measure, time) + needed > limit:
                raise _Over(one, measure, limit, one.account.free(measure, needed, limit, time))

    def _take(
        self,
        held: Sequence[_Held],
        shown: frozenset[str],
        calls: Sequence[tuple[Record, use.Call]],
        quotas: Quotas,
    ) -> None:
        """Set aside everything, or raise and set aside nothing. No await: nobody can come between."""
        time = self._elapsed()
        for one in held:
            limit = one.limits.sensitive_chunks
            new = one.account.chunks.new(shown, time) if limit is not None else 0
            if limit is not None and new and one.account.chunks.used(time) + new > limit:
                raise _Over(one, Measure.CHUNKS, limit, one.account.chunks.free(new, limit, time))
        asides = [self._planned(held, record, call, quotas, time) for record, call in calls]
        for one in held:
            if one.limits.sensitive_chunks is not None:
                one.account.chunks.add(shown, time)
        for (record, _), aside in zip(calls, asides, strict=True):
            self._set_aside(record.request_id, aside)

    def _planned(
        self, held: Sequence[_Held], record: Record, call: use.Call, quotas: Quotas, time: float
    ) -> _Aside:
        """Return what a call needs: its prompt whole, and of its answer what is left, which nobody else gets."""
        price = quotas.prices.get(call.model)
        cost = price.of(call.prompt, 1) if price else 0
        self._check(held, Measure.TOKENS, call.prompt + 1, time)
        self._check(held, Measure.SPEND, cost, time)
        tokens = call.prompt + call.completion
        left = least(one.account.left(Measure.TOKENS, one.limits, time) for one in held)
        tokens = tokens if left is None else min(tokens, left)
        spend = price.of(call.prompt, call.completion) if price else 0
        left = least(one.account.left(Measure.SPEND, one.limits, time) for one in held)
        spend = spend if left is None else min(spend, left)
        return _Aside(tuple(one.name for one in held), time, call, tokens, spend)

    def _set_aside(self, request: str, aside: _Aside) -> None:
        for name in aside.accounts:
            account = self._accounts.of(name, aside.time)
            account.tokens.add(aside.tokens, aside.time)
            account.spend.add(aside.spend, aside.time)
        self._aside[request] = aside
        oldest = next(iter(self._aside))
        if self._aside[oldest].time < aside.time - HOUR - STEP:
            del self._aside[oldest]  # it never ended; what was set aside has left the window

    def _settle(self, record: Record, quotas: Quotas, time: float | None = None) -> None:
        """Put what was used in place of what was set aside."""
        found = use.ended(record)
        aside = self._aside.pop(record.request_id, None) if found is not None else None
        if found is None or aside is None:
            return
        prompt = aside.call.prompt if found.prompt is None else found.prompt
        prompt, completion = (prompt, found.completion) if found.called else (0, 0)
        price = quotas.prices.get(aside.call.model)
        at = self._elapsed() if time is None else time
        for name in aside.accounts:
            account = self._accounts.of(name, at)
            account.tokens.take_back(aside.tokens, aside.time)
            account.spend.take_back(aside.spend, aside.time)
            account.tokens.add(prompt + completion, at)
            account.spend.add(price.of(prompt, completion) if price else 0, at)

    # ------------------------------------------------------------------ refusing

    async def _refuse(self, over: _Over, subject: Subject, context: Context) -> NoReturn:
        account, measure, time = over.held.account, over.measure, self._elapsed()
        before = account.alerted.get(measure)
        if before is None or time - before >= HOUR:
            account.alerted[measure] = time
            try:
                await self._audit.append([_alert(over, subject, context)])
            except BaseException:
                account.alerted.pop(measure, None)
                raise
        running = measure is Measure.STREAMS
        raise TooManyRequests(
            f"your quota of {_WORDS[measure]} is used up" + ("" if running else " for this hour"),
            remedy="Wait for one of your answers to end." if running else "Try again later.",
            measure=measure.value,
            limit=over.limit,
            retry_after=max(1, int(-(-over.wait // 1))),
        )


class _Place:
    """The place of an answer."""

    def __init__(self, meter: Meter, subject: Subject, context: Context) -> None:
        self._meter, self._subject, self._context = meter, subject, context
        self._accounts: list[Account] = []

    async def __aenter__(self) -> None:
        self._accounts = await self._meter.enter(self._subject, self._context)

    async def __aexit__(self, *_: object) -> None:
        for one in self._accounts:
            one.streams -= 1


def _alert(over: _Over, subject: Subject, context: Context) -> Record:
    """Return the record that a quota was reached: one an hour, so that a crawl cannot fill the log."""
    found = Record(
        Kind.ALERT,
        context.now,
        context.request_id,
        subject=subject.principal.name,
        on_behalf_of=subject.on_behalf_of.name if subject.on_behalf_of else "",
        session=subject.session.id,
        application=subject.application,
        action="quota.exceeded",
        resource_type="quota",
        resource_id=f"{over.measure.value} of {over.held.name}",
        effect="deny",
        reasons=(f"the quota of {_WORDS[over.measure]} is used up",),
    )
    return replace(found, facts=(("limit", over.limit), ("measure", over.measure.value)))
