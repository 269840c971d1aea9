"""The answer to an access request, what it obliges, and how answers combine.

Deny overrides, any error denies, and the combination of nothing denies. A `Decision` is not a boolean:
`bool(decision)` raises, so that no branch can forget errors and obligations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from lockgate.errors import AccessDenied, Invalid


class Effect(StrEnum):
    """Two outcomes. Errors are not a third: they deny."""

    PERMIT = "permit"
    DENY = "deny"


class ObligationKind(StrEnum):
    """The closed set of obligations that a policy may state with `@obligation("kind:value")`."""

    REDACT = "redact"
    STEP_UP = "step_up"
    APPROVE = "approve"
    REROUTE = "reroute"
    MARK = "mark"


@dataclass(frozen=True, slots=True, order=True)
class Obligation:
    """What the enforcement point must do, or else deny (XACML 3.0 section 7.18)."""

    kind: ObligationKind
    value: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else str(self.kind)

    @classmethod
    def parse(cls, text: str) -> Obligation:
        """Read `kind` or `kind:value`.

        Raises:
            Invalid: the kind is not one of `ObligationKind`.

        """
        kind, _, value = text.partition(":")
        try:
            return cls(ObligationKind(kind.strip()), value.strip())
        except ValueError as error:
            known = ", ".join(ObligationKind)
            raise Invalid(f"`{kind}` is no obligation; there are: {known}") from error


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of a judge.

    Attributes:
        effect: permit or deny.
        reasons: why, in sentences that name policies, labels and resources and never quote content.
        remedies: what the person can do about a denial, and whom to ask.
        obligations: what must be done if it is carried out.
        policies: ids of the policies that determined it.
        errors: what went wrong while deciding; any error denies.
        policy_version: digest of the policy set that decided.

    """

    effect: Effect
    reasons: frozenset[str] = frozenset()
    remedies: frozenset[str] = frozenset()
    obligations: frozenset[Obligation] = frozenset()
    policies: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()
    policy_version: str = ""

    def __bool__(self) -> NoReturn:
        raise TypeError("a Decision is not a boolean; pass it to `check`")

    @property
    def permits(self) -> bool:
        """Tell whether this is a permit without errors. Obligations still have to be met: see `check`."""
        return self.effect is Effect.PERMIT and not self.errors

    def combine(self, other: Decision, /) -> Decision:
        """Deny overrides; any error denies; obligations accumulate. A permit's reasons go when it loses."""
        return combine_all((self, other))


NO_POLICY: Final = Decision(Effect.DENY, frozenset({"no policy permits this"}))


def combine_all(decisions: Iterable[Decision]) -> Decision:
    """Combine; an empty list denies."""
    found = list(decisions)
    if not found:
        return NO_POLICY
    if len(found) == 1:
        return found[0]
    denying = [one for one in found if one.errors or one.effect is not Effect.PERMIT]
    empty: frozenset[str] = frozenset()
    reasons = remedies = policies = errors = empty
    obligations: frozenset[Obligation] = frozenset()
    version = ""
    for one in denying or found:
        reasons |= one.reasons
        remedies |= one.remedies
        policies |= one.policies
    for one in found:
        obligations |= one.obligations
        errors |= one.errors
        version = max(version, one.policy_version)
    effect = Effect.DENY if denying else Effect.PERMIT
    return Decision(effect, reasons, remedies, obligations, policies, errors, version)


def check(decision: Decision, fulfils: frozenset[ObligationKind]) -> frozenset[Obligation]:
    """Return the obligations to carry out.

    Raises:
        AccessDenied: the effect is DENY, a judge erred, or an obligation is not one that this enforcement
            point can fulfil.

    """
    if not decision.obligations and decision.permits:
        return decision.obligations
    remedy = " ".join(sorted(decision.remedies))
    if not decision.permits:
        raise AccessDenied("; ".join(sorted(decision.reasons)) or "denied", remedy=remedy)
    unmet = sorted({o.kind for o in decision.obligations if o.kind not in fulfils})
    if unmet:
        raise AccessDenied(f"an obligation cannot be fulfilled here: {', '.join(unmet)}", remedy=remedy)
    return decision.obligations
