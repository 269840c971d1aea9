"""Personal data: precision, recall and F1 by kind and source on the development pack beside the checkout.

    python -m bench.personal                        the half whose misses were not looked at for the rules
    python -m bench.personal --half dev             the other half
    python -m bench.personal --presidio FOUND       next to what presidio-analyzer finds (a JSON line a text:
                                                    {"id", "spans": [[start, end, common type], ...]})

A finding counts where it overlaps an annotated span of its kind; in a source, only types that it annotates.
A date of birth may stand where a source knows dates only, and a town within an address.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from lockgate.content.detection import scan_many
from lockgate.content.labeling import SURE

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
KINDS = {
    "pii.person": "PERSON", "entity.organization": "ORGANIZATION", "entity.location": "LOCATION", "pii.geo": "GEO",
    "pii.address": "ADDRESS", "pii.email": "EMAIL", "pii.phone": "PHONE", "pii.username": "USERNAME",
    "entity.date": "DATE", "pii.date_of_birth": "DATE_OF_BIRTH", "pii.age": "AGE", "financial.card": "CREDIT_CARD",
    "financial.iban": "IBAN", "financial.account": "BANK_ACCOUNT", "financial.crypto_address": "CRYPTO",
    "id.us_ssn": "US_SSN", "id.national": "NATIONAL_ID", "id.passport": "PASSPORT",
    "id.driver_license": "DRIVER_LICENSE", "health.identifier": "MEDICAL_ID", "health.condition": "HEALTH",
    "id.professional": "PROFESSIONAL_ID", "id.legal": "LEGAL_ID", "id.vehicle": "VEHICLE", "net.ip": "IP_ADDRESS",
    "net.mac": "MAC_ADDRESS", "net.url": "URL", "hr.job_title": "JOB_TITLE",
    "pii.special_category": "SPECIAL_CATEGORY", "secret": "SECRET",
}  # fmt: skip
ALSO = {"DATE_OF_BIRTH": {"DATE"}, "ADDRESS": {"LOCATION"}, "LOCATION": {"ADDRESS"}}

Span = tuple[int, int, str]


def common(kind: str) -> str | None:
    """Return the common type of a kind: that of its longest known prefix."""
    while kind and kind not in KINDS:
        kind = kind.rpartition(".")[0]
    return KINDS.get(kind)


def half(row: dict[str, Any]) -> str:
    """Return which half a row is in: templates and near-duplicates stay together."""
    key = str((row["source"], row.get("template_id") or row.get("dup_group") or row["id"]))
    return "test" if hashlib.md5(key.encode(), usedforsecurity=False).digest()[0] & 1 else "dev"


def ours(rows: list[dict[str, Any]]) -> list[list[Span]]:
    """Return what the detectors are sure of, in common types."""
    return [
        [(f.start, f.end, kind) for f in found if f.confidence >= SURE and (kind := common(f.kind))]
        for found in scan_many([row["text"] for row in rows])
    ]


def score(
    rows: list[dict[str, Any]], found: list[list[Span]]
) -> dict[tuple[str, str], tuple[int, float, float, float]]:
    """Return by type and source: number of spans, precision, recall, F1."""
    types = json.loads((DATA / "B_type_map.json").read_text())["map"]
    judged: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        judged[row["source"]] |= {types.get(s["type"], "SKIP") for s in row["spans"]} - {"SKIP"}
        judged[row["source"]] |= set(row.get("annotated_types") or ())
    total, hit, right, wrong = Counter(), Counter(), Counter(), Counter()
    for row, spans in zip(rows, found, strict=True):
        source, met = row["source"], set()
        gold = [(s["start"], s["end"], types.get(s["type"], "SKIP"), s.get("ignore")) for s in row["spans"]]
        for start, end, kind in spans:
            over = [i for i, (low, high, _, _) in enumerate(gold) if low < end and start < high]
            same = [i for i in over if gold[i][2] in {kind, *ALSO.get(kind, ())}]
            met |= set(same)
            if same:
                right[kind, source] += 1
            elif kind in judged[source] and not any(gold[i][3] for i in over):
                wrong[kind, source] += 1
        for i, (_, _, kind, ignored) in enumerate(gold):
            if kind != "SKIP" and not ignored:
                total[kind, source] += 1
                hit[kind, source] += i in met
    scores = {}
    for key in sorted(total):
        precision = right[key] / max(1, right[key] + wrong[key])
        recall = hit[key] / total[key]
        scores[key] = total[key], precision, recall, 2 * precision * recall / max(1e-9, precision + recall)
    return scores


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("dev", "test"), default="test")
    parser.add_argument("--presidio", type=Path)
    args = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit("third-party data (../shared/data) is not beside the checkout")
    with gzip.open(DATA / "B_pii.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if half(row) == args.half]
    theirs = {}
    if args.presidio:
        known = {one["id"]: one["spans"] for one in map(json.loads, args.presidio.read_text().splitlines())}
        theirs = score(rows, [[tuple(span) for span in known[row["id"]]] for row in rows])
    for key, (count, *figures) in score(rows, ours(rows)).items():
        line = f"{key[0]:18}{key[1]:26}{count:6}  " + "  ".join(f"{one:.2f}" for one in figures)
        if key in theirs:
            line += "   presidio  " + "  ".join(f"{one:.2f}" for one in theirs[key][1:])
        print(line)


if __name__ == "__main__":
    main()
