"""kreuzberg: HTML and the bodies of Office files as text. Runs in the worker."""

from __future__ import annotations

import re
from typing import Final

import kreuzberg

from lockgate.adapters.extraction import markdown, texts
from lockgate.adapters.extraction.texts import ENCRYPTED, Unreadable

OOXML: Final = "application/vnd.openxmlformats-officedocument."
_CONFIG: Final = kreuzberg.ExtractionConfig(
    use_cache=False,
    enable_quality_processing=False,
    output_format="markdown",
)
_FRONT: Final = re.compile(r"\A---\n.*?\n\n(?=\S)", re.DOTALL)


def converted(data: bytes, mime: str) -> tuple[str, str]:
    """Return text and title.

    Raises:
        Unreadable: it is broken or encrypted.

    """
    try:
        result = kreuzberg.extract_bytes_sync(data, mime, config=_CONFIG)
    except (kreuzberg.KreuzbergError, ValueError, RuntimeError, OSError) as error:
        protected = re.search(r"password|encrypt", str(error), re.IGNORECASE)
        raise Unreadable(ENCRYPTED if protected else "it is broken") from error
    title = result.metadata.get("title")
    return markdown.plain(_FRONT.sub("", texts.clean(result.content))), title if isinstance(title, str) else ""
