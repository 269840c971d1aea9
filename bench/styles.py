"""Whether numbers with check digits are found however a text is written: values drawn here, no text of others.

python -m bench styles         by style: how many of the values are found, and which kinds are missed most
python -m bench styles --all   every kind that is missed in a style

For each rule with a check that needs a word, or none, values are drawn until they check, and written in each of
its forms into texts of several styles and languages. It tells what formatting hides; not what real texts hold.
"""

from __future__ import annotations

import argparse
import random
import re
import string
from collections import Counter
from collections.abc import Sequence

from lockgate.content.detection import scan_many
from lockgate.content.detection.core import ROWS
from lockgate.content.detection.table import Rule
from lockgate.content.labeling import SURE

STYLES = {
    "mail": "Hi Tom,\n\nplease use my {w} {v} for the form.\n\nBest,\nAmy",
    "quoted mail": "> On Monday Amy wrote:\n> my {w} is {v}.\n> Thanks",
    "csv": "row,{w},dept\n1,{v},sales\n",
    "quoted csv": '"row";"{w}";"dept"\n"1";"{v}";"sales"\n',
    "json": '{{"row": 1, "{w}": "{v}", "dept": "sales"}}',
    "chat": "[10:42] amy: {w}?\n[10:43] tom: {v}",
    "log": '2026-03-01T10:00:00Z INFO form saved {w}="{v}" user=17',
    "letter": "Dear Sir or Madam,\n\nI refer to {w}: {v}, as requested.\n",
    "form": "{w} ................ {v}\nDepartment ......... Sales\n",
    "form below": "{w}\n{v}\nDepartment\nSales\n",
    "table": "| row | {w} |\n|---|---|\n| 1 | {v} |\n",
    "xml": '<row><field name="{w}">{v}</field></row>',
    "bold": "**{w}:** `{v}`",
    "german": "Sehr geehrte Frau Roth, meine {w} lautet {v}.",
    "spanish": "Estimada Ana: mi {w} es {v}, un saludo",
}


def drawn(rule: Rule, form: str, maker: random.Random) -> str | None:
    """Return a value of a form that checks, or None if none is found in a few thousand draws."""
    for _ in range(4000):
        value = "".join(
            maker.choice(string.digits if sign == "#" else string.ascii_uppercase if sign == "A" else sign)
            for sign in form
        )
        if rule.check(re.sub(r"[^0-9A-Z]", "", value)):
            return value
    return None


def word(rule: Rule) -> str | None:
    """Return the first of a rule's words that is written without any choice."""
    plain = [one for one in re.split(r"\|", rule.words.replace(r"\b", "")) if re.fullmatch(r"[\w .-]{2,40}", one)]
    return plain[0] if plain else None


def main(arguments: Sequence[str]) -> int:
    """Print what is found."""
    parser = argparse.ArgumentParser(prog="python -m bench styles", description=__doc__)
    parser.add_argument("--all", action="store_true")
    chosen = parser.parse_args(arguments)
    maker = random.Random(1)
    cases: list[tuple[str, str, str, str]] = []
    for rule in ROWS:
        for form in rule.forms:
            if (value := drawn(rule, form, maker)) and (name := word(rule)):
                cases += [(s, rule.kind, value, t.format(w=name, v=value)) for s, t in STYLES.items()]
    missed: dict[str, Counter[str]] = {style: Counter() for style in STYLES}
    sizes = Counter(style for style, *_ in cases)
    for (style, kind, value, text), found in zip(cases, scan_many([one[3] for one in cases]), strict=True):
        if not any(
            one.kind == kind and one.confidence >= SURE and text[one.start : one.end] == value for one in found
        ):
            missed[style][kind] += 1
    print("style | values | found | missed most")
    for style, kinds in missed.items():
        most = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(None if chosen.all else 4))
        print(f"{style} | {sizes[style]} | {1 - kinds.total() / max(1, sizes[style]):.3f} | {most}")
    return 0


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
