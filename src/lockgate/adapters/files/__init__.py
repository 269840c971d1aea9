"""Documents in a folder of the host: `FilesConnector` lists them, tells who may read them, and fetches them."""

from lockgate.adapters.files.connector import FilesConnector
from lockgate.adapters.files.rules import LabelRule

__all__ = ["FilesConnector", "LabelRule"]
