"""How reports look: one style sheet, for screens by day and by night, for phones, and for paper."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #16202c; --soft: #55606e;
  --line: #d9dee5; --l0: #9fb0c3; --l1: #5b8fc7; --l2: #d98a1f; --l3: #b3261e; --good: #1b6e3c; --bad: #b3261e;
  --accent: #16425b; }
@media (prefers-color-scheme: dark) { :root { --page: #10151b; --card: #19212a; --ink: #e8edf2; --soft: #a4b0bd;
  --line: #2f3a46; --l0: #6f8296; --l1: #5f9bdc; --l2: #e6a13d; --l3: #f2695f; --good: #6fce93; --bad: #ff8a80;
  --accent: #9fcbe8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans",
  Helvetica, Arial, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .25rem; color: var(--accent); }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; color: var(--accent); }
p { margin: .3rem 0; max-width: 60rem; }
.soft { color: var(--soft); }
.small { font-size: .87rem; }
.verdict { background: var(--card); border-left: .35rem solid var(--bad); border-radius: .3rem;
  padding: .8rem 1.1rem; margin: 1.2rem 0; }
.verdict.good { border-left-color: var(--good); }
.verdict p:first-child { font-weight: 600; font-size: 1.1rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.8rem, 1fr)); gap: .8rem;
  margin: 1.2rem 0; padding: 0; list-style: none; }
.figures li { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; }
.figures b { display: block; font-size: 1.75rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.figures .bad b { color: var(--bad); } .figures .good b { color: var(--good); }
.figures span { display: block; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem; }
.charts section, .card { background: var(--card); border: 1px solid var(--line); border-radius: .4rem;
  padding: .2rem 1rem .9rem; min-width: 0; }
.charts h2 { margin-top: .8rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; overflow-wrap: anywhere; }
thead th { color: var(--soft); font-size: .82rem; font-weight: 600; border-bottom: 1px solid var(--line);
  overflow-wrap: normal; }
tbody th { font-weight: 400; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
.bars td, .bars th { border: 0 !important; padding-top: .15rem; padding-bottom: .15rem; line-height: 1.3; }
.bars th { width: 38%; } .bars .told { width: 22%; white-space: nowrap; font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; height: .9rem; margin-top: .2rem; }
.f0 { fill: var(--l0); } .f1 { fill: var(--l1); } .f2 { fill: var(--l2); } .f3 { fill: var(--l3); }
.key { list-style: none; margin: .4rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
.key svg { display: inline-block; width: .8rem; height: .8rem; margin: 0 .35rem 0 0; vertical-align: -.06rem; }
.level { display: inline-block; border: 1.5px solid; border-radius: .9rem; padding: 0 .55rem; font-size: .82rem;
  font-weight: 600; overflow-wrap: normal; }
.c0, .c1 { color: var(--soft); } .c2 { color: var(--l2); } .c3 { color: var(--l3); }
.cases { min-width: 54rem; table-layout: fixed; } .cases p { margin: 0; }
.cases .number { width: 2.2rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.cases .where { width: 31%; } .cases .label { width: 7.6rem; } .cases .reach { width: 15%; }
.cases .owner { width: 10%; }
.fix { font-weight: 600; }
ol.actions { padding-left: 1.4rem; } ol.actions li { margin: .35rem 0; }
dl { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: .15rem 1rem; margin: .6rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; }
  main { padding: 1rem .8rem 2rem; } }
@media print { :root { color-scheme: light; --page: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444;
    --line: #bbbbbb; --l0: #9fb0c3; --l1: #5b8fc7; --l2: #b86e00; --l3: #b3261e; --bad: #b3261e; --good: #1b6e3c;
    --accent: #16425b; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; }
  .charts { grid-template-columns: 1fr 1fr; } .cases { min-width: 0; } .scroll { overflow: visible; }
  tr, .figures li, .verdict, .charts section { break-inside: avoid; } h2 { break-after: avoid; }
  thead { display: table-header-group; } @page { margin: 14mm; } }
"""
"""The only style of a page: no attribute of an element sets another, so that the policy below holds."""

POLICY: Final = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'"
)
"""Content Security Policy of a page: nothing is loaded, nothing runs, and only this style counts."""
