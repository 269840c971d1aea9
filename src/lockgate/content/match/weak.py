"""Values that say nothing: words of every text, years, small numbers, and what stands in every other row."""

from __future__ import annotations

import re
from typing import Final

_LISTED: Final = """
a about above after again all also am an and any are as at be because been before being between both but by
can could did do does done down each either else for from further get had has have he her here hers him his
how i if in into is it its just may me might more most must my new no nor not now of off old on once one only
or other our out over own page per same see shall she should so some such than that the their them then there
these they this those through to today too two under until up us very via was we were what when where which
while who whom why will with would yes you your aber alle als auch auf aus bei bin bis da damit dann das dass
dein dem den der des die dies diese dieser doch du durch ein eine einem einen einer es etwas fuer für gegen
hat hatte ich ihm ihn ihr im ist ja jede kann kein keine man mein mit nach nein nicht noch nur ob oder ohne
sehr sein sich sie sind ueber über um und uns unter vom von vor war wenn wer wie wir wird wo zu zum zur zwei
au aux avec ce ces cette comme dans de elle en est et eux il ils je la le les leur lui ma mais mes moi mon ne
nos notre nous ou par pas pour qu que qui sa se ses son sont sur ta te tes toi ton tu un une vos votre vous al
con como cual del desde donde el ella ellos entre era esta este fue ha hay las lo los mas mi muy ni para pero
por ser si sin sobre su sus también tiene todo una uno y ya yo che chi ci cui dal dei della di dove e gli io
lei loro mia mio nel noi non o più quella questo sei sono sua suo tra voi january february march april june
july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec monday
tuesday wednesday thursday friday saturday sunday tue wed thu fri sat sun januar februar märz maerz mai juni
juli oktober dezember montag dienstag mittwoch donnerstag freitag samstag sonntag n/a na none null nil tbd
true false unknown misc test mr mrs ms dr herr frau male female m f d eur usd gbp chf euro dollar active
inactive open closed ok
"""
_WORDS: Final = frozenset(_LISTED.split())
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_DIGITS: Final = 7
_LETTERS: Final = 5


def is_word(value: str) -> bool:
    """Tell whether a value stands in every text: it counts for nothing, in rows too."""
    low = value.strip().casefold()
    return low in _WORDS or len(low) < 2 or (low.isdigit() and len(low) < 3)


def is_weak(value: str) -> bool:
    """Tell whether a value is too little to be a finding by itself."""
    if is_word(value) or _YEAR.fullmatch(value.strip()):
        return True
    own = [char for char in value if char.isalnum()]
    if all(char.isdigit() for char in own):
        return len(own) < _DIGITS
    return len(own) < _LETTERS


DENSE: Final = 1e-4
"""Above this share of all numbers of a length, a number of that length is in a set by mere chance."""


def dense(counts: dict[int, int]) -> dict[int, int]:
    """Return, of how many different numbers there are of each length, the lengths where they are too many."""
    return {length: count for length, count in counts.items() if count / 10**length > DENSE}
