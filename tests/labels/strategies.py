"""Generators of labels, shared by laws, fuzzing and benches."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from lockgate.labels import EVERYONE, Integrity, Label, Readers, Retention, Sensitivity

IDS = ["user:a", "user:b", "group:c", "group:d"]

clauses = st.frozensets(st.frozensets(st.sampled_from([*IDS, EVERYONE]), max_size=3), min_size=1, max_size=4)
readers = clauses.map(Readers)
days = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 4))
retentions = st.builds(Retention, days, days, st.frozensets(st.sampled_from("xyz")))
labels = st.builds(
    Label,
    st.sampled_from(Sensitivity),
    readers,
    st.sampled_from(Integrity),
    retentions,
    st.frozensets(st.sampled_from(IDS)),
    st.frozensets(st.sampled_from(["ai", "training", "*"])),
)
