"""What people do and what they are called there: job titles, user names; and sums of money."""

from __future__ import annotations

import re
from typing import Final

from lockgate.content.detection.automaton import expression
from lockgate.content.detection.personal.phrases import Phrase, said
from lockgate.content.detection.table import Detector

_RANK: Final = (
    r"(?:(?:Senior|Junior|Lead|Chief|Principal|Head|Deputy|Assistant|Associate|Vice|Executive"
    r"|Managing|Regional|General|Staff|Global|Interim) )"
)
_WORK: Final = (
    r"engineer|developer|manager|director|analyst|accountant|consultant|designer|recruiter|officer|specialist"
    r"|architect|scientist|technician|administrator|coordinator"
    r"|supervisor|clerk|nurse|physician|surgeon|teacher|professor|lawyer|attorney|paralegal|electrician|plumber"
    r"|operator|representative|secretary|receptionist|therapist"
    r"|technologist|cashier|driver|inspector|planner|programmer|researcher|editor|journalist|pharmacist|dentist"
    r"|veterinarian|economist|auditor|buyer|trainer|advisor|adviser"
    r"|assistant|president|worker|mechanic|welder|carpenter|chef|waiter|waitress|librarian|pilot|counselor"
    r"|psychologist|psychiatrist|paramedic|firefighter|associate|agent"
)
_OFFICE: Final = (
    r"CEO|CFO|CTO|COO|CIO|CISO|CMO|CHRO|Geschäftsführer(?:in)?|Vorstand|Abteilungsleiter(?:in)?"
    r"|Sachbearbeiter(?:in)?|Entwickler(?:in)?|Ingenieur(?:in)?|Directeur|Directrice|Gerente"
    r"|Ingénieure?"
)
_CAPITALIZED: Final = "|".join(word.capitalize() for word in _WORK.split("|"))
WORK: Final = (
    said(
        "hr.job_title",
        r"(?:job title|jobtitle|title|position|occupation|profession|role|beruf|stelle|funktion|poste|puesto"
        r"|cargo|ocupación|profesión|professione|job)[ \t]{0,2}[:=][ \t]{0,3}[\"']?\n?",
        r"[A-ZÄÖÜ][\w&/,-]{1,20}(?: (?:of |and |für |de )?[A-ZÄÖÜa-z][\w&/-]{1,20}){0,5}",
        0.7,
        r"(?=[ ]?(?:$|[\n,.;|<(\"']))",
    ),
    said(
        "hr.job_title",
        r"(?:works? as|working as|worked as|employed as|hired as|job as|promoted to|arbeitet als|travaille "
        r"comme|trabaja(?:ba)? (?:como|de)|lavora come) (?:an? |our |the |eine? |une? )?",
        rf"(?:[A-Za-zÄÖÜäöüéñ/&-]{{2,20}} ){{0,4}}(?i:{_WORK}|{expression(_OFFICE)})s?",
        0.8,
    ),
    Phrase(
        "hr.job_title",
        rf"(?<![\w])(?P<v>(?:{_RANK}{{1,2}}(?:of )?(?:[A-Z][a-z]{{2,18}} (?:and )?){{0,3}}"
        rf"|(?:[A-Z][a-z]{{2,18}} (?:and |& )?){{1,3}})(?:{_CAPITALIZED}))(?![\w])",
        tuple(rf"(?-i: {word.capitalize()})[^a-z]" for word in _WORK.split("|")),
        0.6,
    ),
    Phrase(
        "hr.job_title",
        r", (?:the|a|an|our) (?P<v>[A-Z]?[a-z]+(?: (?:and |of )?[a-z/-]{2,20}){0,5})(?=, (?:said|told|says"
        r"|wrote|added))",
        (r", (?:said|told|says|wrote|added)",),
        0.7,
    ),
)

_CURRENCY: Final = r"(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|INR|SEK|NOK|DKK|PLN|CZK|BRL|MXN|CNY|[$€£¥₹])"
MONEY: Final = Phrase(
    "entity.money",
    rf"(?<![\w.,])(?P<v>{_CURRENCY} ?[0-9]{{1,3}}(?:[.,' ]?[0-9]{{3}}){{0,4}}(?:[.,][0-9]{{1,2}})?(?: ?(?:k|K|m"
    rf"|M|bn|million|billion|Mio\.?|Mrd\.?))?"
    rf"|[0-9]{{1,3}}(?:[.,' ]?[0-9]{{3}}){{0,4}}(?:[.,][0-9]{{1,2}})?(?: ?(?:k|million|billion|Mio\.?|Mrd\.?))? "
    rf"?(?:{_CURRENCY}|[Ee]uros?|dollars|pounds))(?![\w])",
    (
        r"(?:\$|€|£|¥|₹) ?[0-9]",
        r"(?-i:USD|EUR|GBP|CHF|JPY|CAD|AUD|INR|SEK|NOK|DKK|PLN|CZK|BRL|MXN|CNY)",
        r"[0-9 knod.](?:\$|€|£|¥|₹|euros?|dollars|pounds)",
    ),
    0.7,
    begins=re.compile(r"[0-9A-Z$€£¥₹](?<![0-9A-Za-z_.,].)"),
)
HANDLES: Final = (
    said(
        "pii.username",
        r"(?:user ?names?|user ?id|login(?: name)?|nick ?name|screen ?name|benutzer(?:name|kennung)?|nom "
        r"d'utilisateur|usuario|utente|identifiant|account name)[ \t]{0,2}[:=][ \t]{0,3}[\"']?",
        r"(?!(?:and|or|is|the|your|none|null|true|false|string|password"
        r"|required)\b)[A-Za-z0-9][A-Za-z0-9._-]{2,31}",
        0.7,
        r"(?![\w@.-]*@)(?=$|[\s\"',;.)<])",
    ),
    said(
        "pii.username",
        r"(?:user ?name is|login is|handle is|logged in as|benutzername lautet)[ \t]{1,2}[\"']?",
        r"[A-Za-z][A-Za-z0-9._-]{2,31}(?<![.])",
        0.75,
    ),
    said(
        "pii.username",
        r"(?:twitter|instagram|github|telegram|tiktok|mastodon|snapchat|handle|linkedin|x\.com|social media"
        r"|follow(?: me)?(?: on [a-z]{1,10})?|insta|threads|discord|reddit|slack|ig)(?: handle| account| is| at"
        r"| us| me)?[ \t:(]{1,3}",
        r"@[A-Za-z0-9_][A-Za-z0-9_.]{1,30}(?<![.])",
        0.85,
    ),
    Phrase(
        "pii.username",
        r"(?<![\w.@/`:])(?P<v>@[A-Za-z0-9_]{3,30})(?![\w@(]|\.[A-Za-z])",
        (r"[^a-z0-9]@[a-z0-9_]{3}",),
        0.4,
    ),
)
DETECTORS: Final[tuple[Detector, ...]] = (*WORK, MONEY, *HANDLES)
