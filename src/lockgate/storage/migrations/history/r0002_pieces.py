"""Marks of a piece lie side by side in one row, where each had a row of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of pieces, move what there is into it, and drop the old one."""
    op.create_table(
        "history_pieces",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("label", sa.Integer, sa.ForeignKey("history_labels.id"), nullable=False),
        sa.Column("seen", sa.Float, nullable=False),
        sa.Column("marks", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_history_pieces_subject", "history_pieces", ["subject"])
    op.create_index("ix_history_pieces_seen", "history_pieces", ["seen"])
    db = op.get_bind()
    pieces: dict[tuple[str, int, float], list[bytes]] = {}
    for subject, mark, label, seen in db.execute(
        sa.text("SELECT subject, mark, label, seen FROM history_marks WHERE length(mark) = 12")
    ):
        pieces.setdefault((subject, label, seen), []).append(mark)
    if pieces:
        db.execute(
            sa.text("INSERT INTO history_pieces (subject, label, seen, marks) VALUES (:s, :l, :t, :m)"),
            [{"s": s, "l": label, "t": t, "m": b"".join(marks)} for (s, label, t), marks in pieces.items()],
        )
    op.drop_index("ix_history_marks_seen", "history_marks")
    op.drop_table("history_marks")
