"""Rules from findings to labels: they only raise, more never lowers, and what is wrong with them is found."""

from __future__ import annotations

import fnmatch
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.adapters.policy_files import SHIPPED
from lockgate.config.label_rules import NAME, parse_rules
from lockgate.content.detection import KINDS
from lockgate.content.document import Evidence
from lockgate.content.label_lint import problems
from lockgate.content.label_policy import NO_RULES, Kinds, LabelPolicy, Rule
from lockgate.content.labeling import _LEVELS, Breadth, Proposal, along, demanded, level_of, settle
from lockgate.content.stated import UNKNOWN, stated
from lockgate.errors import Invalid
from lockgate.labels.label import Integrity, Label, Sensitivity
from lockgate.labels.readers import Readers
from lockgate.labels.wire import STANDARD

SOME = ("pii.email", "pii.ssn", "financial.card", "health.diagnosis", "secret.aws", "business.salary", "x.unknown")
PATHS = ("a.txt", "hr/pay.xlsx", "wards/1/x.csv")
FILE = Path("labels.toml")
GUID = "0f3c1d2e-0000-4000-8000-5a5a5a5a5a5a"


def rules(text: str) -> LabelPolicy:
    return parse_rules("version = 1\n" + text, FILE, STANDARD)


def proposal(*evidence: Evidence) -> Proposal:
    kinds = frozenset(one.kind for one in evidence)
    return Proposal(max(demanded(kinds), Sensitivity.GENERAL), kinds, evidence, ())


levels = st.sampled_from(list(Sensitivity))
globs = st.sampled_from(["pii", "pii.*", "financial", "*", "health", "secret", "nothing"])
evidences = st.lists(
    st.builds(Evidence, st.sampled_from(SOME), st.integers(1, 9), st.sampled_from([0.5, 0.7, 0.9, 1.0])),
    max_size=5,
    unique_by=lambda one: one.kind,
)
conditions = st.fixed_dictionaries(
    {"sensitivity": levels.map(STANDARD.name)},
    optional={
        "kinds": st.lists(globs, min_size=1, max_size=2),
        "along": st.lists(globs, min_size=1, max_size=2),
        "collections": st.just(["share"]),
        "paths": st.lists(st.sampled_from(["hr/**", "**/*.csv", "a.txt"]), min_size=1, max_size=2),
        "forbidden_uses": st.just(["ai"]),
        "count": st.integers(1, 12),
        "confidence": st.sampled_from([0.6, 0.8, 1.0]),
    },
)


def usable(one: dict[str, Any]) -> bool:
    return bool({"kinds", "along", "collections", "paths"} & set(one)) and (
        "kinds" in one or not {"count", "confidence"} & set(one)
    )


def written(many: list[dict[str, Any]], table: dict[str, Sensitivity]) -> LabelPolicy:
    text = ["[levels]", *(f'"{kind}" = "{STANDARD.name(level)}"' for kind, level in table.items())]
    for at, one in enumerate(many):
        text += ["[[rules]]", f'name = "r{at}"', *(f"{key} = {value!r}" for key, value in one.items())]
    return rules("\n".join(text))


policies = st.builds(
    written,
    st.lists(conditions.filter(usable), max_size=4),
    st.dictionaries(st.sampled_from(["pii", "pii.email", "x", "financial"]), levels, max_size=3),
)


def model(policy: LabelPolicy, evidence: list[Evidence], collection: str, path: str) -> Sensitivity:
    """Return the level, worked out the dumb way."""

    def under(kind: str, names: tuple[str, ...]) -> bool:
        return any(fnmatch.fnmatchcase(kind, name) or kind.startswith(f"{name}.") for name in names)

    level = Sensitivity.GENERAL
    for one in evidence:
        level = max(level, level_of(one.kind))
        own = [name for name in policy.levels if one.kind == name or one.kind.startswith(f"{name}.")]
        if own:
            level = max(level, policy.levels[max(own, key=len)])
    for rule in policy.rules:
        sure = [one for one in evidence if one.confidence >= rule.confidence]
        count = sum(one.count for one in sure if rule.kinds and under(one.kind, rule.kinds.names))
        fits = rule.kinds is None or count >= rule.count
        fits &= all(any(under(one.kind, kinds.names) for one in sure) for kinds in rule.along)
        fits &= not rule.collections or collection in rule.collections
        fits &= rule.paths is None or rule.paths.matches(path)
        level = max(level, rule.level) if fits else level
    return level


@given(policies, evidences, st.sampled_from(["share", "other"]), st.sampled_from(PATHS))
def test_the_strictest_of_all_that_fit(
    policy: LabelPolicy, evidence: list[Evidence], collection: str, path: str
) -> None:
    got = policy.applied(proposal(*evidence), collection, path)
    assert got.sensitivity == model(policy, evidence, collection, path)
    assert all(one.why in got.reasons for one in got.hits)


@given(policies, evidences, evidences, st.sampled_from(PATHS))
def test_more_findings_never_lower(
    policy: LabelPolicy, some: list[Evidence], more: list[Evidence], path: str
) -> None:
    before = policy.applied(proposal(*some), "share", path)
    after = policy.applied(along(proposal(*some), more), "share", path)
    assert after.sensitivity >= before.sensitivity >= proposal(*some).sensitivity
    assert {one.rule for one in before.hits} <= {one.rule for one in after.hits}


@given(policies, evidences, levels, st.booleans(), st.booleans())
def test_rules_only_narrow_what_is_settled(
    policy: LabelPolicy, evidence: list[Evidence], level: Sensitivity, declared: bool, broad: bool
) -> None:
    readers = Readers.everyone() if broad else Readers.any_of("group:a")
    label = Label(level, Readers.everyone(), Integrity.INTERNAL, forbidden_uses=frozenset())
    both = [
        settle(
            readers,
            frozenset(),
            Integrity.INTERNAL,
            label if declared else None,
            None,
            one.applied(proposal(*evidence), "share", "hr/pay.xlsx"),
            lambda _: Breadth(0.1, 3),
        )
        for one in (NO_RULES, policy)
    ]
    assert both[0].label.sensitivity <= both[1].label.sensitivity
    assert both[0].label.forbidden_uses <= both[1].label.forbidden_uses
    assert both[0].held <= both[1].held


def test_a_declared_document_below_a_rule_is_held_and_told() -> None:
    policy = rules('[[rules]]\nname = "pay"\npaths = ["hr/**"]\nsensitivity = "restricted"\n')
    label = Label(Sensitivity.GENERAL, Readers.everyone(), Integrity.INTERNAL, forbidden_uses=frozenset())
    found = policy.applied(proposal(), "share", "hr/pay.xlsx")
    assert found.reasons == ("rule `pay`: its place demands restricted",)
    settled = settle(
        Readers.any_of("user:a"), frozenset(), Integrity.INTERNAL, label, None, found, lambda _: Breadth(0.0, 1)
    )
    assert (settled.label.sensitivity, settled.held) == (Sensitivity.GENERAL, True)


def test_what_is_shipped_changes_nothing_and_is_the_table_of_the_code() -> None:
    shipped = parse_rules((SHIPPED / NAME).read_text("utf-8"), SHIPPED / NAME, STANDARD)
    assert dict(shipped.levels) == dict(_LEVELS), "a row of `_LEVELS` stands in policies/labels.toml too"
    assert (shipped.rules, shipped.marks, problems(shipped, KINDS)) == ((), (), [])
    for kind in (*KINDS, "never.heard"):
        assert shipped.hits([Evidence(kind, 9, 1.0)], "share", "a.txt") == ()


def test_the_examples_that_are_shipped_are_good() -> None:
    text = (SHIPPED / NAME).read_text("utf-8")
    inside = "\n".join(
        one.removeprefix("# ").removeprefix("#") if one.startswith("#") and ("=" in one or "[[" in one) else ""
        for one in text.partition("[levels]")[2].splitlines()
    )
    found = parse_rules("version = 1\n" + inside, FILE, STANDARD)
    assert ([one.name for one in found.rules], len(found.marks)) == (["many-addresses", "patients"], 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[levels]\nsecret = 'public'", "levels.secret: contradicts"),
        ("[levels]\n'pii.shoe_size' = 'restricted'", "levels.pii.shoe_size: no detector"),
        ("[[rules]]\nname='a'\nkinds=['pii.shoe_size']\nsensitivity='restricted'", "can never fit for `pii.shoe"),
        ("[[rules]]\nname='a'\nkinds=['secret']\nsensitivity='general'", "`a`: changes nothing: its kinds"),
        (
            "[[rules]]\nname='a'\nkinds=['pii']\nsensitivity='restricted'\n"
            "[[rules]]\nname='b'\nkinds=['pii.email']\ncount=3\nsensitivity='restricted'",
            "`b`: changes nothing: wherever it fits, `a` fits",
        ),
        (
            "[[rules]]\nname='a'\npaths=['x/**']\nsensitivity='restricted'\ndelete_by=2027-01-01\n"
            "keep_until=2028-01-01",
            "`a`: contradicts: it must be gone",
        ),
        (
            "[[marks]]\nmatch=['Conf*']\nsensitivity='general'\n"
            "[[marks]]\nmatch=['confidential']\nsensitivity='restricted'",
            "marks 2: `confidential` is never reached",
        ),
    ],
)
def test_the_lint_names_what_is_wrong(text: str, said: str) -> None:
    (found,) = problems(rules(text), KINDS)
    assert said in found


@given(policies, evidences, st.sampled_from(["share", "other"]), st.sampled_from(PATHS))
def test_what_the_lint_says_changes_nothing_does_change_nothing(
    policy: LabelPolicy, evidence: list[Evidence], collection: str, path: str
) -> None:
    known = {*SOME, *KINDS}
    for rule in policy.rules:
        name = f"rules `{rule.name}`: changes nothing"
        if any(one.startswith(name) for one in problems(policy, known)):
            without = replace(policy, rules=tuple(one for one in policy.rules if one is not rule))
            both = [one.applied(proposal(*evidence), collection, path) for one in (policy, without)]
            assert both[0].sensitivity == both[1].sensitivity
            uses = [frozenset().union(*(hit.forbidden_uses for hit in one.hits)) for one in both]
            assert uses[0] == uses[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rules]]\nname='a'\nsensitivity='general'", "fits everything"),
        ("[[rules]]\nname='a'\nkinds=['x']\nsensitivity='secret'", "no level"),
        ("[[rules]]\nname='a'\nkinds=['x']\nsensitivity='general'\nlabel=1", "is unknown"),
        ("[[rules]]\nname='a'\npaths=['../x']\nsensitivity='general'", "is wrong"),
        ("[[rules]]\nname='a'\npaths=['x']\ncount=2\nsensitivity='general'", "without `kinds`"),
        ("[[rules]]\nname='a'\nkinds=['*********']\nsensitivity='general'", "8 stars"),
        ("[[rules]]\nname='a'\nkinds=['x']\nsensitivity='general'\nkeep_until='2030-01-01'", "without quotes"),
        ("[[rules]]\nname='a'\nkinds=['x']\nsensitivity='general'\nowners=['ann']", "does not say what it is"),
        ("[[rules]]\nname='a'\nkinds=['x']\nsensitivity='general'\n" * 2, "two entries named"),
        ("[[marks]]\nsensitivity='general'", "`marks[0].match` is missing"),
        ("[rules", "labels.toml"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = 2026-02-30", "labels.toml"),
    ],
)
def test_what_is_malformed_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=r"labels\.toml") as caught:
        rules(text)
    assert said in str(caught.value)


# ------------------------------------------------------------------ labels that files state themselves


def marks(name: str, **keys: str) -> list[tuple[str, str]]:
    return [
        (f"MSIP_Label_{GUID}_Name", name),
        *((f"MSIP_Label_{GUID}_{key}", value) for key, value in keys.items()),
    ]


MAPPED = rules(
    f"[[marks]]\nmatch = ['{GUID}', 'Finance*']\nsensitivity = 'confidential'\n"
    "[[marks]]\nmatch = ['https://example.com/attr/class/value/top']\nsensitivity = 'restricted'\n"
    "[[marks]]\nmatch = ['Public']\nsensitivity = 'public'\n"
)


def test_a_mapped_label_counts_as_its_level_and_an_unknown_one_as_restricted() -> None:
    assert stated(marks("any"), MAPPED).evidence == (Evidence("mark.confidential", 1, 1.0),)
    unknown = stated(marks("Quarterly numbers of Ann"), NO_RULES)
    assert unknown.evidence == (Evidence(UNKNOWN, 1, 1.0),)
    assert level_of(UNKNOWN) is Sensitivity.RESTRICTED
    assert unknown.notes == (
        f"the file states the label {GUID}, which nobody has mapped to a level, so it counts as restricted",
    )
    by_name = [("MSIP_Label_11111111-2222_Name", "finance only"), ("MSIP_Label_11111111-2222_Enabled", "true")]
    assert stated(by_name, MAPPED).evidence == (Evidence("mark.confidential", 1, 1.0),)
    attribute = [("attributes", "https://example.com/attr/class/value/top")]
    assert stated(attribute, MAPPED).evidence == (Evidence("mark.restricted", 1, 1.0),)
    assert (
        stated([("attributes", "https://evil.example/attr/class/value/low")], MAPPED).evidence[0].kind == UNKNOWN
    )


def test_a_label_that_was_taken_off_is_none_unless_the_file_says_both() -> None:
    assert stated(marks("x", Enabled="false"), NO_RULES).evidence == ()
    assert stated([*marks("x", Enabled="false"), *marks("x", Enabled="true")], NO_RULES).evidence != ()
    assert stated(marks("x", Enabled="1", Removed="1"), NO_RULES).evidence == ()
    assert stated(marks("x", Enabled="1", Removed="0"), NO_RULES).evidence != ()


@given(evidences, st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=4), st.booleans())
def test_what_a_file_states_never_lowers(
    evidence: list[Evidence], more: list[tuple[str, str]], public: bool
) -> None:
    said = stated([*more, *(marks("Public", SiteId="x") if public else [])], MAPPED)
    assert along(proposal(*evidence), said.evidence).sensitivity >= proposal(*evidence).sensitivity


def test_globs_over_kinds() -> None:
    assert Kinds(["pii"]).covers("pii.ssn")
    assert not Kinds(["pii"]).covers("piii")
    assert Kinds(["*.card"]).covers("financial.card")
    assert Rule("a", Sensitivity.PUBLIC, Kinds([])).hit([Evidence("pii", 1, 1.0)], "", "") is None
