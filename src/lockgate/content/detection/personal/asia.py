"""Identifiers that the states of Asia, Africa and Oceania give to persons."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.personal import checks
from lockgate.content.detection.personal.forms import national
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
)
