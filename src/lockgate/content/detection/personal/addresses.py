"""Postal addresses: street and number in the order of the large languages, then flat, code and town."""

from __future__ import annotations

import re
from typing import Final

from lockgate.content.detection.automaton import expression
from lockgate.content.detection.personal.names import LOW, UP
from lockgate.content.detection.personal.phrases import Phrase

_W: Final = rf"[{UP}][\w{LOW}.'’-]{{0,24}}"
_NUM: Final = r"[0-9]{1,5}(?: ?[A-Za-z](?![A-Za-z]))?(?:[-/][0-9]{1,4}[A-Za-z]?)?"
_EN_TYPES: Final = (
    r"street|st|avenue|ave|av|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|terrace|terr|square"
    r"|sq|parkway|pkwy|circle|cir|highway"
    r"|hwy|trail|trl|crescent|cres|close|alley|loop|ridge|point|plaza|row|grove|gardens?|mews|hill|walk|path"
    r"|pike|turnpike|run|crossing|park|heights|quay"
)
_EN: Final = (
    rf"(?<![\w.$€£#/-]){_NUM},? (?:(?:[NSEW]\.?|North|South|East|West|[NS][EW]) )?(?:(?:{_W}|[0-9]{{1,3}}(?:st"
    rf"|nd|rd|th)) ){{1,4}}"
    rf"(?i:{_EN_TYPES})(?![\w])\.?(?: (?:[NSEW]\.?|North|South|East|West|[NS][EW])(?![\w]))?"
)
_UNIT: Final = (
    r"(?:[,;]?[ \n]{1,2}|, ?)(?:(?i:apt|apartment|suite|ste|unit|flat|floor|piso|etage|stock|room|bldg|building"
    r"|po box|p\.o\. box)\.?:? ?#?[0-9A-Z][0-9A-Za-z-]{0,5}|#[0-9]{1,5}[A-Z]?)"
)
_STATES: Final = (
    r"A[LKZR]|C[AOT]|D[EC]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEHINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]"
    r"|W[AIVY]|PR|A[AEP]|NSW|VIC|QLD|TAS|ACT|NT|ON|QC|BC|AB|MB|SK|NS|NB"
)
_TOWN: Final = rf"{_W}(?:[ -](?:{_W}|de|la|del|am|an der|of|upon)){{0,3}}"
_END: Final = (
    rf"(?:(?:,|\n|;)[ ]?(?:{_TOWN}(?:,|\n)[ ]?)?(?:{_TOWN},? ?(?:\n?, ?)?)?(?:{_STATES}) ?\n? "
    rf"?[0-9]{{5}}(?:-[0-9]{{4}})?(?![0-9])"
    rf"|(?:,|\n|\.)? ?(?:[A-Z]{{1,2}}-)?[0-9]{{4,5}}(?: [A-Z]{{2}})?,? {_TOWN}"
    rf"|(?:,|\n) ?{_TOWN},? ?[A-Z]{{1,2}}[0-9][0-9A-Z]? ?[0-9][A-Z]{{2}}(?![0-9A-Z])"
    rf"|(?:,|\n) ?{_TOWN},? [0-9]{{4,5}}(?:-[0-9]{{3,4}})?(?![0-9]))"
)
_EN_CAPITALS: Final = "|".join(word.rstrip("?").capitalize() for word in _EN_TYPES.split("|"))
_TAIL: Final = re.compile(rf"(?:{_UNIT})?(?:{_END})?")

_DE_TYPES: Final = r"straße|strasse|str\.|weg|gasse|allee|platz|ring|damm|ufer|chaussee"
_NORTH: Final = r"gatan|gata|gaten|vägen|veien|vegen|vej|gade|straat|laan|steenweg|utca|katu"
_DE: Final = (
    rf"(?<![\w])(?:(?:[{UP}][\w{LOW}.-]{{1,20}} ){{0,2}}[{UP}][{LOW}-]{{1,24}}?(?:{_DE_TYPES}|{_NORTH})"
    rf"|(?:[{UP}][\w{LOW}.-]{{1,24}}[ -]){{1,3}}(?:Straße|Strasse|Str\.|Weg|Gasse|Allee|Platz|Ring|Damm|Ufer"
    rf"|Chaussee|utca|útja|út|u\.|tee|katu|tie)"
    rf"|(?:Am|Im|An der|Auf der|Zum|Zur|In der|Unter den) [{UP}][{LOW}-]{{2,24}}) {_NUM}(?![\w])"
)
_FR_TYPES: Final = (
    r"rue|avenue|av\.|boulevard|bd|place|allée|allées|chemin|impasse|quai|cours|route|passage"
    r"|square|faubourg"
)
_FR: Final = (
    rf"(?<![\w.]){_NUM}(?: ?(?:bis|ter))?,? (?i:{expression(_FR_TYPES)}) (?:(?:de la|de l['’]|du|des|de|d['’]"
    rf"|la|le|l['’]) ?)?(?:{_W}[ -]?(?:(?:de|du|des|la|le|et) )?){{1,4}}(?<! )"
)
_ES_TYPES: Final = (
    r"calle|c/|c\.|avda\.?|avd\.?|av\.?|avenida|paseo|p(?:º|°)|plaza|pza\.?|plza\.?|carrer|rua|r\.|via|viale"
    r"|piazza|corso|largo|rambla|ronda|camino|cno\.?|carretera|ctra\.?|travesía|travessera"
    r"|passeig|urbanización|urb\.|bulevar|praça|travessa|alameda|estrada|carrera|cra\.?|ul\.|ulica|al\.|aleja"
    r"|plac|os\."
)
_ES: Final = (
    rf"(?<![\w])(?i:{expression(_ES_TYPES)})[ ]?(?:(?i:de las|de los|de la|del|de|dos|das|da|do|della|dei"
    rf"|dell') ?)?"
    rf"(?:[{UP}0-9][\w{UP}{LOW}.ªº'’-]{{0,24}}[ ]?(?:(?:de las|de los|de la|de|del|la|las|los|el|y|e|da|do|dos"
    rf"|i|di) )?){{1,6}}"
    r"(?:,? ?(?:n(?:º|°|úmero|úm\.?|o\.?) ?)?(?:s/n|[0-9]{1,4}(?: ?(?:bis|[A-Za-z])(?![\w]))?))"
    r"(?:(?:, ?| |[-–] ?|, ?- ?)(?:[0-9]{1,2} ?[ºª°]? ?(?:[A-Za-z](?![\w])|[0-9]{1,2} ?[ºª])?|bajo|bajos|piso "
    r"[0-9]{1,2}|(?:esc|portal|pta|puerta|int|entlo|izq|dcha|der)\.?(?: [0-9A-Z]{1,2})?)(?![\w.])){0,3}"
)
_BOX: Final = (
    r"(?<![\w])(?:P\. ?O\. ?Box|PO Box|Postfach|Apartado(?: de Correos)?|B\.?P\.?|Casilla) "
    r"[0-9]{1,6}(?: ?[A-Z](?![A-Za-z]))?"
)
_CODE: Final = (
    r"(?<![A-Za-z])(?i:zip(?: ?code)?|postal ?code|post ?code|plz|postleitzahl|code postal|código postal"
    r"|c\.?p\.?|cap|cep|postnummer|kod pocztowy)"
    r"[ \t:.=*\"']{1,4}(?:is )?(?P<v>[0-9]{3,5}(?:-[0-9]{3,4})?|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}"
    r"|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]|[0-9]{4} ?[A-Z]{2}|[0-9]{2}-[0-9]{3})(?![0-9A-Za-z])"
)
_LIVES: Final = (
    rf"(?<![A-Za-z])(?i:address(?: is)?|adresse|dirección|domicilio|indirizzo|lives at|living at|ship(?:ped)? "
    rf"to|delivered? to|sent to|office is at|located at|taxi to|wohnhaft(?: in)?|domicilié)(?:[ :,.\n\"']|it's"
    rf"|is|here){{1,12}}"
    rf"(?P<v>[0-9]{{1,5}}(?: [0-9]{{1,3}})? (?:{_W}[ .-]{{0,2}}){{1,5}}(?:[0-9]{{1,4}}[A-Za-z]?)?"
    rf"|(?:{_W}[ .-]{{0,2}}){{1,4}}[0-9]{{1,4}}[A-Za-z]?)(?<! )(?![0-9A-Za-z])"
)


def _whole(text: str, match: re.Match[str]) -> tuple[int, int, float]:
    tail = _TAIL.match(text, match.end())
    return match.start(), tail.end() if tail else match.end(), 0.75


def _lived(text: str, match: re.Match[str]) -> tuple[int, int, float]:
    tail = _TAIL.match(text, match.end("v"))
    return match.start("v"), tail.end() if tail else match.end("v"), 0.65


KIND: Final = "pii.address"
_CAPITAL: Final = r"(?-i:[^\n -@\[-~])"
DETECTORS: Final = (
    Phrase(
        KIND,
        _EN,
        (
            r"[a-z0-9.] (?:street|avenue|ave|road|rd|lane|ln|boulevard|blvd|parkway|pkwy|highway|hwy|crescent"
            r"|terrace|trail|drive|court)[^a-z]",
            rf"(?-i: (?:{_EN_CAPITALS}))(?:[.,;\n]| [nsew][^a-z]| (?:apt|suite|ste|unit|#))",
        ),
        0.75,
        _whole,
        130,
        320,
        re.compile(r"(?a)[0-9](?<![\w.$€£#/-].)"),
    ),
    Phrase(
        KIND,
        _DE,
        (
            rf"(?:{_DE_TYPES}|{_NORTH}) [0-9]",
            r"(?-i:[^a-z](?:Am|Im|An der|Auf der|Zum|Zur|In der"
            r"|Unter den)) [^ \n0-9]{3,30} [0-9]",
        ),
        0.75,
        _whole,
        130,
        320,
    ),
    Phrase(
        KIND,
        _FR,
        (
            rf"[0-9][ a-z]{{0,5}},? (?:{_FR_TYPES}) {_CAPITAL}",
            rf"[0-9][ a-z]{{0,5}},? (?:{_FR_TYPES}) (?:de la|de l|du|des|de|d.|la|le|l.)",
        ),
        0.75,
        _whole,
        64,
        320,
    ),
    Phrase(
        KIND,
        _ES,
        (
            rf"[^a-z](?:{_ES_TYPES})[ ]?(?:(?:de las|de los|de la|del|de|dos|das|da|do|della|dei"
            rf"|dell.) ?)?{_CAPITAL}[^\n0-9]{{1,60}}[0-9]",
            "s/n",
        ),
        0.75,
        _whole,
        130,
        320,
    ),
    Phrase(
        KIND,
        _BOX,
        (r"[^a-z](?:p\. ?o\. ?box|po box|postfach|apartado|b\.?p\.?|casilla)[^\n0-9]{1,16}[0-9]",),
        0.7,
        _whole,
        64,
        320,
    ),
    Phrase(
        KIND,
        _CODE,
        (
            r"[^a-z](?:zip(?: ?code)?|postal ?code|post ?code|plz|postleitzahl|code postal|código postal|c\.?p\.?"
            r"|cap|cep|postnummer|kod pocztowy)[ \t:.=*\"']{1,4}(?:is |)[0-9a-z]",
        ),
        0.7,
        None,
        64,
        64,
    ),
    Phrase(
        KIND,
        _LIVES,
        (
            r"[^a-z](?:address(?: is)?|adresse|dirección|domicilio|indirizzo|lives at|living at|shipped to|ship to"
            r"|delivered? to|sent to|office is at|located at|taxi to|wohnhaft|domicilié)[^0-9]{1,48}[0-9]",
        ),
        0.65,
        _lived,
        130,
        320,
    ),
)
"""Streets with numbers, post boxes, postal codes behind their words."""
