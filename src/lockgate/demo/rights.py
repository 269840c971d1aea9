"""The access manifest of the demonstration share: who may read which folder, and what the folder is declared as.

The last rule that matches decides, as a whole. A rule without `sensitivity` declares no label: what it covers
is unreviewed, and AI serves it to its owner only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lockgate.demo.draft import Clauses


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the manifest, for one glob or more."""

    match: tuple[str, ...]
    readers: Clauses
    owners: tuple[str, ...]
    sensitivity: str = ""
    integrity: str = ""
    forbidden: tuple[str, ...] = ()
    why: str = ""


def group(*names: str) -> Clauses:
    """Return readers: whoever is in one of the groups."""
    return (tuple(f"group:{name}" for name in names),)


ANYBODY: Final[Clauses] = (("everyone",),)
STAFF: Final = group("staff")
SALES: Final = group("sales")
HR: Final = group("hr")

RULES: Final = (
    Rule(("company/**",), STAFF, ("user:paul",), "general"),
    Rule(("policies/**",), STAFF, ("user:lara",), "general"),
    Rule(("press/**",), ANYBODY, ("user:mia",), "public"),
    Rule(("newsletter/**",), STAFF, ("user:mia",), "general"),
    Rule(("hr/**",), HR, ("user:hanna",), "restricted"),
    Rule(("works-council/**",), group("works-council", "hr"), ("user:ute",), "confidential"),
    Rule(("finance/**",), group("finance"), ("user:felix",), "confidential"),
    Rule(
        ("finance/forecast/**", "finance/budgets/**"), group("finance", "executive"), ("user:felix",), "restricted"
    ),
    Rule(("sales/**",), SALES, ("user:sam",), "confidential"),
    Rule(("sales/handbook/**",), STAFF, ("user:sam",), "general"),
    Rule(("engineering/**",), STAFF, ("user:emil",), "general"),
    Rule(("engineering/runbooks/**",), group("platform"), ("user:dana",), "restricted"),
    Rule(("engineering/roadmap/**",), group("engineering", "executive"), ("user:emil",), "general"),
    Rule(("it/howto/**",), STAFF, ("user:ivo",), "general"),
    Rule(("it/tickets/**", "it/assets/**"), group("it"), ("user:ivo",), "confidential"),
    Rule(("legal/**",), group("legal"), ("user:lara",), "confidential"),
    Rule(("marketing/**",), group("marketing", "sales"), ("user:mia",), "general"),
    Rule(("support/**",), group("support", "engineering"), ("user:ute",), "general"),
    Rule(("executive/**",), group("executive"), ("user:vera",), "restricted"),
    Rule(
        ("executive/personnel/**",),
        (("group:executive",), ("group:managers",), ("group:hr", "user:vera")),
        ("user:vera",),
        "restricted",
        why="executives who are managers, and of these only the chief executive or somebody from HR",
    ),
    Rule(
        ("finance/heron/**",),
        group("finance"),
        ("user:felix",),
        "restricted",
        why="a takeover: Finance sees the price, Legal sees the terms, few see both",
    ),
    Rule(("legal/heron/**",), group("legal"), ("user:lara",), "restricted"),
    Rule(
        ("clippings/**",),
        STAFF,
        ("user:bela",),
        "general",
        "untrusted",
        why="text from the web, kept as found",
    ),
    Rule(
        ("legal/privileged/**",),
        group("legal"),
        ("user:lara",),
        "restricted",
        forbidden=("ai",),
        why="privileged advice: people open it, no model ever sees it",
    ),
    Rule(
        ("shared/**",),
        group("all-hands"),
        ("user:ivo",),
        why="the exchange folder: open to all, labeled by nobody",
    ),
    Rule(("shared/exports/**",), group("all-hands"), ("user:sam",), why="exports, for a day or two"),
    Rule(("shared/handover/**",), group("all-hands"), ("user:dana",), why="for whoever takes over"),
    Rule(("shared/papers/**",), group("all-hands"), ("user:hanna",), why="copies for the file"),
    Rule(("shared/treasury/**",), group("all-hands"), ("user:felix",), why="so that the bank's portal finds them"),
    Rule(("shared/of-tess/**",), group("all-hands"), ("user:tess",), why="the owner has left"),
    Rule(
        ("shared/transfer/salaries-2026-copy.xlsx",), ANYBODY, ("user:hanna",), why="left here for a day, in March"
    ),
    Rule(
        ("shared/archive-2019/**",),
        group("merger-2019", "all-hands"),
        ("user:qwagner",),
        why="the owner's account is gone",
    ),
    Rule(("shared/rolf/**",), group("all-hands"), ("user:rolf",), why="the owner has left"),
    Rule(
        ("projects/heron/**",),
        group("project-heron"),
        ("user:felix",),
        why="a project group that nobody cleans up: a contractor and a partner manager are still in it",
    ),
    Rule(
        ("projects/interns/**",),
        group("interns-2023"),
        ("user:sofia",),
        why="the interns of 2023 have other jobs now",
    ),
    Rule(
        ("company/reorganization-2027.docx",),
        STAFF,
        ("user:vera",),
        "confidential",
        why="declared confidential, yet in the folder that all of staff reads",
    ),
    Rule(("drop/**",), STAFF, ("user:ivo",), "general", "untrusted", why="what the demonstration page drops in"),
)


def _list(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def manifest_toml() -> str:
    """Return `.lockgate-access.toml` for the rules."""
    lines = ["# Who may read what on this share. The last rule that matches decides.", "version = 1"]
    for rule in RULES:
        lines += ["", *([f"# {rule.why}"] if rule.why else []), "[[rule]]", f"match = {_list(rule.match)}"]
        if len(rule.readers) == 1:
            lines.append(f"readers = {_list(rule.readers[0])}")
        else:
            lines.append("readers_all = [" + ", ".join(_list(clause) for clause in rule.readers) + "]")
        lines.append(f"owners = {_list(rule.owners)}")
        if rule.sensitivity:
            lines.append(f'sensitivity = "{rule.sensitivity}"')
        if rule.integrity:
            lines.append(f'integrity = "{rule.integrity}"')
        if rule.forbidden:
            lines.append(f"forbidden_uses = {_list(rule.forbidden)}")
    return "\n".join(lines) + "\n"
