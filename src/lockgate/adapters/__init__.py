"""One technology per file; none imports another. Register in `wiring.py`."""
