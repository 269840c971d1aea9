"""Dates, dates of birth, ages."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.automaton import expression
from lockgate.content.detection.context import beginning
from lockgate.content.detection.personal import more_checks
from lockgate.content.detection.personal.forms import rule
from lockgate.content.detection.personal.phrases import Phrase
from lockgate.content.detection.table import Rule

_MONTHS: Final = (
    r"jan(?:uary|uar|vier|eiro)?|feb(?:ruary|ruar|braio|rero)?|fev(?:ereiro)?|février|mar(?:ch|s|zo|ço)?|märz"
    r"|apr(?:il|ile)?|avril|abr(?:il)?"
    r"|may|mai|maio|mayo|maggio|june?|juni|juin|junio|junho|giugno|july?|juli|juillet|julio|julho|luglio"
    r"|aug(?:ust)?|août|ago(?:sto)?"
    r"|sep(?:t(?:ember|embre|iembre)?|tiembre)?|set(?:embro|tembre)?|oct(?:ober|obre|ubre)?|okt(?:ober)?"
    r"|out(?:ubro)?|ottobre"
    r"|nov(?:ember|embre|iembre|embro)?|dec(?:ember)?|dez(?:ember|embro)?|dic(?:iembre|embre)?|décembre|enero"
    r"|gennaio"
)
_DAY: Final = r"(?:0?[1-9]|[12][0-9]|3[01])"
_STAMP: Final = (
    r"(?:18|19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
    r"(?:Z|[+-][0-2][0-9]:?[0-5][0-9])?"
)
_NUM: Final = (
    r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?:[T "
    r"][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][0-2][0-9]:?[0-5][0-9])?)?"
    r"|(?:19|20)[0-9]{2}[/.](?:0?[1-9]|1[0-2])[/.](?:0?[1-9]|[12][0-9]|3[01])"
    r"|(?:0?[1-9]|[12][0-9]|3[01])(?P<s>[/.-])(?:0?[1-9]|[12][0-9]|3[01])(?P=s)(?:(?:18|19|20)[0-9]{2}|[0-9]{2})"
)
_OF: Final = r"(?:[ ,./-]{1,3}(?:of |de |del |di |do |d')?)"
_LONG: Final = (
    r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|janvier|février"
    r"|mars|avril|juin"
    r"|juillet|août|septembre|octobre|novembre|décembre|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre"
    r"|ottobre|dicembre"
    r"|janeiro|fevereiro|março|junho|julho|setembro|outubro|dezembro"
)
_WORDY: Final = (
    rf"(?:{_DAY}(?:st|nd|rd|th|\.|º|er)?{_OF}(?i:{_MONTHS})\.?{_OF}(?:18|19|20)[0-9]{{2}}"
    rf"|{_DAY}(?:st|nd|rd|th|\.|º|er)?{_OF}(?:(?=[A-Z])(?i:{_MONTHS})|{_LONG})\.?"
    rf"|(?=[A-Z])(?i:{_MONTHS})\.? {_DAY}(?:st|nd|rd|th)?(?![0-9])(?:,? (?:18|19|20)[0-9]{{2}})?"
    rf"|(?i:{_MONTHS})\.?{_OF}(?:18|19|20)[0-9]{{2}})"
)
DATE: Final = rf"(?:{_NUM}|{_WORDY})"
_BORN: Final = (
    r"date of birth|birth ?date|birth[ -]?day|d\.?o\.?b\b|born|geburtsdatum|geburtstag|geboren|geb\.|date de "
    r"naissance|née?"
    r"|fecha de nacimiento|f\. ?nac|nacid[oa]|nacimiento|data di nascita|nat[oa]|data de nascimento|nascid[oa]"
    r"|geboortedatum"
    r"|data urodzenia|födelsedatum|fødselsdato|syntymäaika"
)
_LINK: Final = (
    r"[ \t:=.,;()\"'*|>_/-]{0,4}(?:(?:is|was|on|in|am|le|el|il|em|the|den|it's|its"
    r"|my)[ \t:=.,]{1,3}){0,2}\n?[ \t]{0,4}"
)


_MONTH_SPLIT: Final = r"[ ,./-]{1,3}(?:of |de |del |di |do |d'|)"
DATES: Final = (
    Phrase(
        "entity.date",
        rf"(?<![0-9A-Za-z_./:-])(?:{expression(_WORDY)})(?![0-9A-Za-z_]|[/-][0-9])",
        (
            rf"[^a-z](?:{_MONTHS})\.?{_MONTH_SPLIT}[0-9]",
            rf"[0-9](?:st|nd|rd|th|\.|º|er|){_MONTH_SPLIT}(?:{_MONTHS})[^a-z]",
        ),
        0.85,
        before=40,
        after=64,
        begins=beginning("[0-9]|" + _MONTHS, "0-9A-Za-z_./:-"),
    ),
    Phrase(
        "entity.date",
        rf"(?<![0-9A-Za-z_./:-]){_STAMP}(?![0-9A-Za-z_])",
        (r"(?-i:[0-9]T[0-2])[0-9]:",),
        0.85,
        before=16,
        after=48,
        begins=beginning("[12]", "0-9A-Za-z_./:-"),
    ),
    Phrase(
        "pii.date_of_birth",
        rf"(?<![a-zA-Z])(?i:{expression(_BORN)}){_LINK}(?P<v>{expression(DATE)})(?![0-9A-Za-z_])",
        (
            rf"[^a-z](?:{_BORN})[^0-9]{{0,28}}[0-9]",
            rf"[^a-z](?:{_BORN})[ \t:=.,;()\"'*|>_/-]{{0,4}}(?:(?:is|was"
            rf"|on|in|am|le|el|il|em|the|den|it's|its"
            rf"|my)[ \t:=.,]{{1,3}}){{0,2}}\n?[ \t]{{0,4}}(?:{_MONTHS})\.?{_MONTH_SPLIT}[0-9]",
        ),
        0.98,
        before=100,
        after=160,
        begins=beginning(_BORN),
    ),
)
"""Days in words, times to the second, days of birth behind their words. Days in digits are rows (`days`)."""

_PEOPLE: Final = (
    r"var[oó]n|mujer|hombre|niñ[oa]|paciente|señora?|lactante|chic[oa]|joven|ancian[oa]|masculino|femenin[oa]"
    r"|madre|padre|herman[oa]|hij[oa]"
)
_YEARS: Final = (
    r"(?<![0-9A-Za-z.,/-])(?P<v>1?[0-9]{1,2}(?= ?-?(?:years?|yrs?|months?|weeks?)[ -]{1,2}olds?(?![a-z])| "
    r"?(?:y/?o)(?![a-z/])| yrs\. old)"
    r"|(?<=[a-zA-Z] )1?[0-9]{1,2} (?:años?|meses|días|semanas)(?= (?:y \w+ meses )?de (?:edad|vida))"
    r"|1?[0-9]{1,2}(?= ?(?:Jahre alt|jährige|anni di età|anos de idade|jaar oud| år gammal| ans (?:révolus"
    r"|d'âge)|lat\b)))"
)
_AGED: Final = (
    r"(?<![A-Za-z])(?:(?i:age|aged|alter|edad|âge|âgée?|età|idade|leeftijd|wiek)[ \t:=]{1,4}(?:is |of |de |von )?"
    r"|(?i:turn|turned|turning|i'?m|i am|im alter von|à l'âge de|a la edad de) )(?P<v>1?[0-9]{1,2}(?: (?:años?"
    r"|meses|días|ans|anni|anos))?)(?![0-9A-Za-z%]|[.,:/-][0-9]| ?(?:%|€|\$|min|km|percent|of|degrees|feet"
    r"|m(?![a-z])"
    r"|cm|kg|minutes|hours|days|weeks|months|miles))"
)
_SOMEBODY: Final = (
    rf"(?<![A-Za-z])(?i:{_PEOPLE}),? (?:\w{{3,14}} ){{0,2}}de (?P<v>1?[0-9]{{1,2}} (?:años?"
    rf"|meses|días|semanas))(?![a-z])"
)
AGES: Final = (
    Phrase(
        "pii.age",
        _YEARS,
        (
            r"[0-9] ?-?(?:years?|yrs?|months?|weeks?)[ .-]{1,2}old",
            r"[0-9] ?(?:y/?o)[^a-z]",
            r"[0-9] (?:años?|meses|días|semanas)[^\n]{1,20}de (?:edad|vida)",
            r"[0-9] ?(?:jahre alt|jährige|anni di|anos de|jaar oud|år gam|ans (?:rév|d'â)|lat[^a-z])",
        ),
        0.8,
        before=56,
        after=80,
    ),
    Phrase(
        "pii.age",
        _AGED,
        (
            r"[^a-z](?:aged?|alter|edad|âge|âgée?|età|idade|leeftijd|wiek|turn|turned|turning|i'?m|i am|im alter "
            r"von|à l'âge de|a la edad de)[ \t:=]{1,4}(?:is |of |de |von |)[0-9]",
        ),
        0.8,
        before=40,
        after=80,
    ),
    Phrase("pii.age", _SOMEBODY, (r" de 1?[0-9]{1,2} (?:años?|meses|días|semanas)",), 0.8, before=80, after=96),
)
"""Ages of people: behind a word, or with one behind."""
_WORDS: Final = r"date|datum|fecha"
RULES: Final[tuple[Rule, ...]] = (
    rule(
        "entity.date",
        "####-##-##|####/##/##|####.##.##|##/##/####|##.##.####|##-##-####|#/##/####|##/#/####|#.##.####"
        "|##.#.####|#-##-####",
        more_checks.calendar,
        0.85,
        _WORDS,
    ),
    rule("entity.date", "#/#/####|#.#.####|#-#-####", more_checks.calendar, 0.8, _WORDS),
    rule("entity.date", "##/##/##|##.##.##", more_checks.short_calendar, 0.5, _WORDS),
)
"""Days in digits."""
DETECTORS: Final = (*DATES, *AGES)
