"""Steps 7 to 9: what a model says is looked at before it leaves, and how it ended is recorded whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lockgate.adapters.history_sqlite import SqliteHistory
from lockgate.audit.record import Receipt, Record
from lockgate.content.detection import scan
from lockgate.content.finding import Finding
from lockgate.errors import AccessDenied, Unauthenticated, Unavailable
from lockgate.journeys.chat import Ready
from lockgate.journeys.conversation import TYPED, Labeler, Turn
from lockgate.journeys.enforce import Gate
from lockgate.journeys.release import WITHHELD, Release
from lockgate.journeys.retrieve import Retrieve
from lockgate.journeys.routes import Route, Routes, Table, Upstream
from lockgate.journeys.standing import BUSY, EXPIRED, WITHDRAWN, Standing
from lockgate.labels import PUBLIC, Label, Readers, Sensitivity
from lockgate.policy.model import Context, Subject
from lockgate.ports import ModelCard, Piece, Prompt
from support import NOW, person

ANN = person("ann", "hr")
STAFF = replace(TYPED, readers=Readers.any_of("group:staff"))
RESTRICTED = replace(TYPED, sensitivity=Sensitivity.RESTRICTED, readers=Readers.any_of("group:hr"))
CARD = "4111 1111 1111 1111"


@dataclass
class Watch:
    time: datetime = NOW

    def now(self) -> datetime:
        return self.time


@dataclass
class Log:
    down: bool = False
    records: list[Record] = field(default_factory=list)

    async def append(self, records: Sequence[Record], /) -> Receipt:
        if self.down:
            raise Unavailable("the log is full")
        self.records += records
        return Receipt(0, len(self.records))


@dataclass
class Says:
    """`ports.Model` that says pieces, does something between them, and may break at the end."""

    pieces: Sequence[str]
    between: object = None
    breaks: bool = False
    closed: bool = False

    async def generate(self, prompt: Prompt, /) -> AsyncIterator[Piece]:
        try:
            for text in self.pieces:
                yield Piece(text)
                if callable(self.between):
                    self.between()
            if self.breaks:
                raise Unavailable("the upstream stalled")
            yield Piece(finish="stop", dropped=("tool_calls",))
        finally:
            self.closed = True


@dataclass
class People:
    """`ports.Authenticator` for one person whose token ends with her session, or when she leaves."""

    watch: Watch
    gone: bool = False
    down: bool = False
    asked: int = 0

    async def authenticate(self, credential: str, /) -> Subject:
        self.asked += 1
        if self.down:
            raise Unavailable("the directory cannot be read")
        if self.gone or self.watch.now() >= ANN.session.expires:
            raise Unauthenticated("the token has expired", code="token_expired")
        return ANN


@dataclass
class Scene:
    release: Release
    log: Log
    watch: Watch
    people: People


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    history, log, watch = SqliteHistory.open(tmp_path / "history.db"), Log(), Watch()
    labeler = Labeler(history, b"k" * 32)
    gate = Gate(lambda: pytest.fail("release decides nothing"), log)
    people = People(watch)
    retrieve = Retrieve(gate, None, None, None)  # no passages: nothing is retrieved
    standing = Standing(people, watch, gate, retrieve, Routes(gate, Table))
    yield Scene(Release(watch, gate, labeler, standing), log, watch, people)
    history.close()


def ready(model: Says, label: Label = STAFF, kinds: frozenset[str] = frozenset()) -> Ready:
    upstream = Upstream(ModelCard("m", Readers.everyone(), PUBLIC), model)
    return Ready(
        ANN,
        Context(NOW, "req_1"),
        Route("assistant", Readers.everyone(), ("m",)),
        upstream,
        Prompt("", ()),
        (),
        label,
        (),
        kinds,
    )


async def said(scene: Scene, one: Ready, seen: list[Piece] | None = None) -> tuple[str, str]:
    """Return the whole text and the finish reason; `seen` gets the pieces as they come."""
    pieces = [] if seen is None else seen
    async for piece in scene.release.answer(one):
        pieces.append(piece)
    return "".join(piece.text for piece in pieces), pieces[-1].finish


def outcome(scene: Scene) -> tuple[str, dict[str, object]]:
    (record,) = scene.log.records
    return record.outcome, dict(record.facts)


async def test_an_answer_leaves_whole_and_its_end_is_recorded(scene: Scene):
    text, finish = await said(scene, ready(Says(["Gifts up to ", "50 EUR. Ask", " first."])))
    assert (text, finish) == ("Gifts up to 50 EUR. Ask first.", "stop")
    how, facts = outcome(scene)
    assert how == "completed"
    assert facts["dropped"] == "tool_calls"
    assert facts["scans"] == 2


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
async def test_what_is_above_the_label_does_not_leave_however_it_is_cut(scene: Scene, size: int):
    answer = f"The rule is simple. The card is {CARD} as agreed. More."
    model = Says([answer[i : i + size] for i in range(0, len(answer), size)])
    text, finish = await said(scene, ready(model))
    assert text == f"The rule is simple. {WITHHELD}"
    assert finish == "content_filter"
    how, facts = outcome(scene)
    assert (how, facts["found"]) == ("withheld", "financial.card")
    assert model.closed


async def test_what_the_label_covers_leaves(scene: Scene):
    text, _ = await said(scene, ready(Says([f"The card is {CARD}."]), RESTRICTED))
    assert CARD in text


async def test_the_end_of_the_session_stops_a_running_answer(scene: Scene):
    def later() -> None:
        scene.watch.time += timedelta(minutes=25)

    text, finish = await said(scene, ready(Says(["One. ", "Two. ", "Three. ", "Four. ", "Five. "], later)))
    assert text == f"One. Two. Three. {EXPIRED}"
    assert finish == "content_filter"
    assert outcome(scene)[0] == "revoked"


@pytest.mark.parametrize(("what", "says"), [("gone", EXPIRED), ("down", WITHDRAWN)])
async def test_who_asks_is_asked_again_while_an_answer_runs(scene: Scene, what: str, says: str):
    """Not at every sentence, but soon; who cannot be asked does not go on."""

    def later() -> None:
        scene.watch.time += timedelta(milliseconds=100)
        if scene.watch.time - NOW >= timedelta(seconds=1):
            setattr(scene.people, what, True)

    model = Says([f"Sentence {number}. " for number in range(40)], later)
    text, finish = await said(scene, ready(model))
    assert text.endswith(says)
    assert (finish, outcome(scene)[0]) == ("content_filter", "revoked")
    assert "Sentence 9." in text
    assert "Sentence 15." not in text
    assert scene.people.asked <= 6
    assert model.closed


def _pass(scene: Scene) -> None:
    scene.watch.time += timedelta(milliseconds=100)


@pytest.mark.parametrize(("slow", "says"), [(2, "Sentence 39. "), (99, BUSY)])
async def test_what_took_long_to_decide_is_decided_again(scene: Scene, slow: int, says: str):
    """While rights are looked at, seconds may pass on a busy machine: what was seen first may have ended."""
    people, left = scene.people, [slow]
    real = people.authenticate

    async def authenticate(credential: str) -> Subject:
        if left[0] > 0:
            left[0] -= 1
            scene.watch.time += timedelta(seconds=1)
        return await real(credential)

    people.authenticate = authenticate  # type: ignore[method-assign]  # as a machine without time is
    model = Says([f"Sentence {number}. " for number in range(40)], lambda: _pass(scene))
    text, _ = await said(scene, ready(model))
    assert text.endswith(says)
    assert left[0] == max(0, slow - 5)


async def test_a_reader_who_hangs_up_is_recorded_and_stops_the_model(scene: Scene):
    model = Says(["One. ", "Two. ", "Three. "])
    async with aclosing(scene.release.answer(ready(model))) as pieces:
        await anext(pieces)
    assert outcome(scene)[0] == "cut_off"
    assert model.closed


@pytest.mark.parametrize("whole", [False, True])
async def test_whoever_hangs_up_at_any_step_leaves_one_record_of_the_end(scene: Scene, whole: bool):
    """Canceled just before its last two writes had begun, an answer ended without a word in the log."""

    async def read() -> None:
        async for _ in scene.release.answer(ready(Says(["One. ", "Two."]), RESTRICTED), whole=whole):
            pass

    for steps in range(1, 60):
        scene.log.records.clear()
        task = asyncio.create_task(read())
        for _ in range(steps):
            await asyncio.sleep(0)
        done = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        while scene.release.closing:
            await asyncio.wait(list(scene.release.closing))
        assert len(scene.log.records) == 1, steps
        if done:
            break


async def test_a_model_that_breaks_is_an_error_and_is_recorded(scene: Scene):
    with pytest.raises(Unavailable, match="stalled"):
        await said(scene, ready(Says(["One. "], breaks=True)))
    assert outcome(scene)[0] == "failed"


async def test_without_the_last_record_there_is_no_last_piece(scene: Scene):
    scene.log.down = True
    seen: list[Piece] = []
    with pytest.raises(Unavailable, match="log is full"):
        await said(scene, ready(Says(["One."])), seen)
    assert not [piece for piece in seen if piece.finish]


@pytest.mark.parametrize("hang_up", [False, True])
async def test_what_was_shown_keeps_its_label_in_the_next_turn(scene: Scene, hang_up: bool):
    answer = "Ann earns more than Bob does this year. Nobody else knows."
    async with aclosing(scene.release.answer(ready(Says([answer]), RESTRICTED))) as pieces:
        async for piece in pieces:
            if piece.text and hang_up:
                break
    turns = [
        Turn("user", "who?"),
        Turn("assistant", "Ann earns more than Bob does this year."),
        Turn("user", "Why?"),
    ]
    talk = await scene.release.labeler.label(ANN, turns, NOW)
    assert RESTRICTED.fits_under(talk.label)


async def test_a_crash_before_the_end_does_not_wash_the_label_away(scene: Scene):
    """The process dies after the first piece: nothing was noted at the end, and still the session counts."""
    pieces = scene.release.answer(ready(Says(["Ann earns more. ", "Much more. "]), RESTRICTED))
    await anext(pieces)
    turns = [Turn("user", "who?"), Turn("assistant", "Ann earns more."), Turn("user", "Why?")]
    talk = await scene.release.labeler.label(ANN, turns, NOW)
    assert RESTRICTED.fits_under(talk.label)
    await pieces.aclose()


@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
async def test_what_ends_while_it_is_made_durable_is_not_shown(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, whole: bool
):
    """A busy disk takes its seconds, in which rights end: the last look is the one before it leaves."""
    real = SqliteHistory.remember

    async def slow(history: SqliteHistory, *args: object, **more: object) -> None:
        await real(history, *args, **more)  # type: ignore[arg-type]
        scene.watch.time += timedelta(seconds=3)
        scene.people.gone = True

    monkeypatch.setattr(SqliteHistory, "remember", slow)
    async with aclosing(
        scene.release.answer(ready(Says(["Ann earns more. "]), RESTRICTED), whole=whole)
    ) as pieces:
        if whole:
            with pytest.raises(Unauthenticated):
                [piece async for piece in pieces]
        else:
            seen = [piece async for piece in pieces]
            assert "".join(piece.text for piece in seen) == EXPIRED
            assert any(piece.withdrawn for piece in seen)
            assert outcome(scene)[0] == "revoked"


async def test_what_ends_while_the_end_is_recorded_takes_the_citations_along(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    """The text has left, in time. What it rests on leaves with the last piece, after one more durable write."""
    real = scene.log.append

    async def slow(records: Sequence[Record], /) -> Receipt:
        scene.watch.time += timedelta(seconds=3)
        scene.people.down = True
        return await real(records)

    monkeypatch.setattr(scene.log, "append", slow)  # as a busy disk is
    pieces = [piece async for piece in scene.release.answer(ready(Says(["Ann earns more. "]), RESTRICTED))]
    assert "".join(piece.text for piece in pieces) == "Ann earns more. "
    assert [piece.withdrawn for piece in pieces if piece.finish] == [True]


@pytest.mark.parametrize(
    ("what", "error"), [("gone", Unauthenticated), ("down", AccessDenied), ("slow", Unavailable)]
)
async def test_a_whole_answer_whose_right_has_ended_is_an_error(scene: Scene, what: str, error: type[Exception]):
    """Nothing of it was shown, so nothing is: no text, no citation, no label."""
    real = scene.people.authenticate

    async def authenticate(credential: str) -> Subject:
        if what == "slow":
            scene.watch.time += timedelta(seconds=1)
        else:
            setattr(scene.people, what, True)
        return await real(credential)

    scene.people.authenticate = authenticate  # type: ignore[method-assign]
    model = Says(["One. "], lambda: _pass(scene))
    scene.watch.time += timedelta(seconds=1)
    with pytest.raises(error):
        [piece async for piece in scene.release.answer(ready(model), whole=True)]
    assert outcome(scene)[0] == "revoked"


@pytest.mark.parametrize("whole", [False, True])
async def test_a_flood_of_text_is_looked_at_in_turns_off_the_event_loop(scene: Scene, whole: bool) -> None:
    """An upstream that says a quarter of a million characters at once kept everybody waiting for each of them."""
    there: set[bool] = set()

    def noted(text: str) -> tuple[Finding, ...]:
        if len(text) > 100_000:
            there.add(threading.current_thread() is threading.main_thread())
        return scan(text)

    looking = replace(scene.release, labeler=replace(scene.release.labeler, scan=noted))
    flood = "".join(f"Number {number} is not looked for. " for number in range(6000))
    one = ready(Says([flood]))
    pieces = [piece async for piece in looking.answer(one, whole=whole)]
    assert "".join(piece.text for piece in pieces) == flood
    assert there == {False}
