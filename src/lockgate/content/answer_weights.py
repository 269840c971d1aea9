"""Coefficients of the extractive answerer, made by `bench/train_answers.py`. Do not edit."""

from typing import Final

WEIGHTS: Final[dict[str, float]] = {
    "covered": 2.871,
    "covered_here": 0.590,
    "asked": 1.820,
    "asked_weakest": 0.083,
    "weakest": -0.127,
    "focus": 0.780,
    "names": 1.540,
    "numbers": 1.832,
    "kind_shown": -0.773,
    "kind_missing": -0.732,
    "cosine": 3.048,
    "cosine_about": 1.672,
    "margin": 3.883,
    "passage": 1.688,
    "short": 3.100,
    "missing_words": 0.020,
    "log_covered": 0.604,
    "unbacked": 1.005,
    "counted": -0.103,
    "uncounted": -1.355,
    "narrowed": 0.132,
    "predicate": 1.024,
}
BIAS: Final = -12.821
THRESHOLD: Final = 0.67
