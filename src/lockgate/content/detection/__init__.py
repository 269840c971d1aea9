"""Detection: what is in a text, by tables of rows and a few detectors. See docs/guides/detectors.md."""

from lockgate.content.detection.core import KINDS, scan, scan_many
from lockgate.content.detection.table import Detector, Rule, Scan, Token

__all__ = ["KINDS", "Detector", "Rule", "Scan", "Token", "scan", "scan_many"]
