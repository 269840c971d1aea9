"""Identifiers that the states of Asia, Africa and Oceania give to persons."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.personal import checks, more_checks
from lockgate.content.detection.personal.forms import national, rule
from lockgate.content.detection.table import Rule

_IN: Final = r"aadh?aa?r|uidai|uid\b"

RULES: Final[tuple[Rule, ...]] = (
    national("au", "#########|### ### ###", checks.au_tfn, 0.2, r"tfn\b|tax file"),
    national("cn", "##################|#################A", checks.cn_resident, 0.95, r"身份证|resident"),
    national("hk", "A######(#)|A######(A)|AA######(#)|AA######(A)", checks.hk_id, 0.85, r"hkid|identity"),
    national("il", "#########|########-#", checks.il_id, 0.2, r"teudat|t\.?z\.|ת\.?ז|israeli id"),
    national("in", "#### #### ####|####-####-####|############", checks.in_aadhaar, 0.4, _IN),
    national("in", "AAAAA####A", checks.in_pan, 0.55, r"pan\b|permanent acc|income tax"),
    national(
        "jp",
        "#### #### ####|####-####-####|############",
        checks.jp_number,
        0.2,
        r"マイナンバー|個人番号|my ?number",
    ),
    national("kr", "######-#######", checks.kr_rrn, 0.7, r"주민|rrn|resident"),
    national("sg", "A#######A", checks.sg_nric, 0.8, r"nric|fin\b"),
    national("tr", "###########", checks.tr_tckn, 0.4, r"tckn|t\.?c\.? ?(?:no|kim)|kimlik"),
    national("za", "#############|###### #### ###", checks.za_id, 0.6, r"(?:rsa|sa) id|identity|id n"),
    national("ae", "###-####-#######-#|###############", more_checks.ae_id, 0.9, r"emirates id|eid\b"),
    national("id", "################", more_checks.id_nik, 0.2, r"nik\b|ktp\b"),
    national("kz", "############", more_checks.kz_iin, 0.3, r"иин|iin\b|жсн"),
    national("my", "######-##-####", more_checks.my_kad, 0.6, r"mykad|nric|pengenalan|ic no"),
    national("nz", "##-###-###|###-###-###|#########", more_checks.nz_ird, 0.2, r"ird\b"),
    national("pk", "#####-#######-#", more_checks.pk_cnic, 0.7, r"cnic"),
    national("th", "#-####-#####-##-#|# #### ##### ## #", more_checks.th_id, 0.9, r"thai id|citizen id|ประชาชน"),
    national("th", "#############", more_checks.th_id, 0.2, r"thai id|citizen id|ประชาชน"),
    national("tw", "A#########", more_checks.tw_id, 0.55, r"身分證|身份證|arc\b|national id"),
    rule("health.identifier", "#### ##### #|##########", more_checks.au_medicare, 0.2, r"medicare"),
    rule("id.vat", "## ### ### ###", more_checks.au_abn, 0.55, r"abn\b"),
)
