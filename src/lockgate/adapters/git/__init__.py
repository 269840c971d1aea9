"""Git repositories on disk, with their history."""

from lockgate.adapters.git.connector import GitConnector

__all__ = ["GitConnector"]
