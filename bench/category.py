"""Categories learned from thirty examples: quality on another company's documents, what padding does, and time.

python -m bench.category

Documents are read in place (EnterpriseBench, MIT; see `bench/enterprise.py`). For each type, thirty documents of
some departments teach it, thirty of each other type are the others. It is judged on all that is left, of other
departments where a type has any; then again with one type of the others kept wholly away from training, in turn;
and on 2,045 mails of strangers (SpamAssassin).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.enterprise import DATA, DOCUMENTS, present, rows
from lockgate.content.categories.features import sections
from lockgate.content.categories.fit import fit
from lockgate.content.categories.learning import Example, Learned, example, learn
from lockgate.content.categories.model import digest_of, unpack
from lockgate.content.categories.sorter import Sorter
from lockgate.errors import Invalid

EXAMPLES, OTHERS = 30, 30
MAILS = DATA / "D_phishing.jsonl.gz"
TYPES = ("hr_record", "client_record", "vendor_record", "customer_chat", "it_ticket", "intranet_post", "policy")


def side(row: dict[str, Any]) -> str:
    """Return what a type is split by: a department, an industry, a part of the company; else half by half."""
    if row["doc_type"].endswith("_record"):
        told = json.loads(row["text"])
        found = told.get("category") or told.get("industry") or ""
    else:
        found = row["department"] if row["doc_type"] == "customer_chat" else str(row["dup_group"])
    return str(found)


def split(kind: str, documents: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what may teach a type, and what it is judged on: no side is in both."""
    sides = sorted({side(one) for one in documents}, key=lambda one: hashlib.sha256(one.encode()).digest())
    teaching = set(sides[: max(1, len(sides) // 2)])
    return [one for one in documents if side(one) in teaching], [
        one for one in documents if side(one) not in teaching
    ]


def looked(learned: Learned) -> Sorter:
    """Return what finds the category as it would be kept."""
    data = learned.model.pack()
    return Sorter([(unpack(data), digest_of(data))])


def shares(found: list[float], right: list[bool]) -> tuple[float, float]:
    """Return precision and recall; a finding has a confidence above zero."""
    said = np.array(found) > 0
    y = np.array(right)
    return (float((said & y).sum() / said.sum()) if said.any() else 1.0), float(said[y].mean())


def confidences(sorter: Sorter, texts: list[str]) -> list[float]:
    """Return the confidence that each text is of the category; 0 where nothing is said."""
    return [max((one.confidence for one in each), default=0.0) for each in sorter.find_many(texts)]


def quality() -> None:
    """Teach each type, and judge it."""
    by: dict[str, list[dict[str, Any]]] = {kind: [] for kind in TYPES}
    for row in rows(DOCUMENTS):
        by[row["doc_type"]].append(row)
    parts = {kind: split(kind, by[kind]) for kind in TYPES}
    made: dict[str, Example] = {}
    for kind in TYPES:
        for row in parts[kind][0][: max(EXAMPLES, OTHERS)]:
            if (one := example(row["text"])) is not None:
                made[row["id"]] = one
    print(f"{'type':<14} taught  cross-validated      judged on           a type kept away     sure/right  s")
    sure: list[float] = []
    truth: list[bool] = []
    mails = [row["text"] for row in rows(MAILS)]
    foreign: dict[str, int] = {}
    for kind in TYPES:
        mine = [made[row["id"]] for row in parts[kind][0][:EXAMPLES] if row["id"] in made]
        test = [(row["text"], other == kind) for other in TYPES for row in parts[other][1]]
        begun = time.perf_counter()
        try:
            learned = taught(kind, mine, parts, made, "")
        except Invalid as error:
            print(f"{kind:<14} {len(mine):>6}  {error}")
            continue
        spent = time.perf_counter() - begun
        found = confidences(looked(learned), [text for text, _ in test])
        right = [of for _, of in test]
        precision, recall = shares(found, right)
        sure += [one for one in found if one]
        truth += [of for one, of in zip(found, right, strict=True) if one]
        worst = min(
            (shares(confidences(looked(taught(kind, mine, parts, made, away)), [t for t, _ in test]), right), away)
            for away in TYPES
            if away != kind
        )
        its = learned.model.figures
        print(
            f"{kind:<14} {len(mine):>6}  P {its.precision:.3f} R {its.recall:.3f}    P {precision:.4f} "
            f"R {recall:.4f}   worst P {worst[0][0]:.4f} R {worst[0][1]:.4f} ({worst[1]})  {spent:.1f}"
        )
        foreign[kind] = sum(bool(one) for one in confidences(looked(learned), mails))
    print(f"false alarms in {len(mails)} mails of strangers, of which no category knew any: {foreign}")
    print(f"confidence {np.mean(sure):.3f}, right {np.mean(truth):.4f}, of {len(sure)} findings")
    padded(by, parts, made)


def taught(
    kind: str,
    mine: list[Example],
    parts: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]],
    made: dict[str, Example],
    away: str,
) -> Learned:
    """Teach a type beside all others but one."""
    rest = [
        made[row["id"]]
        for other in TYPES
        if other not in (kind, away)
        for row in parts[other][0][:OTHERS]
        if row["id"] in made
    ]
    return learn(kind.replace("_", "-"), mine, rest)


def padded(
    by: dict[str, list[dict[str, Any]]],
    parts: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]],
    made: dict[str, Example],
) -> None:
    """Hide documents of staff in posts of the intranet, which the category was and was not taught to tell from."""
    mine = [made[row["id"]] for row in parts["hr_record"][0][:EXAMPLES]]
    chance = random.Random(7)
    posts = [row["text"] for row in by["intranet_post"]]
    texts = [row["text"] for row in parts["hr_record"][1][:150]]
    for away in ("", "intranet_post"):
        sorter = looked(taught("hr_record", mine, parts, made, away))

        def found(which: Iterator[str], sorter: Sorter = sorter) -> str:
            return f"{np.mean([bool(one) for one in sorter.find_many(list(which))]):.3f}"

        def around(text: str, times: int) -> str:
            some = [chance.choice(posts) for _ in range(2 * times)]
            return "\n\n".join((*some[:times], text, *some[times:]))

        def mixed(text: str, every: int) -> str:
            words, others = text.split(), itertools.cycle(chance.choice(posts).split())
            return " ".join(
                itertools.chain.from_iterable(
                    (*words[at : at + 12], *itertools.islice(others, 12 * every))
                    for at in range(0, len(words), 12)
                )
            )

        print(
            f"padding ({'all types' if not away else 'posts not'} taught): as they are {found(iter(texts))}, "
            f"within 1+1 posts {found(around(t, 1) for t in texts)}, 10+10 {found(around(t, 10) for t in texts)}, "
            f"every 12 words among 12 others {found(mixed(t, 1) for t in texts)}, "
            f"among 36 {found(mixed(t, 3) for t in texts)}"
        )


def other_trainer() -> None:
    """Fit the same sections with scikit-learn, where it is installed."""
    try:
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        print("scikit-learn is not installed: no comparison")
        return
    documents = [row for row in rows(DOCUMENTS)][::3]
    its = sections([row["text"] for row in documents])
    y = np.array([row["doc_type"] == "it_ticket" for row in documents])[its.owners]
    ones = np.ones(len(its))
    begun = time.perf_counter()
    plane = fit(its, y, ones, np.ones(1 << 16, bool))
    own = time.perf_counter() - begun
    data = np.repeat(1 / np.sqrt(np.diff(its.offsets)), np.diff(its.offsets))
    matrix = csr_matrix((data, its.features, its.offsets), shape=(len(its), 1 << 16))
    weight = np.where(y, 1 / y.sum(), 1 / (~y).sum()) / 2
    begun = time.perf_counter()
    theirs = LogisticRegression(C=1000, max_iter=1000, tol=1e-6).fit(matrix, y, sample_weight=weight)
    other = time.perf_counter() - begun
    a, b = plane.scores(its), theirs.decision_function(matrix)
    print(
        f"trainer, {len(its)} sections: {own:.2f} s, scikit-learn {other:.2f} s; correlation of scores "
        f"{np.corrcoef(a, b)[0, 1]:.5f}, greatest difference {np.abs(a - b).max():.3f} of {np.ptp(b):.1f}"
    )


def speed() -> None:
    """Time a document of 10 kB, and many."""
    words = [f"w{number}x" for number in range(5000)]
    chance = random.Random(3)
    text = " ".join(chance.choice(words) for _ in range(1700))[:10_000]
    texts = [text[at:] + text[:at] for at in range(0, 2000, 10)]
    rest = [one for at in range(60, 120) if (one := example(" ".join(chance.choices(words, k=300)))) is not None]
    fake = [one for _ in range(30) if (one := example(" ".join(chance.choices(words[:500], k=300)))) is not None]
    model = learn("speed", fake, rest).model
    for count in (1, 10):
        sorter = Sorter([(model, digest_of(bytes([at]))) for at in range(count)])
        sorter.find(text)
        best = min(timed(lambda sorter=sorter: sorter.find(text)) for _ in range(50))
        many = min(timed(lambda sorter=sorter: sorter.find_many(texts)) for _ in range(3))
        rate = sum(map(len, texts)) / 1e6 / many
        print(f"{count} categories: {best * 1e3:.2f} ms for a document of 10 kB, {rate:.0f} MB/s for many")


def timed(work: Any) -> float:
    """Return the CPU seconds that work takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main() -> int:
    """Measure and print."""
    speed()
    if not present():
        print("the data is not beside the checkout")
        return 0
    other_trainer()
    quality()
    return 0


if __name__ == "__main__":
    sys.exit(main())
