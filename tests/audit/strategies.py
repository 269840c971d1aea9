"""Generators of records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from labels.strategies import labels
from lockgate.audit.record import Kind, Record, Source

names = st.text(st.characters(codec="utf-8"), max_size=12)
effects = st.sampled_from(["", "permit", "deny", "observe"])
actions = st.sampled_from(["", "read", "prompt", "review.accept", "document.remove", "session.revoke"])
values = (
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | names
)
fact_names = st.sampled_from(["prompt_tokens", "completion_tokens", "provider", "chunks", "odd name"])
facts = st.dictionaries(fact_names, values, max_size=4).map(lambda d: tuple(sorted(d.items())))
times = st.integers(0, 4 * 10**12).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
sources = st.builds(Source, names, names, names, names, names, names, labels)
texts = st.lists(names, max_size=2).map(tuple)

records = st.builds(
    Record,
    kind=st.sampled_from(Kind),
    time=times,
    request_id=names,
    subject=st.sampled_from(["", "user:ann", "service:mail", "agent:bot", "odd"]),
    on_behalf_of=names,
    session=names,
    application=names,
    action=actions,
    resource_type=st.sampled_from(["", "model", "document", "answer"]),
    resource_id=names,
    label=st.none() | labels,
    effect=effects,
    reasons=texts,
    policies=texts,
    obligations=st.lists(st.sampled_from(["redact:pii", "mark", "step_up:2"]), max_size=2).map(tuple),
    errors=texts,
    policy_version=names,
    outcome=st.sampled_from(["", "completed", "failed", "cut_off", "token_expired"]),
    sources=st.lists(sources, max_size=2).map(tuple),
    facts=facts,
    actors=texts,
)
