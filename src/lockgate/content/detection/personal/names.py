"""Names of people, organizations and places by rules: titles, fields, signatures, suffixes, lists.

Without a model this finds what says of itself that it is a name; what only the sentence tells stays unfound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_letters
from typing import Final

from lockgate.content.detection.automaton import expression
from lockgate.content.detection.context import beginning
from lockgate.content.detection.personal.lists import CITIES, COUNTRIES, GIVEN
from lockgate.content.detection.personal.phrases import Judge, Phrase
from lockgate.content.finding import Finding

UP: Final = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪĶŁĻŃŅŇŐŒŘŚŞŠŢŤŪŮŰŹŻŽ"
LOW: Final = "a-zß-öø-ÿāăąćčďđēęěğģīķłļńņňőœřśşšţťūůűźżžıșț'’"
WORD: Final = (
    rf"(?:(?:O['’]|D['’]|Mc|Mac|De|Di|La|Le)?[{UP}][{LOW}]{{1,18}}(?:-[{UP}]?[{LOW}]{{1,18}}){{0,2}}"
    rf"|[{UP}]{{2,16}}(?![{LOW}]))"
)
_PARTICLE: Final = (
    r"(?:van der|van den|van de|von der|de la|de las|de los|del|della|dos|das|da|de|di|du|la|le"
    r"|van|von|der|den|ter|zu|bin|ibn|al|el|y|e|af)"
)
NAME: Final = rf"{WORD}(?: (?:{_PARTICLE} )?(?:{WORD}|[{UP}]\.(?:[{UP}]\.)?)){{0,4}}"
_FULL: Final = rf"{WORD}(?: (?:[{UP}]\. ?){{0,2}}(?:{_PARTICLE} )?{WORD}){{1,3}}"

_TITLES: Final = (
    r"Mr|Mrs|Ms|Miss|Mx|Dr|DR|Dra|Prof|Sir|Lady|Lord|Herrn?|Frau|Mme|Mlle|Monsieur|Madame|Sr|Sra|Srta|Don|Doña"
    r"|Dña|Señora?|Sig|Sig\.ra"
    r"|Signora?|Dott|Dott\.ssa|Avv|Senhora?|Rev|Capt|Judge|Senator|President|D\."
)
_TITLED: Final = rf"(?<![\w.])(?:{_TITLES})[.:]?(?: ?(?:Dr|Prof|med|Ing)\.){{0,3}} {{1,2}}(?P<v>{NAME})"
_FIELDS: Final = (
    r"(?:full |first |last |middle |maiden |given |family |sur|nick|patient |employee |customer |contact "
    r"|client |holder |account |sender |recipient )?names?"
    r"|vor-?(?: und nach)?name|nachname|familienname|nombre(?: y apellidos)?|apellidos?|nom|prénom|nome|cognome"
    r"|imię|nazwisko|naam|navn|namn"
    r"|patient(?:in)?|paciente|médicos?|doctor|doctora|remitido por|firmado|responsable|attn|attention|z\. "
    r"?hd\.?|signed(?: by)?|unterzeichnet|gezeichnet|gez\.|author|autor(?:a|es)?|von|an"
    r"|from|to|cc|bcc|contact(?: person)?|ansprechpartner(?:in)?|manager|owner|reviewer|approved by|prepared by"
    r"|submitted by|beneficiary|cardholder|insured|spouse|mother|father|user"
)
_FIELD: Final = (
    rf"(?<![a-zA-Z])(?i:{expression(_FIELDS)})[*\"']{{0,3}}[ \t]{{0,2}}:[*\"']{{0,3}}[ \t]{{0,4}}\n?"
    rf"(?:(?:[DM]ra?|Mrs|Ms|Prof|Dña|D)\.?:? )?\"?(?P<v>{NAME})"
    rf"(?=[ \t]{{0,3}}(?:$|[.,;|<(\"'\n\\]|N[ºo°]|  | - ))"
)
_HELLO: Final = (
    r"dear|hi|hello|hey|good (?:morning|afternoon|evening)|hallo|liebe[r]?|guten (?:tag|morgen)"
    r"|lieber|cher|chère|bonjour|hola|estimad[oa]|querid[oa]|ciao|gentile|caro|cara|olá|drogi|droga"
)
_BYE: Final = (
    r"regards|sincerely|faithfully|cheers|best|thanks|thank you|grüße[n]?|gruß|cordialement|saludos"
    r"|atentamente|saluti|yours|respectfully|love"
)
_CALLS: Final = (
    r"my name is|i am called|name is|call me|called|named|this is|mein name ist|ich heiße|je "
    r"m'appelle|me llamo|mi nombre es|mi chiamo|signed by|written by|wife|husband|colleague|brother"
    r"|sister|son|daughter|uncle|aunt"
)
_STRONG: Final = re.compile(
    r"(?i)(?:first|last|middle|maiden|given|family|sur|full)|vor|nach|fam|nombre|apell|prénom|cogn|imię|nazw"
    r"|patient|paciente|médic|doctor|remit"
)
_LINES: Final = (
    rf"(?:(?<=^)|(?<=\n))(?:(?i:{expression(_HELLO)}))"
    rf"[ ,]{{1,2}}(?:(?:Mr|Mrs|Ms|Dr|Prof)\.? )?(?P<v>{NAME})(?=[ ]?[,!:\n-])"
)
_SIGNED: Final = (
    rf"(?<![a-zA-Z])(?i:{expression(_BYE)})[ ]?[,.!]{{0,2}}[ ]?\n{{1,2}}[ \t]{{0,4}}[-~]?"
    rf"(?P<v>{NAME})(?=[ \t]{{0,3}}(?:$|[\n,|(]))"
)
_SAID: Final = (
    rf"(?<![a-zA-Z])(?i:{expression(_CALLS)})[ ,]{{1,2}}(?P<v>{_FULL}|(?<=e is ){WORD}|(?<=all me "
    rf"){WORD})(?![{LOW}])"
)
_ORDINARY: Final = """
the a an this that these those our your his her my their its all i we you he she it they and or but if in on
at of for to from with by as is are was were be been not no yes please thank thanks hi hello dear best kind
regards sincerely team sir madam support customer service sales marketing department company board group
committee monday tuesday wednesday thursday friday saturday sunday january february march april may june
july august september october november december new north south east west street road avenue inc ltd llc
gmbh corp university hospital institute bank ministry servicio hospital departamento unidad clínica calle
avda avenida universidad centro facultad datos fecha informe historia correo email e-mail tel fax der die
das ein eine und oder herr frau sehr geehrte damen herren all everyone everybody folks guys colleagues there
what when where who why how dr dra prof title subject date phone address name number id user admin none null
true false test page figure table section chapter error note info data edad sexo domicilio localidad
provincia nhc nass cp país médico paciente nombre apellidos remitido motivo antecedentes manager engineer
director president chief officer american british german french english spanish united states kingdom love
also here just so then now can will would could should may might must have has had do does did
"""
_NO: Final = frozenset(_ORDINARY.split())
_GIVEN: Final = frozenset(GIVEN.split())
_LISTED: Final = re.compile(
    rf"(?<![\w@/.-])(?P<v>[{UP}][{LOW}]{{1,14}}(?:-[{UP}][{LOW}]{{1,14}})?(?:(?: [{UP}]\.){{0,2}} "
    rf"(?:{_PARTICLE} ){{0,1}}{WORD}){{0,3}})(?![{LOW}@])"
)


def _trim(value: str) -> str:
    """Return a name without ordinary words at its ends; nothing if it begins with one."""
    words = value.split(" ")
    if "." not in value and words[-1][:1].isupper() and _NO.isdisjoint(value.lower().split(" ")):
        return value
    if words[0].lower().rstrip(".") in _NO:
        return ""
    for at, word in enumerate(words):
        if word[:1].isupper() and word.lower().rstrip(".") in _NO:
            words = words[:at]
            break
    while words and not words[-1][:1].isupper():
        words.pop()
    return " ".join(words)


def _named(sure: float) -> Judge:
    def judge(text: str, match: re.Match[str]) -> tuple[int, int, float] | None:
        value = _trim(match["v"])
        start = match.start("v")
        return (start, start + len(value), sure) if value else None

    return judge


def _field(text: str, match: re.Match[str]) -> tuple[int, int, float] | None:
    value = _trim(match["v"])
    weak = " " not in value and not _STRONG.match(match.group())
    start = match.start("v")
    return (start, start + len(value), 0.45 if weak else 0.8) if value else None


_STREET: Final = re.compile(
    r"(?i)(?<![a-z])(?:c/|calle|rua|san|santa|sao|são|saint|st\.?|carrer|avenida|avda\.?|paseo|plaza|via|rue"
    r"|ul\.)(?: (?:de|del|dr\.?))? {0,2}$"
)
_STREET_ENDS: Final = frozenset(
    ("c/", "le", "ua", "an", "ta", "ao", "ão", "nt", "st", "t.", "er", "da", "a.", "eo", "za", "ia", "ue", "ul")
) | {"l.", "de", "el", "dr", "r."}
"""The last two letters of all that `_STREET` finds."""


class Given:
    """People by given names that are well known, with the family name that follows."""

    name = "pii.person"
    version = "1"
    kinds = frozenset({"pii.person"})
    reach = 160
    anchors: tuple[str, ...] = tuple(rf"(?-i:[^a-zA-Z]{name.capitalize()}[^a-z])" for name in sorted(_GIVEN))

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return names that begin with a listed one, which ends right before a place."""
        found: list[Finding] = []
        by = f"{self.name}@{self.version}"
        last = -1
        for place in places:
            start = end = place - 1
            front = text[end - 16 if end > 16 else 0 : end]
            start -= len(front) - len(front.rstrip(ascii_letters))
            while start > 0 and end - start < 16 and text[start - 1].isalpha():
                start -= 1
            if start < last or text[end : end + 1].isalpha() or text[start:end].lower() not in _GIVEN:
                continue
            low = start - 16 if start > 16 else 0
            front = text[low:start].rstrip(" \n")
            if front[-2:].lower() in _STREET_ENDS and _STREET.search(text, low, start):
                continue
            if match := _LISTED.match(text, start):
                value = _trim(match["v"])
                if len(value) >= end - start:
                    last = start + len(value)
                    sure = 0.8 if " " in value else 0.6
                    found.append(Finding(start, last, "pii.person", sure, by))
        return tuple(found)


_CAPITAL: Final = r"(?-i:[^\n -@\[-~])"
PEOPLE: Final = (
    Phrase(
        "pii.person",
        _TITLED,
        (
            rf"(?-i:[^a-zA-Z](?:{_TITLES})[.:]?(?:  ?|Dr\.|Prof\.|med\.|Ing\.)){_CAPITAL}",
            rf"(?-i:[^a-zA-Z](?:{_TITLES})[.:]? ?(?:Dr|Prof|med|Ing)\.)",
        ),
        0.85,
        _named(0.85),
        48,
        200,
        beginning(_TITLES, "0-9A-Za-z_."),
    ),
    Phrase(
        "pii.person",
        _FIELD,
        (rf"[^a-z](?:{_FIELDS})[*\"']{{0,3}}[ \t]{{0,2}}:[*\"']{{0,3}}[ \t]{{0,4}}\n?\"?{_CAPITAL}",),
        0.8,
        _field,
        36,
        240,
        beginning(_FIELDS),
    ),
    Phrase(
        "pii.person",
        _LINES,
        (rf"\n(?:{_HELLO})[ ,]{{1,2}}{_CAPITAL}",),
        0.8,
        _named(0.8),
        48,
        200,
        beginning(_HELLO),
    ),
    Phrase(
        "pii.person",
        _SIGNED,
        (rf"[^a-z](?:{_BYE})[ ]?[,.!]{{0,2}}[ ]?\n",),
        0.75,
        _named(0.75),
        48,
        200,
        beginning(_BYE),
    ),
    Phrase(
        "pii.person",
        _SAID,
        (rf"[^a-z](?:{_CALLS})[ ,]{{1,2}}{_CAPITAL}",),
        0.75,
        _named(0.75),
        48,
        200,
        beginning(_CALLS),
    ),
)


_FORMS: Final = (
    r"GmbH(?: & Co\. KG(?:aA)?)?|Inc\.?|Incorporated|Ltd\.?|Limited|LLC|LLP|PLC|plc|Corp\.?|Corporation|Company"
    r"|& Co\.?|Co\.|AG|SE|KG|KGaA|e\.V\.|OHG|UG"
    r"|S\.A\.(?:S\.|U\.)?|SA|SAS|SARL|S\.L\.(?:U\.)?|SL|S\.p\.A\.|SpA|S\.r\.l\.|Srl|B\.V\.|BV|N\.V\.|NV|AB|A/S"
    r"|ApS|AS|ASA|Oy|Oyj|Sp\. z o\.o\.|s\.r\.o\.|Kft\.?|Ltda\.?|Pty|Group|Holdings?|Partners"
)
_BODIES_LIST: Final = (
    r"Hospital",
    r"Universi(?:ty|dad|té|tät|tat)",
    r"Universit(?:à|ari)",
    r"Institut[eo]?",
    r"Instituto",
    r"Clínica",
    r"Clinic",
    r"Ministry",
    r"Ministerio",
    r"Facultad",
    r"Klinikum",
    r"Centro de Salud",
    r"Academy",
    r"College",
    r"School",
    r"Foundation",
    r"Bank",
    r"Museum",
    r"Association",
    r"Council",
    r"Agency",
    r"Federation",
    r"Committee",
)
_BODIES: Final = "|".join(_BODIES_LIST)
_PART: Final = rf"(?:[{UP}][\w{LOW}.’'-]{{0,24}}|&|and|y|und|et|de la|de|del|of|the|\"[{UP}][\w ]{{1,24}}\")"
_COMPANY: Final = (
    rf"(?<![\w])[{UP}0-9][\w{LOW}.’'-]{{0,24}}(?:,? (?!(?:{_FORMS})(?![\w])){_PART}){{0,4}},? "
    rf"(?P<f>{_FORMS})(?![\w])"
)
_BODY: Final = (
    rf"(?<![\w])(?:(?:{_BODIES})(?: (?:of|de la|de|del|of the|für) | )(?:(?:{_PART}) "
    rf"){{0,4}}[{UP}\"][\w{LOW}.’'\"-]{{1,24}}|(?:[{UP}][\w{LOW}’'-]{{1,20}} ){{1,4}}(?:{_BODIES})(?![\w]| "
    rf"(?:de|del|[{UP}]))(?: "
    rf"of [{UP}][{LOW}]{{2,20}}(?: [{UP}][{LOW}]{{2,20}})?)?)"
)


_ARTICLES: Final = frozenset(("the", "a", "an", "our", "your", "this", "at", "in", "el", "la", "and", "del"))


def _body(sure: float) -> Judge:
    def judge(text: str, match: re.Match[str]) -> tuple[int, int, float] | None:
        start, end = match.span()
        first = match.group().partition(" ")[0]
        if first.lower() in _ARTICLES:
            start += len(first) + 1
        return (start, end, sure) if end - start > 4 else None

    return judge


_KIND_OF_BODY: Final = tuple(rf"(?-i:[^a-zA-Z]{one}[^a-zA-Z])" for one in _BODIES_LIST)
ORGANIZATIONS: Final = (
    Phrase(
        "entity.organization",
        _COMPANY,
        (rf"(?-i:[^ -/:-@\[-`{{-~\n],? (?:{_FORMS})[^a-zA-Z])",),
        0.8,
        _body(0.8),
        150,
        200,
    ),
    Phrase("entity.organization", _BODY, _KIND_OF_BODY, 0.7, _body(0.7), 150, 200),
)

_SMALL: Final = frozenset(["de", "am", "of", "and", "la", "do"])


def _written(name: str) -> tuple[str, str]:
    """Return the two ways in which a name is written: capitalized but for small words, and in capitals."""
    words = [word if word in _SMALL else word.title() for word in name.split(" ")]
    return " ".join(words), name.upper()


_NAMES: Final = [name for names in (COUNTRIES, CITIES) for name in names.replace("\n", "").split("|")]
_PLACES: Final = frozenset(one for name in _NAMES for one in _written(name))
_WORDS: Final = 5


class Places:
    """Countries, large cities and regions by their names, capitalized."""

    name = "entity.location"
    version = "1"
    kinds = frozenset({"entity.location"})
    reach = 40
    anchors: tuple[str, ...] = tuple(rf"(?-i:[^a-zA-Z]{re.escape(name)}[^a-zA-Z])" for name in sorted(_PLACES))

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return names of places that end right before a place; the longest that does."""
        found: list[Finding] = []
        for place in places:
            start = end = place - 1
            best = -1
            if text[end : end + 1].isalpha():
                continue
            for _ in range(_WORDS):
                while start > 0 and end - start < 40 and text[start - 1] not in _GAPS:
                    start -= 1
                if text[start:end] in _PLACES:
                    best = start
                if start < 2 or text[start - 1] not in " -":
                    break
                start -= 1
            if (
                best >= 0
                and text[best - 1 : best] not in tuple("@#/.-_")
                and text[end : end + 1] not in tuple("@-_")
            ):
                if found and found[-1].end > best:
                    found.pop()
                found.append(Finding(best, end, "entity.location", 0.7, f"{self.name}@{self.version}"))
        return tuple(found)


_GAPS: Final = frozenset(" \t\n\r,;:.()[]{}<>\"'|/\\*#@=+-_!?&0123456789")
DETECTORS: Final = (*PEOPLE, Given(), *ORGANIZATIONS, Places())
