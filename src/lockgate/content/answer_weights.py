"""Coefficients of the extractive answerer, made by `bench/train_answers.py`. Do not edit."""

from typing import Final

WEIGHTS: Final[dict[str, float]] = {
    "covered": 0.764,
    "covered_here": 1.045,
    "asked": 1.647,
    "asked_weakest": 0.123,
    "weakest": -0.297,
    "focus": 0.325,
    "names": 0.875,
    "numbers": 0.205,
    "kind_shown": 0.457,
    "kind_missing": -1.162,
    "cosine": 1.481,
    "cosine_about": 1.499,
    "margin": 1.358,
    "passage": 1.130,
    "short": 0.296,
    "missing_words": 0.180,
    "log_covered": 1.374,
    "unbacked": 0.424,
    "counted": 0.065,
    "uncounted": -0.532,
    "narrowed": 0.220,
    "predicate": 0.133,
}
BIAS: Final = -5.639
THRESHOLD: Final = 0.59
