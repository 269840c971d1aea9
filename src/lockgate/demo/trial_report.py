"""What `lockgate try` prints about a folder: for somebody who sees Lockgate for the first time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lockgate.content.document import Document
from lockgate.content.exposure import Exposure
from lockgate.demo.sorted import sort
from lockgate.labels.readers import Readers

OTHERS: Final = "accounts-of-this-machine"
"""The group that stands for the permission bits of `other`."""
EVERYBODY: Final = f"group:{OTHERS}"
_SHOWN: Final = 15
_NAMES: Final = 4


def audience(readers: Readers) -> str:
    """Return in words who may open a file of this machine."""
    narrow = sorted(clause for clause in map(sorted, readers.clauses) if EVERYBODY not in clause)
    if readers.is_everyone or not narrow:
        return "every account of this machine"
    return ", but of these only ".join(_names(clause) for clause in sorted(narrow, key=len, reverse=True))


def _names(clause: Sequence[str]) -> str:
    names = [one.removeprefix("user:").replace("group:", "group ") for one in reversed(clause)]
    more = [f"{len(names) - _NAMES} more"] if len(names) > _NAMES else []
    return " and ".join([", ".join(names[:_NAMES]), *more]) or "nobody"


def report(documents: Sequence[Document], exposed: Iterable[Exposure]) -> list[str]:
    """Return the lines: what is sensitive, worst first; what waits for a look; what could not be read."""
    if not documents:
        return ["There are no documents in this folder."]
    found, unread = sort(exposed), sum(1 for one in documents if one.problem)
    lines = [f"{_count(len(documents))}: {len(documents) - unread} could be read, {unread} could not."]
    for part in (_sensitive(found.sensitive), _unseen(found.unseen), _unreadable(found.unreadable)):
        block = list(part)
        lines += ["", *block] if block else []
    return lines


def _sensitive(found: Sequence[Exposure]) -> Iterator[str]:
    if not found:
        yield "SENSITIVE: nothing was found in what could be read."
        return
    yield (
        f"SENSITIVE: {_count(len(found))}. An AI that reads this folder would tell "
        f"{'it' if len(found) == 1 else 'them'} to whoever may open {'it' if len(found) == 1 else 'them'}."
    )
    for one in found[:_SHOWN]:
        document = one.document
        kinds = ", ".join(f"{e.count} x {e.kind}" for e in document.evidence[:3])
        owner = ", ".join(name.removeprefix("user:") for name in one.owners) or "nobody"
        yield f"  {one.level.name.lower():<13} {document.item}"
        yield f"  {'':<13} open to: {audience(document.source_readers)}   (owner: {owner})"
        yield f"  {'':<13} {'; '.join(reason.value for reason in one.why)}{f' ({kinds})' if kinds else ''}"
    if len(found) > _SHOWN:
        yield f"  ... and {len(found) - _SHOWN} more (--json lists all)"


def _unseen(found: Sequence[Exposure]) -> Iterator[str]:
    if found:
        yield f"NOT REVIEWED: {_count(len(found))} in which nothing sensitive was found. Until somebody has"
        yield "  looked, Lockgate lets AI use each for its owner only. The page accepts them all with one key."


def _unreadable(found: Sequence[Exposure]) -> Iterator[str]:
    if found:
        yield f"NOT READ: {_count(len(found))}. Nobody knows what is inside, so AI gets nothing of it."
        for problem, count in Counter(one.document.problem for one in found).most_common(5):
            first = next(one.document.item for one in found if one.document.problem == problem)
            yield f"  {count:>6}  {problem}, such as {first}"
        yield "  (What can be read: text, Markdown, HTML, CSV, JSON, .eml, .docx, .xlsx and .pdf, by its name.)"


def _count(number: int) -> str:
    return "1 document" if number == 1 else f"{number} documents"
