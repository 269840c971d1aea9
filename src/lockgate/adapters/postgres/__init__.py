"""Documents in a PostgreSQL database: pages of tables, with the rights that roles, grants and policies state."""

from lockgate.adapters.postgres.connector import PostgresConnector
from lockgate.adapters.postgres.sessions import Access, Sessions

__all__ = ["Access", "PostgresConnector", "Sessions"]
