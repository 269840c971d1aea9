"""Exact match with a million values: what making, holding and looking cost, beside the scanning core.

python -m bench.match [rows]     rows of two values; default 500,000: a million values
python -m bench.match 50000      a short look
"""

from __future__ import annotations

import random
import re
import resource
import sys
import time
from collections.abc import Callable, Sequence

from bench.scanning_corpus import corpus
from lockgate.content.detection import scan_many
from lockgate.content.match.build import Builder
from lockgate.content.match.hashes import Hashes
from lockgate.content.match.matcher import Matcher
from lockgate.content.match.sets import Terms

GOAL = 30.0
"""MB of text a second and core that looking with a million values must reach."""
_SAID = "ka mo re lin ber to san dra mül vi ner schu ro ste fan ha jo wil ma ri el an go pe"
SYLLABLES = re.findall(r"\w+", _SAID)


def records(count: int) -> list[tuple[str, str]]:
    """Return names, as common as names are, and numbers of accounts."""
    rng = random.Random(35)
    given = ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 3))).title() for _ in range(3_000)]
    family = ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))).title() for _ in range(60_000)]
    names = ((rng.choice(given), rng.choice(family)) for _ in range(count))
    return [
        (f"{first} {last} {number}x", str(rng.randrange(10**9, 10**10)))
        for number, (first, last) in enumerate(names)
    ]


def rate(look: Callable[[Sequence[str]], object], texts: Sequence[str], rounds: int = 3) -> float:
    """Return the most MB of characters a second of CPU."""
    size = sum(map(len, texts))
    best = 0.0
    for _ in range(rounds):
        start = time.process_time()
        look(texts)
        best = max(best, size / (time.process_time() - start) / 1e6)
    return best


def memory() -> float:
    """Return the most memory that was used, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Measure and print; return 1 short of the goal."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    rows, hashes, before = records(count), Hashes.of(b"k" * 32), memory()
    start = time.process_time()
    builder = Builder(Terms("customers", ("name", "account")), hashes)
    for at in range(0, count, 5_000):
        builder.add(rows[at : at + 5_000])
    built = builder.finish()
    spent = time.process_time() - start
    matcher = Matcher(hashes, [built.made])
    print(f"made of {count:,} rows in {spent:.1f} s of CPU: {len(built.made.digests):,} fingerprints")
    print(f"held in {matcher.nbytes / 1e6:.0f} MB; at most {memory() - before:.0f} MB more while it was made")
    texts = list(corpus(12_000_000))
    letters = "".join(texts)
    prose = [" ".join(word for word in one.split() if word.isalpha()) for one in texts]
    for name, some in (
        ("mixed", texts),
        ("mixed, one long text", [letters]),
        ("prose", prose),
        ("not ASCII", [one.replace("e", "é") for one in texts]),
        ("the records themselves", ["\n".join(f"{first};{second}" for first, second in rows[:30_000])]),
    ):
        print(f"{name:<24} {rate(matcher.scan_many, some):8.1f} MB/s")
    passages = [one[:900] for one in texts[:9]]
    start = time.process_time()
    for _ in range(100):
        for one in passages:
            matcher.scan(one)
    print(f"a prompt and 8 passages  {(time.process_time() - start) * 10:8.2f} ms")
    core = rate(scan_many, texts, 2)
    both = rate(lambda some: (scan_many(some), matcher.scan_many(some)), texts, 2)
    print(f"the core alone {core:.1f} MB/s, with the set {both:.1f}")
    return int(rate(matcher.scan_many, texts) < GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
