"""Documents that were forgotten on request, by id: a digest of where they lay. Ingest does not bring them back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table, and let version 0.1.0 refuse the database: it would bring back what was forgotten."""
    op.create_table(
        "index_forgotten",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("since", sa.Text, nullable=False),
    )
    op.execute("update index_meta set value = '2' where name = 'schema'")
