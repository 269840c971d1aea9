"""Steps (7) to (9): call the model, inspect what comes out, record how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from lockgate.audit.record import Kind
from lockgate.content.extractive import NOTHING_FOUND
from lockgate.content.labeling import demanded, sure_kinds
from lockgate.content.links import Links
from lockgate.content.window import Window
from lockgate.errors import AccessDenied, LockgateError, Unauthenticated, Unavailable
from lockgate.journeys.chat import Ready
from lockgate.journeys.conversation import Labeler
from lockgate.journeys.enforce import Gate, Verdict, base_record
from lockgate.journeys.standing import BUSY, EVERY, EXPIRED, Standing, recent
from lockgate.labels.label import Integrity, Label
from lockgate.ports import Clock, Piece, Usage

_T = TypeVar("_T")
_INLINE: Final = 10_000
"""Characters of an answer that are looked at on the event loop (some 20 milliseconds); more go to a thread."""
WITHHELD: Final = "[The rest of this answer was withheld: it contains something above the answer's label.]"


@dataclass(slots=True)
class _Progress:
    """What an answer has come to so far.

    `begun`: what was typed is remembered. `marks` are those of the answer that are. `torn`: a piece ended inside
    a word, so that the words of the whole are not those of its pieces. `called`: a model was asked. `links` cleans
    what others may have made the model say; None where nothing in the prompt is of others. `stopped` is what is
    said where a right has ended.
    """

    text: str = ""
    scans: int = 0
    outcome: str = "cut_off"
    finish: str = ""
    usage: Usage | None = None
    dropped: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    held: datetime | None = None
    stopped: str = ""
    denied: tuple[Verdict, ...] = ()
    recorded: bool = False
    begun: bool = False
    torn: bool = False
    called: bool = False
    links: Links | None = None
    marks: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Release:
    """Releases an answer that `Chat.prepare` made ready."""

    clock: Clock
    gate: Gate
    labeler: Labeler
    standing: Standing
    closing: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, ready: Ready, *, whole: bool = False) -> AsyncGenerator[Piece]:
        """Yield what may be released, sentence by sentence; the last piece carries `finish`.

        How it ended is recorded before the last piece leaves, and also when the reader hangs up.

        Args:
            ready: what `Chat.prepare` decided.
            whole: the caller shows nothing before the last piece, so what is shown need be known only then.

        Raises:
            TooManyRequests: as many answers as may run at a time run already.
            Unavailable: the model failed, or the log or history cannot be written.
            AccessDenied: a right that a whole answer rests on was withdrawn while it was made or recorded.
            Unauthenticated: the session ended meanwhile, likewise.
            Invalid: the model says that the prompt is too long for it.

        """
        progress = _Progress(links=_links(ready))
        try:
            async with aclosing(self._inspected(ready, progress, whole)) as pieces:
                async for piece in pieces:
                    yield piece
            await self._ended(ready, progress)
            stopped = await self._ended_meanwhile(ready, progress)
            if stopped and whole:
                raise _refusal(stopped)
            yield Piece(finish=progress.finish or "stop", usage=progress.usage, withdrawn=bool(stopped))
        except LockgateError:
            progress.outcome = "failed"
            raise
        finally:
            if not progress.recorded:
                await self._ended(ready, progress)

    async def _ended(self, ready: Ready, progress: _Progress) -> None:
        """Close the answer in a task of its own: the reader may be gone at any step, the record must not be."""
        progress.recorded = True
        task = asyncio.create_task(self._close(ready, progress))
        self.closing.add(task)
        task.add_done_callback(self.closing.discard)
        await asyncio.shield(task)

    async def _inspected(self, ready: Ready, progress: _Progress, whole: bool) -> AsyncGenerator[Piece]:
        window = Window()
        place = self.gate.running(ready.subject, ready.context)
        async with place, aclosing(self._model(ready, progress, whole)) as pieces:
            async for piece in pieces:
                progress.dropped.update(piece.dropped)
                progress.usage = piece.usage or progress.usage
                progress.finish = piece.finish or progress.finish
                # Everything that has come by now is looked at, and made durable, in one go.
                segments = window.feed(piece.text) + (window.finish() if piece.finish else [])
                if not segments:
                    continue
                last, size = bool(piece.finish), sum(map(len, segments))
                looked = partial(self._looked, ready, window, segments, progress, last=last)
                free, said, text = await self._long(ready, size, looked)
                if text and not whole:
                    # Known before it is shown: it may come back while this still runs, or after a crash.
                    await self._show(ready, progress, text)
                # Last of all before it leaves: to make it durable may have taken long, on a disk that is busy.
                stop = await self._revoked(ready, progress)
                if stop:
                    free, text = 0, ""
                if text:
                    progress.text += text
                    window.released(said)
                    yield Piece(text=text, cited=piece.cited)
                if free < len(segments):
                    progress.finish = "content_filter"
                    progress.text += stop or WITHHELD
                    yield Piece(text=stop or WITHHELD, withdrawn=bool(stop))
                    return
        progress.outcome = "completed"

    def _looked(
        self, ready: Ready, window: Window, segments: Sequence[str], progress: _Progress, *, last: bool
    ) -> tuple[int, str, str]:
        """Return how many segments may leave, what they say, and what of that is shown."""
        free = self._free(ready, window, segments, progress)
        said = "".join(segments[:free])
        return free, said, said if progress.links is None else progress.links.cleaned(said, last=last)

    async def _long(self, ready: Ready, size: int, work: Callable[[], _T]) -> _T:
        """Do work on so many characters, off the event loop where they are many: others must get a turn."""
        if size <= _INLINE:
            return work()
        async with self.labeler.turns.of(ready.subject.person.name):
            return await asyncio.to_thread(work)

    async def _model(self, ready: Ready, progress: _Progress, whole: bool) -> AsyncGenerator[Piece]:
        """Yield the model's pieces, then one with `finish` if the model sent none."""
        if ready.prompt.grounded and not ready.prompt.passages:
            yield Piece(text=NOTHING_FOUND, finish="stop", usage=Usage())
            return
        ended, progress.called = False, True
        pieces = ready.upstream.answering().generate(replace(ready.prompt, whole=whole))
        try:
            async for piece in pieces:
                ended = bool(piece.finish)
                yield piece
        finally:
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()
        if not ended:
            yield Piece(finish="stop")

    async def _show(self, ready: Ready, progress: _Progress, text: str) -> None:
        """Make durable that a piece is shown. From then on it counts against unrecognized history too."""
        following = partial(self.labeler.following, ready.subject, ready.asked, progress.text, text)
        new = await self._long(ready, len(text), following)
        await self._remember(ready, progress, new)
        progress.torn = progress.torn or (not progress.text[-1:].isspace() and progress.text != "")

    def _remember(self, ready: Ready, progress: _Progress, new: frozenset[bytes]) -> Awaitable[None]:
        """Send to the history what is shown; it is durable once the result is awaited."""
        beside: list[tuple[list[bytes], Label]] = []
        if not progress.begun:  # the titles in citations; and what was typed, to be recognized when it comes back
            beside = self.labeler.named(ready.subject, (hit.document for hit in ready.hits), ready.asked)
            beside.append((sorted(ready.asked.covers), ready.typed))
        history, now = self.labeler.history, self.clock.now()
        sent = history.remember(ready.subject, sorted(new), ready.label, now, also=beside)
        return _noted(progress, new, sent)

    async def _revoked(self, ready: Ready, progress: _Progress) -> str:
        """Decide again, every so often; return what to say where the answer must stop, or nothing."""
        now = self.clock.now()
        if recent(progress.held or ready.context.now, now, EVERY) and now < ready.subject.session.expires:
            return ""
        lost = await self.standing.lost(ready)
        if lost is None:
            progress.held = now
            return ""
        progress.outcome, progress.denied, progress.stopped = "revoked", lost.verdicts, lost.text
        return lost.text

    async def _ended_meanwhile(self, ready: Ready, progress: _Progress) -> str:
        """Decide again about an answer whose end took long to record: its last piece tells what it rests on.

        Its record says how it ended and stays; that it was not told after all is recorded beside it. Returns why
        it stops or has stopped before, or nothing.
        """
        if progress.stopped or progress.outcome != "completed":
            return progress.stopped
        stopped = await self._revoked(ready, progress)
        if stopped and progress.denied:
            await self.gate.settle(progress.denied, [])
        return stopped

    def _free(self, ready: Ready, window: Window, segments: Sequence[str], progress: _Progress) -> int:
        """Inspect segments before they leave; return how many may: all, or those before what may not."""
        progress.scans += 1
        known = len(window.tail)
        found = [one for one in self.labeler.scan(window.tail + "".join(segments)) if one.end > known]
        above = [
            one
            for one in found
            if (kinds := sure_kinds([one]) - ready.kinds) and demanded(kinds) > ready.label.sensitivity
        ]
        if not above:
            return len(segments)
        progress.kinds |= sure_kinds(above)
        progress.outcome = "withheld"
        first, end = min(one.start for one in above), known
        for number, segment in enumerate(segments):
            end += len(segment)
            if first < end:
                return number
        return 0

    async def _close(self, ready: Ready, progress: _Progress) -> None:
        """Remember what was shown, then record how it ended."""
        rest = await self._long(ready, len(progress.text), partial(self._rest, ready, progress))
        now = self.clock.now()
        usage = progress.usage or Usage()
        facts: dict[str, str | int | float | bool] = {
            "abstained": progress.text == NOTHING_FOUND,
            "called": progress.called,
            "characters": len(progress.text),
            "completion_tokens": usage.completion_tokens,
            "dropped": ",".join(sorted(progress.dropped)),
            "found": ",".join(sorted(progress.kinds)),
            "links_left_out": progress.links.left_out if progress.links is not None else 0,
            "prompt_tokens": usage.prompt_tokens,
            "scans": progress.scans,
        }
        outcome = base_record(
            Kind.OUTCOME,
            ready.subject,
            ready.context,
            time=now,
            action="answer",
            resource_type="answer",
            resource_id=ready.request_id,
            label=ready.label,
            outcome=progress.outcome,
            facts=tuple(sorted(facts.items())),
        )
        # Together: one wait for the disk. If only one of the two comes to be, nothing is released.
        remembered = self._remember(ready, progress, rest) if rest or not progress.begun else None
        try:
            await self.gate.settle(progress.denied, [outcome])
        finally:
            if remembered is not None:
                await remembered

    def _rest(self, ready: Ready, progress: _Progress) -> frozenset[bytes]:
        """Return the marks of the whole answer that none of its pieces had: those of sentences that span some."""
        whole = not progress.marks or progress.torn
        made = self.labeler.shown if whole else self.labeler.sentences
        return made(ready.subject, ready.asked, progress.text) - progress.marks


def _refusal(stopped: str) -> LockgateError:
    """Return the error in place of an answer that was to be shown as a whole: nothing of it has been."""
    if stopped == EXPIRED:
        return Unauthenticated(
            "the session ended while this was made", code="token_expired", remedy="Sign in again."
        )
    if stopped == BUSY:
        return Unavailable("whether you may still see this could not be told in time", remedy="Try again.")
    return AccessDenied(
        "a right that this answer rests on was withdrawn while it was made",
        code="revoked",
        remedy="Ask again for what you may see now.",
    )


def _links(ready: Ready) -> Links | None:
    """Return what cleans an answer: what somebody else wrote may have told the model to send it elsewhere."""
    prompt = ready.prompt
    if not prompt.passages and ready.label.integrity <= Integrity.USER:
        return None
    texts = [prompt.instructions, *(message.content.value for message in prompt.messages)]
    return Links([*texts, *(part for one in prompt.passages for part in (one.title, one.text.value))])


async def _noted(progress: _Progress, new: frozenset[bytes], sent: Awaitable[None]) -> None:
    """Wait until it is durable that these marks were shown; then they need not be sent again."""
    await sent
    progress.begun = True
    progress.marks |= new
