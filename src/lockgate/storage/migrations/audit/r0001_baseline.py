"""The layout of version 0.1.0. Its databases are recognized by these tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of version 0.1.0 that are not there."""
    index = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "audit_event",
        sa.Column("idx", index, primary_key=True, autoincrement=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("effect", sa.String, nullable=False),
        sa.Column("sensitivity", sa.SmallInteger),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("event", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    op.create_index("audit_event_request", "audit_event", ["request_id"], if_not_exists=True)
    op.create_index("audit_event_subject", "audit_event", ["subject", "idx"], if_not_exists=True)
    op.create_table(
        "audit_node",
        sa.Column("level", sa.SmallInteger, primary_key=True),
        sa.Column("idx", index, primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", index, primary_key=True, autoincrement=False),
        sa.Column("note", sa.String, nullable=False),
        if_not_exists=True,
    )
