"""Decision: one, batches, and the filter for retrieval, against the same policies given as text each time.

python -m bench.decision

All columns of a row are measured in turns in one run. `text each call` is how the engine's documentation begins:
policies and schema as text, entities as a list, one call. `unsliced` policies all concern everybody, so that
slicing cannot help. Figures are CPU time of the one thread, so that other work on the machine counts little.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cedarpy

from lockgate.adapters.policy_files import SHIPPED
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
_IN_A_ROW = 5
purposes = itertools.count()
GROUPS = frozenset({"group:staff", *(f"group:g{n}" for n in range(1, 20))})
ANN = Subject(
    Principal(PrincipalKind.USER, "ann", GROUPS),
    Session("s", NOW + timedelta(hours=1), assurance=1, risk=Risk.LOW),
)
SLICED = """@id("p{n}") permit(principal in Lockgate::Group::"g{n}", action == Lockgate::Action::"read",
  resource is Lockgate::Document in Lockgate::Collection::"c{n}") when {{ resource.level <= 1 }};
"""
UNSLICED = """@id("p{n}") permit(principal, action == Lockgate::Action::"read",
  resource is Lockgate::Document in Lockgate::Collection::"c{n}") when {{ resource.level <= 1 }};
"""


def policies(count: int, template: str) -> tuple[PolicySet, str]:
    """Return the shipped set filled up to `count` policies, and the same as one text."""
    texts = {path.name: path.read_text() for path in SHIPPED.glob("*.cedar")}
    schema = (SHIPPED / "schema.cedarschema").read_text()
    shipped = len(PolicySet.from_texts(texts, schema).rules)
    texts["more.cedar"] = "".join(template.format(n=n) for n in range(count - shipped))
    return PolicySet.from_texts(texts, schema), "\n".join(texts.values())


def requests(count: int) -> list[AccessRequest]:
    """Return reads of documents with two clauses of readers each, in 20 different access lists."""
    made = []
    for number in range(count):
        readers = Readers(
            frozenset({frozenset({"group:staff"}), frozenset({f"group:g{number % 20}", "user:bob"})})
        )
        label = Label(Sensitivity.GENERAL, readers, Integrity.INTERNAL, forbidden_uses=frozenset())
        document = Resource("document", f"d{number}", label, frozenset({"c7"}), True, False, readers)
        made.append(AccessRequest(ANN, Action.READ, document, CONTEXT))
    return made


def naive(text: str) -> Callable[[], object]:
    """Return the call that parses everything each time."""
    (request,) = requests(1)
    ids = ClauseIds()
    resource = resource_entity(request.resource, ids)
    entities = [principal_entity(ANN.principal, ids.satisfied(ANN)), resource]
    schema = (SHIPPED / "schema.cedarschema").read_text()
    asked = {
        "principal": 'Lockgate::User::"ann"',
        "action": 'Lockgate::Action::"read"',
        "resource": 'Lockgate::Document::"d0"',
        "context": signals(ANN, CONTEXT, request.resource),
    }
    return lambda: cedarpy.is_authorized(asked, text, entities, schema)


def in_turns(calls: Mapping[str, Callable[[], object]], seconds: float = 1.5) -> dict[str, float]:
    """Return the median in microseconds of each call, all measured in turns."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(taken.values()))) < 5:
        for name, call in calls.items():
            for _ in range(_IN_A_ROW):
                before = time.thread_time()
                call()
                taken[name].append(time.thread_time() - before)
    return {name: statistics.median(times) * 1e6 for name, times in taken.items()}


def main() -> None:
    """Print p50 in microseconds."""
    columns = ("one", "batch of 8", "batch of 50", "filter, new", "filter, known", "text each call", "ratio")
    print("p50 of CPU time in microseconds; a batch is counted whole")
    print(f"{'policies':<16}" + "".join(f"{name:>15}" for name in columns))
    for name, template, count in [
        ("10", SLICED, 10),
        ("100", SLICED, 100),
        ("1000", SLICED, 1000),
        ("100 unsliced", UNSLICED, 100),
        ("1000 unsliced", UNSLICED, 1000),
    ]:
        chosen, text = policies(count, template)
        one, eight, fifty = requests(1), requests(8), requests(50)

        def new_filter(chosen: PolicySet = chosen) -> object:  # never asked before: another purpose each time
            return chosen.filter(ANN, Action.READ, replace(CONTEXT, purpose=str(next(purposes))))

        found = in_turns(
            {
                "one": lambda chosen=chosen, one=one: chosen.decide(one),
                "batch of 8": lambda chosen=chosen, eight=eight: chosen.decide(eight),
                "batch of 50": lambda chosen=chosen, fifty=fifty: chosen.decide(fifty),
                "filter, new": new_filter,
                "filter, known": lambda chosen=chosen: chosen.filter(ANN, Action.READ, CONTEXT),
                "text each call": naive(text),
            }
        )
        found["ratio"] = found["text each call"] / found["one"]
        print(f"{name:<16}" + "".join(f"{found[column]:>15,.0f}" for column in columns))


if __name__ == "__main__":
    main()
