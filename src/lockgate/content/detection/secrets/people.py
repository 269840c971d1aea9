"""Credentials of networks of people, of shared files, and of keepers of customers."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import END, UUID, A, B, H, W, token
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    token("facebook", "EAA", rf"{B}EAA(?=[A-Za-z]{{0,60}}[0-9]){A}{{80,400}}{END}"),
    token("facebook_app", "|", rf"{B}[0-9]{{15,17}}\|{W}{{27}}(?!{W})", lead=17, front="0123456789"),
    token("instagram", "IGQV IGQW IGAA", rf"{B}IG(?:QV|QW|AA)[0-9A-Za-z_-]{{60,300}}"),
    token(
        "twitter",
        "AAAAAAAAAAAAAAAAAAAA",
        rf"{B}A{{20,22}}[0-9A-Za-z%+/=_]{{60,120}}",
        check=lambda value: len(set(value)) > 12,
    ),
    token("twitch", "live_", rf"{B}live_[0-9]{{6,10}}_{A}{{30}}{END}"),
    token("pinterest", "pina_", rf"{B}pina_[0-9A-Z]{{40,64}}{END}"),
    token("dropbox", "sl.", rf"{B}sl\.(?:u\.)?{W}{{120,1300}}"),
    token(
        "dropbox",
        "AAAAAAAAAA",
        rf"{B}[0-9A-Za-z]{{11}}AAAAAAAAAA[0-9A-Za-z_=-]{{43}}(?!{W})",
        lead=11,
        check=lambda value: len(set(value)) > 12,
    ),
    token("salesforce", "00D", rf"{B}00D{A}{{12,15}}![0-9A-Za-z._]{{80,120}}"),
    token("salesforce", "5Aep861", rf"{B}5Aep861[0-9A-Za-z._]{{60,100}}"),
    token("hubspot", "pat-na pat-eu pat-ap", rf"{B}pat-(?:na|eu|ap)[0-9]{{1,2}}-{UUID}{END}"),
    token("zoho", "1000.", rf"{B}1000\.{H}{{32}}\.{H}{{32}}{END}"),
    token("close_crm", "api_", rf"{B}api_{A}{{20,22}}\.{A}{{20,22}}{END}"),
    token("teamwork", "tkn.v1_", rf"{B}tkn\.v1_[0-9A-Za-z+/]{{60,100}}={{0,2}}"),
    token("cal_com", "cal_live_", rf"{B}cal_live_{H}{{32}}{END}"),
    token("kagi", "kagi.com/search?token=", rf"kagi\.com/search\?token=(?P<v>{W}{{8,20}}\.{W}{{30,60}})"),
    token("censys", "censys_", rf"{B}censys_{A}{{8,20}}_{A}{{20,40}}{END}"),
)
