"""Which model of names is the one, made by `bench/train_names.py`. Do not edit."""

from typing import Final

SHA256: Final = "65badb2fcbfddd2fb5a56934f47fee7d872f5a94ad3d5b098f70688d1ed95187"
VERSION: Final = "65badb2f"
