"""Keeps what a run of the story expected and saw, and prints it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lockgate.labels.readers import Readers


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation and what came."""

    step: int
    expected: str
    seen: str
    ok: bool


@dataclass(slots=True)
class Report:
    """The running account. `show` gets each line as it comes."""

    show: Callable[[str], None]
    checks: list[Check] = field(default_factory=list)
    titles: dict[int, str] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    _began: float = 0.0

    def begin(self, step: int, title: str) -> None:
        """Open a step."""
        self.titles[step], self._began = title, time.monotonic()
        self.show(f"\n{step:2}. {title}")

    def end(self, step: int) -> None:
        """Close a step."""
        self.seconds[step] = time.monotonic() - self._began

    def expect(self, expected: str, ok: bool, seen: object) -> bool:
        """Note an expectation of the open step and whether it was met; return `ok`."""
        check = Check(max(self.titles), expected, _short(seen), ok)
        self.checks.append(check)
        self.show(f"    {'ok  ' if ok else 'DIFF'} expected {expected}\n         saw      {check.seen}")
        return ok

    @property
    def differences(self) -> tuple[Check, ...]:
        """Return the expectations that were not met."""
        return tuple(check for check in self.checks if not check.ok)

    def table(self) -> str:
        """Return the summary: one line for each step."""
        lines = ["", f"{'step':>4}  {'checks':>6}  {'seconds':>7}  result"]
        for step, title in self.titles.items():
            mine = [check for check in self.checks if check.step == step]
            good = sum(check.ok for check in mine)
            result = "as told" if mine and good == len(mine) else "DIFFERS"
            lines.append(
                f"{step:>4}  {good:>2}/{len(mine):<3}  {self.seconds.get(step, 0):>7.1f}  {result}: {title}"
            )
        bad = len(self.differences)
        lines.append(f"\n{len(self.checks)} expectations, {bad} {'difference' if bad == 1 else 'differences'}.")
        return "\n".join(lines)


def in_words(readers: Readers) -> str:
    """Return who may read, as a person says it: each clause must hold, by any of its names.

    >>> in_words(Readers.any_of("group:staff").join(Readers.any_of("group:hr", "user:ann")))
    'ann or hr, and also staff'
    """
    clauses = (sorted(name.rpartition(":")[2] for name in clause) for clause in readers.clauses)
    return ", and also ".join(sorted(" or ".join(clause) or "nobody" for clause in clauses))


def _short(seen: object) -> str:
    text = " ".join((in_words(seen) if isinstance(seen, Readers) else str(seen)).split())
    return text if len(text) <= 160 else text[:157] + "..."
