"""Read `[collections.mailbox]`: mailboxes in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lockgate.config.principals import Principals, principals
from lockgate.config.table import Table


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """`[collections.mailbox]`: a folder with mailboxes (mbox, maildir), and whose they are.

    Without `principals` the rights of the files decide. `above` as for folders.
    """

    path: Path
    above: bool = True
    principals: Principals = ()


def mailbox(table: Table) -> MailboxSettings:
    """Return the settings of mailboxes.

    Raises:
        Invalid: something is wrong, with file and line.

    """
    path = table.path("path")
    if path is None or not path.is_dir():
        raise table.fail("path", "is missing or is no folder", "Name the folder that the mailboxes are in.")
    made = MailboxSettings(path=path, above=table.get("above", bool, True), principals=principals(table))
    table.done()
    return made
