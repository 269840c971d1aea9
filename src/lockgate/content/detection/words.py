"""Words and forms that say "pay of a person", in the languages of the first customers. Text in normal form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_FRONT: Final = (
    r"(?:(?:base|basic|gross|net|annual|monthly|yearly|current|new|starting|total|fixed|target|grund|jahres|monats"
    r"|brutto|netto|fest)[ _-]?)?"
)
PAY: Final = re.compile(
    rf"(?i)(?<![a-zà-ÿ])(?:{_FRONT}(?P<strong>salar(?:y|ies|is)|geh[aä]lt(?:er|s)?|wages?|sueldos?|salaires?|salarios?"
    r"|stipendi[oa]?|retribuzion[ei]|lohn|löhne|payroll|remuneration|rémunérations?|nómina|bezüge|ctc"
    r"|take-home(?: pay)?|payslip)"
    r"|(?:base|basic|gross|net|annual|monthly|yearly|total|hourly)[ _-]?(?:pay|comp)"
    r"|pay (?:band|grade|rise|raise|slip)"
    rf"|{_FRONT}(?P<weak>compensation|bonus(?:es)?|vergütung|earnings))(?![a-zà-ÿ])"
)
"""`weak` words have other meanings too (compensation for a delay, a bonus chapter)."""
EARNS: Final = re.compile(
    r"(?i)(?<![a-zà-ÿ])(?:earns?|earned|is paid|are paid|gets paid|makes|verdien(?:t|en)|gagne|gana|guadagna)"
    r"(?![a-zà-ÿ])"
)

PAY_ANCHORS: Final = (
    r"salar(?:y|ies|is|io)|geh(?:a|ä)lt|wage|sueldo|salaire|stipendi|retribuzion|lohn|löhne|payroll|(?:re|ré)mun(?:e|é)ration"
    r"|nómina|bezüge|ctc|take-home|payslip",
    r"(?:base|basic|gross|net|annual|monthly|yearly|total|hourly)[ _-]?(?:pay|comp)",
    r"pay (?:band|grade|rise|raise|slip)",
    r"compensation|bonus|vergütung|earnings",
)
"""Anchors of `PAY`: each of its matches begins at most `PAY_BEFORE` characters before the end of one."""
EARN_ANCHORS: Final = (r"earn(?:s|ed)|(?:is|are|gets) paid|makes|verdien(?:t|en)|gagne|gana|guadagna",)
PAY_BEFORE, PAY_AFTER = 48, 24

CURRENCY: Final = (
    r"(?:USD|EUR|GBP|CHF|INR|SEK|NOK|DKK|PLN|CZK|JPY|CAD|AUD|BRL"
    r"|Euro|euros?|dollars|[$€£¥₹]|Rs\.?)"
)
AMOUNT: Final = re.compile(
    rf"(?<![0-9A-Za-z.,])(?:{CURRENCY} ?[0-9][0-9.,' ]{{2,12}}[0-9][kK]?"
    rf"|{CURRENCY} ?[0-9]{{2,3}}(?:[.,][0-9])? ?[kK]"
    r"|[0-9]{1,3}(?:[.,' ][0-9]{3}){1,2}(?:[.,][0-9]{1,2})?|[0-9]{2,3}(?:[.,][0-9])? ?[kK](?![A-Za-z])"
    rf"|[0-9]{{4,7}}(?:[.,][0-9]{{2}})?(?= ?{CURRENCY})|[1-9][0-9]{{4,6}})(?![0-9A-Za-z])"
)
"""A sum of money of at least a thousand, as people write it. Years and small numbers are none."""

_UP: Final = "A-ZÀ-ÖØ-ÞŁŚŠŽĆČŻ"
_LOW: Final = "a-zß-öø-ÿąćčęěłńňřśšťůźžğışő"
_NAME: Final = re.compile(
    rf"(?<![\w])(?P<a>[{_UP}][{_LOW}]{{1,15}}(?:-[{_UP}][{_LOW}]{{1,15}})?|[{_UP}]\.) "
    rf"(?:[{_UP}]\. |(?:van|von|de|da|del|della|der|den|di|la|le|bin|al|el|dos) ){{0,2}}"
    rf"(?P<b>(?:O'|Mc|Mac|D')?[{_UP}][{_LOW}]{{1,19}}(?:-[{_UP}][{_LOW}]{{1,19}})?)(?![{_LOW}])"
)
_ORDINARY: Final = """
the a an this that these our your his her my their all base basic gross net annual monthly total average
median new current salary salaries pay bonus payroll wage wages compensation human resources finance sales
marketing legal engineering operations department team company group board budget cost costs north south
east west united states kingdom york san los santa january february march april may june july august
september october november december monday tuesday wednesday thursday friday saturday sunday dear best kind
hello hi regards q1 q2 q3 q4 fiscal year job title full time part contract policy review report plan range
grade level band increase performance equal employee employees staff manager managers senior junior lead
head chief officer director engineer analyst der die das ein eine unser ihr sein grundgehalt gehalt gehälter
jahr monat neue durchschnittliche im in am zum minimum maximum per for and or of to from with if please note
each every where when as at by on le les un une des el las una
"""
_NO_NAMES: Final = frozenset(_ORDINARY.split())
_ID: Final = re.compile(
    r"(?i)(?<![a-z0-9])(?:emp|employee|staff|personal(?:nr|nummer)|pers\.?-?nr|badge|matricule|worker)"
    r"[ ._#:-]{0,3}(?:(?:id|no|nr|number)[ ._#:-]{0,3})?[a-z]{0,2}[0-9]{2,8}"
    r"|[\w.+-]{1,40}@[\w-]{1,40}\.[a-z]{2,10}"
)
_YOURS: Final = re.compile(
    r"(?i)(?<![a-z])(?:your|his|her|my|dein|ihr|sein|mein|votre|su|tu)e?[nrms]?(?![a-zà-ÿ])"
)
_ROLE: Final = re.compile(
    r"(?i)(?<![a-z])(?:engineer|developer|manager|director|analyst|accountant|consultant|designer|recruiter|officer"
    r"|assistant|specialist|head of|vp|c[etfo]o|lead|architect|scientist|nurse|technician|representative|clerk"
    r"|entwickler(?:in)?|leiter(?:in)?|referent(?:in)?|ingenieur(?:in)?|geschäftsführer(?:in)?|sachbearbeiter(?:in)?"
    r"|directeur|directrice|gerente|direttore)(?![a-z])"
)


def names(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """Yield what looks like the name of a person: two capitalized words, none of which is an ordinary one."""
    place = start
    while match := _NAME.search(text, place, end):
        if match.group("a").lower() in _NO_NAMES:
            place = match.end("a")
        elif match.group("b").lower() in _NO_NAMES:
            place = match.end("b")
        else:
            yield match
            place = match.end()


def person(text: str, start: int, end: int) -> tuple[float, int, int] | None:
    """Return how sure it is that the window speaks of one person, and where: name or id, "your", role."""
    if match := next(names(text, start, end), None) or _ID.search(text, start, end):
        return 0.85, match.start(), match.end()
    if match := _YOURS.search(text, start, end):
        return 0.65, match.start(), match.end()
    if match := _ROLE.search(text, start, end):
        return 0.6, match.start(), match.end()
    return None
