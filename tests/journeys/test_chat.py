"""Steps 1 to 6 over a real index, real rights, shipped policies: what reaches a prompt, and under which label."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from journeys.places import Log, Place, Stopped, place
from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.audit.record import Kind, Receipt, Record
from lockgate.errors import AccessDenied, NotFound, Unauthenticated, Unavailable
from lockgate.flow.resources import document_resource
from lockgate.journeys.chat import LIMITED, Ask, Chat, Ready
from lockgate.journeys.conversation import Labeler, Turn
from lockgate.journeys.enforce import Gate
from lockgate.journeys.retrieve import Retrieve
from lockgate.journeys.routes import Route, Routes, Table, Upstream
from lockgate.labels import PUBLIC, Integrity, Label, Readers, Sensitivity, join_all
from lockgate.policy.model import AccessRequest, Action, Context, Subject
from lockgate.ports import ModelCard, Piece, Prompt
from policy.sets import SHIPPED
from support import NOW, person, registered

ANN = person("ann", "hr", "staff")
BO = person("bo", "sales", "staff")
EVE = person("eve", "hr", "sales", "staff")
GUEST = person("gus")
CARD = "4111 1111 1111 1111"
QUESTION = "what is the bonus plan for gifts and travel"
RULES = (
    'match = ["**"]\nreaders = ["group:staff"]\nowners = ["group:office"]\nsensitivity = "general"',
    'match = ["hr/**"]\nreaders = ["group:hr"]\nowners = ["group:hr"]\nsensitivity = "restricted"',
    'match = ["sales/**"]\nreaders = ["group:sales"]\nowners = ["group:sales"]\nsensitivity = "confidential"',
    'match = ["noai.txt"]\nreaders = ["group:staff"]\nsensitivity = "general"\nforbidden_uses = ["ai"]',
)


def ceiling(level: Sensitivity) -> Label:
    return Label(level, Readers.nobody(), Integrity.UNTRUSTED)


class Silent:
    """A model that nobody may call before the gates are passed."""

    async def generate(self, prompt: Prompt, /) -> AsyncIterator[Piece]:
        pytest.fail("the model was called")
        yield Piece()


class People:
    """`ports.Authenticator` that knows these four by name."""

    async def authenticate(self, credential: str, /) -> Subject:
        known = {one.principal.id: one for one in (ANN, BO, EVE, GUEST)}
        if credential not in known:
            raise Unauthenticated("no", code="bad_signature")
        return known[credential]


class Counted(Log):
    """A log that counts its writes, and may be down."""

    writes = 0
    down = False

    async def append(self, records: Sequence[Record], /) -> Receipt:
        if self.down:
            raise Unavailable("the log is full")
        self.writes += 1
        return await super().append(records)


Story = Callable[[Place, Chat, Counted], Awaitable[None]]


def play(folder: Path, story: Story, *, without: Sequence[str] = ()) -> None:
    texts = {
        "gifts.txt": "Gifts up to 50 EUR: no plan is needed.",
        "travel.txt": "Travel is booked by the office, the plan is simple.",
        "hr/bonus.txt": "The bonus plan is canary-4711: nobody knows it yet.",
        "sales/plan.txt": "The plan for sales is to call everybody.",
        "noai.txt": "The bonus plan of the works council.",
    }
    folder.mkdir(exist_ok=True)

    async def run() -> None:
        history = SqliteHistory.open(folder / "history.db")
        async with place(folder) as here:
            here.rules(*RULES)
            for name, text in texts.items():
                if name not in without:
                    here.write(name, text)
            await here.ingest.run(here.connector)
            log = Counted()
            gate = Gate(lambda: SHIPPED, log, applications=registered)
            cards = (
                ModelCard("cheap", Readers.everyone(), ceiling(Sensitivity.GENERAL)),
                ModelCard("secure", Readers.any_of("group:hr"), ceiling(Sensitivity.RESTRICTED)),
            )
            upstreams = {card.id: Upstream(card, Silent()) for card in cards}
            staff = Readers.any_of("group:staff")
            table = {
                "assistant": Route("assistant", staff, ("cheap", "secure"), "Be brief.", frozenset({"docs"})),
                "secure": Route("secure", staff, ("secure",), "", frozenset({"docs"})),
                "plain": Route("plain", staff, ("cheap",)),
            }
            retrieve = Retrieve(gate, here.index, here.embedder, here.ingest.rechecker({"share": here.connector}))
            routes = Routes(gate, lambda: Table(table, upstreams))
            chat = Chat(People(), Stopped(), gate, routes, Labeler(history, b"k" * 32), retrieve)
            await story(here, chat, log)
        history.close()

    asyncio.run(run())


async def ask(chat: Chat, who: str, text: str = QUESTION, model: str = "assistant") -> Ready:
    return await chat.prepare(who, Ask(model, (Turn("user", text),)), "req_1")


def items(ready: Ready) -> set[str]:
    return {hit.document.item for hit in ready.hits}


def test_what_reaches_the_prompt_is_what_both_judges_permit(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        for who in (ANN, EVE):
            ready = await ask(chat, who.principal.id, model="secure")
            context = Context(NOW, "req_1")
            requests = [
                AccessRequest(who, Action.READ, document_resource(one), context) for one in here.index.documents()
            ]
            allowed = [v.request.resource.id for v in chat.gate.judge(requests) if v.passes]
            assert {hit.document.id for hit in ready.hits} == set(allowed)
            assert [p.text.value for p in ready.prompt.passages] == [hit.chunk.text for hit in ready.hits]
            assert "noai.txt" not in items(ready)

    play(tmp_path, story)


def test_the_label_is_the_join_of_everything_that_the_model_sees(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        ready = await ask(chat, "eve")
        parts = [p.text.label for p in ready.prompt.passages] + [m.content.label for m in ready.prompt.messages]
        assert ready.label == join_all(parts)
        assert {"hr/bonus.txt", "sales/plan.txt"} <= items(ready)
        clauses = {frozenset({"group:hr"}), frozenset({"group:sales"}), frozenset({"group:staff"})}
        assert ready.label.readers.clauses == clauses
        assert {"group:hr", "group:sales"} <= ready.label.owners
        assert ready.label.sensitivity is Sensitivity.RESTRICTED

    play(tmp_path, story)


def test_data_above_the_ceiling_goes_to_the_model_that_may_see_it(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        ready = await ask(chat, "ann")
        assert (ready.upstream.card.id, ready.rerouted, ready.notice) == ("secure", True, "")
        assert "hr/bonus.txt" in items(ready)

    play(tmp_path, story)


def test_where_no_model_may_see_it_retrieval_stays_within_the_ceiling(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        ready = await ask(chat, "bo")
        assert (ready.upstream.card.id, ready.notice) == ("cheap", LIMITED)
        assert items(ready) == {"gifts.txt", "travel.txt"}
        assert ready.label.fits_under(ready.upstream.card.ceiling)

    play(tmp_path, story)


def test_what_may_not_be_read_changes_nothing(tmp_path: Path):
    """The same question without the documents of HR: passages, label, notice and decisions are equal."""
    seen: list[tuple[object, ...]] = []

    async def story(here: Place, chat: Chat, log: Counted) -> None:
        ready = await ask(chat, "bo")
        shown = [(v.effect, v.request.action, v.request.resource.id, v.decision.reasons) for v in ready.verdicts]
        passages = [(p.number, p.title, p.text.value, p.text.label) for p in ready.prompt.passages]
        scores = [hit.score for hit in ready.hits]
        seen.append((passages, scores, ready.label, ready.notice, shown))

    play(tmp_path / "all", story)
    play(tmp_path / "twin", story, without=["hr/bonus.txt"])
    assert seen[0] == seen[1]


def test_what_is_typed_above_every_ceiling_is_refused_recorded_and_not_quoted(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        with pytest.raises(AccessDenied) as caught:
            await ask(chat, "bo", f"Is {CARD} a card of ours?")
        assert caught.value.code == "above_ceiling"
        assert caught.value.remedy
        assert CARD not in f"{caught.value} {caught.value.remedy} {log.records}"
        assert {record.effect for record in log.records} == {"deny"}
        assert not [record for record in log.records if record.kind is Kind.ANSWER]

    play(tmp_path, story)


def test_everything_is_recorded_in_one_write_before_it_is_ready(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        ready = await ask(chat, "ann")
        assert log.writes == 1
        kinds = {record.kind for record in log.records}
        assert {Kind.DECISION, Kind.RETRIEVAL, Kind.MODEL_CALL, Kind.ANSWER} == kinds
        (answer,) = (record for record in log.records if record.kind is Kind.ANSWER)
        assert answer.label == ready.label
        assert [source.chunk for source in answer.sources] == [hit.chunk.id for hit in ready.hits]
        assert "canary-4711" not in repr(log.records)

    play(tmp_path, story)


def test_without_the_log_nothing_is_ready(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        log.down = True
        for who in ("ann", "bo", "nobody"):
            with pytest.raises(Unavailable, match="log is full"):
                await ask(chat, who)

    play(tmp_path, story)


def test_a_right_that_was_taken_away_since_the_last_sync_counts(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        assert "hr/bonus.txt" in items(await ask(chat, "ann"))
        here.rules(RULES[0], RULES[1].replace('readers = ["group:hr"]', 'readers = ["group:board"]'))
        assert "hr/bonus.txt" not in items(await ask(chat, "ann"))
        (here.share / "gifts.txt").unlink()
        assert "gifts.txt" not in items(await ask(chat, "ann"))

    play(tmp_path, story)


def test_a_model_that_is_not_yours_and_one_that_is_not_are_one_refusal(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        said = set()
        for who, model in (("bo", "secure"), ("bo", "no-such"), ("gus", "assistant")):
            with pytest.raises(NotFound) as caught:
                await ask(chat, who, model=model)
            said.add(str(caught.value).replace(model, "X"))
        assert len(said) == 1

    play(tmp_path, story)


def test_a_refused_sign_in_is_recorded(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        with pytest.raises(Unauthenticated):
            await ask(chat, "mallory")
        (record,) = log.records
        assert (record.kind, record.effect, record.outcome) == (Kind.AUTHENTICATION, "deny", "bad_signature")

    play(tmp_path, story)


def test_history_that_is_pasted_into_another_model_keeps_its_label(tmp_path: Path):
    async def story(here: Place, chat: Chat, log: Counted) -> None:
        secret = "The bonus plan is canary-4711: nobody knows it yet."
        marks = chat.labeler.marks(ANN, secret)
        restricted = replace(PUBLIC, sensitivity=Sensitivity.RESTRICTED, readers=Readers.any_of("group:hr"))
        await chat.labeler.history.remember(ANN, sorted(marks.covers), restricted, NOW)
        for turns in (
            (Turn("user", "?"), Turn("assistant", secret), Turn("user", "And then what happens?")),
            (Turn("user", f"Please translate: {secret}"),),
            (Turn("system", secret), Turn("user", "Please translate that.")),
        ):
            with pytest.raises(AccessDenied, match="above what"):
                await chat.prepare("ann", Ask("plain", turns), "req_1")
            rerouted = await chat.prepare("ann", Ask("assistant", turns), "req_1")
            assert rerouted.upstream.card.id == "secure"

    play(tmp_path, story)
