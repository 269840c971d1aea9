"""Near-duplicates of 100,000 documents: time and memory of sketches, beside datasketch's MinHash and LSH.

python -m bench.similar [documents]
"""

from __future__ import annotations

import random
import resource
import sys
import time

from datasketch import MinHash

from lockgate.content.similar import Sketch, Sketches, sketch

WORDS = 500
VOCABULARY = [f"w{number}" for number in range(20_000)]


def text(seed: int) -> str:
    """Return 500 words, the common ones more often; every tenth text is a copy of the one before in more text."""
    rng = random.Random(seed - 1 if seed % 10 == 1 else seed)
    words = " ".join(VOCABULARY[int(20_000 * rng.random() ** 3)] for _ in range(WORDS))
    return words + " and more of the same" * 60 if seed % 10 == 1 else words


def memory() -> float:
    """Return the most memory that was used, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    few = [text(number) for number in range(min(count, 500))]
    start = time.process_time()
    for one in few:
        sketch([one])
    each = (time.process_time() - start) / len(few)
    start = time.process_time()
    for one in few:
        words = one.split()
        made = MinHash(num_perm=128)
        made.update_batch([" ".join(words[at : at + 4]).encode() for at in range(len(words) - 3)])
    other = (time.process_time() - start) / len(few)
    size = sum(map(len, few)) / len(few) / 1e6
    print(
        f"sketch {each * 1e3:.2f} ms a document, {size / each:.1f} MB/s; datasketch MinHash {other * 1e3:.2f} ms"
    )

    many, before, spent = Sketches(), memory(), 0.0
    sketches: dict[int, Sketch] = {}
    for number in range(count):
        made_of = sketch([text(number)])
        if number % 1000 < 2:
            sketches[number] = made_of
        start = time.process_time()
        many.put(str(number), made_of)
        spent += time.process_time() - start
    print(f"put {spent / count * 1e6:.0f} us a document; {memory() - before:.0f} MB for {count:,} documents")
    start = time.process_time()
    found = right = 0
    for number, asked in sketches.items():
        ids = {id for id, _ in many.alike(asked)}
        pair = {str(number), str(number - 1 if number % 10 == 1 else number + 1)}
        found += len(ids - pair)
        right += pair <= ids
    each = (time.process_time() - start) / len(sketches)
    print(f"asked {each * 1e3:.2f} ms; copies found {right} of {len(sketches)}, others {found}")


if __name__ == "__main__":
    main()
