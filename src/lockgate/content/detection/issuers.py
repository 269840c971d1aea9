"""Issuers of payment cards: prefixes and lengths of ISO/IEC 7812 as the schemes publish them."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.detection.checksums import luhn

# First and last prefix, as far as four digits, and the lengths that the scheme gives out.
_COMMON: Final = (
    ((4000, 4999), (16,)),
    ((5100, 5599), (16,)),
    ((2221, 2720), (16,)),
    ((3400, 3499), (15,)),
    ((3700, 3799), (15,)),
    ((3000, 3059), (14, 16)),
    ((3095, 3095), (14, 16)),
    ((3600, 3699), (14, 16)),
    ((3800, 3999), (14, 16)),
    ((6011, 6011), (16,)),
    ((6440, 6599), (16,)),
    ((3528, 3589), (16,)),
    ((6200, 6299), (16,)),
)
_RARE: Final = (
    ((4000, 4999), (13, 19)),
    ((3000, 3059), (19,)),
    ((3095, 3095), (19,)),
    ((3600, 3699), (19,)),
    ((3800, 3999), (19,)),
    ((6011, 6011), (19,)),
    ((6440, 6599), (19,)),
    ((3528, 3589), (17, 18, 19)),
    ((6200, 6299), (17, 18, 19)),
    ((5000, 5099), tuple(range(12, 20))),
    ((5600, 6999), tuple(range(12, 20))),
    ((2200, 2204), (16,)),
    ((9792, 9792), (16,)),
    ((8100, 8199), (16,)),
    ((8600, 8699), (16,)),
)


@cache
def _lengths(common: bool) -> NDArray[np.int64]:
    """Return, for each four digits, a bit for each length that is given out."""
    bits = np.zeros(10_000, np.int64)
    for (low, high), lengths in _COMMON if common else _RARE:
        for length in lengths:
            bits[low : high + 1] |= 1 << length
    return bits


def issued(four: NDArray[np.int64], length: int, common: bool) -> NDArray[np.bool_]:
    """Tell which first four digits are those of a card of this many digits."""
    return (_lengths(common)[four] >> length & 1).astype(np.bool_)


def _is(digits: str, common: bool) -> bool:
    return bool(_lengths(common)[int(digits[:4])] >> len(digits) & 1) and len(set(digits)) > 1 and luhn(digits)


def card(digits: str) -> bool:
    """Tell whether this is a card of the schemes and lengths that nearly all cards have."""
    return _is(digits, common=True)


def rare_card(digits: str) -> bool:
    """Tell whether this is a card of a rare scheme or length: one number in ten passes, so it needs a word."""
    return _is(digits, common=False)
