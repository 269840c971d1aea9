"""What a question asks for: its words, the names and numbers in it, and the kind of answer it expects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lockgate.content.answer_words import STOP, stem, words


class Expect(Enum):
    """Kinds of answer that can be seen in a sentence."""

    PERSON = "person"
    DATE = "date"
    DURATION = "duration"
    FREQUENCY = "frequency"
    NUMBER = "number"
    MONEY = "money"
    PLACE = "place"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    ADDRESS = "address"
    COMPANY = "company"
    REASON = "reason"
    COLOR = "color"


_MONTH: Final = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?"
)
_NUM: Final = (
    r"(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"fifteen|twenty|thirty|forty|fifty|"
    r"sixty|ninety|hundred|thousand|half|quarter|third|dozen|a|an)"
)
_SPAN: Final = r"(?:second|minute|hour|day|night|week|month|quarter|year|decade)s?"
_LENGTH: Final = (
    r"(?:characters?|letters?|digits?|words?|lines?|pages?|m|cm|mm|km|(?:kilo|centi|milli)?(?:met(?:er|re)s?)|"
    r"miles?|feet|foot|yards?|inch(?:es)?)"
)
"""How long something is, which is asked for as how long it takes."""

PATTERNS: Final = {
    Expect.DATE: re.compile(
        rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?\.?\s+(?:{_MONTH})|(?:{_MONTH})\.?\s+\d|"
        rf"(?:19|20)\d\d|\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}|"
        rf"\d{{1,2}}:\d\d|\d{{1,2}}\s?(?:am|pm|h|o'clock)|(?:mon|tues|wednes|thurs|"
        rf"fri|satur|sun)days?|january|february|march|"
        rf"april|june|july|august|september|october|november|december|noon|midnight|"
        rf"q[1-4]|(?:first|second|third|fourth|last|next|"
        rf"this)\s+(?:\w+\s+)?(?:quarter|week|month|year|day)|(?:within|after|before|"
        rf"by|until|from|since|at)\s+(?:the\s+)?"
        rf"(?:{_NUM}|end|start|beginning)\b|\d+(?:st|nd|rd|th)|today|tomorrow|yesterday|"
        rf"present|{_NUM}\s+(?:\w+\s+)?{_SPAN})",
        re.IGNORECASE,
    ),
    Expect.DURATION: re.compile(
        rf"\b{_NUM}[\s-]+(?:\w+\s+)?{_SPAN}\b|\buntil\b|\bpermanent|\bindefinite|"
        rf"\b(?:19|20)\d\d\b|\bfrom\b.*\bto\b|\b{_NUM}[\s-]+{_LENGTH}\b",
        re.IGNORECASE,
    ),
    Expect.FREQUENCY: re.compile(
        r"\b(?:every|each|per|daily|weekly|monthly|quarterly|yearly|annual\w*|"
        r"hourly|once|twice|times?|never|always|"
        r"regular\w*|continuous\w*)\b|\ba\s+(?:day|week|month|year)\b",
        re.IGNORECASE,
    ),
    Expect.NUMBER: re.compile(
        rf"(?<![\w-])\d|\b(?!(?:an?|quarter|third|one)\b){_NUM}\b|\b(?:percent|none|both|several|unlimited|double|single)\b",
        re.IGNORECASE,
    ),
    Expect.MONEY: re.compile(
        r"\d|\b(?:free|half|third|quarter|percent|thousand|million|salary grade|"
        r"full(?:y)?|nothing|no cost|no charge)\b",
        re.IGNORECASE,
    ),
    Expect.PHONE: re.compile(
        r"(?:\+?\d[\d\s()./x-]{5,}\d)|\bext(?:ension|\.)?\s*\d{2,}|\b(?:phone|tel|dial)\D{0,12}\d{3,}",
        re.IGNORECASE,
    ),
    Expect.COLOR: re.compile(
        r"\b(?:red|green|blue|yellow|orange|purple|violet|pink|brown|black|white|"
        r"gr[ae]y|silver|gold|beige|turquoise|magenta)\b",
        re.IGNORECASE,
    ),
    Expect.REASON: re.compile(
        r"\b(?:because|since|due|therefore|so that|so as|in order|reason\w*|caused?|"
        r"owing|thanks to|as a result|why|for fear|to (?:avoid|"
        r"protect|prevent|reduce|save|keep|make|help|ensure|comply))\b",
        re.IGNORECASE,
    ),
    Expect.EMAIL: re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
    Expect.URL: re.compile(
        r"https?://|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,6}(?:/\S*)?\b|\bportal\b|\bpage\b|\bsite\b", re.IGNORECASE
    ),
    Expect.ADDRESS: re.compile(
        r"\d+\s+\w+|\b(?:street|road|avenue|lane|square|box|strasse|straße|rue|platz|building|floor|room)\b|@",
        re.IGNORECASE,
    ),
}
_DATED: Final = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?\.?\s+(?:{_MONTH})\b(?:\s+\d{{4}})?|(?:{_MONTH})\.?\s+\d{{1,2}}(?:,?\s+\d{{4}})?\b|"
    rf"\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}\b|\d{{1,2}}:\d\d\b|(?:in|since|of|by)\s+(?:19|20)\d\d\b)",
    re.IGNORECASE,
)
_SPANNED: Final = re.compile(rf"\b{_NUM}[\s-]+(?:\w+\s+)?{_SPAN}\b", re.IGNORECASE)
_YEAR: Final = re.compile(
    r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]*\d)(?!\s*(?:euros?|dollars?|pounds?|eur|usd|gbp|chf|€|\$|£))",
    re.IGNORECASE,
)
_ROLE: Final = re.compile(
    r"\b(?:manager|lead(?:er)?|head|director|officer|teams?|departments?|board|"
    r"committee|council|desk|office|owner|supervisor|chief|"
    r"president|chair\w*|administrator|engineer|assistant|coordinator|representative|staff|personnel|operations|"
    r"(?-i:HR|IT)|legal|finance|security|audit|reception|supplier|contractor|groups?|units?|division|service|authority|"
    r"agency|buddy|everyone|everybody|nobody|anyone|he|she|ceo|cfo|cto|ciso|cio|dpo|"
    r"(?:foundation|association|ministry|court|parent|member|customer|employee|worker|doctor|nurse|teacher|"
    r"student|pupil|guest|visitor|resident|colleague|trainee|intern|driver|user|applicant)s?)\b|#\w+|"
    r"\bby (?:the|our|a|an) (?!end|time|way|beginning|start|first|last|next|latest)\w+",
    re.IGNORECASE,
)
_CAPITAL: Final = re.compile(r"(?<![.!?:;]\s)(?<!^)\b[^\W\d_a-zà-ÿ][\w'’.-]*")
_CALENDAR: Final = re.compile(
    rf"(?:{_MONTH}|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|q[1-4])\.?$|[A-Z]$|.*\d", re.IGNORECASE
)
_PLACE: Final = re.compile(
    r"(?!\b(?:at (?:the )?(?:latest|least|most|once|all)|in (?:advance|writing|"
    r"time|good|case|order|total|addition|person|full)|on (?:time|average|"
    r"behalf|top)|from (?:the )?\d|to (?:\d|be|the \d)|in \d{4}|in (?:jan|feb|"
    r"mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|on (?:mon|tue|wed|thu|fri|sat|"
    r"sun)|at \d|under (?:\d|the age))\b)"
    r"\b(?:in|at|on|near|behind|beside|between|inside|outside|to|from|under|via|"
    r"through|into|above|next)\s+(?:the\s+|our\s+|a\s+)?\w|"
    r"\b(?:building|floor|room|gate|street|hall|portal|channel|folder|drive|shelf|"
    r"cabinet|office|intranet|online)\b|https?://|\w\.\w+/",
    re.IGNORECASE,
)

_RULES: Final = (
    (r"\b(?:phone|telephone|mobile|fax)\s+(?:number|no)|\b(?:number|extension) (?:of|"
     r"for) (?:the )?(?:\w+ )?(?:hotline|desk|line)|"
     r"\b(?:emergency|hotline|contact) number|\btelephone\b|\bphone\b(?=.*\bof\b)", Expect.PHONE),
    (r"\be-?mail(?: address)?\b", Expect.EMAIL),
    (r"\b(?:url|link|web ?site|web address|homepage)\b", Expect.URL),
    (r"\b(?:street|postal|mailing|registered|office|business|home)? ?address\b", Expect.ADDRESS),
    (r"\bhow (?:often|frequently|regularly|many times)\b|\bhow frequent\b", Expect.FREQUENCY),
    (r"\bhow (?:long|much time|quickly|fast|soon|early|far in advance)\b|\bfor how long\b|"
     r"\b(?:duration|period)\b", Expect.DURATION),
    (r"\bhow much\b(?! time)|\bhow (?:expensive|costly)\b|\b(?:price|cost|costs|"
     r"salary|budget|fee|rate|rent|revenue|amount|pay|wage|"
     r"allowance|bonus|discount|rebate|turnover|income)\b(?= of| for| in| per|"
     r" is| was| does| do| did|\?|$)|\bwhat .*\bcosts?\b", Expect.MONEY),
    (r"\bhow (?:many|old|large|big|high|cold|hot|warm|tall|deep|wide|heavy|far)\b|"
     r"\b(?:percentage|share|quantity|count|temperature|"
     r"serial number|number of|total|headcount|cost center|version)\b", Expect.NUMBER),
    (r"^(?:\w+,? )?(?:(?:since|until|till|from|by|on) )?when\b|\b(?:what|which) (?:date|"
     r"day|time|year|month|week|quarter)\b|\b(?:date|deadline|"
     r"birthday)\b|\bdue\b|\bby when\b", Expect.DATE),
    (r"\bwho(?:m|se)?\b|\bwhich (?:person|team|department|employee|manager|colleague)\b|"
     r"\bname of the (?:person|manager|head|owner)\b",
     Expect.PERSON),
    (r"\b(?:what|which) (?:company|firm|vendor|supplier|provider|airline|bank|brand|"
     r"agency|insurer|manufacturer|contractor|competitor)\b",
     Expect.COMPANY),
    (r"\b(?:what|which) colou?rs?\b|\bcolou?r of\b", Expect.COLOR),
    (r"\bwhy\b|\bfor what reason\b|\bwhat (?:is|was) the reason\b|\bhow come\b", Expect.REASON),
    (r"\bwhere\b|\b(?:what|which) (?:place|city|country|room|building|floor|location|"
     r"office|town|site)\b", Expect.PLACE),
)  # fmt: skip

RULES: Final = tuple((re.compile(pattern, re.IGNORECASE), expect) for pattern, expect in _RULES)

_KINDS: Final = """
allow permit possible address amount color colour company date day deadline detail duration email information
kind link list location mail many much name number period person phone place policy reason rule time
total type url value way year work
"""
_KIND_WORDS: Final = frozenset(map(stem, _KINDS.split()))
"""Words that name a kind of answer, or nothing in particular; they need not occur in it."""

_NAMED_KINDS: Final = {
    Expect.COMPANY: "company firm vendor supplier provider agency manufacturer contractor business",
    Expect.PERSON: "person people employee colleague team department staff name",
    Expect.PLACE: "place city country town room building office location site street road",
    Expect.PHONE: "number phone telephone extension call",
    Expect.NUMBER: "number count total",
    Expect.DATE: "day date time month year week deadline",
    Expect.DURATION: "time period duration",
}
KIND_WORDS: Final = {kind: frozenset(map(stem, text.split())) for kind, text in _NAMED_KINDS.items()}
"""Words that a question names the kind by; an answer of the kind need not repeat them."""

_PHRASES: Final = tuple(
    (re.compile(rf"\b{pattern}\b", re.IGNORECASE), word)
    for pattern, word in (
        (r"look(?:s|ed|ing)? after", "care"),
        (r"tak(?:e|es|en|ing) care of|took care of", "care"),
        (r"in charge of", "responsible"),
        (r"g[eo]t(?:ting)? rid of", "dispose"),
        (r"sign(?:s|ed)? up(?: (?:for|with))?", "register"),
        (r"deal(?:s|t)? with", "handle"),
        (r"hand(?:s|ed)? in", "submit"),
        (r"hand(?:s|ed)? out", "issue"),
        (r"(?:set|sets|put|puts) up", "install"),
        (r"pick(?:s|ed)? up", "collect"),
        (r"tak(?:e|es|en) part|took part", "participate"),
        (r"put(?:s)? off", "postpone"),
        (r"draw(?:s|n)? up", "prepare"),
        (r"g(?:o|oes) live|went live", "launch"),
        (r"run(?:s)? out|ran out", "empty"),
        (r"set(?:s)? aside", "reserve"),
        (r"grown-?ups?", "adult"),
        (r"best[- ]sell(?:er|ers|ing)|sells? best", "bestseller"),
    )
)


def plain(text: str) -> str:
    """Put one word for what a verb says together with its particle (`looks after`: `care`)."""
    for pattern, word in _PHRASES:
        text = pattern.sub(word, text)
    return text


_LISTING: Final = re.compile(
    r"^(?:please )?(?:list|name all|enumerate)\b|\b(?:which|what) (?:\w+ ){0,3}(?:are|"
    r"were|have|do|does)\b|\bwhat are\b|\ball (?:the )?\w+s\b|\bwho (?:all )?(?:are|"
    r"were|attended)\b",
    re.IGNORECASE,
)
_FOCUS: Final = re.compile(
    r"\b(?:what|which|how many|how much)\s+((?:[\w-]+\s+){0,3}?[\w-]+)(?=\s+(?:is|"
    r"are|was|were|do|does|did|has|have|had|can|may|must|should|"
    r"will|would|of|for|in|on|at|to|from|that|i|we|you|the|he|she|it|they|per)\b|\?|$)|"
    r"\b(?:what|which|who)(?:'s|\s+(?:is|are|was|were|will be))\s+(?:the|our|my|"
    r"your|a|an|their|its)?\s*((?:[\w-]+\s+){0,2}?[\w-]+)(?=\s+(?:of|for|in|on|"
    r"at|to|from|during|per|after|between|with)\b|\?|$)",
    re.IGNORECASE,
)


_OLD: Final = re.compile(r"\bhow old\b", re.IGNORECASE)
_ACTS: Final = re.compile(r"[a-z]{2}ed$")
_SUBJECTS: Final = frozenset(("i", "we", "you", "they", "it", "he", "she"))


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the question. `weight` says how much it matters that the answer covers it."""

    text: str
    stem: str
    weight: float
    name: bool = False
    focus: bool = False
    modifier: str = ""
    """Stem of the content word right after it, which it narrows (`parental` of `leave`)."""
    predicate: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question, analyzed."""

    text: str
    words: tuple[Word, ...]
    expects: Expect | None
    listing: bool


def analyze(text: str) -> Question:
    """Analyze a question.

    >>> q = analyze("Who manages the site in Porto?")
    >>> [(w.stem, w.name) for w in q.words], q.expects.value
    ([('manag', False), ('sit', False), ('porto', True)], 'person')
    """
    text = " ".join(text.split())[-600:]
    expects = next((expect for pattern, expect in RULES if pattern.search(text)), None)
    focus = {
        stem(w)
        for m in _FOCUS.finditer(text)
        for w in words(m.group(1) or m.group(2) or "")
        if w.lower() not in STOP
    }
    tokens = words(plain(_OLD.sub("what age", text)))
    shouting = sum(t[0].isupper() for t in tokens) > max(3, 0.7 * len(tokens))
    found: dict[str, Word] = {}
    for position, token in enumerate(tokens):
        if token.lower() in STOP or not token[0].isalnum():
            continue
        base = stem(token)
        digits = any(c.isdigit() for c in token)
        name = digits or (token[0].isupper() and position > 0 and not shouting and not _CALENDAR.match(token))
        generic = base in _KIND_WORDS and not name
        weight = 0.3 if generic else 1.5 if name else 1.0
        after = tokens[position + 1] if position + 1 < len(tokens) else ""
        narrows = stem(after) if after and after.lower() not in STOP and not name and not generic else ""
        acts = bool(_ACTS.search(token)) or (
            stem(token) != token.lower() and position > 1 and tokens[position - 1].lower() in _SUBJECTS
        )
        if base not in found or found[base].weight < weight:
            found[base] = Word(
                token, base, weight, name, base in focus and not generic, narrows, acts and not name
            )
    return Question(text, tuple(found.values()), expects, bool(_LISTING.search(text)))


def shows(expect: Expect, text: str, asked: frozenset[str], *, record: bool = False) -> bool:
    """Tell whether a sentence contains an answer of this kind that the question did not itself contain.

    Args:
        expect: the kind.
        text: of the sentence; of a record, its values alone.
        asked: stems of the question; what it says cannot be its answer.
        record: whether each cell of the text stands for itself, so that a lone capital is a name.

    """
    if expect in PATTERNS:
        if expect in {Expect.NUMBER, Expect.MONEY}:
            text = _DATED.sub(" ", text)
        if expect is Expect.MONEY:
            text = _YEAR.sub(" ", _SPANNED.sub(" ", text))
        bare = " ".join(
            t for t in text.split() if stem(t.strip(".,;:()?!")) not in asked or not any(c.isdigit() for c in t)
        )
        return PATTERNS[expect].search(bare) is not None
    capitals = [w for w in _CAPITAL.findall(f"x {text}" if record else text) if not _CALENDAR.match(w)]
    fresh = any(stem(word.strip(".")) not in asked and word.lower() not in STOP for word in capitals)
    first = words(text)[:2]
    fresh = fresh or (
        len(first) == 2
        and all(w[0].isupper() and stem(w) not in asked and w.lower() not in STOP for w in first)
        and not _CALENDAR.match(first[1])
    )
    if expect is Expect.COMPANY:
        return fresh
    other = _ROLE if expect is Expect.PERSON else _PLACE
    return fresh or any(stem(m.group()) not in asked for m in other.finditer(text))
