"""Extractive answers: correct, abstained, falsely refused, per set of questions. `python -m bench.answers`.

Each question is asked over 8 passages: those of the document that it is about, and the nearest ones of the other
documents. So the figures are the answerer's alone, not the retriever's.

dev, train, train_more  what the answerer was tuned and trained on; never quote them
prose, records, hospital  written by hand, held out: other topics, other forms, everyday words
templates      invented facts, held out by seed
records-3rd    third-party records (../shared), asked by template about fields they have and fields they lack
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import numpy as np
import yaml

from bench.answer_data import Case, cases
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.extractive import ExtractiveModel
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.ports import Embedder

QUESTIONS = Path(__file__).parent / "questions"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "D_enterprise_docs.jsonl.gz"
PASSAGE_CHARS = 700
K = 8
TRAINING = ("dev", "train", "train_more")
HELD_OUT = ("prose", "records", "hospital")


def chunks(title: str, text: str) -> list[tuple[str, str]]:
    """Cut a document into passages at line ends."""
    out, current = [], ""
    for line in text.splitlines():
        if current and len(current) + len(line) > PASSAGE_CHARS:
            out.append((title, current))
            current = ""
        current += line + "\n"
    return [*out, (title, current)] if current.strip() else out


async def written(embedder: Embedder, *names: str) -> AsyncIterator[Case]:
    """Yield the questions of checked-in files, each over its document and the nearest passages of the others."""
    documents = [d for name in names for d in yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text("utf-8"))]
    passages = [(i, passage) for i, d in enumerate(documents) for passage in chunks(d["title"], d["text"])]
    rows = await embedder.embed([f"{title}. {text}" for _, (title, text) in passages])
    for i, document in enumerate(documents):
        for line in [*document["answerable"], *document["unanswerable"]]:
            question, _, answer = line.partition(" => ")
            near = rows @ (await embedder.embed([question]))[0] + np.array([own == i for own, _ in passages])
            yield Case(
                question,
                tuple(passages[n][1] for n in np.argsort(-near, kind="stable")[:K]),
                answer,
                document["title"],
            )


FIELDS = {
    "hr_record": (
        "Name",
        {
            "Salary": ["What is the salary of {e}?", "How much does {e} earn?"],
            "email": ["What is the email address of {e}?"],
            "DOJ": ["When did {e} join the company?"],
            "Performance Rating": ["What is the performance rating of {e}?"],
            "Marital Status": ["What is the marital status of {e}?"],
            "Age": ["How old is {e}?", "What is the age of {e}?"],
            "Remaining Casual Leaves": ["How many casual leaves does {e} have left?"],
        },
        [
            "What is the phone number of {e}?",
            "Which university did {e} attend?",
            "What is the blood type of {e}?",
            "Which laptop does {e} use?",
            "What was the bonus of {e} last year?",
            "Where does {e} live?",
        ],
    ),
    "client_record": (
        "business_name",
        {
            "industry": ["Which industry is {e} in?"],
            "contact_person_name": ["Who is the contact person at {e}?", "Who is our contact at {e}?"],
            "phone_number": ["What is the phone number of {e}?"],
            "registered_address": ["What is the registered address of {e}?", "Where is {e} registered?"],
            "monthly_revenue": ["What is the monthly revenue of {e}?"],
            "onboarding_date": ["When was {e} onboarded?", "When did we onboard {e}?"],
            "tax_id": ["What is the tax id of {e}?"],
        },
        [
            "How many employees does {e} have?",
            "Who is the chief executive of {e}?",
            "When does the contract with {e} end?",
            "What is the credit rating of {e}?",
            "Which bank does {e} use?",
            "Who founded {e}?",
        ],
    ),
    "vendor_record": (
        "business_name",
        {
            "industry": ["In which industry does {e} work?"],
            "registered_address": ["What is the address of {e}?"],
            "onboarding_date": ["When was the vendor {e} onboarded?"],
            "tax_id": ["What tax id does {e} have?"],
            "relationship_description": ["What does {e} do for us?"],
        },
        [
            "How much do we pay {e} per year?",
            "What are the payment terms of {e}?",
            "Who signed the contract with {e}?",
            "When was {e} last audited?",
            "What is the email address of {e}?",
        ],
    ),
}


def third_party(path: Path, seed: int, count: int) -> Iterator[Case]:
    """Yield questions about records: a field that is there, one that is not, a person without a record."""
    r = random.Random(seed)
    by_type: dict[str, list[dict[str, object]]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["doc_type"] in FIELDS and row["text"].startswith("{"):
                by_type.setdefault(row["doc_type"], []).append(json.loads(row["text"]))
    for n in range(count):
        kind = r.choice(sorted(FIELDS))
        key, fields, absent = FIELDS[kind]
        asked, *others = r.sample([d for d in by_type[kind] if d.get(key)], K)
        field = r.choice(sorted(f for f in fields if asked.get(f)))
        shown, question, answer = [asked, *others[1:]], r.choice(fields[field]), str(asked[field])
        if n % 2:
            answer = ""
            if n % 4 == 1:
                question = r.choice(absent)
            else:
                shown = others
        r.shuffle(shown)
        passages = tuple((f"{kind} {d[key]}" if r.random() < 0.5 else kind, _written(r, d)) for d in shown)
        yield Case(question.format(e=asked[key]), passages, answer)


def _written(r: random.Random, record: dict[str, object]) -> str:
    """Write a record as JSON, or flattened as extraction does."""
    return json.dumps(record) if r.random() < 0.5 else "\n\n".join(f"{k}: {v}" for k, v in record.items() if v)


async def evaluate(model: ExtractiveModel, name: str, many: Sequence[Case], *, show: bool) -> str:
    """Return one line of the table."""
    right = wrong = refused = abstained = invented = 0
    started = time.perf_counter()
    for case in many:
        units = await model.answer(case.question, case.passages)
        text = " ".join(unit.text for unit in units)
        if case.answer:
            refused += not units
            wrong += bool(units) and case.answer not in text
            right += case.answer in text
        else:
            abstained += not units
            invented += bool(units)
        if show and (bool(units) != bool(case.answer) or case.answer not in text):
            print(f"    {'A' if case.answer else 'U'} {case.question} -> {text[:120]}")
    took = (time.perf_counter() - started) / len(many)
    yes, no = max(1, right + wrong + refused), max(1, abstained + invented)
    return (
        f"{name:12}{yes} answerable: {right / yes:.0%} right {wrong / yes:6.1%} wrong {refused / yes:.1%} refused"
        f"; {no:4} unanswerable: {abstained / no:6.1%} abstained; {took * 1000:5.0f} ms each"
    )


async def sets(embedder: Embedder) -> dict[str, list[Case]]:
    """Return every set that this machine has."""
    out = {name: [c async for c in written(embedder, name)] for name in (*TRAINING, *HELD_OUT)}
    out["templates"] = list(cases(99, 300))
    if SHARED.exists():
        out["records-3rd"] = list(third_party(SHARED, 5, 300))
    return out


async def main(show: bool) -> None:
    weights = Weights(default_folder(), shipped())
    embedder = MiniLmEmbedder(weights)
    model = ExtractiveModel(embedder)
    for name, many in (await sets(embedder)).items():
        print(await evaluate(model, name, many, show=show and name in TRAINING))


if __name__ == "__main__":
    asyncio.run(main("--show" in sys.argv))
