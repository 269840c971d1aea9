"""What scans remember, in one SQLite file: `SqliteScanState`. Counts and places, never a value."""

from lockgate.adapters.scan_state.state import SqliteScanState

__all__ = ["SqliteScanState"]
