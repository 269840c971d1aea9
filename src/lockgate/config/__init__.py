"""One frozen Settings tree, read from `lockgate.toml`, validated whole before anything starts.

Every key is listed in `settings.py`; an unknown one is refused with file, line and the nearest known name.
Paths are relative to the file's folder. A default never widens access: a model without `users` is for nobody,
one without `ceiling` may be given public data only.
"""

from lockgate.config.load import load, parse
from lockgate.config.settings import Settings

__all__ = ["Settings", "load", "parse"]
