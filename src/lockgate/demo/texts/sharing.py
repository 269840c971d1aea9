"""What is shared too widely, by people who meant well: exports, handovers, papers, things of those who left.

The texts vary with the seed, and among the cases lie harmless papers that look like them.
"""

from __future__ import annotations

from typing import Final

from lockgate.demo.draft import Clauses, Draft, Table
from lockgate.demo.identifiers import aws_key, card, iban, password, ssn, token
from lockgate.demo.rights import STAFF, group
from lockgate.demo.texts.mess import ALL
from lockgate.demo.world import CUSTOMERS, PRODUCTS, SUPPLIERS, World

_TEXTS: Final = ("txt", "md", "docx", "html")
_TABLES: Final = ("csv", "xlsx")
HEIRS: Final[dict[str, tuple[str, Clauses]]] = {
    "exports": ("user:sam", group("sales")),
    "handover": ("user:dana", group("platform")),
    "papers": ("user:hanna", group("hr")),
    "treasury": ("user:felix", group("finance")),
    "of-tess": ("user:tess", group("platform")),
}
"""Folders below `shared/` with the owner of each, and who should read what is in it."""


def drafts(world: World) -> list[Draft]:
    """Return the cases and the harmless papers among them."""
    return [
        *_exports(world),
        *_handover(world),
        *_papers(world),
        *_treasury(world),
        *_of_tess(world),
        *_harmless(world),
    ]


def _put(
    folder: str, name: str, title: str, level: str, *blocks: str | Table, canaries: tuple[str, ...] = ()
) -> Draft:
    owner, right = HEIRS[folder]
    readers = STAFF if level == "general" else right
    path = f"shared/{folder}/{name}"
    return Draft(path, title, folder, blocks, ALL, (owner,), "", level, readers, canaries=canaries)


def _exports(world: World) -> list[Draft]:
    found = []
    for number in range(1, 11):
        customers = world.some(CUSTOMERS, 4)
        cards = number % 2 == 0
        values = tuple((card if cards else iban)(world.rng) for _ in customers)
        table = Table(
            ("Customer", "Card" if cards else "Account", "Open since"),
            tuple((who, value, str(world.day())) for who, value in zip(customers, values, strict=True)),
        )
        name = f"export-{number:02d}.{world.pick(_TABLES)}"
        found.append(_put("exports", name, f"Export {number}", "confidential", table, canaries=values))
    return found


def _handover(world: World) -> list[Draft]:
    found = []
    for number in range(1, 11):
        line, value = _key(world, number)
        blocks = (
            f"Handover of the {world.pick(PRODUCTS)} jobs, part {number}. The jobs run every night at two.",
            line,
            world.pick(
                ("Call me if it stops.", "It stops when the disk is full.", "Nobody has looked since May.")
            ),
        )
        name = f"handover-{number:02d}.{world.pick(_TEXTS)}"
        found.append(_put("handover", name, f"Handover, part {number}", "restricted", *blocks, canaries=(value,)))
    return found


def _key(world: World, number: int) -> tuple[str, str]:
    """Return a line with a secret in it, and the secret."""
    if number % 4 == 0:
        value = world.secret(aws_key(world.rng))
        return f"The bucket wants AWS_ACCESS_KEY_ID={value}", value
    if number % 4 == 1:
        value = world.secret(token(world.rng, "ghp_", 36))
        return f"GITHUB_TOKEN={value}", value
    if number % 4 == 2:
        value = world.secret(token(world.rng, "", 20))
        return f"DATABASE_URL=postgresql://jobs:{value}@db.brightwater.example:5432/jobs", value
    value = world.secret(password(world.rng))
    return f"The password of the account jobs is: {value}", value


def _papers(world: World) -> list[Draft]:
    found = []
    for number in range(1, 11):
        who = world.outsider()
        if number % 3 == 0:
            value, level = ssn(world.rng), "confidential"
            line = f"{who}, social security number {value}, begins on the first of the month."
        elif number % 3 == 1:
            value, level = iban(world.rng), "confidential"
            line = f"{who} was here from May to July; the last month goes to the account {value}."
        else:
            value, level = world.figure(41_000, 99_000), "restricted"
            line = f"{who}, Technician, base salary {value} EUR"
        blocks = ("Copy for the file.", line, "The original is in the cabinet on the second floor.")
        name = f"paper-{number:02d}.{world.pick(_TEXTS)}"
        # numbers of the few in a reserved range repeat, so they are no figures that name their document
        canaries = (value,) if level == "restricted" else ()
        found.append(_put("papers", name, f"Paper {number}", level, *blocks, canaries=canaries))
    return found


def _treasury(world: World) -> list[Draft]:
    found = []
    for number in range(1, 7):
        rows = tuple((who, iban(world.rng)) for who in world.some(SUPPLIERS, 3))
        table = Table(("Supplier", "Account"), rows)
        name = f"payment-run-{number}.{world.pick(_TABLES)}"
        canaries = tuple(value for _, value in rows)
        found.append(_put("treasury", name, f"Payment run {number}", "confidential", table, canaries=canaries))
    return found


def _of_tess(world: World) -> list[Draft]:
    """Papers of somebody who has left; in half of them nothing stands that a detector could know."""
    found = []
    for number in range(1, 7):
        if number % 2:
            line, value = _key(world, number)
            canaries: tuple[str, ...] = (value,)
        else:
            line = f"The order in which we switch {world.pick(PRODUCTS)} off, if we ever must."
            canaries = ()
        blocks = ("From my notebook, so that it does not get lost.", line)
        name = f"note-{number}.{world.pick(_TEXTS)}"
        level = "restricted" if number % 2 else "confidential"
        found.append(_put("of-tess", name, f"Notebook, page {number}", level, *blocks, canaries=canaries))
    return found


def _harmless(world: World) -> list[Draft]:
    """Papers with numbers and words that look like something and are nothing."""
    texts = (
        "The order number is 4242 4242 4242 4241, please quote it when you call.",
        "Parcel 987-65-43 was delivered to the gate.",
        "Your password must have 14 characters. Never write it down.",
        "The salary review begins in March. Numbers will follow.",
        "Type DE89 on the label of every crate.",
        "Use an access key from the vault, never one of your own.",
    )
    thanks = ("Thanks!", "For everybody.", "Please keep it here.")
    folders = ("exports", "handover", "papers", "treasury")
    return [
        _put(
            folder, f"read-me-{at}.{world.pick(_TEXTS)}", f"Read me {at}", "general", texts[at], world.pick(thanks)
        )
        for folder in folders
        for at in range(len(texts))
    ]
