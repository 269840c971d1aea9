"""Coefficients of the extractive answerer, made by `bench/train_answers.py`. Do not edit."""

from typing import Final

WEIGHTS: Final[dict[str, float]] = {
    "covered": 2.396,
    "covered_here": 0.091,
    "asked": 2.591,
    "asked_weakest": 0.208,
    "weakest": 0.342,
    "focus": 0.852,
    "names": 1.482,
    "numbers": 2.234,
    "kind_shown": -0.912,
    "kind_missing": -0.761,
    "cosine": 4.055,
    "cosine_about": 1.766,
    "margin": 3.976,
    "passage": 0.000,
    "short": 3.755,
    "missing_words": -0.235,
    "log_covered": 0.357,
    "unbacked": 0.990,
    "counted": 0.174,
    "uncounted": -1.380,
    "narrowed": 0.167,
    "predicate": 1.106,
}
BIAS: Final = -12.330
THRESHOLD: Final = 0.74
