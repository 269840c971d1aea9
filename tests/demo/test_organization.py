"""The demonstration: the same bytes each time, and a truth that the manifest agrees with."""

from __future__ import annotations

import hashlib
import json
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from lockgate.demo.organization import MANIFEST, SEED, Organization, generate, plan
from lockgate.demo.people import GROUPS, NESTED, PEOPLE, identifiers
from lockgate.demo.truth import ACTIVE, contains, plain
from lockgate.errors import Conflict


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def dumb_rule(manifest: dict, path: str) -> dict:
    """The manifest's rules, read by somebody who has only its documentation."""
    found: dict = {}
    for rule in manifest["rule"]:
        if any(fnmatchcase(path, glob) for glob in rule["match"]):
            found = rule
    return found


def dumb_groups(directory: dict, person: str) -> set[str]:
    groups = set(directory["people"][person]["groups"])
    for _ in directory["groups"]:
        groups |= {name for name, group in directory["groups"].items() if groups & set(group["groups"])}
    return {f"group:{name}" for name in groups} | {f"user:{person}", "everyone"}


def test_equal_seeds_give_equal_bytes_and_other_seeds_do_not(brightwater: Organization, tmp_path: Path) -> None:
    again, other = generate(tmp_path / "again"), generate(tmp_path / "other", 8)
    assert tree(again.share) == tree(brightwater.share)
    assert again.truth_file.read_bytes() == brightwater.truth_file.read_bytes()
    assert again.directory.read_bytes() == brightwater.directory.read_bytes()
    assert tree(other.share) != tree(brightwater.share)


def test_the_bytes_are_those_of_every_machine(brightwater: Organization) -> None:
    """Office files are stored, not compressed: other builds of zlib compress to other bytes."""
    for path in brightwater.share.rglob("*.docx"):
        assert b"<w:document" in path.read_bytes()


def test_the_twin_lacks_hr_and_nothing_else(brightwater: Organization, tmp_path: Path) -> None:
    twin = generate(tmp_path / "twin", without={"hr"})
    whole, less = tree(brightwater.share), tree(twin.share)
    gone = {path for path, truth in brightwater.documents.items() if truth.draft.family == "hr"}
    assert gone
    assert less == {path: digest for path, digest in whole.items() if path not in gone}


def test_what_the_twin_lacks_is_nothing_that_sales_may_have(brightwater: Organization) -> None:
    for path, truth in brightwater.documents.items():
        if truth.draft.family == "hr":
            assert not set(truth.ai) & {"sam", "sofia", "stefan", "yuki"}, path


def test_size_and_variety(brightwater: Organization) -> None:
    suffixes = {path.rpartition(".")[2] for path in brightwater.documents}
    assert suffixes == {"md", "txt", "html", "csv", "json", "eml", "docx", "xlsx", "pdf"}
    assert len(brightwater.documents) >= 300
    assert 38 <= len(ACTIVE) <= 46
    assert len(brightwater.asked("answerable")) >= 60
    assert len(brightwater.asked("unanswerable")) >= 30
    assert len({question.text for question in brightwater.asked("salary")}) == 50


def test_it_writes_into_no_folder_that_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(Conflict):
        generate(tmp_path)


def test_the_manifest_says_what_the_truth_says(brightwater: Organization) -> None:
    manifest = tomllib.loads((brightwater.share / MANIFEST).read_text())
    directory = tomllib.loads(brightwater.directory.read_text())
    assert manifest["version"] == 1
    active = [id for id, person in directory["people"].items() if person["active"]]
    held = {id: dumb_groups(directory, id) for id in active}
    for path in tree(brightwater.share):
        if path == MANIFEST:
            continue
        rule, truth = dumb_rule(manifest, path), brightwater.documents[path]
        clauses = rule["readers_all"] if "readers_all" in rule else [rule["readers"]]
        readers = {id for id in active if all(held[id] & set(clause) for clause in clauses)}
        assert readers == set(truth.may_read), path
        assert rule.get("sensitivity", "") == truth.draft.declared, path
        assert rule["owners"] == list(truth.draft.owners), path
        assert rule.get("forbidden_uses", []) == list(truth.draft.forbidden), path
        assert rule.get("integrity", "internal") == truth.draft.integrity, path
        ai = (
            readers
            if truth.draft.declared and not truth.draft.held
            else {i for i in readers if held[i] & {*rule["owners"]}}
        )
        assert set(truth.ai) == (set() if rule.get("forbidden_uses") else ai), path


def test_the_directory_is_whole(brightwater: Organization) -> None:
    directory = tomllib.loads(brightwater.directory.read_text())
    assert directory["complete"] is True
    assert set(directory["groups"]) == set(GROUPS)
    used = {group for person in directory["people"].values() for group in person["groups"]}
    assert used | {inner for group in directory["groups"].values() for inner in group["groups"]} <= set(GROUPS)
    assert set(directory["accounts"].values()) == {person.id for person in PEOPLE}
    assert len(directory["accounts"]) == len(PEOPLE)
    for person in PEOPLE:
        assert identifiers(person.id) == dumb_groups(directory, person.id)
    assert NESTED["all-hands"] == ("staff", "contractors")


@pytest.mark.parametrize("seed", [SEED, 1, 2, 3])
def test_planted_figures_stand_only_where_the_truth_says(seed: int) -> None:
    texts = {draft.path: plain(_words(draft)) for draft in plan(seed)}
    homes: dict[str, set[str]] = {}
    right = {draft.path: frozenset(draft.right_readers) for draft in plan(seed)}
    for draft in plan(seed):
        for figure in (*draft.canaries, *draft.held_canaries):
            homes.setdefault(figure, set()).add(draft.path)
            assert contains(texts[draft.path], figure), (draft.path, figure)
    for figure, paths in homes.items():
        others = {path for path, text in texts.items() if plain(figure) in text and contains(text, figure)} - paths
        assert {right[path] for path in others} <= {right[path] for path in paths}, figure


def _words(draft: object) -> str:
    return " ".join([draft.title, *(str(block) for block in draft.blocks)])  # type: ignore[attr-defined]


def test_questions_are_answered_where_they_say(brightwater: Organization) -> None:
    asked = brightwater.asked("answerable")
    assert len({question.text for question in asked}) >= len(asked) - 1
    for question in asked:
        assert question.documents
        assert question.may_know, question.text
        for path in question.documents:
            assert question.correct(_words(brightwater.documents[path].draft)), question.text


def test_no_document_that_somebody_may_have_answers_the_unanswerable(brightwater: Organization) -> None:
    everything = " ".join(_words(truth.draft) for truth in brightwater.documents.values())
    for name in (
        "Zephyr",
        "Falcon",
        "Comet",
        "Nimbus",
        "Albatross",
        "Osaka",
        "IR-999",
        "INV-2019",
        "T-9999",
        "goldfish",
    ):
        assert name not in everything


def test_the_mess_is_there(brightwater: Organization) -> None:
    documents = brightwater.documents.values()
    known = {f"user:{person.id}" for person in PEOPLE}
    assert any(not truth.draft.declared and truth.sensitive for truth in documents)
    assert any(not known & set(truth.draft.owners) for truth in documents), "an owner whom nobody knows"
    assert any(truth.draft.owners == ("user:rolf",) for truth in documents), "an owner who has left"
    assert any(truth.draft.held for truth in documents)
    assert any(truth.draft.held_canaries for truth in documents)
    assert any(truth.draft.forbidden == ("ai",) for truth in documents)
    assert any(truth.draft.integrity == "untrusted" for truth in documents)
    assert any(len(truth.draft.readers) > 1 for truth in documents)


def test_the_truth_file_lies_outside_of_the_share(brightwater: Organization) -> None:
    assert brightwater.share not in brightwater.truth_file.parents
    value = json.loads(brightwater.truth_file.read_text())
    assert len(value["documents"]) == len(brightwater.documents)
    assert {question["kind"] for question in value["questions"]} == {"answerable", "unanswerable", "salary"}


def test_leaks_are_seen_however_digits_are_grouped(brightwater: Organization) -> None:
    figure = brightwater.documents["hr/salaries/salaries-2026.xlsx"].draft.canaries[0]
    for shape in (figure, figure.replace(",", ""), figure.replace(",", "."), figure.replace(",", " ")):
        assert brightwater.leaks("sam", f"It is {shape} EUR.") == (figure,)
    assert brightwater.leaks("hanna", f"It is {figure} EUR.") == ()
    assert brightwater.leaks("sam", f"Part 9{figure}") == ()


def test_every_plan_is_sound_for_other_seeds() -> None:
    for seed in range(20):
        drafts = plan(seed)
        assert len({draft.path for draft in drafts}) == len(drafts)
