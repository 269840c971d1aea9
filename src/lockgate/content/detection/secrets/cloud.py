"""Credentials of clouds."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import END, B, W, token
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    token("aws_access_key", "AKIA ASIA ABIA ACCA", rf"{B}A(?:KI|SI|BI|CC)A[0-9A-Z]{{16}}{END}"),
    token("gcp_api_key", "AIza", rf"{B}AIza{W}{{35}}(?!{W})"),
    token("gcp_oauth", "ya29.", rf"{B}ya29\.{W}{{20,300}}"),
    token("gcp_oauth_client", "GOCSPX-", rf"{B}GOCSPX-{W}{{24,32}}"),
    token("google_service", '"private_key_id":', r'"private_key_id": "(?P<v>[0-9a-f]{40})'),
    token("azure_storage_key", "AccountKey=", r"AccountKey=(?P<v>[0-9A-Za-z+/]{20,100}={0,2})"),
    token("azure_shared_key", "SharedAccessKey=", r"SharedAccessKey=(?P<v>[0-9A-Za-z+/]{20,100}={0,2})"),
    token("azure_client_secret", "Q~", rf"{B}[0-9A-Za-z_~.-]{{3}}[0-9]Q~[0-9A-Za-z_~.-]{{31,34}}", lead=4),
    token("azure_sas", "sig=", r"sig=(?P<v>[0-9A-Za-z%+/]{43,70}(?:=|%3[Dd]))"),
    token("azure_devops", "AZDO", rf"{B}[0-9A-Za-z]{{76}}AZDO[0-9A-Za-z]{{4}}{END}", lead=76),
    token("digitalocean", "dop_v1_ doo_v1_ dor_v1_", rf"{B}do[opr]_v1_[0-9a-f]{{64}}"),
    token("heroku", "HRKU-", rf"{B}HRKU-[0-9A-Za-z-]{{36,64}}"),
    token("supabase", "sbp_", rf"{B}sbp_(?:v0_)?[0-9a-f]{{40}}"),
    token("planetscale", "pscale_", rf"{B}pscale_(?:tkn|pw|oauth)_{W}{{32,64}}"),
    token("databricks", "dapi", rf"{B}dapi[0-9a-f]{{32}}(?:-[0-9])?{END}"),
)
