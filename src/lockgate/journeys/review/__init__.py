"""Review: owners and stewards accept or correct labels, one by one or by rule. Recorded, then in effect.

A review is about what the reviewer saw: a document that has changed since, in its source or in the catalogue, is
refused and must be looked at again. A review never makes readers wider than the source, and never goes below
what an administrator declared.
"""

from lockgate.journeys.review.journey import Reviews
from lockgate.journeys.review.parts import Correction, Open, Wanted, version_of

__all__ = ["Correction", "Open", "Reviews", "Wanted", "version_of"]
