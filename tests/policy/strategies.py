"""Subjects, documents and contexts for the laws of policy; small worlds, so that things meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from lockgate.labels import EVERYONE, Integrity, Label, Readers, Sensitivity
from lockgate.policy.model import Context, Principal, PrincipalKind, Resource, Risk, Session, Subject, Use
from lockgate.policy.registered import ANY, Application, ApplicationKind, registry
from support import NOW

GROUPS = ["group:hr", "group:legal", "group:stewards", "group:admins", "group:contractors"]
PEOPLE = ["ann", "bob", "o'brien"]
IDENTIFIERS = [*GROUPS, *(f"user:{one}" for one in PEOPLE)]
COLLECTIONS = ["handbook", "pay"]

clauses = st.frozensets(st.sampled_from([*IDENTIFIERS, EVERYONE]), max_size=3)
readers = st.frozensets(clauses, min_size=1, max_size=3).map(Readers)
labels = st.builds(
    Label,
    st.sampled_from(Sensitivity),
    readers,
    st.sampled_from(Integrity),
    owners=st.frozensets(st.sampled_from(IDENTIFIERS), max_size=2),
    forbidden_uses=st.sampled_from([frozenset(), frozenset(), frozenset({"ai"}), frozenset({"training"})]),
)
groups = st.frozensets(st.sampled_from(GROUPS))
users = st.builds(Principal, st.just(PrincipalKind.USER), st.sampled_from(PEOPLE), groups)
agents = st.builds(Principal, st.sampled_from(PrincipalKind), st.sampled_from(["bot", *PEOPLE]), groups)
sessions = st.builds(
    Session, st.just("s"), st.just(NOW + timedelta(hours=1)), st.integers(0, 3), st.sampled_from(Risk)
)
chains = st.lists(agents, max_size=2).map(tuple)
subjects = st.one_of(
    st.builds(Subject, users, sessions, st.sampled_from(["", "chat"])),
    st.builds(Subject, agents, sessions, st.sampled_from(["", "chat"]), users, actors=chains),
)
every = frozenset({ANY})
some = st.one_of(st.just(every), st.frozensets(st.sampled_from([*COLLECTIONS, "m", "support", "pay"])))
_limits = {
    "kind": st.sampled_from(ApplicationKind),
    "models": some,
    "collections": some,
    "purposes": some,
    "ceiling": st.sampled_from(Sensitivity),
    "may_act_for_users": st.booleans(),
}
_open = Application("", ApplicationKind.AGENT, "", every, every, every, Sensitivity.RESTRICTED, every, True)
applications = st.one_of(
    st.just(_open),
    st.sampled_from(sorted(_limits)).flatmap(
        lambda name: _limits[name].map(lambda value: replace(_open, **{name: value}))
    ),
    st.builds(
        lambda found, own: replace(_open, groups=own, **found),
        st.fixed_dictionaries(_limits),
        st.one_of(st.just(every), groups),
    ),
)
_ids = ["", "chat", "bot", *PEOPLE]
registries = st.builds(
    lambda found, gone: registry(replace(one, id=id) for id, one in found.items() if id != gone),
    st.fixed_dictionaries(dict.fromkeys(_ids, applications)),
    st.one_of(st.none(), st.none(), st.sampled_from(_ids)),
)
"""Registries, mostly with little that limits: what is denied for one reason shows no other."""
documents = st.builds(
    Resource,
    type=st.just("document"),
    id=st.sampled_from(["d1", "d2", 'd"3']),
    label=labels,
    collections=st.frozensets(st.sampled_from(COLLECTIONS)),
    reviewed=st.booleans(),
    held=st.booleans(),
    source_readers=readers,
)
contexts = st.builds(
    Context,
    st.just(NOW),
    st.just("r"),
    st.sampled_from(Use),
    st.sampled_from(["", "support", "pay"]),
    labels,
    st.booleans(),
)
