"""The layout of version 0.1.0. Its databases are recognized by these tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of version 0.1.0 that are not there."""
    text, blob = sa.Text, sa.LargeBinary
    op.create_table(
        "index_meta",
        sa.Column("name", text, primary_key=True),
        sa.Column("value", text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "index_documents",
        sa.Column("id", text, primary_key=True),
        sa.Column("connector", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("title", text, nullable=False),
        sa.Column("collection", text, nullable=False),
        sa.Column("revision", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("source_readers", text, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("review", text, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("seen", text, nullable=False),
        sa.Column("accepted_kinds", text, nullable=False),
        sa.Column("evidence", text, nullable=False),
        sa.Column("problem", text, nullable=False),
        sa.Column("notes", text, nullable=False),
        sa.Column("ruling", text, nullable=False),
        sa.Column("ruled_readers", text, nullable=False),
        sa.Column("held_chunks", text, nullable=False),
        sa.Column("generation", text, nullable=False),
        sa.Column("master", text, nullable=False),
        sa.Column("wrapped", blob, nullable=False),
        sa.Column("change", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "index_payloads",
        sa.Column("id", text, primary_key=True),
        sa.Column("columns", blob, nullable=False),
        sa.Column("texts", blob, nullable=False),
        if_not_exists=True,
    )
