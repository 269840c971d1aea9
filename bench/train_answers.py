"""Make `content/answer_weights.py`: a logistic model over `extractive.FEATURES`. `python -m bench.train_answers`.

Deterministic: fixed seeds, Newton's method, rounded coefficients. Trained on the questions `train` and `dev` and
on cases from templates; the threshold abstains on 90 % of the unanswerable questions when each document is left
out in turn.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.answer_data import Case, cases
from bench.answers import written
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.extractive import ExtractiveModel
from lockgate.adapters.weights import Weights, default_folder, shipped
from lockgate.content.extractive import FEATURES, Candidate
from lockgate.content.question import analyze

OUT = Path(__file__).resolve().parents[1] / "src" / "lockgate" / "content" / "answer_weights.py"
RIDGE = 3e-3
TEMPLATE_WEIGHT = 0.3
POSITIVE_WEIGHT = 3.0
ABSTAIN = 0.90

Measured = tuple[Case, list[Candidate]]


def rows(many: list[Measured], weight: float) -> tuple[list[tuple[float, ...]], list[float], list[float]]:
    """Return features, whether each unit answers, and weights. Missed answers teach nothing."""
    x, y, w = [], [], []
    for case, candidates in many:
        hits = [bool(case.answer) and case.answer in c.unit.text for c in candidates]
        if case.answer and not any(hits):
            continue
        for candidate, hit in zip(candidates, hits, strict=True):
            x.append(candidate.values)
            y.append(float(hit))
            w.append(weight * (POSITIVE_WEIGHT if hit else 1.0))
    return x, y, w


def fit(*parts: tuple[list[Measured], float]) -> NDArray[np.float64]:
    """Return coefficients, the bias last."""
    cells = [rows(many, weight) for many, weight in parts]
    x, y, w = (np.array([v for cell in cells for v in cell[i]], np.float64) for i in range(3))
    w /= w.mean()
    a = np.c_[x, np.ones(len(x))]
    ridge = RIDGE * len(x) * np.eye(a.shape[1])
    ridge[-1, -1] = 0
    b = np.zeros(a.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(a @ b, -30, 30)))
        hessian = (a * (w * p * (1 - p))[:, None]).T @ a + ridge
        b -= np.linalg.solve(hessian, a.T @ (w * (p - y)) + ridge @ b)
    return b


def best(b: NDArray[np.float64], candidates: list[Candidate]) -> float:
    """Return the probability of the best unit."""
    z = max((float(np.dot(b[:-1], c.values) + b[-1]) for c in candidates), default=-30.0)
    return 1 / (1 + np.exp(-max(-30.0, min(30.0, z))))


async def main() -> None:
    embedder = MiniLmEmbedder(Weights(default_folder(), shipped()))
    model = ExtractiveModel(embedder)

    async def measured(case: Case) -> Measured:
        return case, await model.candidates(analyze(case.question), case.passages)

    hand = [await measured(case) async for case in written(embedder, "dev", "train")]
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
