"""The bytes of events stay what they were: a log is verified by them, and readers know their form.

`events.jsonl` was written by the rendering of 0.1.0. A change to it is a change of the format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lockgate.audit import ocsf
from lockgate.audit.record import Kind, Record, Source
from lockgate.labels import PUBLIC, Integrity, Label, Readers, Sensitivity
from support import NOW

GOLDEN = Path(__file__).with_name("events.jsonl")
HR = Label(Sensitivity.CONFIDENTIAL, Readers.any_of("group:hr", "user:ann"), Integrity.INTERNAL)


def samples() -> Iterator[Record]:
    """Yield records of every kind: empty, full, and with values that cannot be kept as they are."""
    source = Source("d_1#0", "d_1", "shares/hr", "pay/2026.xlsx", "17-3", "ab" * 32, HR)
    for kind in Kind:
        yield Record(kind, NOW, "req_1")
        for effect in ("permit", "deny", "observe"):
            yield Record(
                kind,
                NOW,
                "req_2",
                subject="user:ann",
                on_behalf_of="user:bob",
                session="s1",
                application="desk",
                action="document.remove",
                resource_type="model",
                resource_id="m1",
                label=HR,
                effect=effect,
                reasons=("labels permit this", "the settings permit this"),
                policies=("labels", "own"),
                obligations=("redact:pii",),
                errors=("e",) if effect == "deny" else (),
                policy_version="9f2c",
                outcome="completed",
                sources=(source, replace(source, label=PUBLIC)),
                facts=(("provider", "local"), ("prompt_tokens", 7), ("grounded", True), ("share", 0.5)),
                actors=("agent:a", "agent:b"),
            )
    plain = Record(Kind.ANSWER, NOW, "req_3", label=Label())
    for odd in ("x" * 1024, "x" * 1025, "\u00e9\u2028", "bad\udcff", '\x00"\\', "x" * 600):
        yield replace(plain, request_id=odd)
        yield replace(plain, subject=odd, resource_id=odd)
        yield replace(plain, reasons=(odd, odd), actors=(odd,))
        yield replace(plain, facts=((odd, odd), ("a", odd), ("n", 1)))
        yield replace(plain, sources=(replace(source, item=odd, chunk=odd),))


def test_events_have_the_bytes_that_they_had() -> None:
    made = [ocsf.encode(ocsf.event(one, "1.2.3"), index) for index, one in enumerate(samples())]
    assert made == GOLDEN.read_bytes().splitlines()
