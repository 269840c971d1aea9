"""Identifiers that the states of America give to persons."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.personal import checks
from lockgate.content.detection.personal.forms import national, rule
from lockgate.content.detection.table import Rule

_SSN: Final = r"ssn|social sec|soc\.? sec|tax ?payer|tin\b|itin\b"

RULES: Final[tuple[Rule, ...]] = (
    rule("id.us_ssn", "###-##-####", checks.us_ssn, 0.75, _SSN),
    rule("id.us_ssn", "### ## ####|###.##.####|#########", checks.us_ssn, 0.3, _SSN),
    national("ar", "##-########-#", checks.ar_cuit, 0.85, r"cui[tl]"),
    national("br", "###.###.###-##", checks.br_cpf, 0.95, r"cpf"),
    national("br", "###########|#########-##", checks.br_cpf, 0.4, r"cpf"),
    national("ca", "### ### ###|###-###-###|#########", checks.ca_sin, 0.3, r"sin\b|social ins|assurance soc"),
    national("cl", "##.###.###-#|#.###.###-#|##.###.###-A|#.###.###-A", checks.cl_rut, 0.85, r"rut\b"),
    national("cl", "########-#|#######-#|########-A|#######-A", checks.cl_rut, 0.3, r"rut\b"),
    national("mx", "AAAA######AAAAAA##|AAAA######AAAAAAA#", checks.mx_curp, 0.97, r"curp"),
)
