"""What an answerer says when nothing answers."""

from __future__ import annotations

from typing import Final

NOTHING_FOUND: Final = "I found nothing that you may see that answers this."
