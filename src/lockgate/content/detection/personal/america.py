"""Identifiers that the states of America give to persons."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.personal import checks, more_checks
from lockgate.content.detection.personal.forms import national, rule
from lockgate.content.detection.table import Rule

_SSN: Final = r"ssn|social sec|soc\.? sec|tax ?payer|tin\b|itin\b"

_MBI: Final = (
    "#A##A##AA##|#AA#A##AA##|#A##AA#AA##|#AA#AA#AA##|#A##-A##-AA##|#AA#-A##-AA##|#A##-AA#-AA##|#AA#-AA#-AA##"
)

RULES: Final[tuple[Rule, ...]] = (
    rule("id.us_ssn", "###-##-####", checks.us_ssn, 0.75, _SSN),
    rule("id.us_ssn", "### ## ####|###.##.####|#########", checks.us_ssn, 0.3, _SSN),
    national("ar", "##-########-#", checks.ar_cuit, 0.85, r"cui[tl]"),
    national("br", "###.###.###-##", checks.br_cpf, 0.95, r"cpf"),
    national("br", "###########|#########-##", checks.br_cpf, 0.4, r"cpf"),
    national("ca", "### ### ###|###-###-###|#########", checks.ca_sin, 0.3, r"sin\b|social ins|assurance soc"),
    national("cl", "##.###.###-#|#.###.###-#|##.###.###-A|#.###.###-A", checks.cl_rut, 0.85, r"rut\b"),
    national("cl", "########-#|#######-#|########-A|#######-A", checks.cl_rut, 0.3, r"rut\b"),
    national("ec", "##########|#########-#", more_checks.ec_cedula, 0.2, r"c(?:é|e)dula"),
    national("uy", "#.###.###-#|#######-#", more_checks.uy_ci, 0.45, r"c(?:é|e)dula|c\.?i\b"),
    national("us", "###-##-####", more_checks.us_itin, 0.45, r"itin\b|tax ?payer"),
    national("mx", "AAAA######AAAAAA##|AAAA######AAAAAAA#", checks.mx_curp, 0.97, r"curp"),
    rule("id.professional", "##########", more_checks.us_npi, 0.2, r"npi\b|provider id"),
    rule("id.professional", "AA#######", more_checks.us_dea, 0.4, r"dea\b"),
    rule("health.identifier", _MBI, more_checks.us_mbi, 0.45, r"medicare|mbi\b|beneficiary"),
    rule("financial.account", "#########", more_checks.us_routing, 0.2, r"routing|aba\b|rtn\b"),
    rule("financial.account", "##################", more_checks.mx_clabe, 0.3, r"clabe"),
)
