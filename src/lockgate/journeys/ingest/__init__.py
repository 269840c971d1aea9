"""Ingest: bring the catalogue in step with a source.

1. Look (`look.py`): walk the source. Rights that changed take effect at once, without reading or embedding
   anything; what is gone is removed: text, vectors, terms.
2. Read (`read.py`): what is new or changed, small documents before large ones, a few documents ahead of the
   embeddings, each stored in one durable step.
3. Copies (`copies.py`): what holds most of a document that somebody labeled takes over its level.

A run that was killed is continued by the next: what is stored is known by its revision. A document that cannot be
read or understood becomes a row that nobody may read and never stops the run. What stops it is what would stop
the next document too: the source, the audit log, the index or the embedder is unavailable.
"""

from lockgate.journeys.ingest.journey import Ingest
from lockgate.journeys.ingest.report import Progress, Report

__all__ = ["Ingest", "Progress", "Report"]
