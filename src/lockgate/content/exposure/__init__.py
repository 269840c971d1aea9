"""Exposure: what people could find but should not, worst first; what to do about it; how it changes over time.

Pure: documents, a census and what was used go in; a list, fixes and measures come out.
"""

from lockgate.content.exposure.fixes import Act, Fix, Step, fixes
from lockgate.content.exposure.listing import Exposure, Surroundings, Why, exposures, findable
from lockgate.content.exposure.measures import Measures, measure
from lockgate.content.exposure.sharing import LINK_ANYONE, LINK_ORGANIZATION, Sharing
from lockgate.content.exposure.usage import NO_USAGE, Usage

__all__ = [
    "LINK_ANYONE",
    "LINK_ORGANIZATION",
    "NO_USAGE",
    "Act",
    "Exposure",
    "Fix",
    "Measures",
    "Sharing",
    "Step",
    "Surroundings",
    "Usage",
    "Why",
    "exposures",
    "findable",
    "fixes",
    "measure",
]
