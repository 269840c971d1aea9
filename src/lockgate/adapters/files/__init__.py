"""Documents in a folder of the host: `FilesConnector` lists them, tells who may read them, and fetches them."""

from lockgate.adapters.files.connector import FilesConnector

__all__ = ["FilesConnector"]
