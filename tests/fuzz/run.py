"""Fuzz every parser, or one: `python -m fuzz.run [--target NAME] [--seconds N] [--atheris]`.

With atheris each target runs in a process of its own, which sees branches, and keeps its corpus in `.cache/fuzz`.
Inputs that break something are kept there too: one becomes a file in `tests/fuzz/seeds/TARGET/`.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "fuzz"


def _guided(name: str, seconds: int) -> int:
    """Run one target under atheris; does not return."""
    import atheris

    with atheris.instrument_imports(
        include=["lockgate", "starlette", "h11", "joserfc", "tomllib", "yaml", "json"]
    ):
        from fuzz.engine import mutated, once, seeds
        from fuzz.targets import TARGETS
    target = next(one for one in TARGETS if one.name == name)
    corpus = CACHE / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    known = seeds(target)
    for number, data in enumerate(known):
        (corpus / f"seed-{number}").write_bytes(data)

    def one(data: bytes) -> None:
        wrong = once(target, data)
        if wrong:
            print(f"== {name}\n{wrong[-3000:]}", file=sys.stderr, flush=True)
            raise AssertionError(name)

    def change(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        return (mutated(data, known, rng) if rng.random() < 0.5 else atheris.Mutate(data, len(data) + 64))[:most]

    flags = [f"-max_total_time={seconds}", "-timeout=90", "-rss_limit_mb=4096", "-print_final_stats=1"]
    flags += [f"-artifact_prefix={CACHE}/{name}-", "-max_len=20000", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], one, custom_mutator=change)
    atheris.Fuzz()
    return 0


def main() -> int:
    """Run; 1 if something was found."""
    args = argparse.ArgumentParser(prog="fuzz.run")
    args.add_argument("--target", default="")
    args.add_argument("--seconds", type=float, default=1.0, help="for each target")
    args.add_argument("--seed", type=int, default=20261124)
    args.add_argument("--atheris", action="store_true")
    args.add_argument("--guided", action="store_true", help=argparse.SUPPRESS)
    given = args.parse_args()
    if given.guided:
        return _guided(given.target, int(given.seconds))
    from fuzz.engine import run
    from fuzz.targets import TARGETS

    bad = 0
    chosen = [target for target in TARGETS if given.target in ("", target.name)]
    for number, target in enumerate(chosen):
        left = given.seconds * (len(chosen) - number) / 60
        print(f"{number} of {len(chosen)}, {left:.0f} min left", file=sys.stderr, flush=True)
        if given.atheris and find_spec("atheris"):  # it exists for Linux only
            more = ["--guided", "--target", target.name, "--seconds", str(given.seconds)]
            done = subprocess.run(
                [sys.executable, "-m", "fuzz.run", *more], check=False, capture_output=True, text=True
            )
            lines = done.stderr.splitlines()
            count = next((line.split()[-1] for line in lines if "number_of_executed_units" in line), "?")
            print(f"{target.name:<20} {count:>9} inputs {'ok' if done.returncode == 0 else 'FOUND'}", flush=True)
            if done.returncode:
                bad += 1
                print(done.stderr[-4000:], flush=True)
            continue
        tried, failed = run(target, given.seconds, random.Random(given.seed), CACHE)
        print(f"{target.name:<20} {tried:>9} inputs {'ok' if not failed else 'FOUND'}", flush=True)
        for one in failed:
            bad += 1
            print(one, flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
