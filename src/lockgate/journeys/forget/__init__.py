"""Forget: destroy a document's key, remove everything that was made of it, and prove that it is gone.

1. Decide (`journey.py`): owners, stewards and administrators may, by policy; holds and retention forbid. It is
   recorded first.
2. Remove: history's marks of its text, its row with the wrapped key, its ciphertext, copies that upgrades left. A
   tombstone keeps the next sync from bringing it back while its file is still in the source.
3. Prove (`evidence.py`): every byte of the state folder is searched for pieces of the text, names, the wrapped key
   and the ciphertext. The same search ran before, so that one that finds nothing is known to be able to find it.

A run that was killed is repeated: the marks go before the text that they are found by.
"""

from lockgate.journeys.forget.journey import Forget, Forgotten

__all__ = ["Forget", "Forgotten"]
