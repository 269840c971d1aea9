"""The organization's rules over a catalogue: simulated, applied by the ingest, recorded, and never lowering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from journeys.places import STAFF, Place, Plain, Stopped, place
from lockgate.config.label_rules import parse_rules
from lockgate.content.document import Review
from lockgate.content.label_policy import NO_RULES, LabelPolicy
from lockgate.journeys.ingest import Ingest
from lockgate.journeys.labels import Labels
from lockgate.labels.label import Sensitivity
from lockgate.labels.wire import STANDARD
from lockgate.ports import Extracted


def rules(text: str) -> LabelPolicy:
    return parse_rules("version = 1\n" + text, Path("labels.toml"), STANDARD)


PLANS = rules(
    '[[rules]]\nname = "plans"\npaths = ["plans/**"]\nsensitivity = "confidential"\n'
    'forbidden_uses = ["training"]\n'
)
GUID = "0f3c1d2e-0000-4000-8000-5a5a5a5a5a5a"


class Marked(Plain):
    """Reads text whose first line may be the id of a sensitivity label."""

    async def extract(self, item: str, data: bytes) -> Extracted:
        found = await super().extract(item, data)
        name, _, rest = found.text.partition("\n")
        marks = ((f"MSIP_Label_{GUID}_Name", name.removeprefix("label:")),)
        return Extracted(rest, marks=marks) if name.startswith("label:") else found


def within(folder: Path, body: Callable[[Place], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with place(folder) as at:
            at.rules(STAFF)
            await body(at)

    asyncio.run(run())


def ingest(at: Place, policy: LabelPolicy) -> Ingest:
    return Ingest(at.index, Marked(), at.embedder, Stopped(), at.log, at.connector._directory, rules=policy)


def journey(at: Place) -> Labels:
    return Labels(at.index, at.connector._directory, Stopped(), at.log, {"share": at.connector})


def test_what_is_simulated_is_what_then_happens_and_nothing_happens_before(tmp_path: Path) -> None:
    async def body(at: Place) -> None:
        at.write("plans/move.txt", "The office moves in May.")
        at.write("lunch.txt", "Soup.")
        await ingest(at, NO_RULES).run(at.connector)
        before, records = tuple(at.index.documents()), len(at.log.records)
        (change,) = [one async for one in journey(at).simulate(PLANS)]
        assert (tuple(at.index.documents()), len(at.log.records)) == (before, records)
        assert change.after.label.sensitivity is Sensitivity.CONFIDENTIAL
        assert change.why == ("rule `plans`: its place demands confidential",)

        await journey(at).applied(PLANS, "root")
        assert (await ingest(at, PLANS).run(at.connector)).relabeled == 1
        assert at.document("plans/move.txt") == change.after
        assert at.document("lunch.txt") == next(one for one in before if one.item == "lunch.txt")
        assert change.after.label.forbidden_uses == {"training"}
        told = [one for one in at.log.records[records:] if one.action in ("labels.apply", "ingest.relabel")]
        assert [one.action for one in told] == ["labels.apply", "ingest.relabel"]
        assert {dict(one.facts)["label_rules"] for one in told} == {PLANS.version}
        assert [one async for one in journey(at).simulate(PLANS)] == []

    within(tmp_path, body)


def test_rules_that_are_taken_away_lower_nothing(tmp_path: Path) -> None:
    async def body(at: Place) -> None:
        at.write("plans/move.txt", "The office moves in May.")
        await ingest(at, PLANS).run(at.connector)
        high = at.document("plans/move.txt")
        assert high.label.sensitivity is Sensitivity.CONFIDENTIAL
        assert [one async for one in journey(at).simulate(NO_RULES)] == []
        await ingest(at, NO_RULES).run(at.connector)
        assert at.document("plans/move.txt") == high
        _, said = journey(at).explain("docs/plans/move.txt", NO_RULES)
        assert "only a review lowers" in said.reasons[-1]

    within(tmp_path, body)


def test_what_is_declared_below_a_rule_is_held(tmp_path: Path) -> None:
    async def body(at: Place) -> None:
        at.rules(STAFF + '\nsensitivity = "general"')
        at.write("plans/move.txt", "The office moves in May.")
        await ingest(at, NO_RULES).run(at.connector)
        assert not at.document("plans/move.txt").held
        await ingest(at, PLANS).run(at.connector)
        now = at.document("plans/move.txt")
        assert (now.label.sensitivity, now.review, now.held) == (Sensitivity.GENERAL, Review.DECLARED, True)

    within(tmp_path, body)


def test_labels_that_files_state_raise_and_are_told(tmp_path: Path) -> None:
    policy = rules('[[marks]]\nmatch = ["Finance"]\nsensitivity = "confidential"\n')

    async def body(at: Place) -> None:
        at.write("known.txt", "label:Finance\nSoup.")
        at.write("unknown.txt", "label:Kantine\nSoup.")
        await ingest(at, policy).run(at.connector)
        known, unknown = at.document("known.txt"), at.document("unknown.txt")
        assert known.label.sensitivity is Sensitivity.CONFIDENTIAL
        assert unknown.label.sensitivity is Sensitivity.RESTRICTED
        assert any(f"label {GUID}, which nobody has mapped" in note for note in unknown.notes)
        assert not any("Kantine" in note for note in unknown.notes)
        _, said = journey(at).explain("docs/known.txt", policy)
        assert said.reasons == ("1 x mark.confidential",)
        await ingest(at, policy).run(at.connector)
        assert (at.document("known.txt"), at.document("unknown.txt")) == (known, unknown)

    within(tmp_path, body)
