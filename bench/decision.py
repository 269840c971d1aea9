"""Decision: every judge of the gate, at 10 to 1,000 policies and 10 to 100,000 entities, next to Cedar in turns.

    python -m bench.decision            the matrix, in about two minutes
    python -m bench.decision --filters  what the filter for a retrieval costs

Each figure is CPU time of the one thread, in microseconds, so that other work on the machine counts little. What
is timed is `Gate.judge`, as the gateway calls it: labels, central settings and policies. Entities are people (in
20 groups each), groups and documents (two clauses of readers); who asks for what is drawn anew for every call.
The other columns of a row are measured in turns with it, on the same policies and questions:

* `handles`: `cedarpy.is_authorized` with every policy in one parsed handle, and a handle of the two entities that
  the question needs, parsed before the clock starts.
* `text`: the same with policies and schema given as text in each call, as the engine's documentation begins.

Exit code 1: a p50 is 100 microseconds or more, or one row costs more than twice another.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cedarpy

from lockgate.adapters.policy_files import SHIPPED
from lockgate.journeys.enforce import Gate
from lockgate.labels import Integrity, Label, Readers, Sensitivity
from lockgate.policy.cedar import PolicySet
from lockgate.policy.entities import ClauseIds, principal_entity, resource_entity, signals
from lockgate.policy.model import (
    AccessRequest,
    Action,
    Context,
    Principal,
    PrincipalKind,
    Resource,
    Risk,
    Session,
    Subject,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CONTEXT = Context(NOW, "bench")
SCHEMA = (SHIPPED / "schema.cedarschema").read_text()
POLICIES, ENTITIES = (10, 100, 1000), (10, 1000, 100_000)
GOAL, SPREAD = 100.0, 2.0
_KEPT = ("10-open", "20-ai", "30-models", "40-answers")
_GROUPS, _COLLECTIONS, _QUESTIONS, _HANDLES = 20, 40, 4000, 40
_IN_A_ROW = 5
purposes = itertools.count()

TO_GROUP = """@id("p{n}") permit(principal in Lockgate::Group::"g{group}", action == Lockgate::Action::"read",
  resource is Lockgate::Document in Lockgate::Collection::"c{n}") when {{ resource.level <= 1 }};
"""
TO_ANYBODY = """@id("p{n}") permit(principal, action == Lockgate::Action::"read",
  resource is Lockgate::Document in Lockgate::Collection::"c{n}") when {{ resource.level <= 1 }};
"""


def policies(count: int, templates: Sequence[str] = (TO_GROUP, TO_ANYBODY)) -> tuple[PolicySet, str]:
    """Return shipped policies filled up to `count` with rules of the templates, and the same as one text."""
    texts = {name: (SHIPPED / f"{name}.cedar").read_text() for name in _KEPT}
    missing = count - len(PolicySet.from_texts(texts, SCHEMA).rules)
    written = (templates[n % len(templates)].format(n=n, group=n % 100) for n in range(missing))
    texts["more"] = "".join(written)
    return PolicySet.from_texts(texts, SCHEMA), "\n".join(texts.values())


class World:
    """An organization of so many people, groups and documents together."""

    def __init__(self, entities: int) -> None:
        dice = self._dice = random.Random(entities)
        groups = [f"group:g{n}" for n in range(max(2, entities // 50))]
        self.people = []
        for number in range(max(3, entities // 2)):
            held = frozenset({"group:staff", *dice.sample(groups, min(_GROUPS - 1, len(groups)))})
            who = Principal(PrincipalKind.USER, f"u{number}", held)
            session = Session(f"s{number}", NOW + timedelta(hours=1), assurance=1, risk=Risk.LOW)
            self.people.append(Subject(who, session))
        self.documents = []
        for number in range(entities - len(groups) - len(self.people)):
            clauses = {frozenset({"group:staff"}), frozenset(dice.sample(groups, 2)) | {f"user:u{number}"}}
            readers = Readers(frozenset(clauses))
            level = dice.choice([Sensitivity.GENERAL, Sensitivity.CONFIDENTIAL])
            label = Label(level, readers, Integrity.INTERNAL, forbidden_uses=frozenset())
            collection = frozenset({f"c{dice.randrange(_COLLECTIONS)}"})
            self.documents.append(Resource("document", f"d{number}", label, collection, True, False, readers))

    def questions(self, together: int) -> Iterator[list[AccessRequest]]:
        """Yield, again and again, questions of one person about documents."""
        made = []
        for _ in range(_QUESTIONS // together):
            who = self._dice.choice(self.people)
            documents = self._dice.choices(self.documents, k=together)
            made.append([AccessRequest(who, Action.READ, one, CONTEXT) for one in documents])
        return itertools.cycle(made)


def asked(request: AccessRequest) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Return a question and its two entities as the engine takes them."""
    ids = ClauseIds()
    resource = resource_entity(request.resource, ids)
    principal = principal_entity(request.subject.principal, ids.satisfied(request.subject))
    question = {
        "principal": principal["uid"],
        "action": {"type": "Lockgate::Action", "id": str(request.action)},
        "resource": resource["uid"],
        "context": json.dumps(signals(request.subject, request.context, request.resource)),
    }
    return question, [principal, resource]


def baselines(chosen: PolicySet, text: str, world: World) -> dict[str, Callable[[], object]]:
    """Return the calls that Lockgate is compared with."""
    schema = cedarpy.Schema.from_str(SCHEMA)
    static = {one.id: one.est for one in chosen.rules}
    every = cedarpy.PolicySet.from_json_str(
        json.dumps({"staticPolicies": static, "templates": {}, "templateLinks": []})
    )
    prepared = []
    for request in itertools.islice((one for (one,) in world.questions(1)), _HANDLES):
        question, entities = asked(request)
        handle = cedarpy.Entities.from_json_str(json.dumps(entities), schema)
        prepared.append((question, entities, handle))
    turns, others = itertools.cycle(prepared), itertools.cycle(prepared)

    def handles() -> object:
        question, _, handle = next(turns)
        return cedarpy.is_authorized(question, every, handle, schema)

    def parsed() -> object:
        question, entities, _ = next(others)
        return cedarpy.is_authorized(question, text, entities, SCHEMA)

    return {"handles": handles, "text": parsed}


def in_turns(calls: Mapping[str, Callable[[], object]], seconds: float) -> dict[str, list[float]]:
    """Return the sorted times of each call in microseconds, all measured in turns."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(taken.values()))) < 5:
        for name, call in calls.items():
            for _ in range(1 if name == "text" else _IN_A_ROW):
                before = time.thread_time()
                call()
                taken[name].append((time.thread_time() - before) * 1e6)
    return {name: sorted(times) for name, times in taken.items()}


def percentile(times: Sequence[float], share: float) -> float:
    return times[int(share * (len(times) - 1))]


def print_matrix(seconds: float) -> bool:
    """Print the matrix; return whether the goals are met."""
    print("us of CPU a decision (batches: divided by their size); ratios are of p50")
    columns = ("p50", "p99", "of 8", "of 50", "handles", "text", "handles/p50", "text/p50")
    print(f"{'policies':>8}{'entities':>10}" + "".join(f"{name:>13}" for name in columns))
    medians = []
    worlds = {entities: World(entities) for entities in ENTITIES}
    for count in POLICIES:
        chosen, text = policies(count)
        gate = Gate(lambda chosen=chosen: chosen, audit=None)
        for entities, world in worlds.items():
            sizes = {size: world.questions(size) for size in (1, 8, 50)}
            calls = {str(size): lambda q=q, gate=gate: gate.judge(next(q)) for size, q in sizes.items()}
            for (request,) in itertools.islice(world.questions(1), 200):  # and the answers are the engine's
                assert chosen.decide([request]) == chosen.consult([request])
            found = in_turns({**calls, **baselines(chosen, text, world)}, seconds)
            one, handles, parsed = (statistics.median(found[name]) for name in ("1", "handles", "text"))
            figures = [
                f"{one:.1f}", f"{percentile(found['1'], 0.99):.1f}", f"{statistics.median(found['8']) / 8:.1f}",
                f"{statistics.median(found['50']) / 50:.1f}", f"{handles:,.0f}", f"{parsed:,.0f}",
                f"{handles / one:,.0f}x", f"{parsed / one:,.0f}x",
            ]  # fmt: skip
            print(f"{count:>8,}{entities:>10,}" + "".join(f"{one:>13}" for one in figures), flush=True)
            medians.append(one)
    spread = max(medians) / min(medians)
    good = max(medians) < GOAL and spread <= SPREAD
    print(f"highest p50 {max(medians):.1f} us (goal: below {GOAL:.0f}); highest to lowest {spread:.2f} "
          f"(goal: at most {SPREAD:.0f}): {'met' if good else 'NOT MET'}")  # fmt: skip
    return good


def print_filters(seconds: float) -> None:
    """Print what the filter for a retrieval costs: never asked before (another purpose each time), and known."""
    print("\nus of CPU for the filter of a retrieval, p50")
    print(f"{'policies':>24}{'new':>12}{'known':>12}")
    who = World(1000).people[0]
    for name, count, templates in [
        ("10", 10, (TO_GROUP,)), ("1,000 to groups", 1000, (TO_GROUP,)), ("1,000 to anybody", 1000, (TO_ANYBODY,))
    ]:  # fmt: skip
        chosen, _ = policies(count, templates)

        def new(chosen: PolicySet = chosen) -> object:
            return chosen.filter(who, Action.READ, replace(CONTEXT, purpose=str(next(purposes))))

        def known(chosen: PolicySet = chosen) -> object:
            return chosen.filter(who, Action.READ, CONTEXT)

        found = in_turns({"new": new, "known": known}, seconds)
        print(f"{name:>24}" + "".join(f"{statistics.median(found[one]):>12,.0f}" for one in ("new", "known")))


def main(arguments: Sequence[str]) -> int:
    """Print the figures; return 1 if a goal is missed."""
    seconds = 6.0
    good = True if arguments == ["--filters"] else print_matrix(seconds)
    print_filters(seconds / 3)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
