"""Work spread over processes of this machine, any of which may die at any time: `LocalEngine`.

`engine.py` runs here and implements `ports.scanning.Engine`; `worker.py` runs there. They speak in pickles, each
behind its length (`u32`): what opens the work, then batches of units to the worker; outcomes and signs of life
back. A worker is our own code. What foreign code reads documents runs in a process of its own below it, without
rights.
"""

from lockgate.adapters.engine_local.engine import LocalEngine, Pace

__all__ = ["LocalEngine", "Pace"]
