"""The layout of version 0.1.0. Its databases are recognized by these tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of version 0.1.0 that are not there."""
    op.create_table(
        "history_labels",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("label", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "history_marks",
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("mark", sa.LargeBinary(16), primary_key=True),
        sa.Column("label", sa.Integer, sa.ForeignKey("history_labels.id"), primary_key=True),
        sa.Column("seen", sa.Float, nullable=False),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    op.create_table(
        "history_shown",
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("session", sa.String(255), primary_key=True),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("seen", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_history_marks_seen", "history_marks", ["seen"], if_not_exists=True)
    op.create_index("ix_history_shown_seen", "history_shown", ["seen"], if_not_exists=True)
