"""The policy enforcement point. Every journey passes through a `Gate`: decide, record durably, then release.

Four judges decide: labels (`policy/mandatory.py`), the settings that bind everyone (`policy/central.py`), what is
registered about applications (`policy/registered.py`), and the operators' policies (Cedar). All must permit. All
records of one gate are one durable write; if it fails, nothing is released (I3).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lockgate.audit.record import Kind, Record
from lockgate.errors import AccessDenied, LockgateError
from lockgate.policy import mandatory, registered
from lockgate.policy.central import UNBOUND, Central
from lockgate.policy.decision import Decision, Effect, Obligation, ObligationKind, check, combine_all
from lockgate.policy.filter import NOTHING, All, Any, Filter, Flag, IsTrue, MayRead, Not, OwnedBy, matches
from lockgate.policy.inputs import inputs
from lockgate.policy.model import AccessRequest, Action, Context, Resource, Subject, Use
from lockgate.policy.registered import NOBODY, Applications
from lockgate.ports import AuditSink


class Mode(StrEnum):
    """`enforce` refuses what is denied. `report` decides and records, and lets through what sources allow."""

    ENFORCE = "enforce"
    REPORT = "report"


class Judge(Protocol):
    """The operators' judge: one loaded, validated policy set (`policy/cedar.py`)."""

    @property
    def version(self) -> str: ...
    def decide(self, requests: Sequence[AccessRequest], /) -> list[Decision]: ...
    def filter(self, subject: Subject, action: Action, context: Context, /) -> Filter: ...


class Metering(Protocol):
    """Counts use (`journeys/metering/`). Every method may raise `TooManyRequests`."""

    async def admit(self, subject: Subject, context: Context) -> None: ...
    async def count(self, subject: Subject | None, records: Sequence[Record]) -> None: ...
    def running(self, subject: Subject, context: Context) -> AbstractAsyncContextManager[None]: ...


def base_record(kind: Kind, subject: Subject, context: Context, **more: typing.Any) -> Record:
    """Return a record that says who, when and in which request, and `more` of its fields."""
    more.setdefault("time", context.now)
    return Record(
        kind,
        request_id=context.request_id,
        subject=subject.principal.name,
        on_behalf_of=subject.on_behalf_of.name if subject.on_behalf_of else "",
        session=subject.session.id,
        application=subject.application,
        actors=tuple([one.name for one in subject.actors]) if subject.actors else (),
        **more,
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision, and whether it lets the request pass in the gate's mode.

    `default_purpose` tells that the purpose which it was decided for is that of the settings.
    """

    request: AccessRequest
    decision: Decision
    passes: bool
    default_purpose: bool = False

    @property
    def effect(self) -> str:
        """Return `permit`, `deny`, or `observe` for a denial that report mode lets through."""
        if self.decision.permits:
            return "permit"
        return "observe" if self.passes else "deny"

    def obligations(self, fulfils: frozenset[ObligationKind] = frozenset()) -> frozenset[Obligation]:
        """Return what must be done.

        Raises:
            AccessDenied: it does not pass, or an obligation is none of `fulfils`.

        """
        if self.passes and not self.decision.permits:
            return frozenset()
        return check(self.decision, fulfils)

    def record(self) -> Record:
        """Return the decision as a record for the audit log."""
        request, decision = self.request, self.decision
        flows = request.action in {Action.PROMPT, Action.EMIT}
        return base_record(
            Kind.DECISION,
            request.subject,
            request.context,
            action=request.action.value,
            resource_type=request.resource.type,
            resource_id=request.resource.id,
            label=request.context.data if flows else request.resource.label,
            effect=self.effect,
            reasons=tuple(sorted(decision.reasons)),
            policies=tuple(sorted(decision.policies)),
            obligations=tuple(sorted(str(o) for o in decision.obligations)),
            errors=tuple(sorted(decision.errors)),
            policy_version=decision.policy_version,
            facts=inputs(request, default_purpose=self.default_purpose),
        )


@dataclass(frozen=True, slots=True)
class Gate:
    """Decide, record, then release.

    Attributes:
        policies: the operators' judge in force.
        audit: where decisions are recorded.
        mode: report mode lets through what policies or labels deny and the sources allow; never what `central`
            or `applications` deny.
        central: the settings that bind everyone, as they are in force.
        applications: the registered applications, as they are in force. Nobody's, unless they are given.
        meter: counts what is used, and refuses what is over a quota; None counts nothing.

    """

    policies: Callable[[], Judge]
    audit: AuditSink
    mode: Mode = Mode.ENFORCE
    central: Callable[[], Central] = lambda: UNBOUND
    applications: Callable[[], Applications] = lambda: NOBODY
    meter: Metering | None = None

    def judge(self, requests: Sequence[AccessRequest]) -> list[Verdict]:
        """Decide without recording. The caller hands the verdicts to `settle` before anything is released."""
        if not requests:
            return []
        central = self.central()
        asked, requests = requests, [central.with_purpose(one) for one in requests]
        try:
            stated = self.policies().decide(requests)
        except LockgateError as error:
            failed = Decision(Effect.DENY, errors=frozenset({f"the policy engine failed: {error}"}))
            stated = [failed] * len(requests)
        if len(stated) != len(requests):
            raise AccessDenied("the policy engine left a request undecided")
        verdicts, known = [], self.applications()
        for before, request, decision in zip(asked, requests, stated, strict=True):
            binding = combine_all([central.judge(request), registered.judge(request, known)])
            all_of = combine_all([mandatory.judge(request), binding, decision])
            passes = all_of.permits or (binding.permits and self._lets_through(request, all_of))
            verdicts.append(Verdict(request, all_of, passes, request.context.purpose != before.context.purpose))
        return verdicts

    async def admit(self, subject: Subject, context: Context) -> None:
        """Count a request that comes in.

        Raises:
            TooManyRequests: it is one more than the quota.
            Unavailable: the log cannot take the alert.

        """
        if self.meter is not None:
            await self.meter.admit(subject, context)

    def running(self, subject: Subject, context: Context) -> AbstractAsyncContextManager[None]:
        """Hold a place for an answer while it runs; entering may raise `TooManyRequests`."""
        return nullcontext() if self.meter is None else self.meter.running(subject, context)

    def bound(self, verdict: Verdict) -> bool:
        """Tell whether it is the settings that bind everyone, and they alone, which deny."""
        binding, decision = self.central().judge(verdict.request), verdict.decision
        return not binding.permits and not decision.errors and decision.reasons == binding.reasons

    async def settle(self, verdicts: Sequence[Verdict], also: Sequence[Record] = ()) -> None:
        """Record verdicts, and what goes with them, in one durable write. What they use is counted first.

        Raises:
            TooManyRequests: the use is over a quota; only an alert is recorded, and nothing may be released.
            Unavailable: the log cannot take them; nothing may be released.

        """
        if self.meter is not None and also:
            await self.meter.count(verdicts[0].request.subject if verdicts else None, also)
        await self.audit.append([*(verdict.record() for verdict in verdicts), *also])

    async def enforce(
        self, request: AccessRequest, fulfils: frozenset[ObligationKind] = frozenset(), also: Sequence[Record] = ()
    ) -> frozenset[Obligation]:
        """Decide, record, and return the obligations to carry out.

        Raises:
            AccessDenied: a judge denies or errs, or an obligation cannot be fulfilled.
            Unavailable: the log cannot take the record.

        """
        verdict = self.judge([request])[0]
        await self.settle([verdict], also)
        return verdict.obligations(fulfils)

    def readable(self, subject: Subject, context: Context) -> Filter:
        """Return the filter for documents that `subject` may read in this context: every judge, or the source's.

        Raises:
            LockgateError: the policy engine failed; there is no answer, least of all "everything".

        """
        context = self.central().purposed(context)
        binding = self._binding(subject, context)
        if self.mode is Mode.REPORT:
            return All((binding, MayRead(source=True)))
        labels = MayRead() if context.use is Use.OPEN else _mandatory(subject)
        return All((binding, labels, self.policies().filter(subject, Action.READ, context)))

    def discoverable(self, subject: Subject, context: Context) -> Filter:
        """Return the filter for documents that `subject` may learn of: `NOTHING` itself where there are none.

        Raises:
            LockgateError: the policy engine failed.

        """
        context = self.central().purposed(context)
        binding = self._binding(subject, context)
        permitted = self.policies().filter(subject, Action.DISCOVER, context)
        return NOTHING if permitted == NOTHING else All((binding, permitted))

    def within(self, subject: Subject, context: Context) -> Filter:
        """Return the filter for documents that the subject's applications may be told about, whatever it may read.

        For lists whose rights are of another kind, such as those of owners and administrators.
        """
        return registered.readable(subject, context, self.applications())

    def told(self, subject: Subject, context: Context, resource: Resource) -> bool:
        """Tell whether a refusal may say that a document exists: to its readers, through what may draw from it."""
        return subject.satisfies(resource.source_readers) and matches(
            self.within(subject, context), subject, resource
        )

    def _binding(self, subject: Subject, context: Context) -> Filter:
        """Return what binds in every mode, as a filter: the settings, and the registration of applications."""
        return All((self.central().filter(context), self.within(subject, context)))

    def _lets_through(self, request: AccessRequest, decision: Decision) -> bool:
        """Tell whether report mode passes a denial: only where the source system allows, never on errors."""
        if self.mode is Mode.ENFORCE or decision.errors:
            return False
        match request.action:
            case Action.READ:
                return request.subject.satisfies(request.resource.source_readers)
            case Action.PROMPT:
                return request.subject.satisfies(request.resource.label.readers)
            case Action.EMIT:
                return True  # its parts were let through one by one
            case _:
                return False


def _mandatory(subject: Subject) -> Filter:
    """Return `mandatory.judge` for reading into AI, as a filter."""
    own = All(tuple(OwnedBy(party.identifiers) for party in subject.parties))
    released = All((IsTrue(Flag.REVIEWED), Not(IsTrue(Flag.HELD))))
    return All((MayRead(), Not(IsTrue(Flag.AI_FORBIDDEN)), Any((own, released))))
