"""Lockgate: Zero Trust for generative AI.

The map of the house: `journeys/chat.py` is the path of a question, read it first. `ports/` lists every
kind of I/O that Lockgate can do. `labels/` is the algebra that everything rests on, `policy/` decides,
`audit/` proves. `wiring/` puts the parts together.

For programs: `from lockgate import classify` says what is in texts (see `content.classification`).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lockgate.content.classification import classify

__all__ = ["__version__", "classify"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "classify":  # read when it is asked for: `import lockgate` alone reads nothing
        from lockgate.content.classification import classify

        return classify
    raise AttributeError(f"module 'lockgate' has no attribute {name!r}")
