"""Soak: steady load at every door while everything changes, and a checker that knows the truth.

    python -m bench.soak                     an hour; the report goes to .cache/soak
    python -m bench.soak --minutes 2         shorter
    python -m bench.soak --out D --resume    go on with a run that was interrupted

A real `lockgate serve` is asked by everybody through every door, plain and streamed, while people join and leave
groups, rights, documents, policies and settings change, tokens expire, clients hang up and models fail. The run
has failed (exit code 1) if somebody was shown what they could not read within the second of I5, if an answer lacks
its records, if the log does not verify, if memory, handles or threads grow, or if answers become slower or dearer.

`OUT/soak.json` and `OUT/soak.svg` are written anew after each window, `OUT/samples.jsonl` and `OUT/soak.log` as it
goes. Time that two looks at a file take (a change counts once the file keeps still) is not part of that second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.soak_load import Load, Tally, beat
from bench.soak_servers import STEADY, opened
from bench.soak_verdict import verdict
from bench.soak_watch import AuditCheck, picture, sample, window
from bench.soak_world import World
from lockgate.demo.run import fetch_weights

GRACE: Final = 1.75
"""Seconds from a change of a file to its effect: a second (I5), and two looks a quarter apart at a still file."""


class Soak:
    """One run."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.out: Path = args.out
        self.folder = self.out / "gateway"
        self.rng = random.Random(args.seed)
        self.samples: list[dict[str, float]] = []
        self.windows: list[dict[str, Any]] = []
        self.changes: Counter[str] = Counter()
        self.verified: list[str] = []
        self.before = 0.0
        self.segment = 0
        self.tasks: set[asyncio.Task[Any]] = set()
        self.held: dict[str, Any] = {}

    def say(self, text: str) -> None:
        line = f"{datetime.now(UTC):%H:%M:%S} {text}"
        print(line, flush=True)
        with (self.out / "soak.log").open("a") as file:
            file.write(line + "\n")

    def resume(self) -> None:
        """Take up what an interrupted run has left."""
        if self.args.resume and (self.out / "soak.json").is_file():
            self.held = json.loads((self.out / "soak.json").read_text())
            self.windows, self.before = self.held["windows"], self.held["minutes"] * 60
            self.samples = [json.loads(line) for line in (self.out / "samples.jsonl").read_text().splitlines()]
            self.segment = 1 + int(max((one["segment"] for one in self.samples), default=0))
            self.say(f"goes on after {self.before / 60:.1f} minutes")
        else:
            for name in ("samples.jsonl", "soak.json", "soak.svg", "soak.log", "changes.log", "kept.note"):
                (self.out / name).unlink(missing_ok=True)

    # ------------------------------------------------------------------ what runs

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Start everything."""
        fetch_weights(self.say)
        self.world = World(self.folder, self.rng, made=self.segment * 10_000)  # what was forgotten stays so
        self.world.start(self.args.documents)
        async with opened(self.world, self.out, self.args.seed + 1) as servers:
            self.servers, self.gateway = servers, servers.gateway
            self.load = Load(
                servers.url, self.world, self.rng, servers.session, servers.mint, servers.service, self.args.grace
            )
            self.audit = AuditCheck(self.folder / "state" / "audit.db")
            yield

    # ------------------------------------------------------------------ what happens meanwhile

    async def asking(self) -> None:
        """Ask at a steady rate, whether answers come or not."""
        due = time.monotonic()
        while True:
            due += self.rng.expovariate(self.args.rate)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self.load.running < 60:
                task = asyncio.create_task(self.load.one())
                self.tasks.add(task)
                task.add_done_callback(self._ended)
            else:
                self.changes["not asked: 60 run already"] += 1

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.load.tally.violate(f"the checker failed: {error!r}")

    def changed(self, what: str) -> None:
        """Count a change, and write down when it was."""
        self.changes[what] += 1
        with (self.out / "changes.log").open("a") as file:
            file.write(f"{datetime.now(UTC):%H:%M:%S.%f} {what}\n")

    async def changing(self) -> None:
        """Change one thing after the other."""
        world = self.world
        ways: list[tuple[Any, int]] = [
            *[(world.toggle_member, 8), (world.toggle_active, 2), (world.change_readers, 6), (world.create, 4)],
            *[(world.revise, 2), (world.delete, 2), (world.toggle_model, 1), (world.toggle_policy, 1)],
            *[(world.garbage, 1), (self._forget, 2)],
        ]
        while True:
            await asyncio.sleep(self.rng.uniform(0.7, 1.5) * self.args.change)
            way = self.rng.choices([w for w, _ in ways], [n for _, n in ways])[0]
            if len(world.docs) >= self.args.documents * 1.3 and way == world.create:
                way = world.delete
            elif len(world.docs) <= self.args.documents * 0.7:
                way = world.create
            elif way == world.toggle_policy and not world.closed.now and self.rng.random() < 0.5:
                continue  # closed a third of the time
            if way == self._forget:
                self.changed(await self._forget())
            elif way == world.garbage:
                self.changed(await asyncio.to_thread(world.garbage))
            else:
                self.changed(way())
            if world.closed.now and self.rng.random() < 0.15:
                self.changed(world.toggle_policy())

    async def _forget(self) -> str:
        doc = self.rng.choice(list(self.world.docs.values()))
        if not self.world.always("owner", doc, time.monotonic() - 15, time.monotonic()):
            return "is not forgotten: too new"
        if await self.load.forget(doc):
            self.world.drop(doc)
            return "is forgotten"
        return "is not forgotten: refused"

    async def sampling(self, start: float) -> None:
        """Keep what the process uses, and look in the log."""
        while True:
            try:
                now = sample(self.gateway.pid)
            except OSError:
                self.load.tally.violate("gateway: its process is gone")
                return
            now |= {"t": self.before + time.monotonic() - start, "segment": self.segment}
            self.samples.append(now)
            with (self.out / "samples.jsonl").open("a") as file:
                file.write(json.dumps({k: round(v, 2) for k, v in now.items()}) + "\n")
            await self._look()
            await asyncio.sleep(self.args.every)

    async def _look(self, *, final: bool = False) -> None:
        asked, self.load.tally.asked = self.load.tally.asked, []
        self.audit.waiting += asked
        await asyncio.to_thread(self.audit.look, final=final)

    async def verify(self) -> None:
        """Verify the log with the command, against a checkpoint that was kept at the start."""
        note, config = self.out / "kept.note", str(self.folder / STEADY)
        begin = [sys.executable, "-m", "lockgate", "audit"]
        if not note.exists():
            await _run(*begin, "checkpoint", "--to", str(note), "--config", config)
        code, told = await _run(*begin, "verify", "--against", str(note), "--config", config)
        self.verified.append(f"{code}")
        if code:
            self.load.tally.violate(f"the log does not verify: {told[-300:]}")

    async def windowing(self, start: float, seconds: float) -> None:
        """Close a window, verify, write the report; again and again."""
        while True:
            cpu, began = self.samples[-1]["cpu"] if self.samples else 0.0, time.monotonic()
            await asyncio.sleep(seconds)
            self.close_window(start, cpu, began)
            await self.verify()
            self.report(start)

    def close_window(self, start: float, cpu: float, began: float) -> None:
        """Turn the times of a window into its line."""
        times, self.load.tally.times = self.load.tally.times, {}
        now = time.monotonic()
        used = self.samples[-1]["cpu"] - cpu
        self.windows.append(window(times, used, now - began, self.before + now - start))
        last = self.windows[-1]
        last["starved"] = round(self.starved(began - start), 3)
        tally = self.load.tally
        self.say(
            f"{last['at']:6.1f} min: {last['a_second']:.1f}/s, p50 {last['p50']:.0f} p99 {last['p99']:.0f} ms, "
            f"{last['cpu_ms']:.1f} ms CPU, {self.samples[-1]['rss']:.0f} MB, {self.samples[-1]['handles']:.0f} "
            f"handles, waits for a core {last['starved']:.0%}; {tally.checked} things checked, "
            f"{len(tally.violations)} violations, "
            f"{len(self.audit.gaps)} gaps of {self.audit.checked}"
        )
        for one in tally.violations[-5:]:
            self.say(f"  violation: {one}")

    def starved(self, since: float) -> float:
        """Return for which share of the time since then the gateway was ready and had no core: others' load."""
        late = [one for one in self.samples if one["segment"] == self.segment and one["t"] >= self.before + since]
        if len(late) < 2:
            return 0.0
        return (late[-1]["waited"] - late[0]["waited"]) / max(late[-1]["t"] - late[0]["t"], 1e-9)

    def report(self, start: float) -> dict[str, Any]:
        """Write the result as it stands."""
        tally: Tally = self.load.tally
        result = verdict(
            tally, self.audit, self.samples, self.windows, self.verified, self.changes, self.args, self.held
        )
        result |= {
            "minutes": round((self.before + time.monotonic() - start) / 60, 2),
            "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        }
        for name, text in (
            ("soak.json", json.dumps(result, indent=1)),
            ("soak.svg", picture(self.samples, self.windows, f"lockgate soak, {result['date']}")),
        ):
            fresh = self.out / f"{name}.tmp"
            fresh.write_text(text)
            fresh.replace(self.out / name)
        return result

    async def run(self) -> int:
        """Do all of it; return the exit code."""
        self.out.mkdir(parents=True, exist_ok=True)
        self.resume()
        async with self.opened():
            start = time.monotonic()
            left = max(0.0, self.args.minutes * 60 - self.before)
            await asyncio.sleep(min(5.0, left))  # the first sync
            self.say(f"serves, process {self.gateway.pid}; {left / 60:.1f} minutes at {self.args.rate}/s")
            window_seconds = min(300.0, max(10.0, self.args.minutes * 60 / 6))
            work = [
                asyncio.create_task(one)
                for one in (
                    beat(self.load, self.out),
                    self.asking(),
                    self.changing(),
                    self.sampling(start),
                    self.windowing(start, window_seconds),
                )
            ]
            ended = asyncio.get_running_loop().create_future()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, lambda: ended.done() or ended.set_result(1))
            done, _ = await asyncio.wait([ended, *work], timeout=left, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {ended}:
                self.load.tally.violate(f"the soak itself stopped: {task.exception()!r}")
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await asyncio.wait(self.tasks, timeout=60) if self.tasks else None
            await asyncio.sleep(2)
            if not await self.servers.stop():
                self.load.tally.violate("gateway: does not end when it is told to")
            if self.gateway.returncode not in (0, -signal.SIGTERM):
                self.load.tally.violate(f"gateway: ended with {self.gateway.returncode}")
            await self._look(final=True)
            await self.verify()
            result = self.report(start)
        for reason in result["reasons"]:
            self.say(f"FAILED: {reason}")
        self.say(f"{'ok' if result['ok'] else 'FAILED'}: {self.out / 'soak.json'}")
        return 0 if result["ok"] else 1


async def _run(*command: str) -> tuple[int, str]:
    made = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=lambda: os.nice(5)
    )
    told, _ = await made.communicate()
    return made.returncode or 0, told.decode(errors="replace")


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=5, help="requests a second")
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--change", type=float, default=1.0, help="seconds between two changes, about")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks at the process")
    parser.add_argument("--grace", type=float, default=GRACE, help=f"seconds; {GRACE}")
    parser.add_argument("--growth", type=float, default=24.0, help="MB an hour that memory may grow by")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(".cache/soak"))
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run in --out")
    args = parser.parse_args(argv)
    args.out = args.out.absolute()
    return args


def main(argv: Sequence[str] | None = None) -> int:
    return asyncio.run(Soak(arguments(argv)).run())


if __name__ == "__main__":
    raise SystemExit(main())
