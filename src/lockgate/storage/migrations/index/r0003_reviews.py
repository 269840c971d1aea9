"""Reviews that can be taken back after a restart, and measures of the catalogue by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "index_reviews",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("before_version", sa.Text, nullable=False),
        sa.Column("after_version", sa.Text, nullable=False),
        sa.Column("master", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("undone", sa.Text),
    )
    op.create_index("ix_index_reviews_id", "index_reviews", ["id"])
    op.create_index("ix_index_reviews_by", "index_reviews", ["by"])
    op.create_table(
        "index_measures",
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("measures", sa.Text, nullable=False),
    )
