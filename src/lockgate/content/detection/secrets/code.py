"""Credentials of forges, builds, registries of packages, and tools of development."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import (
    B64,
    END,
    UUID,
    A,
    B,
    H,
    W,
    ends_in_crc,
    not_placeholder,
    token,
)
from lockgate.content.detection.table import Token


def _sum(value: str) -> bool:
    return ends_in_crc(value) and not_placeholder(value)


# A check sum that is right makes sure; one that is wrong does not excuse: values get changed a little when people
# write about them, and few texts look like `ghp_` and 36 letters without being meant as a token.
FORGES: Final[tuple[Token, ...]] = (
    token("github", "ghp_ gho_ ghu_ ghs_ ghr_", rf"{B}gh[pousr]_{A}{{36,251}}", 0.95),
    token("github", "ghp_ gho_ ghu_ ghs_ ghr_", rf"{B}gh[pousr]_{A}{{36}}{END}", 0.99, check=_sum),
    token("github", "github_pat_", rf"{B}github_pat_{W}{{22,255}}"),
    token(
        "gitlab",
        "glpat- glptt- gldt- glrt- glrtr- glft- glffct- glsoat- glimt- glagent- gloas- glcbt- glwt-",
        rf"{B}gl(?:pat|ptt|dt|rt|rtr|ft|ffct|soat|imt|agent|oas|cbt|wt)-[0-9A-Za-z_.-]{{19,300}}",
    ),
    token("gitlab", "GR1348941", rf"{B}GR1348941{W}{{20}}(?!{W})"),
    token("bitbucket", "ATBB", rf"{B}ATBB{A}{{32}}{END}"),
    token("bitbucket", "ATCTT3xFfG", rf"{B}ATCTT3xFfG[0-9A-Za-z_=-]{{60,260}}"),
    token("bitbucket", "BBDC-", rf"{B}BBDC-{B64}{{40,50}}"),
    token("atlassian", "ATATT3", rf"{B}ATATT3[0-9A-Za-z_=-]{{60,260}}"),
    token("trello", "ATTA", rf"{B}ATTA{A}{{72}}{END}"),
    token("sourcegraph", "sgp_", rf"{B}sgp_(?:(?:{H}{{16}}|local)_)?{H}{{40}}{END}"),
    token("sourcegraph", "slk_", rf"{B}slk_{H}{{64}}{END}"),
    token("phabricator", "api- cli-", rf"{B}(?:api|cli)-[0-9a-z]{{28}}{END}", 0.9),
)
BUILDS: Final[tuple[Token, ...]] = (
    token("circleci", "CCIPAT_ CCIPRJ_", rf"{B}CCIP(?:AT|RJ)_{A}{{20,24}}_{H}{{40}}{END}"),
    token("buildkite", "bkua_ bkct_ bkaj_", rf"{B}bk(?:ua|ct|aj)_{A}{{40}}{END}"),
    token("octopus", "API-", rf"{B}API-[0-9A-Z]{{25,36}}{END}"),
    token("teamcity", "eyJ0eXAiOiAiVENWMiJ9.", rf"{B}eyJ0eXAiOiAiVENWMiJ9\.{W}{{20,80}}\.{W}{{30,80}}"),
    token("harness", "pat. sat.", rf"{B}[ps]at\.{W}{{22}}\.{H}{{24}}\.{A}{{20}}{END}"),
    token("sonarqube", "sqp_ squ_ sqa_", rf"{B}sq[pua]_{H}{{40}}{END}"),
    token("launchdarkly", "sdk- mob- api-", rf"{B}(?:sdk|mob|api)-{UUID}{END}"),
    token(
        "unleash",
        ":development. :production. :default.",
        rf"(?:\*|\[\]|{W}{{1,40}}):(?:development|production|default)\.{H}{{56,64}}{END}",
        lead=40,
    ),
    token("configcat", "configcat-sdk-", rf"{B}configcat-sdk-1/{W}{{22}}/{W}{{22}}(?!{W})"),
    token("depot", "depot_project_ depot_user_ depot_org_", rf"{B}depot_(?:project|user|org)_{H}{{64}}{END}"),
    token("prefect", "pnu_ pnb_", rf"{B}pn[ub]_{A}{{36}}{END}"),
    token("dbt", "dbtu_ dbtc_", rf"{B}dbt[uc]_{W}{{30,60}}"),
    token("infracost", "ico-", rf"{B}ico-{A}{{32}}{END}"),
    token("browserstack", "bsaut_", rf"{B}bsaut_{A}{{16,40}}{END}"),
)
REGISTRIES: Final[tuple[Token, ...]] = (
    token("npm", "npm_", rf"{B}npm_{A}{{36}}{END}", 0.95),
    token("npm", "npm_", rf"{B}npm_{A}{{36}}{END}", 0.99, check=_sum),
    token("pypi", "pypi-AgE", rf"{B}pypi-AgE{W}{{50,300}}"),
    token("rubygems", "rubygems_", rf"{B}rubygems_{H}{{48}}{END}"),
    token("crates_io", "cio", rf"{B}cio{A}{{32}}{END}"),
    token("nuget", "oy2", rf"{B}oy2[0-9a-z]{{43}}{END}"),
    token("clojars", "CLOJARS_", rf"{B}CLOJARS_{H}{{60}}{END}"),
    token("packagist", "packagist_", rf"{B}packagist_[ou][rua][ut]_{H}{{68}}{END}"),
    token("docker", "dckr_pat_ dckr_oat_", rf"{B}dckr_[po]at_{W}{{27,40}}"),
    token("artifactory", "AKCp", rf"{B}AKCp{A}{{60,90}}{END}"),
    token("artifactory", "cmVmdGtuO", rf"{B}cmVmdGtuO[0-9A-Za-z+/=]{{50,80}}"),
    token("open_vsx", "ovsxp_ ovsxat_", rf"{B}ovsx(?:p|at)_{UUID}{END}"),
)
TOOLS: Final[tuple[Token, ...]] = (
    token("postman", "PMAK-", rf"{B}PMAK-{H}{{24}}-{H}{{34}}"),
    token("postman", "PMAT-", rf"{B}PMAT-[0-9A-Z]{{26}}{END}"),
    token("figma", "figd_ figu_ figo_", rf"{B}fig[duo]_{W}{{36,60}}"),
    token("linear", "lin_api_ lin_oauth_", rf"{B}lin_(?:api|oauth)_{A}{{40,64}}{END}"),
    token("notion", "ntn_", rf"{B}ntn_{A}{{43,50}}{END}"),
    token("notion", "secret_", rf"{B}secret_{A}{{43}}{END}"),
    token("airtable", "pat", rf"{B}pat{A}{{14}}\.{H}{{64}}{END}"),
    token("asana", "0/ 1/ 2/", rf"{B}[012]/[0-9]{{14,16}}(?:/[0-9]{{14,16}})?:{H}{{32}}{END}"),
    token("clickup", "pk_", rf"{B}pk_[0-9]{{6,9}}_[0-9A-Z]{{32}}{END}"),
    token("contentful", "CFPAT-", rf"{B}CFPAT-{W}{{43}}(?!{W})"),
    token("readme", "rdme_", rf"{B}rdme_[0-9a-z]{{70}}{END}"),
    token("retool", "retool_", rf"{B}retool_[0-9]{{2}}{A}{{24,40}}{END}"),
    token("typeform", "tfp_", rf"{B}tfp_[0-9A-Za-z_.=-]{{59}}"),
    token("n8n", "n8n_api_", rf"{B}n8n_api_{H}{{40,80}}{END}"),
    token("apify", "apify_api_", rf"{B}apify_api_{A}{{34,40}}{END}"),
    token("adafruit", "aio_", rf"{B}aio_{A}{{28}}{END}"),
    token("mapbox", "sk.eyJ tk.eyJ", rf"{B}[st]k\.eyJ{W}{{30,400}}\.{W}{{20,40}}"),
    token("duffel", "duffel_live_ duffel_test_", rf"{B}duffel_(?:live|test)_{W}{{43}}(?!{W})"),
    token("easypost", "EZAK EZTK", rf"{B}EZ[AT]K{A}{{54}}{END}"),
    token("shippo", "shippo_live_ shippo_test_", rf"{B}shippo_(?:live|test)_[0-9a-fA-F]{{40}}{END}"),
    token("samsara", "samsara_api_", rf"{B}samsara_api_{A}{{20,40}}{END}"),
    token("frameio", "fio-u-", rf"{B}fio-u-{W}{{64}}(?!{W})"),
    token("wundergraph", "cosmo_", rf"{B}cosmo_{H}{{32}}{END}"),
    token(
        "apollo_graphql",
        "service: user:",
        rf"{B}(?:service:{W}{{1,60}}|user:gh\.{A}{{8}}-{W}{{1,60}}):{A}{{16,32}}(?!{W})",
        0.9,
    ),
    token("dependency_track", "odt_", rf"{B}odt_(?:{A}{{8}}_)?{A}{{32}}{END}"),
    token("alchemy", "alcht_", rf"{B}alcht_{A}{{30}}{END}"),
)
TOKENS: Final = (*FORGES, *BUILDS, *REGISTRIES, *TOOLS)
