"""Credentials of what watches systems, of databases as a service, and of keepers of secrets."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import B64, END, UUID, A, B, H, W, token
from lockgate.content.detection.table import Token

WATCH: Final[tuple[Token, ...]] = (
    token("grafana", "glc_ glsa_", rf"{B}gl(?:c|sa)_[0-9A-Za-z+/_]{{32,200}}={{0,2}}"),
    token("grafana", "eyJrIjoi", rf"{B}eyJrIjoi[0-9A-Za-z+/]{{40,120}}={{0,2}}(?![.])"),
    token(
        "newrelic",
        "NRAK- NRAA- NRII- NRIQ- NRRA- NRJS- NRSP- NRBR-",
        rf"{B}NR(?:AK|AA|II|IQ|RA|JS|SP|BR)-{W}{{19,42}}(?!{W})",
    ),
    token("newrelic", "NRAL", rf"{B}[0-9a-z]{{36}}NRAL{END}", lead=36),
    token(
        "dynatrace",
        "dt0c01. dt0s01. dt0s02. dt0s16.",
        rf"{B}dt0(?:c01|s01|s02|s16)\.[0-9A-Z]{{8,24}}\.[0-9A-Z]{{64}}",
    ),
    token("sentry", "sntrys_", rf"{B}sntrys_eyJ[0-9A-Za-z+/=_-]{{60,400}}"),
    token("sentry", "sntryu_", rf"{B}sntryu_{H}{{64}}{END}"),
    token(
        "honeycomb",
        "hcaik_ hcbik_ hccik_ hcxik_ hcaic_ hcamk_",
        rf"{B}hc(?:aik|bik|cik|xik|aic|amk)_[0-9a-z]{{40,64}}{END}",
    ),
    token("honeybadger", "hbp_", rf"{B}hbp_{A}{{36}}{END}"),
    token("posthog", "phx_ phc_ phs_ phr_ pha_", rf"{B}ph[xcsra]_{A}{{40,64}}{END}"),
    token("axiom", "xaat- xapt- xait-", rf"{B}xa(?:at|pt|it)-{UUID}{END}"),
    token("uptimerobot", "ur1 ur2 ur3 ur4 ur5 ur6 ur7 ur8 ur9", rf"{B}ur[1-9][0-9]{{5,9}}-{H}{{24}}{END}"),
    token("rootly", "rootly_", rf"{B}rootly_{H}{{64}}{END}"),
    token("coralogix", "cxtp_ cxup_", rf"{B}cx[tu]p_{A}{{30}}{END}"),
    token("elastic", "essu_ essa_", rf"{B}ess[ua]_[0-9A-Za-z+/=_-]{{40,120}}"),
    token("splunk", "splunk", rf"(?i:authorization[\"']?: ?[\"']?splunk )(?P<v>{UUID}){END}", fold=True, lead=24),
)
DATA: Final[tuple[Token, ...]] = (
    token("supabase", "sbp_", rf"{B}sbp_(?:v0_)?{H}{{40}}"),
    token("supabase", "sb_secret_", rf"{B}sb_secret_{W}{{22,24}}_{W}{{8}}(?!{W})"),
    token("planetscale", "pscale_", rf"{B}pscale_(?:tkn|pw|oauth|oauth_tkn)_[0-9A-Za-z_.=-]{{32,64}}"),
    token("neon", "napi_", rf"{B}napi_[0-9a-z]{{40,64}}{END}"),
    token("mongodb_atlas", "mdb_sa_sk_", rf"{B}mdb_sa_sk_{W}{{40}}(?!{W})"),
    token("cockroach", "CCDB1_", rf"{B}CCDB1_{A}{{22}}_{A}{{40}}{END}"),
    token("fauna", "fnA", rf"{B}fnA{W}{{37}}(?!{W})"),
    token("xata", "xau_", rf"{B}xau_{A}{{40,48}}{END}"),
    token("confluent", "cflt", rf"{B}cflt{B64}{{60}}(?!{B64})"),
    token("tinybird", "p.eyJ", rf"{B}p\.eyJ{W}{{30,300}}\.{W}{{20,60}}"),
    token("materialize", "mzp_", rf"{B}mzp_{H}{{64}}{END}"),
    token("astra", "AstraCS:", rf"{B}AstraCS:{A}{{24}}:{H}{{64}}{END}"),
    token("clickhouse", "4b1d", rf"{B}4b1d{A}{{38}}{END}"),
)
KEEPERS: Final[tuple[Token, ...]] = (
    token(
        "doppler",
        "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit. dp.said.",
        rf"{B}dp\.(?:pt|st|ct|sa|scim|audit|said)\.(?:[0-9a-z_-]{{2,35}}\.)?{A}{{40,44}}",
    ),
    token("one_password", "ops_eyJ", rf"{B}ops_eyJ[0-9A-Za-z+/_-]{{200,4000}}={{0,2}}"),
    token(
        "one_password",
        "A3-",
        rf"{B}A3-[0-9A-Z]{{6}}-(?:[0-9A-Z]{{11}}|[0-9A-Z]{{6}}-[0-9A-Z]{{5}})(?:-[0-9A-Z]{{5}}){{3}}{END}",
    ),
    token(
        "infisical",
        "st.0 st.1 st.2 st.3 st.4 st.5 st.6 st.7 st.8 st.9 st.a st.b st.c st.d st.e st.f",
        rf"{B}st\.{H}{{24}}\.{H}{{32,64}}\.{H}{{32}}{END}",
    ),
    token("okta", "ssws", rf"{B}(?i:ssws )(?P<v>00{W}{{40}})(?!{W})", fold=True),
    token(
        "ory",
        "ory_pat_ ory_at_ ory_rt_ ory_ac_ ory_st_ ory_apikey_",
        rf"{B}ory_(?:pat|at|rt|ac|st|apikey)_{W}{{20,120}}",
    ),
    token("stytch", "secret-live- secret-test-", rf"{B}secret-(?:live|test)-[0-9A-Za-z_=-]{{30,60}}"),
    token("permit", "permit_key_", rf"{B}permit_key_{A}{{60,120}}{END}"),
)
TOKENS: Final = (*WATCH, *DATA, *KEEPERS)
