"""Coefficients of the extractive answerer, made by `bench/train_answers.py`. Do not edit."""

from typing import Final

WEIGHTS: Final[dict[str, float]] = {
    "covered": 2.404,
    "covered_here": 0.088,
    "asked": 2.587,
    "asked_weakest": 0.196,
    "weakest": 0.355,
    "focus": 0.852,
    "names": 1.483,
    "numbers": 2.234,
    "kind_shown": -0.914,
    "kind_missing": -0.762,
    "cosine": 4.059,
    "cosine_about": 1.762,
    "margin": 3.990,
    "passage": 0.000,
    "short": 3.758,
    "missing_words": -0.234,
    "log_covered": 0.357,
    "unbacked": 0.995,
    "counted": 0.175,
    "uncounted": -1.380,
    "narrowed": 0.164,
    "predicate": 1.107,
}
BIAS: Final = -12.338
THRESHOLD: Final = 0.74
