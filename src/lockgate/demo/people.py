"""The people of Brightwater, their groups, and the directory file that says so. All are invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the directory. `active` is false for those who have left."""

    id: str
    name: str
    role: str
    department: str
    groups: tuple[str, ...] = ()
    active: bool = True

    @property
    def mail(self) -> str:
        """Return the address as it stands in an e-mail header."""
        return f"{self.name} <{self.id}@brightwater.example>"


_ROWS: Final = """
hanna|Hanna Vogel|Head of Human Resources|hr|managers
jonas|Jonas Petersen|Payroll Specialist|hr|
priya|Priya Raman|Recruiter|hr|
oskar|Oskar Lind|Benefits Administrator|hr|
sam|Sam Okafor|Head of Sales|sales|managers
sofia|Sofia Marchetti|Key Account Manager|sales|
stefan|Stefan Brandt|Account Manager|sales|
greta|Greta Holm|Account Manager|sales|interns-2023
diego|Diego Fuentes|Sales Engineer|sales|
yuki|Yuki Tanaka|Inside Sales|sales|
malte|Malte Friedrichs|Sales Operations|sales|works-council
carla|Carla Nunes|Partner Manager|sales|project-heron
emil|Emil Sandberg|Vice President Engineering|engineering|managers
aisha|Aisha Karim|Team Lead Sensors|engineering|
bruno|Bruno Keller|Platform Engineer|engineering|platform
chen|Chen Wei|Platform Engineer|engineering|platform
dana|Dana Novak|Site Reliability Engineer|engineering|platform
erik|Erik Solheim|Firmware Engineer|engineering|
farah|Farah Haddad|Firmware Engineer|engineering|
goran|Goran Ilic|Test Engineer|engineering|
ines|Ines Carvalho|Site Reliability Engineer|engineering|platform,works-council
felix|Felix Ahrens|Chief Financial Officer|finance|managers,executive,project-heron
nadia|Nadia Benali|Controller and Compliance Counsel|finance|legal
ralf|Ralf Winkler|Accountant|finance|
wei|Wei Zhang|Accountant|finance|
lara|Lara Thomsen|General Counsel|legal|managers,executive,project-heron
milan|Milan Horvat|Contract Manager|legal|
ivo|Ivo Marek|Head of IT|it|managers
kemal|Kemal Aydin|System Administrator|it|
tomas|Tomas Eklund|Service Desk|it|
mia|Mia Lindqvist|Head of Marketing|marketing|managers
bela|Bela Kovacs|Content Editor|marketing|
noor|Noor Hassan|Event Manager|marketing|
leo|Leo Santini|Designer|marketing|interns-2023
vera|Vera Castellan|Chief Executive Officer|executive|managers
paul|Paul Nakamura|Chief Operating Officer|executive|managers
ute|Ute Reinhardt|Support Lead|support|works-council
zoe|Zoe Laurent|Support Agent|support|
anton|Anton Bauer|Support Agent|support|
filip|Filip Nowak|Support Agent|support|
kai|Kai Sommer|Contractor|contractors|
rosa|Rosa Delgado|Contractor|contractors|project-heron
rolf|Rolf Dietrich|Sales Director until 2024|sales|project-heron|left
tess|Tess Monroe|Platform Engineer until 2025|engineering|platform|left
""".strip()


def _member(row: str) -> Member:
    id, name, role, department, groups, *left = row.split("|")
    return Member(id, name, role, department, tuple(g for g in groups.split(",") if g), not left)


PEOPLE: Final = tuple(_member(row) for row in _ROWS.splitlines())
"""Everybody, in a stable order. The two who have left are still in their groups, as it happens."""

BY_ID: Final = {member.id: member for member in PEOPLE}

NESTED: Final = {
    "engineering": ("platform",),
    "staff": (
        "hr",
        "sales",
        "engineering",
        "finance",
        "legal",
        "it",
        "marketing",
        "executive",
        "support",
    ),
    "all-hands": ("staff", "contractors"),
}
"""Groups whose members are members of another: the key contains the values."""

GROUPS: Final = (
    "all-hands",
    "contractors",
    "engineering",
    "executive",
    "finance",
    "hr",
    "interns-2023",
    "it",
    "legal",
    "managers",
    "marketing",
    "merger-2019",
    "platform",
    "project-heron",
    "sales",
    "staff",
    "support",
    "works-council",
)
"""Every group. `interns-2023` and `project-heron` are stale, `merger-2019` has nobody left."""


def identifiers(id: str) -> frozenset[str]:
    """Return what a person holds: themselves, their groups with all nested ones, and `everyone`."""
    member = BY_ID[id]
    groups = {member.department, *member.groups}
    grown = True
    while grown:
        over = {outer for outer, inner in NESTED.items() if groups & set(inner)} - groups
        groups |= over
        grown = bool(over)
    return frozenset({"everyone", f"user:{id}", *(f"group:{group}" for group in groups)})


def directory_toml() -> str:
    """Return the directory file: people, groups in groups, and the accounts of the file server."""
    lines = [
        "# Who works at Brightwater, and in which groups. Written by `lockgate demo`.",
        'others = "group:staff"',
        "complete = true",
        "",
    ]
    for member in PEOPLE:
        groups = ", ".join(f'"{group}"' for group in (member.department, *member.groups))
        active = "true" if member.active else "false"
        lines += [
            f"[people.{member.id}]",
            f'name = "{member.name}"',
            f"groups = [{groups}]",
            f"active = {active}",
            "",
        ]
    for group in GROUPS:
        inner = ", ".join(f'"{one}"' for one in NESTED.get(group, ()))
        lines += [f"[groups.{group}]", f"groups = [{inner}]", ""]
    lines.append("[accounts]")
    for member in PEOPLE:
        first, _, last = member.name.lower().partition(" ")
        lines.append(f'{first[0]}{last.replace(" ", "")} = "{member.id}"')
    lines += ["", "[host_groups]", *(f'{group}-share = "{group}"' for group in GROUPS), ""]
    return "\n".join(lines)
