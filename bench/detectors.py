"""Detectors: speed on generated text, and precision and recall by kind on third-party data beside the checkout.

python -m bench.detectors            speed, then quality where ../shared/data is there
"""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lockgate.content.detection.core import DETECTORS, scan
from lockgate.content.labeling import SURE

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

PROSE = (
    "Thank you for the notes of yesterday's review. The team agreed to move the launch to week 34, because the "
    "supplier in Lyon needs 12 more days; the budget of 48,000 EUR stays as it is. Please send the updated plan "
    "(see ticket OPS-2291 and page 17 of the handbook) to Mara Feldkamp and the others by 2026-09-14. "
)
DENSE = "Row 17; DE89 3704 0044 0532 0130 00; 4111 1111 1111 1111; 123-45-6780; password: Sommer2024!\n"


def _best(text: str, runs: int = 7) -> float:
    times = []
    for _ in range(runs):
        begin = time.process_time()
        scan(text)
        times.append(time.process_time() - begin)
    return min(times)


def speed() -> Iterator[str]:
    """Yield lines of figures on generated text."""
    prompt, passage = PROSE[:280], (PROSE * 4)[:900]
    begin = time.process_time()
    for _ in range(100):
        for text in (prompt, *[passage] * 8):
            scan(text)
    request = (time.process_time() - begin) / 100
    yield f"a prompt and 8 passages of 900 characters: {request * 1e3:.2f} ms"
    for name, text in (("prose", PROSE * 300), ("dense", DENSE * 1000)):
        yield f"{name}: {len(text) / _best(text, 3) / 1e6:.1f} MB/s"
    for detector in DETECTORS:
        text = PROSE * 300
        begin = time.process_time()
        detector.scan(text, ())
        yield f"  {detector.name}: {len(text) / (time.process_time() - begin) / 1e6:.1f} MB/s on prose"


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one pack."""
    with gzip.open(DATA / name, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


PREFIX = {"CREDIT_CARD": "financial.card", "IBAN": "financial.iban", "US_SSN": "id.us_ssn"}


def pii() -> Iterator[str]:
    """Yield precision and recall on pack B. Only sources that annotate a kind judge its precision."""
    common = json.loads((DATA / "B_type_map.json").read_text())["map"]
    gold, hit, found, right = Counter(), Counter(), Counter(), Counter()
    for row in rows("B_pii.jsonl.gz"):
        spans = [(s["start"], s["end"], PREFIX.get(common.get(s["type"], ""))) for s in row["spans"]]
        findings = [f for f in scan(row["text"]) if f.confidence >= SURE]
        for start, end, kind in spans:
            if kind:
                gold[kind] += 1
                hit[kind] += any(f.kind == kind and f.start < end and start < f.end for f in findings)
        for f in findings:
            found[f.kind] += 1
            right[f.kind] += any(k == f.kind and f.start < e and s < f.end for s, e, k in spans)
    for kind in sorted(set(gold) | set(found)):
        recall = f"{hit[kind] / gold[kind]:.3f} of {gold[kind]}" if gold[kind] else "no gold"
        precision = f"{right[kind] / found[kind]:.3f} of {found[kind]}" if found[kind] else "none found"
        yield f"  {kind}: recall {recall}, precision {precision}"


def secrets() -> Iterator[str]:
    """Yield recall and false alarms on pack C by source, a line being the unit."""
    counts: Counter[tuple[str, int, bool]] = Counter()
    for row in rows("C_secrets.jsonl.gz"):
        if row["type"] not in ("UUID", "Amazon Resource Name", "React App Username", "Firebase Domain"):
            hit = any(f.kind.startswith("secret.") and f.confidence >= SURE for f in scan(row["text"]))
            counts[row["source"], row["label"], hit] += 1
    for source in sorted({key[0] for key in counts}):
        tp, fn = counts[source, 1, True], counts[source, 1, False]
        fp, tn = counts[source, 0, True], counts[source, 0, False]
        yield (
            f"  {source}: recall {tp / max(1, tp + fn):.3f} of {tp + fn}, "
            f"false alarms {fp / max(1, fp + tn):.3f} of {fp + tn}, precision {tp / max(1, tp + fp):.3f}"
        )


def business() -> Iterator[str]:
    """Yield, by type of document in pack D, the share in which each kind is found."""
    total, found = Counter(), Counter()
    for row in rows("D_enterprise_docs.jsonl.gz"):
        total[row["doc_type"]] += 1
        for kind in {f.kind for f in scan(row["text"]) if f.confidence >= SURE}:
            found[row["doc_type"], kind] += 1
    for (kind_of, kind), count in sorted(found.items()):
        yield f"  {kind_of}: {kind} in {count} of {total[kind_of]}"


def main() -> None:
    """Print everything."""
    for line in speed():
        print(line)
    if not DATA.is_dir():
        print("third-party data (../shared/data) is not beside the checkout: no quality figures")
        return
    for title, part in (("personal data", pii), ("secrets", secrets), ("enterprise documents", business)):
        print(title)
        for line in part():
            print(line)


if __name__ == "__main__":
    main()
