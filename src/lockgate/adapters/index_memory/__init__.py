"""ports.Index: encrypted in SQLite, searched in memory, permissions first.

At rest: a catalogue row per document, and its content encrypted under a key of its own (`storage/index_tables.py`,
`storage/index_payload.py`). In memory (`storage/index_view.py`): columns of rights, and per document one immutable
block of vectors and term numbers; the text of passages stays encrypted, and only that of survivors is decrypted.

A search decides under a short lock which documents the subject may read, takes the blocks of exactly those, and
ranks them without the lock. What cannot be read is never touched after that, so it can influence neither scores
nor, but for deciding about its rights, the time.

Several processes may open one folder: every change has a number, and every call first takes over what others
changed.
"""

from lockgate.adapters.index_memory.index import MemoryIndex

__all__ = ["MemoryIndex"]
