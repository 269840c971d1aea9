"""The usefulness bench counts right: it sees a gate that refuses too much, one that leaks, and one "
"that invents."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from bench import enterprise
from bench.corpus import Corpus, brightwater
from bench.usefulness import Figures, main, measure, table

from demo.ideal import Ideal
from lockgate.demo.client import Tokens
from lockgate.demo.organization import MANIFEST, Organization, generate


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return brightwater(tmp_path_factory.mktemp("usefulness"))


class Refuses(Ideal):
    def answer(self, person: str, question: str) -> tuple[str, tuple[str, ...]]:
        text, paths = super().answer(person, question)
        return (
            ("I found nothing that you may see that answers this.", ()) if "hotel" in question else (text, paths)
        )


class Open(Ideal):
    def serves(self, person: str, path: str) -> bool:
        return path in self.organization.documents


def figures(corpus: Corpus, made: Organization, server: Ideal) -> Figures:
    @asynccontextmanager
    async def start(share: Path, directory: Path) -> AsyncIterator[tuple[str, Tokens]]:
        assert directory == corpus.directory
        runner = web.AppRunner((server if share == corpus.share else Open(made)).app())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()

        async def token(person: str) -> str:
            return f"valid.{person}.x"

        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}", token
        finally:
            await runner.cleanup()

    return asyncio.run(measure(corpus, start))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Organization:
    return generate(tmp_path_factory.mktemp("made") / "brightwater")


def test_a_right_server_keeps_everything_and_leaks_nothing(corpus: Corpus, made: Organization) -> None:
    good = figures(corpus, made, Ideal(made))
    assert (good.leaks, good.false_refusals, good.kept, good.abstention) == (0, 0, 1.0, 1.0)
    assert good.good
    assert good.open_leaks > 50, "without gates there is much to leak"
    assert good.told_nothing == good.strangers
    assert "100.0 %" in table([good])


def test_a_gate_that_refuses_is_seen(corpus: Corpus, made: Organization) -> None:
    bad = figures(corpus, made, Refuses(made))
    assert bad.false_refusals > 0
    assert bad.kept < 1


def test_a_gate_that_leaks_and_one_that_invents_are_seen(corpus: Corpus, made: Organization) -> None:
    assert figures(corpus, made, Open(made)).leaks > 50
    assert not figures(corpus, made, Ideal(made, "never abstains")).good


def test_cases_are_about_documents_that_exist(corpus: Corpus) -> None:
    for case in corpus.cases:
        for item in case.documents:
            assert (corpus.share / item).is_file(), item
        if case.expect == "answer":
            assert case.documents & (case.readable or frozenset()), (case.question, case.person)
    counts = {kind: sum(case.expect == kind for case in corpus.cases) for kind in ("answer", "refuse", "nothing")}
    assert counts["answer"] >= 60
    assert counts["nothing"] >= 30
    assert counts["refuse"] >= 50


def test_the_open_twin_has_the_same_files_and_no_gate(corpus: Corpus) -> None:
    def tree(share: Path) -> dict[str, bytes]:
        return {
            str(p.relative_to(share)): p.read_bytes()
            for p in share.rglob("*")
            if p.is_file() and p.name != MANIFEST
        }

    assert tree(corpus.open_share) == tree(corpus.share)
    (rule,) = tomllib.loads((corpus.open_share / MANIFEST).read_text())["rule"]
    assert rule["readers"] == ["everyone"]


@pytest.mark.needs_shared
def test_third_party_documents_make_a_corpus(tmp_path: Path) -> None:
    corpus = enterprise.enterprise(tmp_path, per_type=40)
    assert len([p for p in corpus.share.rglob("*") if p.is_file()]) > 200
    directory = tomllib.loads(corpus.directory.read_text())
    assert len(directory["people"]) > 1000
    answers = [case for case in corpus.cases if case.expect == "answer"]
    assert len(answers) >= 40
    assert len([case for case in corpus.cases if case.expect == "nothing"]) >= 40
    for case in answers:
        (item,) = case.documents
        assert case.answers[0] in (corpus.share / item).read_text(), case.question
        assert case.person in directory["people"]


def test_corpora_can_be_prepared_for_another_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--every", "3", "--prepare", str(tmp_path / "work")]) == 0
    assert "brightwater" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--url", "http://127.0.0.1:9"])
