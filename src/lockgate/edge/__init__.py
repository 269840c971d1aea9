"""Parse, call one journey, render. No decisions, and status codes only in `problems.py`."""
