"""Words: how the extractive answerer cuts, folds and compares them. English; elsewhere only equality helps."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from lockgate.content.thesaurus import GROUPS

TOKEN: Final = re.compile(r"[^\W_]+(?:[-.'’/@:,][^\W_]+)*%?|[$€£¥]", re.UNICODE)

_STOP: Final = """
a an the this that these those it its they them their theirs he him his she her hers i me my mine we us our
ours you your yours is are was were be been being am do does did done doing have has had having will would
shall should can could may might must of in on at to for from by with without within into onto over under
about as than then so and or but nor if not no there here what which who whom whose when where why how any
some all each every both please tell show give explain know want like let's find out also just only very too
much many up down out off s t d ll re ve m get gets got exactly currently there's what's who's us per upon via
during before after supposed able sort kind everybody everyone someone somebody anyone anybody anything
something need needs happen happens happened make makes made take takes took taken go goes went come comes
came use uses used long often soon far fast early large big high old
"""
STOP: Final = frozenset(_STOP.split())
"""Words that say nothing about what is asked. Adjectives of quantity are here because `Expect` speaks for them."""

_COUNT: Final = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
_NUMBERS: Final = {word: str(number) for number, word in enumerate(_COUNT.split())} | {
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
    "hundred": "100",
}

_BASES: Final = """
send sent
pay paid
write wrote written
buy bought
hold held
keep kept
leave left
meet met meeting
sell sold
speak spoke spoken
begin began begun
build built building
lead led
lend lent
lose lost
run ran
rise rose risen
say said
see saw seen
sit sat
stand stood
steal stole stolen
think thought
wear wore worn
win won
choose chose chosen
draw drew drawn
drive drove driven
fall fell fallen
give gave given
grow grew grown
teach taught
tell told
bring brought
catch caught
find found
break broke broken
spend spent
person people persons
child children
company companies
analysis analyses
datum data
license licence licenses licences
fly flies flew flown flight flights
withdraw withdrew withdrawn
shut shutting
hire hiring
bear borne
man men
woman women
wife wives
life lives
foot feet
tooth teeth
mouse mice
knife knives
eat ate eaten
drink drank drunk
sleep slept
sing sang sung
swim swam swum
throw threw thrown
forget forgot forgotten
forbid forbade forbidden
freeze froze frozen
hide hid hidden
ring rang rung
deal dealt
feed fed
feel felt
fight fought
hang hung
hear heard
seek sought
shake shook shaken
shoot shot
sweep swept
swear swore sworn
understand understood
wake woke woken
bind bound
tear tore torn
lay laid
"""
_IRREGULAR: Final = {form: base for base, *forms in map(str.split, _BASES.strip().splitlines()) for form in forms}

_ENDINGS: Final = (
    "ization", "ation", "ments", "ment", "ness", "ably", "ible", "able", "ingly", "edly", "ing", "ed", "ly",
)  # fmt: skip

_GROUPS: Final = """
vacation leave holiday pto
salary pay wage compensation remuneration earn
pay reimburse cover fund contribute bear spend
cost price fee charge rate expensive
manager boss supervisor head chief lead
manage run lead direct
employee staff worker colleague personnel people headcount work
phone telephone call extension
mail email e-mail
car vehicle automobile
start begin commence launch
open start begin
end finish expire close terminate conclude until
fix repair solve resolve correct remedy
fix replace
buy purchase procure acquire order
allow permit may authorize entitle
send submit hand deliver file ship
apply request file ask
customer client buyer
supplier vendor
laptop computer notebook pc
discount rebate reduction
approve sign consent authorize approval permission ask
replace change swap exchange rotate
warranty guarantee
contract agreement
stay sit stand locate location place find position keep store
meeting meet
attend present participate attendance
join participate part
absent excuse miss
bike bicycle
monitor screen
furniture desk chair
device laptop phone
ticket case incident issue
issue problem fault trouble defect bug error fail
worry concern
competitor compete rival competition
maintain service maintenance
backup emergency standby
check test inspect verify examine review
alert page notify inform warn tell
keep store retain hold retention archive
protect safety protective
gear clothing equipment
rent lease rental
remote home telework
abroad foreign overseas
own owner belong
responsible owner charge accountable
author write creator
source repository repo
fire dismiss dismissal sack
report tell notify disclose
anonymous name identity
damage loss lose
lie false
file record document paper
trial probation
join hire onboard doj
badge card
train rail railway
food meal lunch catering eat
retire pension
month monthly
year annual annually
day daily
week weekly
quarter quarterly
ship release publish come
contact consult question turn call ask
answer respond reply response hear
limit maximum cap max most
minimum least min
number quantity count
delete remove erase
wrong fail broken problem
increase raise rise growth grow
decrease reduce drop fall shrink
choose select pick
password passphrase
town city
company firm business
write language
"""


@lru_cache(maxsize=1)
def _thesaurus() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, line in enumerate((_GROUPS + GROUPS).strip().splitlines()):
        for word in line.split():
            found.setdefault(stem(word), set()).add(number)
    return {word: frozenset(groups) for word, groups in found.items()}


def synonyms(one: str, other: str) -> bool:
    """Tell whether two stems stand in one group of the thesaurus."""
    table = _thesaurus()
    return not table.get(one, frozenset()).isdisjoint(table.get(other, frozenset()))


def stem(word: str) -> str:
    """Fold a word to what its inflections share: lower case, number words as digits, common endings off.

    >>> [stem(w) for w in ("Policies", "approved", "booking", "2,500", "three", "KY9-44821", "paid")]
    ['polici', 'approv', 'book', '2500', '3', 'ky9-44821', 'pay']
    """
    w = word.lower().replace("’", "'").removesuffix("'s").rstrip("%")
    if w and w[0].isdigit():
        return w.replace(",", "")
    w = _NUMBERS.get(w, w)
    w = _IRREGULAR.get(w, w)
    if len(w) <= 3 or not w.isalpha():
        return w
    for ending, repl in (("ies", "i"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x")):
        if w.endswith(ending):
            w = w.removesuffix(ending) + repl
            break
    else:
        if w.endswith("s") and not w.endswith(("ss", "us", "is")):
            w = w[:-1]
    for ending in _ENDINGS:
        if w.endswith(ending) and len(w) - len(ending) >= 3:
            w = w.removesuffix(ending)
            if len(w) > 3 and w[-1] == w[-2] and w[-1] not in "lsz":
                w = w[:-1]
            break
    if w.endswith("y") and len(w) > 3:
        w = w[:-1] + "i"
    return w[:-1] if w.endswith("e") and len(w) > 3 else w


def words(text: str) -> list[str]:
    """Return the tokens of a text, as they stand."""
    return TOKEN.findall(text)


def stems(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, parts of compounds included.

    >>> stems("The KY9-44821 was sent to Ann's desk")
    ['ky9-44821', 'ky9', '44821', 'send', 'ann', 'desk']
    """
    out: list[str] = []
    for word in words(text):
        low = word.lower()
        if low in STOP:
            continue
        out.append(stem(word))
        if len(parts := re.split(r"[-./@:]", word)) > 1:
            out.extend(stem(part) for part in parts if part and part.lower() not in STOP)
    return out
