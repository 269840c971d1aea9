"""Lockgate: Zero Trust for generative AI.

The map of the house: `journeys/chat.py` is the path of a question, read it first. `ports/` lists every
kind of I/O that Lockgate can do. `labels/` is the algebra that everything rests on, `policy/` decides,
`audit/` proves. `wiring.py` puts the parts together.
"""

__version__ = "0.1.0"
