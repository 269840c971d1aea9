"""Breaks inputs in the ways in which parsers break: deterministic from its seed, and needs nothing installed."""

from __future__ import annotations

import random
import time
import traceback
from pathlib import Path

from fuzz.samples import SEEDS
from fuzz.targets import Target

TOKENS = (
    *(
        b"\x00",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xae",
        b"\\u0000",
        b"\\ud800",
        b'"',
        b"'",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b"=",
        b"#",
        b"/",
        b"..",
        b"%00",
        b"*",
    ),
    *(b"null", b"true", b"false", b"NaN", b"Infinity", b"-0", b"1e999", b"-1", b"0", b"1.5", b"{}", b"[]", b'""'),
    *(
        b"9" * 5000,
        b"9" * 30,
        b"-" + b"9" * 30,
        b"[" * 2000,
        b'{"a":' * 2000,
        b"(" * 2000,
        b"!" * 500,
        b"a" * 3000,
    ),
    *(
        b"[" * 900 + b"]" * 900,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"0x1",
        b"1_0",
        b"inf",
        b"9999-99-99",
        b"0000-01-01",
    ),
    *(b"2026-13-45", b"99:99:99", b"inf", b"nan", b"&a", b"*a", b"!!python/object:os.system", b"<<", b"%YAML"),
)


def mutated(data: bytes, others: tuple[bytes, ...], rng: random.Random) -> bytes:
    """Return an input that is a few steps away."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randint(0, len(made))
        to = min(len(made), at + rng.choice((0, 1, 1, 2, 4, 16, 64)))
        match rng.randrange(7):
            case 0:
                made[at:to] = rng.randbytes(rng.randint(0, 4))
            case 1:
                made[at:to] = rng.choice(TOKENS)
            case 2:
                made[at:at] = made[at:to]
            case 3:
                del made[at:to]
            case 4:
                one = rng.choice(others)
                start = rng.randint(0, len(one))
                made[at:to] = one[start : start + rng.randint(1, 40)]
            case 5:  # a whole value of JSON, TOML or YAML by another
                made[at:] = _value(bytes(made[at:]), rng)
            case _ if made:
                made[min(at, len(made) - 1)] ^= 1 << rng.randrange(8)
    return bytes(made[:100_000])


def _value(rest: bytes, rng: random.Random) -> bytes:
    for mark in (b": ", b"= ", b":"):
        head, found, tail = rest.partition(mark)
        if found:
            ends = [
                end for end in (tail.find(b","), tail.find(b"}"), tail.find(b"\n"), tail.find(b"]")) if end >= 0
            ]
            return head + found + rng.choice(TOKENS) + (tail[min(ends) :] if ends else b"")
    return rest


def seeds(target: Target) -> tuple[bytes, ...]:
    """Return what is written in the table, and what once broke something."""
    folder = SEEDS / target.name
    return (*target.seeds, *(one.read_bytes() for one in sorted(folder.glob("*"))))


def once(target: Target, data: bytes) -> str:
    """Return what is wrong with what came out; an empty string for nothing."""
    began = time.perf_counter()
    try:
        target.takes(data)
    except target.allowed:
        pass
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return "".join(traceback.format_exception(error))
    took = time.perf_counter() - began
    return f"took {took:.1f} s" if took > target.seconds else ""


def run(target: Target, seconds: float, rng: random.Random, keep: Path) -> tuple[int, list[str]]:
    """Try for that long; return how many inputs were tried, and each kind of failure once."""
    corpus = seeds(target)
    failed: dict[str, str] = {}
    tried, until = 0, time.monotonic() + seconds
    while time.monotonic() < until or tried < len(corpus):
        data = corpus[tried] if tried < len(corpus) else mutated(rng.choice(corpus), corpus, rng)
        tried += 1
        wrong = once(target, data)
        place = [line for line in wrong.splitlines() if line.startswith("  File")][-1:] or [wrong[:40]]
        if wrong and place[0] not in failed:
            keep.mkdir(parents=True, exist_ok=True)
            file = keep / f"{target.name}-{len(failed)}"
            file.write_bytes(data)
            failed[place[0]] = f"{target.name}: {file} ({len(data)} bytes)\n{wrong[-1500:]}"
    return tried, list(failed.values())
