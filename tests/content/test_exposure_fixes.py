"""Fixes: what needs the same is one action, the most risk first; nobody gets more than source and review give."""

from __future__ import annotations

import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from content.test_exposure import CROWD, HR, PAY, STAFF, doc
from content.test_labeling import documents
from lockgate.content.audience import Census
from lockgate.content.document import Evidence, Review
from lockgate.content.exposure import (
    LINK_ANYONE,
    Act,
    Sharing,
    Step,
    Surroundings,
    Usage,
    Why,
    exposures,
    fixes,
    measure,
)
from lockgate.content.exposure.effect import effect
from lockgate.content.exposure.fixes import held
from lockgate.labels import PUBLIC, Readers

CENSUS = Census(CROWD)
GROUPS = {f"user:{id}": groups for id, groups in CROWD}
KEY = (Evidence("secret.password", 1, 0.9),)
USAGE = Usage({"x": {"user:p9": 3}}, 90, whole=True)


def owned(document, *owners):
    return replace(document, label=replace(document.label, owners=frozenset(owners)))


def fixed(*many, usage: Usage | None = None):
    around = Surroundings(usage=usage) if usage else Surroundings()
    return fixes(exposures(many, CENSUS, around=around), CENSUS, GROUPS, usage=usage or Usage({}, 0, whole=False))


def test_many_that_are_shared_alike_are_one_action_and_come_before_single_ones() -> None:
    many = [doc(f"pay/{n}.csv", STAFF, 3, Review.UNREVIEWED, held=True, evidence=PAY) for n in range(500)]
    found = fixed(doc("board.txt", STAFF, 3, Review.DECLARED, held=True), *many)
    assert [(str(one.step), one.folder, one.through, len(one.exposures)) for one in found] == [
        ("narrow the readers to group:hr", "docs/pay", "group:staff", 500),
        ("narrow the readers to group:hr", "docs", "group:staff", 1),
    ]
    assert found[0].risk == 500 * found[1].risk > 0


def test_a_secret_is_its_owners_alone_and_an_orphan_gets_an_owner() -> None:
    secret = doc("key.txt", STAFF, 3, Review.UNREVIEWED, evidence=KEY)
    orphan = owned(doc("old.txt", STAFF, 3, Review.UNREVIEWED, evidence=PAY), "user:left")
    found = {one.exposures[0].document.item: one.step for one in fixed(secret, orphan)}
    assert found["key.txt"] == Step(Act.NARROW, ("user:p1",))
    assert found["old.txt"] == Step(Act.OWNER, ("group:hr",), ("user:p1",))
    lost = owned(secret, "user:left")
    assert {
        str(one.step) for one in fixed(lost, orphan, doc("pay.csv", STAFF, 3, Review.UNREVIEWED, evidence=PAY))
    } > {str(Act.HOLD)}, "a secret is handed to nobody by a guess"
    (alone,) = fixed(orphan)
    assert alone.step == Step(Act.HOLD), "nobody is left who could own it"


def test_a_pasted_line_is_not_given_to_the_readers_of_the_rest() -> None:
    mail = doc("mail.eml", HR, 1, Review.DECLARED, evidence=(Evidence("business.salary", 1, 0.9),))
    (one,) = fixed(mail)
    assert one.exposures[0].why[0] is Why.PASSAGE
    assert one.step == Step(Act.NARROW, ("user:p1",))


def test_narrowing_that_changes_nothing_is_not_proposed() -> None:
    stale = doc("a.txt", HR, 2, Review.UNREVIEWED)
    listed = exposures([stale], CENSUS, around=Surroundings({"group:hr": 1}))
    assert Why.STALE in listed[0].why
    assert fixes(listed, CENSUS, GROUPS)[0].step == Step(Act.LABEL)


def test_whoever_uses_it_keeps_it_where_a_group_has_them_all() -> None:
    crowd = [(id, all_ | ({"group:pay"} if id in {f"p{n}" for n in range(8)} else set())) for id, all_ in CROWD]
    pay = doc("pay.csv", STAFF, 3, Review.UNREVIEWED, evidence=PAY)
    census, groups = Census(crowd), {f"user:{id}": all_ for id, all_ in crowd}
    used = Usage({pay.id: {"user:p6": 2}}, 90, whole=True)
    listed = exposures([pay], census, around=Surroundings(usage=used))
    assert fixes(listed, census, groups, usage=used)[0].step.readers == ("group:pay",)
    assert fixes(exposures([pay], census), census, groups)[0].step.readers == ("group:hr",)
    assert (listed[0].used, listed[0].users) == (2, 1)
    assert listed[0].score > exposures([pay], census)[0].score


def test_links_groups_and_owners_that_are_left_over() -> None:
    linked = doc("deal.docx", HR, 3, notes=(f"{LINK_ANYONE}: view",))
    (one,) = exposures([linked], CENSUS)
    assert (one.why, one.sharing) == ((Why.ANYONE,), Sharing.ANYONE)
    reviewed = owned(doc("old.txt", HR, 3), "user:left")
    assert exposures([reviewed], CENSUS)[0].why == (Why.ORPHAN,)
    assert exposures([owned(doc("menu.txt", HR, 1), "user:left")], CENSUS) == []
    open_ = doc("a.txt", HR, 3, Review.UNREVIEWED, evidence=PAY)
    stale = exposures([open_], CENSUS, around=Surroundings({"group:hr": 1}, USAGE))[0]
    assert stale.why == (Why.UNREVIEWED, Why.STALE, Why.IDLE)
    assert Why.STALE not in exposures([open_], CENSUS, around=Surroundings({"group:staff": 1}))[0].why
    assert stale.score > exposures([open_], CENSUS)[0].score
    direct = doc("b.txt", Readers.any_of("user:p1", "user:p2"), 3, Review.UNREVIEWED)
    assert exposures([direct], CENSUS)[0].sharing is Sharing.DIRECT


def test_what_nobody_has_looked_at_and_nothing_else_comes_last() -> None:
    notes = [doc(f"note{n}.txt", Readers.everyone(), 1, Review.UNREVIEWED) for n in range(5)]
    quiet = doc("key.txt", Readers.any_of("user:p1"), 2, Review.UNREVIEWED, evidence=KEY)
    assert exposures([*notes, quiet], CENSUS)[0].document.item == "key.txt"


@given(documents(), st.booleans())
def test_a_fix_never_widens_and_never_lowers(document, hold) -> None:
    for one in fixed(document):
        step = held(one).step if hold else one.step
        readers, uses, _ = step.ruling(document)
        ruled = document.ruling if document.review in (Review.ACCEPTED, Review.CORRECTED) else None
        if readers is not None and ruled is not None:
            assert ruled.readers.flows_to(readers)
        assert uses is None or uses >= document.label.forbidden_uses


def test_the_id_names_what_was_seen() -> None:
    pay = doc("pay.csv", STAFF, 3, Review.UNREVIEWED, evidence=PAY)
    (before,) = fixed(pay)
    (after,) = fixed(replace(pay, digest="1" * 64))
    assert before.id == fixed(pay)[0].id != after.id
    assert held(before).id != before.id


def test_the_effect_tells_who_loses_who_used_it_and_who_gains() -> None:
    before = doc("pay.csv", STAFF, 3, Review.UNREVIEWED, evidence=PAY)
    after = replace(
        before, label=replace(before.label, readers=STAFF.join(HR)), review=Review.CORRECTED, held=False
    )
    told = effect([(before, after)], CENSUS, Usage({before.id: {"user:p9": 3, "user:p0": 1}}, 90, whole=True))
    assert {name for name, _ in told.lose} == {f"user:p{n}" for n in range(3, 40)}
    assert told.used == (("user:p9", 3),)
    assert told.gain == (("user:p0", 1), ("user:p2", 1))  # p1 owns it
    nothing = effect([(before, before)], CENSUS, USAGE)
    assert (nothing.lose, nothing.used, nothing.gain) == ((), (), ())


@given(st.lists(documents(), max_size=12))
def test_measures_are_direct_counts(many) -> None:
    listed = exposures(many, CENSUS)
    found = measure(many, listed)
    assert found.documents == len(many) == sum(found.levels)
    assert found.labeled == len([one for one in many if one.review is not Review.UNREVIEWED])
    assert found.reviewed == len([one for one in many if one.review in (Review.ACCEPTED, Review.CORRECTED)])
    assert found.unreadable == len([one for one in many if one.problem])
    assert found.held == len([one for one in many if one.held])
    assert 0 <= found.coverage <= 1
    owners = {owner for one in listed for owner in one.owners}
    for owner, number in found.backlog:
        if owner:
            assert number == len([one for one in listed if owner in one.owners])
    assert {owner for owner, _ in found.backlog if owner} == owners


def test_a_hundred_thousand_are_grouped_in_seconds() -> None:
    sets = [Readers.any_of("group:staff", f"user:p{i}") for i in range(30)]
    many = [
        doc(f"f{i % 50}/{i}", sets[i % 30], 3, Review.UNREVIEWED, evidence=PAY, ruling=PUBLIC)
        for i in range(20_000)
    ]
    listed = exposures(many, CENSUS)
    begin = time.process_time()
    assert len(fixes(listed, CENSUS, GROUPS)) <= 1500
    assert time.process_time() - begin < 3
