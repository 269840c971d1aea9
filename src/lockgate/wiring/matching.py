"""What `lockgate match` does: make a set of a table of records, list, take away, try out."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from lockgate.adapters import match_sets
from lockgate.adapters.match_sets import Stated
from lockgate.content.finding import Finding
from lockgate.content.match.build import Builder, Built
from lockgate.content.match.hashes import Hashes
from lockgate.content.match.matcher import Matcher
from lockgate.content.match.rows import together
from lockgate.content.match.sets import COLUMNS, FARTHEST, MatchSet, Terms
from lockgate.content.match.table import decoded, rows
from lockgate.errors import Invalid, NotFound, TooLarge, Unavailable
from lockgate.wiring.match import key_of, read

BATCH: Final = 5_000
MOST_ROWS: Final = 20_000_000
LARGEST: Final = 4 << 30
"""Bytes of a file of records at most: it is held in memory while the set is made."""
TEXT: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A table of records, as somebody names it."""

    file: Path
    delimiter: str = ""


def add(
    folder: Path,
    terms: Terms,
    source: Source,
    by: str,
    now: datetime,
    tell: Callable[[int, int], None],
    *,
    force: bool = False,
    replacing: bool = False,
) -> Built:
    """Make a set of a table of records, and put it in force.

    Args:
        folder: the state folder.
        terms: what it shall be.
        source: the table.
        by: who adds it.
        now: the time.
        tell: is told rows that were read, and about how many there are.
        force: whatever speaks against the set.
        replacing: in place of one of that name.

    Raises:
        Conflict: there is one of that name.
        Invalid: the table is wrong, or the set would find what it should not; the message has counts.
        TooLarge: the table is.
        Unavailable: something cannot be read or written. What was in force stays in force.

    """
    read(folder)  # what is damaged is told before an hour of work
    data = _bytes(source.file, LARGEST)
    text = decoded(data)
    key = key_of(folder, make=True)
    if key is None:
        raise Unavailable("the key of the exact match sets cannot be made")
    match_sets.begin(folder, key)
    builder = Builder(terms, Hashes.of(key), force)
    about, count = max(text.count("\n") - 1, 1), 0
    found = rows(text, terms.columns, source.delimiter)
    while batch := list(itertools.islice(found, BATCH)):
        builder.add(batch)
        count += len(batch)
        if builder.rows > MOST_ROWS:
            raise TooLarge(f"more than {MOST_ROWS:,} rows")
        tell(count, about)
    built = builder.finish()
    if built.doubts and not force:
        raise Invalid(
            f"the set `{terms.name}` would not do: {'; '.join(built.doubts)}",
            code="weak_set",
            remedy="Require more columns of a row (--require), name others, or state --force.",
        )
    digest = match_sets.source_digest(key, data)
    stated = Stated(terms, built.made.rows, len(built.made.digests), by, now, digest)
    match_sets.put(folder, built.made, stated, key, secrets.token_bytes(12), replace=replacing)
    return built


def listed(folder: Path) -> Sequence[Stated]:
    """Return the sets; each is read, so that what is damaged is told.

    Raises:
        Unavailable: something is damaged.

    """
    return read(folder).listed.sets


def remove(folder: Path, name: str) -> Stated:
    """Take a set away. What was found by it keeps its label.

    Raises:
        Invalid: there is none of that name.
        Unavailable: what is there is damaged, or cannot be written.

    """
    key = key_of(folder)
    if key is None:
        raise NotFound("there are no exact match sets")
    return match_sets.remove(folder, name, key)


def text_of(file: Path) -> str:
    """Return the text of a file in UTF-8, or UTF-16 with a mark.

    Raises:
        Invalid, TooLarge, Unavailable: it is none, is too large, or cannot be read.

    """
    return decoded(_bytes(file, TEXT))


def tried(folder: Path, text: str) -> tuple[Finding, ...]:
    """Return what the sets find in a text. Raises as `listed`."""
    matcher = read(folder).matcher
    return () if matcher is None else matcher.scan(text)


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a set finds something in a text, or not.

    Attributes:
        values: places of its values: start, end, names of the columns that have it, and in how many rows.
        found: what it finds.
        farther: what it would find if the values might stand 2,000 characters apart.
        fewer: what it would find if one column less were required; None where that would be every value.

    """

    terms: Terms
    values: tuple[tuple[int, int, tuple[str, ...], int], ...]
    found: int
    farther: int
    fewer: int | None


def explained(folder: Path, name: str, text: str) -> Explained:
    """Explain what a set finds in a text.

    Raises:
        Invalid: there is none of that name.
        Unavailable: something is damaged.

    """
    sets = read(folder)
    matcher = sets.matcher
    one = None if matcher is None else next((each for each in matcher.sets if each.terms.name == name), None)
    if matcher is None or one is None:
        raise Invalid(f"there is no set `{name}`", remedy="`lockgate match list` names them.")
    hits = matcher.of_set(one, matcher.hits((text,))[0])
    values = []
    for start, end, value in zip(hits.starts.tolist(), hits.ends.tolist(), hits.digests.tolist(), strict=True):
        posts = one.posts[int(one.offsets[value]) : int(one.offsets[value + 1])]
        columns = tuple(one.terms.columns[at] for at in np.unique(posts % COLUMNS).tolist())
        values.append((start, end, columns, len(np.unique(posts // COLUMNS))))
    return Explained(
        one.terms,
        tuple(values),
        len(Matcher.findings(one, hits)),
        len(together(_with(one, within=FARTHEST), hits)) if one.terms.require > 1 else 0,
        len(together(_with(one, require=one.terms.require - 1), hits)) if one.terms.require > 2 else None,
    )


def _with(one: MatchSet, *, require: int | None = None, within: int | None = None) -> MatchSet:
    terms = replace(one.terms, require=require or one.terms.require, within=within or one.terms.within)
    return replace(one, terms=terms)


def _bytes(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(most + 1)
    except FileNotFoundError as error:
        raise Invalid(f"there is no file `{file}`") from error
    except OSError as error:
        raise Invalid(f"`{file}` cannot be read: {error.strerror}") from error
    if len(data) > most:
        raise TooLarge(f"`{file}` is larger than {most:,} bytes")
    return data
