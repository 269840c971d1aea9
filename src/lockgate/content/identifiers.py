"""Detectors of identifiers that states give to persons. Text in normal form (`detectors.scan` sees to it).

Each row of `RULES` is one identifier: the forms people write it in (`#` a digit, `A` a letter), its check, how
sure a number that checks makes us by itself, and the words that make it sure. Where a check lets one number in
ten through, it stays below 0.5 unless such a word stands beside it or heads the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.content import national as n
from lockgate.content.context import context, near
from lockgate.content.finding import Finding


@dataclass(frozen=True, slots=True)
class Rule:
    """One identifier in some of its forms."""

    kind: str
    forms: tuple[str, ...]
    check: Callable[[str], bool]
    alone: float
    words: re.Pattern[str]


def _rule(kind: str, forms: str, check: Callable[[str], bool], alone: float, words: str) -> Rule:
    return Rule(kind, tuple(forms.split("|")), check, alone, context(words))


def _id(country: str, forms: str, check: Callable[[str], bool], alone: float, words: str) -> Rule:
    return _rule(f"id.national.{country}", forms, check, alone, words)


_SSN: Final = r"ssn|social sec|soc\.? sec|tax ?payer|tin\b|itin\b"
_DE: Final = r"steuer|tax|idnr|identifikationsn|tin\b"
_SE: Final = r"person(?:nummer|nr)|samordning"
_NO: Final = r"f[øo]dselsn|personn|d-nummer"
_BE: Final = r"rijksreg|registre nat|insz|niss"
_CH: Final = r"ahv|avs\b|sozialvers"
_NIR: Final = r"nir\b|s[eé]cu|insee"
_IN: Final = r"aadh?aa?r|uidai|uid\b"

RULES: Final[tuple[Rule, ...]] = (
    _rule("id.us_ssn", "###-##-####", n.us_ssn, 0.75, _SSN),
    _rule("id.us_ssn", "### ## ####|###.##.####|#########", n.us_ssn, 0.3, _SSN),
    _rule("health.identifier", "##########|### ### ####|###-###-####", n.gb_nhs, 0.2, r"nhs"),
    _id("ar", "##-########-#", n.ar_cuit, 0.85, r"cui[tl]"),
    _id("at", "##########|#### ######", n.at_svnr, 0.3, r"svnr|sozialvers|vsnr"),
    _id("au", "#########|### ### ###", n.au_tfn, 0.2, r"tfn\b|tax file"),
    _id("be", "##.##.##-###.##", n.be_rrn, 0.95, _BE),
    _id("be", "###########|###### ### ##|######-###-##|######-###.##", n.be_rrn, 0.4, _BE),
    _id("br", "###.###.###-##", n.br_cpf, 0.95, r"cpf"),
    _id("br", "###########|#########-##", n.br_cpf, 0.4, r"cpf"),
    _id("ca", "### ### ###|###-###-###|#########", n.ca_sin, 0.3, r"sin\b|social ins|assurance soc"),
    _id("ch", "###.####.####.##", n.ch_ahv, 0.95, _CH),
    _id("ch", "#############", n.ch_ahv, 0.6, _CH),
    _id("cl", "##.###.###-#|#.###.###-#|##.###.###-A|#.###.###-A", n.cl_rut, 0.85, r"rut\b"),
    _id("cl", "########-#|#######-#|########-A|#######-A", n.cl_rut, 0.3, r"rut\b"),
    _id("cn", "##################|#################A", n.cn_resident, 0.95, r"身份证|resident"),
    _id("cz", "######/####", n.cz_rodne, 0.8, r"rodn"),
    _id("de", "###########|## ### ### ###|##/###/#####", n.de_tax, 0.6, _DE),
    _id("de", "########A###|## ###### A ###", n.de_pension, 0.85, r"sv-?n|sozialv|rentenv|rvnr"),
    _id("dk", "######-####|##########", n.dk_cpr, 0.3, r"cpr"),
    _id("es", "########A|########-A|######## A|##.###.###-A", n.es_dni, 0.7, r"dni\b|nif\b|documento"),
    _id("es", "A#######A|A-#######-A|A-#######A", n.es_nie, 0.75, r"nie\b|extranjer"),
    _id("fi", "######-###A|######-####|######A###A|######A####", n.fi_hetu, 0.9, r"hetu|henkil"),
    _id("fr", "# ## ## ## ### ### ##|# ## ## #A ### ### ##", n.fr_nir, 0.9, _NIR),
    _id("fr", "###############|######A########|############# ##", n.fr_nir, 0.7, _NIR),
    _id("gb", "AA ## ## ## A|AA######A", n.gb_nino, 0.55, r"nino|ni n|national ins|insurance"),
    _id("hk", "A######(#)|A######(A)|AA######(#)|AA######(A)", n.hk_id, 0.85, r"hkid|identity"),
    _id("hr", "###########", n.hr_oib, 0.2, r"oib\b"),
    _id("il", "#########|########-#", n.il_id, 0.2, r"teudat|t\.?z\.|ת\.?ז|israeli id"),
    _id("in", "#### #### ####|####-####-####|############", n.in_aadhaar, 0.4, _IN),
    _id("in", "AAAAA####A", n.in_pan, 0.55, r"pan\b|permanent acc|income tax"),
    _id("it", "AAAAAA##A##A###A", n.it_fiscal, 0.97, r"codice|c\.?f\b"),
    _id("jp", "#### #### ####|####-####-####|############", n.jp_number, 0.2, r"マイナンバー|個人番号|my ?number"),
    _id("kr", "######-#######", n.kr_rrn, 0.7, r"주민|rrn|resident"),
    _id("mx", "AAAA######AAAAAA##|AAAA######AAAAAAA#", n.mx_curp, 0.97, r"curp"),
    _id("nl", "#########|####.##.###|### ### ###", n.nl_bsn, 0.2, r"bsn\b|burgerserv|sofi"),
    _id("no", "###########|###### #####", n.no_birth, 0.75, _NO),
    _id("pl", "###########", n.pl_pesel, 0.4, r"pesel"),
    _id("pt", "#########|### ### ###", n.pt_nif, 0.2, r"nif\b|contribuinte"),
    _id("ro", "#############", n.ro_cnp, 0.55, r"cnp\b|cod numeric"),
    _id("se", "######-####|########-####|######+####", n.se_person, 0.6, _SE),
    _id("se", "############|##########", n.se_person, 0.3, _SE),
    _id("sg", "A#######A", n.sg_nric, 0.8, r"nric|fin\b"),
    _id("tr", "###########", n.tr_tckn, 0.4, r"tckn|t\.?c\.? ?(?:no|kim)|kimlik"),
    _id("za", "#############|###### #### ###", n.za_id, 0.6, r"(?:rsa|sa) id|identity|id n"),
)

_SKETCH: Final[Mapping[int, str]] = {
    **dict.fromkeys(map(ord, "0123456789"), "#"),
    **dict.fromkeys([*range(65, 91), *range(97, 123)], "A"),
    ord("#"): "!",
}
_BARE: Final[Mapping[int, None]] = dict.fromkeys(map(ord, " .-/()+"))
# The first digit of a token, what precedes it in the token, and at least a few characters of number after it.
_FIRST: Final = re.compile(r"#(?<!#.)(?=[ ./+-]?[#A](?:[ ./+(-]{0,2}[#A]){5})")
_WORD: Final = re.compile(r"[#A]+")


def _by_first_word() -> Mapping[str, tuple[tuple[str, Rule], ...]]:
    table: dict[str, list[tuple[str, Rule]]] = {}
    for rule in RULES:
        for form in rule.forms:
            match = _WORD.match(form)
            table.setdefault(match.group() if match else "", []).append((form, rule))
    return {word: tuple(forms) for word, forms in table.items()}


class NationalIdentifiers:
    """Identifiers of persons with a check digit, a birth date or a fixed form, of about thirty states."""

    name = "id.national"
    version = "1"
    kinds = frozenset(rule.kind for rule in RULES)
    reach = 24

    def __init__(self) -> None:
        self._forms = _by_first_word()

    def scan(self, text: str, /) -> tuple[Finding, ...]:
        """Return the identifiers in a text in normal form; where two kinds fit, the surer one."""
        sketch = text.translate(_SKETCH)
        best: dict[tuple[int, int], Finding] = {}
        for first in _FIRST.finditer(sketch):
            for start in _starts(sketch, first.start()):
                word = _WORD.match(sketch, start, start + 20)
                for form, rule in self._forms.get(word.group() if word else "", ()):
                    if sketch.startswith(form, start) and not _goes_on(sketch, start, form):
                        self._consider(best, rule, text, start, start + len(form))
        return tuple(sorted(best.values()))

    def _consider(self, best: dict[tuple[int, int], Finding], rule: Rule, text: str, start: int, end: int) -> None:
        if not rule.check(text[start:end].translate(_BARE).upper()):
            return
        beside = near(text, start, end, rule.words)
        sure = max(rule.alone, _BESIDE[beside])
        known = best.get((start, end))
        if known is None or sure > known.confidence:
            best[start, end] = Finding(start, end, rule.kind, sure, f"{self.name}@{self.version}")


_BESIDE: Final = (0.0, 0.9, 0.92, 0.97)


def _starts(sketch: str, place: int) -> tuple[int, ...]:
    """Return where a token may begin whose first digit is here: letters may belong to it."""
    start = place
    while start > 0 and place - start < 7 and sketch[start - 1] == "A":
        start -= 1
    starts = [start]
    if start == place and place >= 2:
        starts += [place - len(front) for front in ("AA ", "A-") if sketch.endswith(front, 0, place)]
    return tuple(one for one in starts if one >= 0 and (one == 0 or sketch[one - 1] not in "#A_"))


def _goes_on(sketch: str, start: int, form: str) -> bool:
    """Tell whether this is a part of a longer number or word: another group of the same kind, or no border."""
    end = start + len(form)
    after = sketch[end : end + 2]
    before = sketch[max(0, start - 2) : start]
    if after[:1] in ("#", "A", "_") or after in (".#", "-#") or before in ("#.", "#-"):
        return True
    words = _WORD.findall(form)
    if len(words) < 3:
        return False
    tail, head = form[len(form) - len(words[-1]) - 1 :], form[: len(words[0]) + 1]
    return ("A" not in tail and sketch.startswith(tail, end)) or (
        "A" not in head and sketch.endswith(head, 0, start)
    )
