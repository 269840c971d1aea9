"""Make `content/answer_weights.py`: a model over `extractive.FEATURES`. `python -m bench.train_answers`.

Each question is one choice between its units and none of them, which is what the answerer has to decide: a softmax
over the units' scores and a score of 0 for none. Deterministic: no chance, a fixed number of steps, rounded
coefficients. Trained on the questions `train`, `train_more` and `dev` and on cases from templates; the threshold
abstains on 90 % of the unanswerable questions when each document is left out in turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.answer_data import Case, cases
from bench.answers import TRAINING, written
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.extractive import ExtractiveModel
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.content.extractive import FEATURES, Candidate
from lockgate.content.question import analyze

OUT = Path(__file__).resolve().parents[1] / "src" / "lockgate" / "content" / "answer_weights.py"
RIDGE = 0.02
TEMPLATE_WEIGHT = 0.2
ABSTAIN = 0.90
STEPS = 400
RATE = 0.05

Measured = tuple[Case, list[Candidate]]
Row = NDArray[np.float64]


def hits(case: Case, candidates: Sequence[Candidate]) -> list[bool]:
    """Tell which units answer."""
    return [
        bool(case.answer) and case.answer in c.unit.text and case.passages[c.unit.passage][0] == case.title
        for c in candidates
    ]


def fit(*parts: tuple[list[Measured], float]) -> Row:
    """Return coefficients, the bias last. Answers that no candidate holds teach nothing."""
    taught = [
        (candidates, found, weight)
        for many, weight in parts
        for case, candidates in many
        if candidates and any(found := hits(case, candidates)) == bool(case.answer)
    ]
    x = np.array([c.values for candidates, _, _ in taught for c in candidates])
    mean, spread = x.mean(0), x.std(0) + 1e-6
    x = np.c_[(x - mean) / spread, np.ones(len(x))]
    sizes = [len(candidates) for candidates, _, _ in taught]
    starts = np.cumsum(sizes) - sizes
    of = np.repeat(np.arange(len(taught)), sizes)
    hit = np.array([h for _, found, _ in taught for h in found], float)
    answerable = np.array([any(found) for _, found, _ in taught])
    weight = np.array([w for _, _, w in taught])
    weight /= weight.sum()
    b, drift, swing = (np.zeros(x.shape[1]) for _ in range(3))
    for step in range(1, STEPS + 1):  # Adam, with a rate that falls to nothing
        e = np.exp(np.clip(x @ b, -30, 30))
        right = np.where(answerable, np.add.reduceat(e * hit, starts), 1.0)
        target = np.where(answerable[of], e * hit / right[of], 0.0)
        off = (e / (1 + np.add.reduceat(e, starts))[of] - target) * weight[of]
        slope = x.T @ off + RIDGE * np.r_[b[:-1], 0.0]
        drift, swing = 0.9 * drift + 0.1 * slope, 0.99 * swing + 0.01 * slope**2
        rate = RATE * (1 + np.cos(np.pi * step / STEPS)) / 2
        b -= rate * (drift / (1 - 0.9**step)) / (np.sqrt(swing / (1 - 0.99**step)) + 1e-8)
    plain = b[:-1] / spread
    return np.r_[plain, b[-1] - plain @ mean]


def best(b: NDArray[np.float64], candidates: list[Candidate]) -> float:
    """Return the probability of the best unit."""
    z = max((float(np.dot(b[:-1], c.values) + b[-1]) for c in candidates), default=-30.0)
    return 1 / (1 + np.exp(-max(-30.0, min(30.0, z))))


async def main() -> None:
    embedder = MiniLmEmbedder(Weights(default_folder(), shipped()))
    model = ExtractiveModel(embedder)

    async def measured(case: Case) -> Measured:
        return case, await model.candidates(analyze(case.question), case.passages)

    hand = [await measured(case) async for case in written(embedder, *TRAINING)]
    made = [await measured(case) for case in cases(7, 500)]
    titles = [case.passages[0][0] for case, _ in hand]
    left_out = []
    for title in dict.fromkeys(titles):
        b = fit(([m for m, t in zip(hand, titles, strict=True) if t != title], 1.0), (made, TEMPLATE_WEIGHT))
        left_out += [
            (best(b, c), bool(case.answer)) for (case, c), t in zip(hand, titles, strict=True) if t == title
        ]
    no = [p for p, answerable in left_out if not answerable]
    yes = [p for p, answerable in left_out if answerable]
    threshold = round(float(np.quantile(no, ABSTAIN)), 2)
    print(f"leave one out: threshold {threshold}, {np.mean([p < threshold for p in yes]):.1%} falsely refused")
    print(f"AUC {np.mean(np.array(yes)[:, None] > np.array(no)[None, :]):.3f}")
    b = fit((hand, 1.0), (made, TEMPLATE_WEIGHT))
    lines = [f'    "{name}": {value:.3f},' for name, value in zip(FEATURES, b, strict=False)]
    OUT.write_text(
        '"""Coefficients of the extractive answerer, made by `bench/train_answers.py`. Do not edit."""\n\n'
        "from typing import Final\n\n"
        "WEIGHTS: Final[dict[str, float]] = {\n" + "\n".join(lines) + "\n}\n"
        f"BIAS: Final = {b[-1]:.3f}\nTHRESHOLD: Final = {threshold}\n",
        "utf-8",
    )


if __name__ == "__main__":
    asyncio.run(main())
