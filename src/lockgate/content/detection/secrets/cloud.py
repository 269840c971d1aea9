"""Credentials of clouds, of platforms that run applications, and of networks that deliver content."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import B64, END, UUID, A, B, H, W, token
from lockgate.content.detection.table import Token

_NO64: Final = r"(?<![0-9A-Za-z+/])"

TOKENS: Final[tuple[Token, ...]] = (
    token("aws_access_key", "AKIA ASIA ABIA ACCA", rf"{B}A(?:KI|SI|BI|CC)A[0-9A-Z]{{16}}{END}"),
    token(
        "aws_secret_key",
        "aws_secret awssecret secret_access_key secretaccesskey secret_key",
        r"(?ai:aws_?secret\w{0,20}|secret_access_key|secretaccesskey|secret_key)[\"']?[ \t]{0,8}"
        r"(?:=>|:=|[:=,]|\" value=)"
        rf"[ \t]{{0,8}}[\"']?(?P<v>{B64}{{40}})(?![0-9A-Za-z+/=])",
        0.95,
        fold=True,
    ),
    token("aws_bedrock", "ABSK", rf"{B}ABSK{B64}{{100,270}}={{0,2}}"),
    token("aws_bedrock", "bedrock-api-key-", rf"{B}bedrock-api-key-{B64}{{40,4000}}={{0,2}}"),
    token("aws_mws", "amzn.mws.", rf"{B}amzn\.mws\.{UUID}{END}"),
    token("aws_appsync", "da2-", rf"{B}da2-[0-9a-z]{{26}}{END}"),
    token("amazon_login", "amzn1.oa2-cs.v1.", rf"{B}amzn1\.oa2-cs\.v1\.{H}{{64}}{END}"),
    token("gcp_api_key", "AIza", rf"{B}AIza{W}{{35}}(?!{W})"),
    token("gcp_oauth", "ya29.", rf"{B}ya29\.{W}{{20,300}}"),
    token("gcp_oauth_client", "GOCSPX-", rf"{B}GOCSPX-{W}{{24,32}}"),
    token("gcp_refresh_token", "1//0", rf"{B}1//0{W}{{40,120}}"),
    token("gcp_storage_hmac", "GOOG1", rf"{B}GOOG1[A-Z0-9]{{56,58}}{END}"),
    token("gcp_messaging", ":APA91", rf"{B}AAAA{W}{{7}}:APA91{W}{{120,200}}", lead=11),
    token("google_service", '"private_key_id":', r'"private_key_id": ?"(?P<v>[0-9a-f]{40})'),
    token("azure_storage_key", "AccountKey=", rf"AccountKey=(?P<v>{B64}{{20,100}}={{0,2}})"),
    token("azure_storage_key", "+ASt ACDb +ABa", rf"{_NO64}{B64}{{76}}(?:\+ASt|ACDb|\+ABa){B64}{{6}}==", lead=76),
    token("azure_shared_key", "SharedAccessKey=", rf"SharedAccessKey=(?P<v>{B64}{{20,100}}={{0,2}})"),
    token("azure_shared_key", "+ASb +AEh AIoT", rf"{_NO64}{B64}{{33}}(?:\+ASb|\+AEh|AIoT){B64}{{6}}=", lead=33),
    token("azure_search", "AzSe", rf"{B}{A}{{42}}AzSe[A-D]{A}{{5}}{END}", lead=42),
    token("azure_container_registry", "+ACR", rf"{_NO64}{B64}{{42}}\+ACR[A-D]{B64}{{5}}(?!{B64})", lead=42),
    token("azure_function", "AzFu", rf"{B}{W}{{44}}AzFu{W}{{5}}[AQgw]==", lead=44),
    token("azure_cache", "AzCa", rf"{B}{A}{{33}}AzCa[A-P]{A}{{5}}=", lead=33),
    token("azure_ai", "JQQJ9", rf"{B}{A}{{52}}JQQJ9[9A-Z]{A}{{25,26}}{END}", lead=52),
    token("azure_app_configuration", ";Secret=", rf";Secret=(?P<v>{B64}{{36,100}}={{0,2}})"),
    token("azure_client_secret", "Q~", rf"{B}[0-9A-Za-z_~.-]{{3}}[0-9]Q~[0-9A-Za-z_~.-]{{31,34}}", lead=4),
    token("azure_sas", "sig=", r"sig=(?P<v>[0-9A-Za-z%+/]{43,70}(?:=|%3[Dd]))"),
    token("azure_devops", "AZDO", rf"{B}{A}{{76}}AZDO{A}{{4}}{END}", lead=76),
    token("alibaba", "LTAI", rf"{B}LTAI{A}{{12,24}}{END}"),
    token("tencent", "AKID", rf"{B}AKID{A}{{32}}{END}"),
    token("yandex_cloud", "AQVN", rf"{B}AQVN{W}{{35,38}}(?!{W})"),
    token("yandex_cloud", "t1.", rf"{B}t1\.[0-9A-Za-z_-]{{20,400}}={{0,2}}\.{W}{{86}}"),
    token("yandex_oauth", "y0_ y1_ y2_ y3_", rf"{B}y[0-3]_{W}{{55,62}}(?!{W})"),
    token("digitalocean", "dop_v1_ doo_v1_ dor_v1_", rf"{B}do[opr]_v1_{H}{{64}}"),
    token("digitalocean", "DO00", rf"{B}DO00[0-9A-Z]{{16}}{END}"),
    token("scaleway", "SCW", rf"{B}SCW[0-9A-Z]{{17}}{END}"),
    token("flyio", "fo1_", rf"{B}fo1_{W}{{43}}(?!{W})"),
    token("flyio", "fm1r_ fm1a_ fm2_", rf"{B}fm(?:1r|1a|2)_{B64}{{100,1000}}={{0,3}}"),
    token("heroku", "HRKU-", rf"{B}HRKU-{W}{{36,64}}"),
    token("render", "rnd_", rf"{B}rnd_{A}{{28,36}}{END}"),
    token("vercel", "vercel_blob_rw_", rf"{B}vercel_blob_rw_{A}{{10,24}}_{A}{{24,40}}"),
    token("vercel", "vcp_ vci_ vca_ vcr_ vck_", rf"{B}vc[piark]_{A}{{24,80}}{END}"),
    token("netlify", "nfp_ nfc_ nfo_ nfu_ nfb_", rf"{B}nf[pcoub]_[0-9A-Za-z_]{{36}}(?!{W})"),
    token("scalingo", "tk-us-", rf"{B}tk-us-{W}{{48}}(?!{W})"),
    token("cloudflare", "v1.0-", rf"{B}v1\.0-{H}{{24}}-{H}{{140,150}}{END}"),
    token("cloudflare", "cfut_ cfat_ cfk_", rf"{B}cf(?:ut|at|k)_{A}{{40,56}}{END}"),
    token("akamai", "akab-", rf"{B}akab-[0-9a-z]{{16}}-[0-9a-z]{{16}}{END}"),
    token("databricks", "dapi", rf"{B}dapi{H}{{32}}(?:-[0-9])?{END}"),
    token("pulumi", "pul-", rf"{B}pul-{H}{{40}}{END}"),
    token("terraform", ".atlasv1.", rf"{B}{A}{{14}}\.atlasv1\.{W}{{60,70}}", lead=14),
    token("vault", "hvs. hvb. hvr.", rf"{B}hv[sbr]\.{W}{{24,300}}"),
    token("tailscale", "tskey-", rf"{B}tskey-(?:api|auth|client|scim|webhook)-{A}{{7,24}}-{A}{{9,40}}{END}"),
    token("defined_networking", "dnkey-", rf"{B}dnkey-{W}{{20,60}}-{W}{{30,60}}"),
    token("netbird", "nbp_", rf"{B}nbp_{A}{{36}}{END}"),
    token("backblaze", "K000 K001 K002 K003 K004 K005", rf"{B}K00[0-5]{B64}{{27}}(?!{B64})"),
    token("docker_swarm", "SWMTKN-1- SWMKEY-1-", rf"{B}SWM(?:TKN|KEY)-1-{W}{{40,90}}"),
    token("k3s", "K10", rf"{B}K10{H}{{64}}::[0-9A-Za-z:]{{16,80}}"),
    token("kubernetes", "client-key-data:", rf"client-key-data: ?[\"']?(?P<v>{B64}{{60,8000}}={{0,2}})"),
)
