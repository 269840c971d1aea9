"""What is said of people: their health, belief, origin, family; each behind words that say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lockgate.content.detection.automaton import expression
from lockgate.content.detection.personal.lists import NATIONS, alternatives
from lockgate.content.detection.personal.phrases import Phrase, said
from lockgate.content.finding import Finding

_ILLNESS: Final = (
    r"(?:type [12i]{1,2} )?diabetes(?: mellitus)?|hypertension|high blood pressure|asthma|copd|epilepsy"
    r"|depression|anxiety(?: disorder)?|bipolar disorder"
    r"|schizophrenia|hiv(?:[ -]positive)?|aids|hepatitis [abc]|tuberculosis|cancer|(?:breast|lung|prostate"
    r"|colon|skin) cancer|leukemia|lymphoma|melanoma|migraines?"
    r"|arthritis|osteoporosis|alzheimer's(?: disease)?|dementia|parkinson's(?: disease)?|multiple sclerosis"
    r"|stroke|heart (?:disease|failure|attack)|arrhythmia"
    r"|pneumonia|bronchitis|covid-19|obesity|anemia|hypothyroidism|hyperthyroidism|kidney (?:disease|failure)"
    r"|cirrhosis|ptsd|adhd|autism|endometriosis"
    r"|pregnan(?:t|cy)|burnout|hyperlipidemia|sleep apnea|crohn's disease|lupus|psoriasis|eczema|glaucoma"
    r"|bluthochdruck|depressionen|krebs|epilepsie|schlaganfall"
    r"|hipertensión(?: arterial)?|cáncer|asma|epilepsia|tuberculosis|neumonía|cancer du [a-zé]{3,12}"
    r"|hypertension artérielle|diabète|dépression"
)
_DIAGNOSED: Final = (
    r"(?:diagnosed with|diagnosis(?: of|:|is)|suffer(?:s|ed|ing)? from|treated for|treatment for|history of"
    r"|tested positive for|living with|hospitali[sz]ed (?:for|with)"
    r"|complains? of|has been diagnosed|condition:|conditions:|medical condition:|sick leave (?:due to|for)"
    r"|leidet an|diagnose:|diagnostiziert(?: mit)?|erkrankt an|souffre d[e']"
    r"|atteinte? d[e']|diagnóstico:|diagnosticad[oa] de|padece|sufre|affetto da|diagnosi:)[ \t]{0,2}(?:a |an "
    r"|the |severe |chronic |acute |mild |moderate |newly |with |of |von |une? |de ){0,3}"
)
_RELIGION: Final = (
    r"christian|catholic|protestant|orthodox|evangelical|lutheran|baptist|methodist|mormon"
    r"|jewish|muslim|islam|sunni|shia|hindu|sikh|buddhist|atheist|agnostic|jehovah's witness"
    r"|katholisch|evangelisch|muslimisch|jüdisch|konfessionslos|römisch-katholisch|musulman[ae]?"
    r"|católic[oa]|catholique|judaism|hinduism|buddhism|christianity|catholicism"
)
_ORIENTATION: Final = (
    r"gay|lesbian|bisexual|homosexual|heterosexual|straight|asexual|pansexual|queer"
    r"|transgender|homosexuell|bisexuell|lesbisch|hétérosexuel(?:le)?|homosexuel(?:le)?"
)
_ETHNIC: Final = (
    r"caucasian|african[- ]american|hispanic|latin[oax]|asian|native american|pacific islander"
    r"|black|white|roma|sinti|arab|kurdish|mixed race|multiracial"
)
_PARTY: Final = (
    r"democrat|republican|conservative|liberal|libertarian|socialist|communist|green party|labou?r "
    r"party|tory|independent|progressive|left[- ]wing|right[- ]wing|cdu|csu|spd|afd|fdp|die linke"
    r"|centrist|moderate"
)
_IS: Final = (
    r"(?:i am|i'm|he is|she is|they are|he's|she's|who is|identif(?:y|ies) as|practicing|devout|openly"
    r"|raised|converted to|ich bin|je suis|soy) (?:a |an |very )?"
)
_FIELD: Final = r"[ \t]{0,2}[:=][ \t]{0,3}[\"']?|(?: is| as) "
_MARRIED: Final = (
    r"single|married|divorced|widowed|separated|engaged|domestic partnership|civil union|ledig"
    r"|verheiratet|geschieden|verwitwet|célibataire|mariée?|divorcée?|solter[oa]|casad[oa]"
    r"|divorciad[oa]|viud[oa]"
)
_NATION: Final = alternatives(NATIONS.strip())

_NATIONS: Final = frozenset(NATIONS.replace("\n", "").split("|"))
_LETTERS: Final = 24


class Nationalities:
    """Words for where somebody or something is from; by themselves as often about a dish as about a person."""

    name = "pii.nationality"
    version = "1"
    kinds = frozenset({"pii.special_category.nationality"})
    reach = 40
    anchors: tuple[str, ...] = tuple(rf"[^a-z]{nation}s?[^a-z]" for nation in sorted(_NATIONS))

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return words for a nation that end right before a place."""
        by = f"{self.name}@{self.version}"
        found: list[Finding] = []
        for place in places:
            start = end = place - 1
            while start > 0 and end - start < _LETTERS and text[start - 1].isalpha():
                start -= 1
            word = text[start:end].lower()
            if (
                start > 1
                and word not in _NATIONS
                and word.removesuffix("s") not in _NATIONS
                and text[start - 1] == " "
            ):
                start -= 1
                while start > 0 and end - start < _LETTERS and text[start - 1].isalpha():
                    start -= 1
                word = text[start:end].lower()
            around = text[start - 1 : start], text[end : end + 1]
            if around[1].isalpha():
                continue
            listed = word in _NATIONS or word.removesuffix("s") in _NATIONS
            if listed and around[0] not in tuple("@#/.-_") and around[1] not in tuple("-_@/"):
                found.append(Finding(start, end, "pii.special_category.nationality", 0.6, by))
        return tuple(found)


SPECIAL: Final = (
    said(
        "health.condition",
        _DIAGNOSED,
        rf"(?i:{expression(_ILLNESS)})(?:,? (?:and "
        rf")?(?i:{expression(_ILLNESS)})){{0,2}}",
        0.85,
    ),
    said(
        "health.condition",
        r"(?:icd(?:-| )?(?:10|11|9)?(?:-?(?:cm|gm))?(?: codes?)?|diagnos(?:is|es|e)(?: codes?)?|diagnóstico"
        r"|diagnosi)[ \t:=#(]{1,4}(?:is |of )?",
        r"[A-TV-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?",
        0.9,
    ),
    said(
        "health.condition",
        r"(?:prescri(?:bed|ption for)|takes|taking|medications?:|medication is|started on|medikation:|nimmt"
        r"|médicament :|medicación:|tratamiento con)[ \t]{0,2}(?:daily |the )?",
        r"[A-Za-z]{4,20}(?:in|ol|ide|ine|ate|il|an|am|one|pam|cin|pril|tan|mab|nib|zole|statin|oxetine"
        r"|formin)(?: [0-9]{1,4} ?(?:mg|mcg|g|ml|IU|units))?",
        0.7,
    ),
    said(
        "pii.special_category",
        rf"(?:religion|religious (?:belief|affiliation|preference)|faith|konfession"
        rf"|religión|denomination)(?:{_FIELD})",
        rf"(?i:{expression(_RELIGION)})",
        0.9,
    ),
    Phrase(
        "pii.special_category",
        rf"(?<![\w])(?i:{expression(_IS)})(?P<v>(?i:{expression(_RELIGION)}"
        rf"|{expression(_ORIENTATION)}))(?![\w])",
        (rf"[^a-z]{_IS}(?:{_RELIGION}|{_ORIENTATION})[^a-z]",),
        0.75,
    ),
    said(
        "pii.special_category",
        rf"(?:sexual orientation|sexuelle orientierung|orientación sexual|orientation "
        rf"sexuelle)(?:{_FIELD})",
        rf"(?i:{expression(_ORIENTATION)})",
        0.9,
    ),
    said(
        "pii.special_category",
        rf"(?:ethnicity|ethnic (?:group|origin|background)|race|racial origin|ethnie"
        rf"|etnia)(?:{_FIELD})",
        rf"(?i:{_ETHNIC}|{_NATION})(?: or [A-Za-z]{{4,12}})?",
        0.9,
    ),
    said(
        "pii.special_category",
        rf"(?:political (?:opinion|affiliation|party|view|views|leaning)|party "
        rf"affiliation|registered|votes?|partei(?:mitglied)?"
        rf"|parteizugehörigkeit)(?:{_FIELD}| )(?:a |for the |as a )?",
        rf"(?i:{_PARTY})s?",
        0.8,
    ),
    said(
        "pii.special_category",
        r"(?:is |as |became |ist |einfaches |active )?(?:a )?(?:member of (?:the )?"
        r"|mitglied (?:der|in der|bei) |membre du syndicat |afiliad[oa] a )",
        r"(?:[A-Z][A-Za-z.&]{1,20} ){0,4}(?:[Uu]nion|ver\.di|IG Metall"
        r"|Gewerkschaft|Teamsters|CGT|CCOO|UGT|UNISON|AFL-CIO|SEIU|UAW)",
        0.85,
    ),
    said(
        "pii.special_category",
        r"(?:fingerprint|biometric|face|iris|retina|voice ?print)(?: scan| "
        r"template)?[ -]?(?:id|hash|identifier|reference|no\.?"
        r"|number)[ \t:=#]{1,4}(?:is )?",
        r"[0-9A-Za-z][0-9A-Za-z:_-]{3,63}",
        0.85,
    ),
    said(
        "pii.special_category.marital_status",
        rf"(?:marital status|civil status|familienstand|estado civil"
        rf"|état civil|situation familiale)(?:{_FIELD})",
        rf"(?i:{expression(_MARRIED)})",
        0.85,
    ),
    said(
        "pii.special_category.gender",
        r"(?:gender|sex|sexo|geschlecht|sexe|sesso|género"
        r"|genere)[ \t]{0,2}[:=][ \t]{0,3}[\"']?|gender is ",
        r"(?i:female|male|non-?binary|transgender|genderqueer|other"
        r"|diverse?|weiblich|männlich|divers|masculino|femenino|hombre"
        r"|mujer|femme|homme|masculin|féminin|varón|maschio|femmina)"
        r"|[MFHVXWD]",
        0.85,
    ),
    Phrase(
        "pii.special_category.gender",
        r"(?<![\w])(?i:paciente|patient is a|patient:"
        r"|paciente:)[ ]{1,2}(?P<v>(?i:varón|mujer|hombre|male|female"
        r"|masculino|femenino|woman|man))(?![\w])",
        (
            r"[^a-z](?:paciente:?|patient is a|patient:)[ ]{1,2}(?:varón"
            r"|mujer|hombre|male|female|masculino|femenino|woman|man)[^a-z]",
        ),
        0.75,
    ),
    Phrase(
        "pii.special_category.gender",
        r"(?<![\w])(?P<v>(?i:varón|mujer|hombre|niñ[oa]|male|female))(?= de "
        r"(?:[0-9]|\w{3,12} (?:años|meses)))",
        (r"[^a-z](?:varón|mujer|hombre|niñ(?:o|a)|male|female) de ",),
        0.75,
    ),
    said(
        "pii.special_category.nationality",
        rf"(?:nationality|citizenship|citizen of|staatsangehörigkeit"
        rf"|nationalität|nationalité|nacionalidad|cittadinanza"
        rf"|nazionalità)(?:{_FIELD}| )",
        r"[A-ZÄÖÜÉ][a-zäöüéñç]{2,20}(?: [A-Z][a-z]{2,20})?",
        0.85,
    ),
    Nationalities(),
)
"""Kinds of article 9 GDPR and beside it, each behind words that say whom it is said of."""
