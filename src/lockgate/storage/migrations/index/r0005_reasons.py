"""Why a review was done, in words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. Rows from before have no reason."""
    op.add_column("index_reviews", sa.Column("reason", sa.Text))
    op.create_index("ix_index_reviews_document", "index_reviews", ["document"])
