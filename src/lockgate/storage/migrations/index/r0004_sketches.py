"""Sketches by which near-duplicates are found: encrypted, and filled when a document is read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column."""
    op.add_column("index_payloads", sa.Column("sketch", sa.LargeBinary))
