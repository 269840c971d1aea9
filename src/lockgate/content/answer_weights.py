"""Coefficients of the extractive answerer, made by `bench/train_answers.py`. Do not edit."""

from typing import Final

WEIGHTS: Final[dict[str, float]] = {
    "covered": 0.779,
    "covered_here": 1.028,
    "asked": 1.685,
    "asked_weakest": 0.072,
    "weakest": -0.318,
    "focus": 0.332,
    "names": 0.853,
    "numbers": 0.197,
    "kind_shown": 0.389,
    "kind_missing": -1.008,
    "cosine": 1.460,
    "cosine_about": 1.501,
    "margin": 1.383,
    "passage": 1.106,
    "short": 0.318,
    "missing_words": 0.197,
    "log_covered": 1.392,
    "unbacked": 0.453,
    "counted": 0.061,
    "uncounted": -0.476,
    "narrowed": 0.248,
    "predicate": 0.127,
}
BIAS: Final = -5.538
THRESHOLD: Final = 0.58
