"""Reports for managers: data in, one self-contained HTML file out.

The file needs no script, no network and no other file; it reads on a phone, in the dark, on paper and by ear.
Every name in it is foreign (a share holds what strangers put there) and passes through `text`.
"""

from lockgate.content.report.html import html
from lockgate.content.report.of_exposure import exposure_page
from lockgate.content.report.of_scan import ROWS, scan_page
from lockgate.content.report.page import Bar, Case, Chart, Figure, Page, Trouble

__all__ = ["ROWS", "Bar", "Case", "Chart", "Figure", "Page", "Trouble", "exposure_page", "html", "scan_page"]
