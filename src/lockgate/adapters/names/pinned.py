"""Which model of names is the one, made by `bench/train_names.py`. Do not edit."""

from typing import Final

SHA256: Final = "197e90a8ae29e3a7f097d66e49b3e9ae115bd7c609744163517bb58b5b8661f1"
VERSION: Final = "197e90a8"
