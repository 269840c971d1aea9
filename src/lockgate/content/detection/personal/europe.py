"""Identifiers that the states of Europe give to persons."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.personal import checks, more_checks
from lockgate.content.detection.personal.forms import national, rule
from lockgate.content.detection.table import Rule

_DE: Final = r"steuer|tax|idnr|identifikationsn|tin\b"
_SE: Final = r"person(?:nummer|nr)|samordning"
_NO: Final = r"f(?:ø|o)dselsn|personn|d-nummer"
_BE: Final = r"rijksreg|registre nat|insz|niss"
_CH: Final = r"ahv|avs\b|sozialvers"
_NIR: Final = r"nir\b|s(?:e|é)cu|insee"

RULES: Final[tuple[Rule, ...]] = (
    rule("health.identifier", "##########|### ### ####|###-###-####", checks.gb_nhs, 0.2, r"nhs"),
    national("at", "##########|#### ######", checks.at_svnr, 0.3, r"svnr|sozialvers|vsnr"),
    national("be", "##.##.##-###.##", checks.be_rrn, 0.95, _BE),
    national("be", "###########|###### ### ##|######-###-##|######-###.##", checks.be_rrn, 0.4, _BE),
    national("ch", "###.####.####.##", checks.ch_ahv, 0.95, _CH),
    national("ch", "#############", checks.ch_ahv, 0.6, _CH),
    national("cz", "######/####", checks.cz_rodne, 0.8, r"rodn"),
    national("de", "###########|## ### ### ###|##/###/#####", checks.de_tax, 0.6, _DE),
    national("de", "########A###|## ###### A ###", checks.de_pension, 0.85, r"sv-?n|sozialv|rentenv|rvnr"),
    national("dk", "######-####|##########", checks.dk_cpr, 0.3, r"cpr"),
    national("es", "########A|########-A|######## A|##.###.###-A", checks.es_dni, 0.7, r"dni\b|nif\b|documento"),
    national("es", "A#######A|A-#######-A|A-#######A", checks.es_nie, 0.75, r"nie\b|extranjer"),
    national("fi", "######-###A|######-####|######A###A|######A####", checks.fi_hetu, 0.9, r"hetu|henkil"),
    national("fr", "# ## ## ## ### ### ##|# ## ## #A ### ### ##", checks.fr_nir, 0.9, _NIR),
    national("fr", "###############|######A########|############# ##", checks.fr_nir, 0.7, _NIR),
    national("gb", "AA ## ## ## A|AA######A", checks.gb_nino, 0.55, r"nino|ni n|national ins|insurance"),
    national("hr", "###########", checks.hr_oib, 0.2, r"oib\b"),
    national("it", "AAAAAA##A##A###A", checks.it_fiscal, 0.97, r"codice|c\.?f\b"),
    national("nl", "#########|####.##.###|### ### ###", checks.nl_bsn, 0.2, r"bsn\b|burgerserv|sofi"),
    national("no", "###########|###### #####", checks.no_birth, 0.75, _NO),
    national("pl", "###########", checks.pl_pesel, 0.4, r"pesel"),
    national("pt", "#########|### ### ###", checks.pt_nif, 0.2, r"nif\b|contribuinte"),
    national("ro", "#############", checks.ro_cnp, 0.55, r"cnp\b|cod numeric"),
    national("se", "######-####|########-####|######+####", checks.se_person, 0.6, _SE),
    national("se", "############|##########", checks.se_person, 0.3, _SE),
    national("bg", "##########", more_checks.bg_egn, 0.3, r"егн|egn\b"),
    national("ee", "###########", more_checks.baltic, 0.45, r"isikukood|id-kood"),
    national("lt", "###########", more_checks.baltic, 0.4, r"asmens kod"),
    national("lv", "######-#####", more_checks.lv_personal, 0.45, r"personas kod"),
    national("gr", "###########", more_checks.gr_amka, 0.4, r"αμκα|amka"),
    national("gr", "#########", more_checks.gr_afm, 0.2, r"αφμ|afm\b"),
    national("hu", "#########|### ### ###|###-###-###", more_checks.hu_taj, 0.2, r"taj\b|taj-"),
    national("hu", "##########", more_checks.hu_tax, 0.2, r"adóazonos|adószám"),
    national("ie", "#######A|#######AA", more_checks.ie_pps, 0.5, r"pps"),
    national("is", "######-####|##########", more_checks.is_kennitala, 0.4, r"kennit"),
    national("lu", "#############", more_checks.lu_matricule, 0.9, r"matricule|matrikel"),
    national("rs", "#############", more_checks.jmbg, 0.6, r"jmbg|јмбг|mati(?:č|c)ni"),
    national("si", "#############", more_checks.jmbg, 0.55, r"em(?:š|s)o"),
    national("ru", "############", more_checks.ru_inn, 0.45, r"инн|inn\b"),
    national("ru", "###-###-### ##|###-###-###-##|###########", more_checks.ru_snils, 0.4, r"снилс|snils"),
    national("ua", "##########", more_checks.ua_tax, 0.2, r"рнокпп|іпн|ідентифікац"),
    rule("id.driver_license", "AAAAA######AA#AA", more_checks.gb_driver, 0.8, r"driv|licen|dvla"),
)
