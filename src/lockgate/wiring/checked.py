"""What `lockgate check` looks at beside the configuration itself: everything that it names and that lies here."""

from __future__ import annotations

from lockgate.adapters import acceptances
from lockgate.adapters.directory_file import DirectoryFile
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.policy_files import load as load_policies
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.config import Settings
from lockgate.wiring import judging, labels
from lockgate.wiring.models import Models


def checked(settings: Settings) -> list[str]:
    """Return notes on what is allowed and hardly meant: good settings have none.

    Raises:
        Invalid: a file that the settings name is wrong.
        Unavailable: one cannot be read.

    """
    if settings.policies is not None:
        load_policies(settings.policies)
    labels.load(settings)
    tuned = judging.notes(settings)
    if settings.identity.directory is not None:
        DirectoryFile.open(settings.identity.directory)
    weights = Weights(settings.models_folder or default_folder(), shipped())
    Models(MiniLmEmbedder(weights), weights).table(settings)  # opens nothing before its first question
    return _notes(settings) + tuned


def _notes(settings: Settings) -> list[str]:
    notes = []
    regions, known = settings.central.regions, acceptances.load(settings.data)
    for one in settings.models:
        if one.users.is_nobody:
            notes.append(f"the model `{one.id}` is for nobody: it has no `users`")
        if one.kind == "openai" and not one.responsibility:
            notes.append(f"the model `{one.id}` does not state who runs it: `responsibility`")
        if one.needs_acceptance and (one.id not in known or known[one.id].terms != one.terms):
            notes.append(
                f"nobody has accepted the risk of `{one.id}`, so it is not active: `lockgate models accept`"
            )
        if not one.enabled:
            notes.append(f"the model `{one.id}` is switched off")
        elif regions is not None and one.region not in regions:
            stated = f"runs in `{one.region}`" if one.region else "does not state its `region`"
            notes.append(f"the model `{one.id}` {stated}, so [central] `regions` keeps everybody from it")
    if settings.central.purposes is not None and not settings.central.default_purpose:
        notes.append("a request that states no purpose is denied: [central] has no `default_purpose`")
    return notes
