"""Who is responsible for what, by who runs a model.

Rows and bearers follow the figure of Microsoft's "AI shared responsibility model" (Microsoft Learn, documentation
under CC BY 4.0); ids and words are ours. The last four rows of the platform are as in an earlier edition of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Runs(StrEnum):
    """How a model is had: `saas` a finished service, `paas` a model as a service, `iaas` one that we run."""

    SAAS = "saas"
    PAAS = "paas"
    IAAS = "iaas"


class Bearer(StrEnum):
    """Who bears a responsibility. `depends` is on the model."""

    OURS = "ours"
    PROVIDER = "provider"
    SHARED = "shared"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True)
class Responsibility:
    """A row: what it is, its layer, and who bears it as `saas`, `paas` and `iaas`."""

    id: str
    layer: str
    what: str
    saas: Bearer
    paas: Bearer
    iaas: Bearer

    def bearer(self, runs: Runs) -> Bearer:
        """Return who bears it."""
        found: Bearer = getattr(self, runs.value)
        return found

    def moves(self, runs: Runs) -> bool:
        """Tell whether more of it is ours than with a finished service."""
        return self.bearer(runs) is not self.saas and self.bearer(runs) is not Bearer.PROVIDER


_C, _P, _S, _D = Bearer.OURS, Bearer.PROVIDER, Bearer.SHARED, Bearer.DEPENDS
ROWS: Final = (
    Responsibility("people", "usage", "people know what they may do, and answer for it", _C, _C, _C),
    Responsibility("usage-policy", "usage", "rules of use, and the controls that hold them", _C, _C, _C),
    Responsibility("access", "usage", "identities, devices and access", _S, _C, _C),
    Responsibility("data", "usage", "which data there is, and who may have it", _S, _C, _C),
    Responsibility("connections", "application", "plugins, and connections to data", _S, _C, _C),
    Responsibility("application-design", "application", "the application is designed and built well", _P, _C, _C),
    Responsibility("application-hosting", "application", "what the application runs on", _P, _C, _C),
    Responsibility("application-safety", "application", "what keeps the application safe", _P, _S, _C),
    Responsibility("model-safety", "platform", "what keeps the model safe and secure", _P, _S, _C),
    Responsibility("model-accountability", "platform", "somebody answers for what the model does", _P, _D, _C),
    Responsibility("model-tuning", "platform", "the model is tuned", _P, _D, _C),
    Responsibility("model-design", "platform", "the model is designed and made", _P, _D, _C),
    Responsibility("training-data", "platform", "what the model was trained on", _P, _D, _C),
    Responsibility("compute", "platform", "the machines that it runs on", _P, _P, _S),
)
