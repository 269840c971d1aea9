"""Documents that were read before a category was taught: those that are of it are read again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from lockgate.content.categories.sorter import Sorter
from lockgate.ports import Index


@dataclass(slots=True)
class Taught:
    """Looks at stored passages with categories that are new since the first run of each source.

    What is in force at that run is taken for known: to look at everything at each start would take minutes.
    """

    index: Index
    _known: dict[str, frozenset[str]] = field(default_factory=dict)

    async def again(self, source: str, sorter: Sorter) -> frozenset[str]:
        """Return the ids of documents of a source that are of a new category, and have not its kind yet."""
        new = sorter.names - self._known.setdefault(source, sorter.names)
        if not new:
            return frozenset()
        looked = sorter.only(new)
        found = set()
        for document in tuple(self.index.documents()):
            if document.connector == source:
                text = "\n\n".join(one.text for one in await self.index.chunks(document.id))
                kinds = {one.kind for one in await asyncio.to_thread(looked.find, text)}
                if kinds - {one.kind for one in document.evidence}:
                    found.add(document.id)
        return frozenset(found)

    def done(self, source: str, sorter: Sorter) -> None:
        """Note that everything of a source was looked at for these categories."""
        self._known[source] = sorter.names
