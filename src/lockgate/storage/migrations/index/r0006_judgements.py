"""What people said of findings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "index_judgements",
        sa.Column("number", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("document", "digest", "kind", "detector")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("passage", "start", "end")),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("value", "opinion", "by", "at", "reason", "master")
        ),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("examined", sa.Boolean, nullable=False),
    )
    op.create_index("ix_index_judgements_document", "index_judgements", ["document"])
