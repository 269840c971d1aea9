"""Documents in a bucket of S3-compatible storage, with the rights that policy and access lists state."""

from lockgate.adapters.s3.connector import S3Connector
from lockgate.adapters.s3.store import Store

__all__ = ["S3Connector", "Store"]
